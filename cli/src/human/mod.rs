//! The outcome for people: text that teaches. Everything here is a pure function from values to coloured text.

mod badge;
mod exercise;
mod findings;
mod format;
mod outcome;
mod spark;
mod sweep;
mod table;

pub(crate) use self::badge::{KINDS, badge, paint};
pub(crate) use self::exercise::{checked, finding, line, list_of, section, sheet};
pub(crate) use self::format::{History, metric, repeat, signed, span_us, wrap};
pub(crate) use self::outcome::{View, outcome};
pub(crate) use self::sweep::sweep;
pub(crate) use self::table::{Cell, table};

/// The colours, named after what they mean. Each is one of the terminal's own, so that themes apply.
pub(crate) mod ink {
    use anstyle::{AnsiColor, Style};

    pub(crate) const PLAIN: Style = Style::new();
    pub(crate) const STRONG: Style = Style::new().bold();
    pub(crate) const FAINT: Style = Style::new().dimmed();
    pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
    pub(crate) const WORSE: Style = AnsiColor::Yellow.on_default();
    pub(crate) const BAD: Style = AnsiColor::Red.on_default();
    pub(crate) const RESOURCE: Style = AnsiColor::Blue.on_default();
    pub(crate) const FAULT: Style = AnsiColor::Magenta.on_default();
    pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();
}
