//! Overrides of the command line: `--set key=value`.

use toml::Spanned;
use toml::de::DeValue;

use super::advice::explain_syntax;
use super::depth;
use super::error::{Draft, Problem, SpecError};
use super::source::{SourceFile, Sources};
use super::tree::{Assignment, Node, shift};

/// How the text of an override is called in errors.
const NAME: &str = "--set";

/// One `key=value` of the command line. The value is TOML; what is not TOML is a text, so `duration=90s` needs no quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    text: String,
    equals: usize,
}

impl Override {
    /// Splits `key=value`.
    ///
    /// # Errors
    /// When there is no `=`, or nothing on one of its sides.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let refuse = |at: usize, message: &str, help: &str| {
            Err(Problem::new(SourceFile::new(NAME, text), at..at, message, Some(help.into())).into())
        };
        let Some(equals) = text.find('=') else {
            return refuse(text.len(), "the override has no `=`", "write `--set key=value`, like `--set duration=90s`");
        };
        if text[..equals].trim().is_empty() {
            return refuse(0, "the override names no key", "write `--set key=value`, like `--set duration=90s`");
        }
        if text[equals + 1..].trim().is_empty() {
            return refuse(text.len(), "the override has no value", "for an empty text, write `key=\"\"`");
        }
        Ok(Self { text: text.into(), equals })
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The dotted path.
    pub fn path(&self) -> &str {
        self.text[..self.equals].trim()
    }

    /// The value, unparsed.
    pub fn value(&self) -> &str {
        self.text[self.equals + 1..].trim()
    }

    /// Parses the value, with its places in the space of all sources.
    pub(super) fn assignment<'a>(&'a self, sources: &mut Sources) -> Result<Assignment<'a, 'a>, Draft> {
        let base = sources.add(SourceFile::new(NAME, self.text.as_str()));
        let before = &self.text[..self.equals];
        let start = base + before.len() - before.trim_start().len();
        let after = &self.text[self.equals + 1..];
        let value_at = base + self.equals + 1 + after.len() - after.trim_start().len();
        let path = self.path();
        if path == "variant" || path.starts_with("variant.") {
            let help = "set the key that the variant sets; the command line comes after it";
            return Err(Draft::new(start..start + path.len(), "a variant cannot be overridden", help));
        }
        Ok(Assignment { path, span: start..start + path.len(), value: self.toml(value_at)? })
    }

    fn toml(&self, base: usize) -> Result<Node<'_>, Draft> {
        let text = self.value();
        let moved = |draft: Draft| Draft { span: draft.span.start + base..draft.span.end + base, ..draft };
        depth::check_keys(text).map_err(moved)?;
        match DeValue::parse(text) {
            Ok(value) => depth::check_tree(&value).map_err(moved).map(|()| shift(value, base)),
            Err(error) if text.starts_with(['{', '[', '"', '\'']) => Err(moved(explain_syntax(&error))),
            Err(_) => Ok(Spanned::new(base..base + text.len(), DeValue::String(text.into()))),
        }
    }
}
