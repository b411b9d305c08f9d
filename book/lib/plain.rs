//! A text with directives for a terminal: filled from the runs, without tags.

use gridlock_scenarios::spec::SpecError;

use crate::desk::Desk;
use crate::fill::fill;
use crate::pages::Page;

/// Fills a text as if it stood on a page, and takes the tags of directives out. What stands between backticks is left as it is.
///
/// # Errors
/// As [`fill`].
pub fn plain(text: &str, desk: &mut Desk, progress: &mut dyn FnMut(&str)) -> Result<String, SpecError> {
    let pages = fill(&[Page::new("appendix/exercises.md", text)], desk, progress)?;
    Ok(pages.first().map_or_else(String::new, |page| without_tags(&page.file.text)))
}

/// `<data title="…">5 s</data>` becomes `5 s`; `a <= b` and `` `<topic>` `` stay.
fn without_tags(text: &str) -> String {
    let (mut out, mut rest, mut in_code) = (String::with_capacity(text.len()), text, false);
    while let Some(c) = rest.chars().next() {
        in_code ^= c == '`';
        let is_tag =
            !in_code && c == '<' && rest[1..].starts_with(|next: char| next == '/' || next.is_ascii_alphabetic());
        match rest.find('>').filter(|_| is_tag) {
            Some(end) => rest = &rest[end + 1..],
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&"), ("\u{a0}", " ")];
    entities.iter().fold(out, |text, (entity, plain)| text.replace(entity, plain))
}

#[cfg(test)]
mod tests {
    use super::without_tags;

    #[test]
    fn only_tags_go() {
        let text = "after <data title=\"a &gt; b\">5\u{a0}s</data>, if `a <= b` or `<topic>`: x < y &amp; z";
        assert_eq!(without_tags(text), "after 5 s, if `a <= b` or `<topic>`: x < y & z");
    }
}
