//! What mdBook says to a preprocessor: `[context, book]` as JSON on its input, the book back on its output.

use std::io::Read;

use serde_json::Value;

use crate::desk::Desk;
use crate::fill::fill;
use crate::pages::{BookError, Page};

/// Fills the book that mdBook sends.
///
/// # Errors
/// When it is no book, or a page is wrong.
pub fn preprocess(input: &mut dyn Read, desk: &mut Desk, progress: &mut dyn FnMut(&str)) -> Result<String, BookError> {
    let (_context, mut book): (Value, Value) = serde_json::from_reader(input)?;
    let mut pages = Vec::new();
    each_chapter(&mut book["items"], &mut |path, content| pages.push(Page::new(path, content)));
    let mut filled = fill(&pages, desk, progress)?.into_iter();
    each_chapter(&mut book["items"], &mut |_, content| {
        *content = filled.next().expect("as many pages as before").file.text.to_string();
    });
    Ok(serde_json::to_string(&book)?)
}

/// Calls `act` with the path and the content of each chapter that has a file, in their order.
fn each_chapter(items: &mut Value, act: &mut dyn FnMut(&str, &mut String)) {
    for item in items.as_array_mut().into_iter().flatten() {
        let Some(chapter) = item.get_mut("Chapter") else { continue };
        if let (Some(path), Value::String(content)) =
            (chapter["path"].as_str().map(str::to_owned), &mut chapter["content"])
        {
            act(&path, content);
        }
        each_chapter(&mut chapter["sub_items"], act);
    }
}
