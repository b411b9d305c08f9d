//! Texts that problems point into: the scenario file, and the overrides of the command line behind it.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::error::{Problem, SpecError};

/// The largest scenario file, in bytes.
pub const FILE_BYTES_MAX: usize = 1 << 20;

/// A text and the name under which people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path of the file, or `--set` for an override of the command line.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// A place in a text as people count it.
pub(super) struct Position<'a> {
    /// Counted from 1.
    pub(super) line: usize,
    /// Characters before the place in its line, plus 1.
    pub(super) column: usize,
    /// The line without its end.
    pub(super) text: &'a str,
    /// Bytes before the place in its line.
    pub(super) offset: usize,
}

impl SourceFile {
    /// A named text.
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Reads a file of at most [`FILE_BYTES_MAX`] bytes.
    ///
    /// # Errors
    /// When it does not exist, is a directory, is too large, or is not text.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let name = path.display().to_string();
        let refuse = |error: io::Error| refuse_reading(&name, path, &error);
        if path.is_dir() {
            let help = "name a scenario file, for instance one of the .toml files in it";
            return Err(Problem::nowhere(&name, "this is a directory, not a scenario file", help).into());
        }
        let mut bytes = Vec::new();
        let limit = FILE_BYTES_MAX as u64 + 1;
        File::open(path).map_err(refuse)?.take(limit).read_to_end(&mut bytes).map_err(refuse)?;
        Self::from_bytes(&name, &bytes)
    }

    /// Takes bytes for a text.
    ///
    /// # Errors
    /// When they are too many, or not UTF-8.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, SpecError> {
        if bytes.len() > FILE_BYTES_MAX {
            let help = "a scenario takes a few kilobytes: is this the right file?";
            return Err(Problem::nowhere(name, "the file is larger than 1 MiB", help).into());
        }
        str::from_utf8(bytes).map(|text| Self::new(name, text)).map_err(|error| {
            let at = error.valid_up_to();
            let file = Self::new(name, String::from_utf8_lossy(bytes));
            let message = format!("the file is not text: byte {:#04x} is not UTF-8", bytes[at]);
            Problem::new(file, at..at + 1, message, Some("save it as UTF-8, or name another file".into())).into()
        })
    }

    /// Where the byte `at` lies; the end of the text for what lies beyond it.
    pub(super) fn position(&self, at: usize) -> Position<'_> {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &self.text[..at];
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let text = self.text[start..].split('\n').next().unwrap_or("").trim_end_matches('\r');
        let line = 1 + before.bytes().filter(|byte| *byte == b'\n').count();
        Position { line, column: 1 + before[start..].chars().count(), text, offset: (at - start).min(text.len()) }
    }
}

fn refuse_reading(name: &str, path: &Path, error: &io::Error) -> SpecError {
    if error.kind() != io::ErrorKind::NotFound {
        return Problem::nowhere(name, format!("the file cannot be read: {error}"), "check its permissions").into();
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.ends_with(".toml"));
    names.sort();
    let word = path.file_name().unwrap_or_default().to_string_lossy();
    let help = match super::advice::nearest(&word, &names) {
        Some(near) => format!("did you mean `{}`?", folder.join(near).display()),
        None => "check the path; it is looked up from the current directory".into(),
    };
    Problem::nowhere(name, "there is no such file", help).into()
}

impl SourceCode for SourceFile {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        let (line, column, count) = (inner.line(), inner.column(), inner.line_count());
        let name = self.name.to_string();
        Ok(Box::new(MietteSpanContents::new_named(name, inner.data(), *inner.span(), line, column, count)))
    }
}

/// Several texts behind each other in one space of offsets, so that a span tells which text it lies in.
pub(super) struct Sources {
    files: Vec<(usize, SourceFile)>,
}

impl Sources {
    pub(super) fn new(file: SourceFile) -> Self {
        Self { files: vec![(0, file)] }
    }

    /// Appends a text and returns the offset of its first byte.
    pub(super) fn add(&mut self, file: SourceFile) -> usize {
        let (base, last) = &self.files[self.files.len() - 1];
        let next = base + last.text.len() + 1;
        self.files.push((next, file));
        next
    }

    /// Whether the offset lies in the first text.
    pub(super) fn in_first(&self, at: usize) -> bool {
        at <= self.files[0].1.text.len()
    }

    /// The text that a span begins in, and the span within that text.
    pub(super) fn place(&self, span: &Range<usize>) -> (SourceFile, Range<usize>) {
        let index = self.files.partition_point(|(base, _)| *base <= span.start).saturating_sub(1);
        let (base, file) = &self.files[index];
        (file.clone(), span.start - base..span.end.max(span.start) - base)
    }
}
