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

/// Where two traces part: the number of the first differing event, counted from 1, and both lines; `None` if they are equal.
pub fn first_difference(left: &str, right: &str) -> Option<String> {
    let (mut a, mut b) = (left.lines(), right.lines());
    for number in 1.. {
        let pair = (a.next(), b.next());
        if pair.0 != pair.1 {
            let show = |line: Option<&str>| line.unwrap_or("(the trace ends)").to_string();
            return Some(format!("event {number}:\n  one:   {}\n  other: {}", show(pair.0), show(pair.1)));
        }
        if pair.0.is_none() {
            break;
        }
    }
    None
}
