//! What is wrong with a scenario: message, place, advice.

use std::fmt::{self, Write};
use std::ops::Range;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::source::{Position, SourceFile, Sources};

/// Characters of a line that are shown around a caret.
const LINE_SHOWN_MAX: usize = 160;
/// Bytes of a message that are shown.
const MESSAGE_MAX: usize = 600;

/// Everything that is wrong with a scenario or with an override; at least one problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    message: String,
    help: Option<String>,
    file: SourceFile,
    span: Option<Range<usize>>,
}

/// A problem whose place is still an offset into all sources.
pub(super) struct Draft {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) span: Range<usize>,
}

impl Draft {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()), span }
    }

    pub(super) fn place(self, sources: &Sources) -> Problem {
        let (file, span) = sources.place(&self.span);
        Problem::new(file, span, self.message, self.help)
    }
}

impl Problem {
    pub(super) fn new(file: SourceFile, span: Range<usize>, message: impl Into<String>, help: Option<String>) -> Self {
        Self { message: clean(&message.into()), help: help.map(|help| clean(&help)), file, span: Some(span) }
    }

    /// A problem of a whole file.
    pub(super) fn nowhere(name: &str, message: impl Into<String>, help: impl Into<String>) -> Self {
        let file = SourceFile::new(name, "");
        Self { message: clean(&message.into()), help: Some(clean(&help.into())), file, span: None }
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// Path of the file, or `--set`.
    pub fn file(&self) -> &str {
        &self.file.name
    }

    /// Line, counted from 1, if the problem has a place.
    pub fn line(&self) -> Option<usize> {
        self.position().map(|position| position.line)
    }

    /// Column in characters, counted from 1, if the problem has a place.
    pub fn column(&self) -> Option<usize> {
        self.position().map(|position| position.column)
    }

    /// Message, place, the line with carets under it, and advice, as plain text that ends with a newline.
    pub fn render(&self) -> String {
        let mut out = format!("error: {}\n", self.message);
        let gutter = self.line().map_or(0, |line| line.to_string().len());
        let margin = " ".repeat(gutter);
        // Writing to a string cannot fail.
        let _ = match (self.position(), &self.span) {
            (Some(position), Some(span)) => {
                let (line, carets) = snippet(&position, span.len());
                let Position { line: number, column, .. } = position;
                let name = &self.file.name;
                let arrow = format!("{margin}--> {name}:{number}:{column}\n{margin} |\n");
                write!(out, "{arrow}{number} | {line}\n{margin} | {carets}\n")
            }
            _ => writeln!(out, "{margin} --> {}", self.file.name),
        };
        if let Some(help) = &self.help {
            let _ = writeln!(out, "{margin} = help: {help}");
        }
        out
    }

    fn position(&self) -> Option<Position<'_>> {
        self.span.as_ref().map(|span| self.file.position(span.start))
    }
}

/// The part of a line around a place, and the carets to put under it.
fn snippet(position: &Position<'_>, bytes: usize) -> (String, String) {
    let (text, offset) = (position.text, position.offset);
    let before = text[..offset].chars().count();
    let mut end = (offset + bytes).min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let first = before.saturating_sub(LINE_SHOWN_MAX / 2);
    let carets = text[offset..end].chars().count().clamp(1, LINE_SHOWN_MAX / 2);
    let shown = text.chars().skip(first).take(LINE_SHOWN_MAX);
    // Tabs stay, so that the carets stand under the word whatever the width of a tab.
    let pad = text.chars().skip(first).take(before - first).map(|c| if c == '\t' { c } else { ' ' });
    let line: String = shown.map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    (line, pad.chain("^".repeat(carets).chars()).collect())
}

/// One line of bounded length without control characters: names come from the file and end on a terminal.
fn clean(text: &str) -> String {
    let mut end = text.len().min(MESSAGE_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let more = if end < text.len() { "…" } else { "" };
    let shown = text[..end].chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    shown.chain(more.chars()).collect()
}

impl SpecError {
    /// An error at a place of a text, for files that speak of scenarios, such as the pages of the book.
    pub fn at(file: &SourceFile, span: Range<usize>, message: &str, help: &str) -> Self {
        Problem::new(file.clone(), span, message, Some(help.into())).into()
    }

    /// Several errors as one, or nothing if there are none.
    ///
    /// # Errors
    /// With the problems of all.
    pub fn all(errors: impl IntoIterator<Item = SpecError>) -> Result<(), Self> {
        Self::of(errors.into_iter().flat_map(Self::into_problems).collect())
    }

    /// An error of these problems, or nothing if there are none.
    pub(super) fn of(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::from_problems(problems)) }
    }

    /// An error of these problems; there must be one.
    pub(super) fn from_problems(problems: Vec<Problem>) -> Self {
        assert!(!problems.is_empty(), "an error has a problem");
        Self { problems }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// The problems, in the order in which they were found; never empty.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Every problem with its line, carets and advice, as plain text.
    pub fn render(&self) -> String {
        let parts: Vec<String> = self.problems.iter().map(Problem::render).collect();
        parts.join("\n")
    }
}

impl From<Problem> for SpecError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for SpecError {
    /// The first problem on one line: `shop.toml:3:1: unknown key …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = &self.problems[0];
        match (first.line(), first.column()) {
            (Some(line), Some(column)) => write!(f, "{}:{line}:{column}: {first}", first.file())?,
            _ => write!(f, "{}: {first}", first.file())?,
        }
        match self.problems.len() - 1 {
            0 => Ok(()),
            more => write!(f, " (and {more} more)"),
        }
    }
}

impl std::error::Error for Problem {}

impl std::error::Error for SpecError {}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.span.as_ref().map(|_| &self.file as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.span.clone()?;
        let (start, end) = (span.start.min(self.file.text.len()), span.end.min(self.file.text.len()));
        Some(Box::new(std::iter::once(LabeledSpan::new(Some("here".into()), start, end - start))))
    }
}

impl Diagnostic for SpecError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Diagnostic::help(&self.problems[0])
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.problems[0].source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.problems[0].labels()
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.problems[1..].iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
