//! Fills pages: every directive is replaced by what it stands for.

use gridlock_scenarios::spec::SpecError;

use crate::ask;
use crate::desk::{Desk, Fault};
use crate::directive::{self, Place};
use crate::draw;
use crate::markup::{Fence, Piece, pieces};
use crate::pages::Page;
use crate::pieces::measure;

/// Fills all pages. Runs are asked for first, then played, each once; `progress` is told so.
///
/// # Errors
/// With every wrong directive of every page: file, line, advice.
pub fn fill(pages: &[Page], desk: &mut Desk, progress: &mut dyn FnMut(&str)) -> Result<Vec<Page>, SpecError> {
    loop {
        let filled: Vec<_> = pages.iter().map(|page| fill_page(page, desk)).collect();
        let wanted = desk.take_wanted();
        let (done, failed): (Vec<_>, Vec<_>) = filled.into_iter().partition(Result::is_ok);
        SpecError::all(failed.into_iter().filter_map(Result::err))?;
        if wanted.is_empty() {
            return Ok(done.into_iter().flatten().collect());
        }
        desk.play(&wanted, progress);
    }
}

fn fill_page(page: &Page, desk: &Desk) -> Result<Page, SpecError> {
    let text = &*page.file.text;
    let (mut out, mut errors) = (String::with_capacity(text.len() * 2), Vec::new());
    for piece in pieces(&page.file)? {
        let (filled, span) = match &piece {
            Piece::Prose(range) => (Ok(text[range.clone()].replace("\\{{", "{{")), range.clone()),
            Piece::Code(range) => (Ok(text[range.clone()].to_string()), range.clone()),
            Piece::Call(call) => {
                let place = Place { desk, page, alone: call.alone };
                (directive::render(&place, &text[call.inner.clone()]), call.span.clone())
            }
            Piece::Fence(fence) => (self::fence(desk, page, fence), fence.info.clone()),
        };
        match filled {
            Ok(filled) => out.push_str(&filled),
            Err(Fault::NotPlayed) => {}
            Err(Fault::Wrong(message, help)) => errors.push(SpecError::at(&page.file, span, &message, &help)),
        }
    }
    SpecError::all(errors)?;
    Ok(Page::new(&page.path, &out))
}

fn fence(desk: &Desk, page: &Page, fence: &Fence) -> Result<String, Fault> {
    let text = &*page.file.text;
    let (info, body) = (&text[fence.info.clone()], &text[fence.body.clone()]);
    let (kind, rest) = info.trim().split_once(char::is_whitespace).unwrap_or((info.trim(), ""));
    let place = Place { desk, page, alone: true };
    match kind {
        "measure" => measure::measure(&place, rest.trim(), body),
        "draw" => draw::render(&place, rest.trim(), body),
        _ => ask::render(&place, kind, rest.trim(), body),
    }
}

/// Fills the directives of a text that stands within one: a cell, an answer.
pub(crate) fn fill_text(place: &Place, text: &str) -> Result<String, Fault> {
    let page = Page::new(&place.page.path, text);
    let found =
        pieces(&page.file).map_err(|error| Fault::Wrong(error.problems()[0].message().into(), "see above".into()))?;
    let mut out = String::new();
    for piece in found {
        match piece {
            Piece::Call(call) => {
                let place = Place { desk: place.desk, page: place.page, alone: false };
                out.push_str(&directive::render(&place, &text[call.inner])?);
            }
            Piece::Fence(_) => {
                return Err(Fault::Wrong("a fence cannot stand in a fence".into(), "end the outer one first".into()));
            }
            piece => out.push_str(&text[piece.range()]),
        }
    }
    Ok(out)
}
