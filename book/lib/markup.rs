//! Takes a page apart: prose, directives, fences of ours, and what nobody may touch (other fences, code in a line).

use std::ops::Range;

use gridlock_scenarios::spec::{SourceFile, SpecError};

/// Fences that are directives.
pub(crate) const FENCES: [&str; 4] = ["measure", "predict", "draw", "quiz"];

/// A part of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that is kept as it is, and read by the lint.
    Prose(Range<usize>),
    /// Code: kept, and not read.
    Code(Range<usize>),
    /// `{{word arguments}}`.
    Call(Call),
    /// A fence of ours.
    Fence(Fence),
}

/// `{{word arguments}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    /// Braces included.
    pub(crate) span: Range<usize>,
    /// What stands between the braces.
    pub(crate) inner: Range<usize>,
    /// True if it has its line for itself.
    pub(crate) alone: bool,
}

/// Three backticks, a kind, arguments; lines; three backticks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fence {
    /// All of it, without the last newline.
    pub(crate) span: Range<usize>,
    /// The words behind the backticks.
    pub(crate) info: Range<usize>,
    /// The lines between.
    pub(crate) body: Range<usize>,
}

/// Takes a page apart. The pieces cover it without gaps.
///
/// # Errors
/// When braces or a fence stay open.
pub(crate) fn pieces(file: &SourceFile) -> Result<Vec<Piece>, SpecError> {
    let text = &*file.text;
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let line = line_at(text, at);
        match fence_mark(&text[line.clone()]) {
            Some(mark) => {
                let piece = fence(file, line, mark)?;
                at = piece.range().end;
                found.push(piece);
            }
            None => {
                in_line(file, line.clone(), &mut found)?;
                at = line.end;
            }
        }
    }
    Ok(joined(found))
}

impl Piece {
    pub(crate) fn range(&self) -> Range<usize> {
        match self {
            Piece::Prose(range) | Piece::Code(range) => range.clone(),
            Piece::Call(call) => call.span.clone(),
            Piece::Fence(fence) => fence.span.clone(),
        }
    }
}

