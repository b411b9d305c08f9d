//! Traces as JSON Lines, taken apart and compared.

use serde_json::Value;

/// One event of a trace.
pub struct Line(Value);

impl Line {
    /// When it happened, in nanoseconds.
    pub fn at_ns(&self) -> u64 {
        self.int("at_ns")
    }

    /// A text field; empty if there is none.
    pub fn text(&self, key: &str) -> &str {
        self.0[key].as_str().unwrap_or_default()
    }

    /// A number; zero if there is none.
    pub fn int(&self, key: &str) -> u64 {
        self.0[key].as_u64().unwrap_or_default()
    }
}

/// The events of one kind.
pub fn of_kind<'a>(trace: &'a str, kind: &str) -> impl Iterator<Item = Line> + use<'a> {
    let needle = format!("\"kind\":\"{kind}\"");
    let lines = trace.lines().filter(move |line| line.contains(&needle));
    lines.map(|line| Line(serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))))
}