/// The line that begins at `at`, with its newline.
fn line_at(text: &str, at: usize) -> Range<usize> {
    at..text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// The backticks or tildes that open a fence.
fn fence_mark(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(' ');
    let first = line.chars().next().filter(|c| "`~".contains(*c))?;
    let length = line.chars().take_while(|c| *c == first).count();
    (length >= 3).then(|| &line[..length])
}

fn fence(file: &SourceFile, first: Range<usize>, mark: &str) -> Result<Piece, SpecError> {
    let text = &*file.text;
    let mut at = first.end;
    let closed = loop {
        if at >= text.len() {
            let help = format!("end it with a line `{mark}`");
            return Err(SpecError::at(file, first.start..first.end, "this fence is never closed", &help));
        }
        let line = line_at(text, at);
        if text[line.clone()].trim() == mark {
            break line;
        }
        at = line.end;
    };
    let head = &text[first.clone()];
    let start = first.start + head.find(mark).unwrap_or(0) + mark.len();
    let info = start..first.start + head.trim_end().len();
    let kind = text[info.clone()].split_whitespace().next().unwrap_or("");
    if FENCES.contains(&kind) {
        let end = closed.start + text[closed].trim_end().len();
        return Ok(Piece::Fence(Fence { span: first.start..end, info, body: first.end..at }));
    }
    Ok(Piece::Code(first.start..closed.end))
}

fn in_line(file: &SourceFile, line: Range<usize>, found: &mut Vec<Piece>) -> Result<(), SpecError> {
    let text = &*file.text;
    let mut at = line.start;
    while let Some(offset) = text[at..line.end].find(['`', '{', '\\']) {
        let start = at + offset;
        let rest = &text[start..line.end];
        let (piece, end) = if rest.starts_with('\\') {
            let end = start + rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
            // `\{{` is two braces.
            let end = if rest.starts_with("\\{{") { start + 3 } else { end };
            (Piece::Prose(start..end), end)
        } else if rest.starts_with('`') {
            let end = start + code_span(rest);
            (if end - start > 1 { Piece::Code(start..end) } else { Piece::Prose(start..end) }, end)
        } else if rest.starts_with("{{") {
            let call = call(file, start, &line)?;
            let end = call.span.end;
            (Piece::Call(call), end)
        } else {
            (Piece::Prose(start..start + 1), start + 1)
        };
        found.extend([Piece::Prose(at..start), piece]);
        at = end;
    }
    found.push(Piece::Prose(at..line.end));
    Ok(())
}

/// Length of the code that begins here; of the backticks alone if it does not end in this line.
fn code_span(rest: &str) -> usize {
    let mark = rest.len() - rest.trim_start_matches('`').len();
    let mut at = mark;
    while let Some(offset) = rest[at..].find('`') {
        let start = at + offset;
        let length = rest[start..].len() - rest[start..].trim_start_matches('`').len();
        if length == mark {
            return start + length;
        }
        at = start + length;
    }
    mark
}

fn call(file: &SourceFile, start: usize, line: &Range<usize>) -> Result<Call, SpecError> {
    let text = &*file.text;
    let Some(length) = text[start..line.end].find("}}") else {
        let help = "end it with `}}` in the same line, or write `\\{{` for two braces";
        return Err(SpecError::at(file, start..start + 2, "these braces are never closed", help));
    };
    let span = start..start + length + 2;
    let beside = |range: Range<usize>| text[range].trim().is_empty();
    let alone = beside(line.start..span.start) && beside(span.end..line.end);
    Ok(Call { inner: start + 2..start + length, span, alone })
}

/// Without empty pieces, and with neighbouring prose in one.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::new();
    for piece in pieces.into_iter().filter(|piece| !piece.range().is_empty()) {
        match (out.last_mut(), piece) {
            (Some(Piece::Prose(last)), Piece::Prose(next)) => last.end = next.end,
            (_, piece) => out.push(piece),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let file = SourceFile::new("page.md", text);
        let found = pieces(&file).unwrap_or_else(|error| panic!("{}", error.render()));
        let show = |piece: &Piece| {
            let part = &text[piece.range()];
            match piece {
                Piece::Prose(_) => format!("P:{part}"),
                Piece::Code(_) => format!("C:{part}"),
                Piece::Call(call) => format!("{}:{}", if call.alone { "B" } else { "D" }, &text[call.inner.clone()]),
                Piece::Fence(fence) => format!("F:{}:{}", &text[fence.info.clone()], &text[fence.body.clone()]),
            }
        };
        found.iter().map(show).collect()
    }

    #[test]
    fn directives_are_told_from_prose_and_code() {
        assert_eq!(
            shown("a {{value x y}} `{{no}}` b\n{{card x}}\n"),
            ["P:a ", "D:value x y", "P: ", "C:`{{no}}`", "P: b\n", "B:card x", "P:\n"]
        );
        assert_eq!(shown(r"\{{no}} {x}"), [r"P:\{{no}} {x}"]);
    }

    #[test]
    fn fences_of_ours_are_told_from_others() {
        assert_eq!(shown("```sh\n{{no}}\n```\nx"), ["C:```sh\n{{no}}\n```\n", "P:x"]);
        assert_eq!(shown("```quiz\na\n```\nx"), ["F:quiz:a\n", "P:\nx"]);
    }

    #[test]
    fn what_stays_open_is_pointed_at() {
        for (text, place) in [("a\n{{card\n", "page.md:2:1"), ("\n```quiz\nx\n", "page.md:2:1")] {
            let error = pieces(&SourceFile::new("page.md", text)).expect_err("refused");
            assert!(error.to_string().starts_with(place), "{error}");
        }
    }
}
