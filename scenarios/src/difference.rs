//! Where two histories part.

use std::fmt;

use serde::Serialize;

/// The first event that two traces of one history do not share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its number, counted from 1.
    pub event: u64,
    /// Its line in the one trace; none if that has ended.
    pub one: Option<String>,
    /// Its line in the other.
    pub other: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |line: &Option<String>| line.clone().unwrap_or_else(|| "(the trace ends)".to_owned());
        write!(f, "event {}:\n  one:   {}\n  other: {}", self.event, show(&self.one), show(&self.other))
    }
}

/// Where two traces part; `None` if they are equal.
pub fn first_difference(left: &str, right: &str) -> Option<Difference> {
    let (mut a, mut b) = (left.lines(), right.lines());
    for event in 1.. {
        let (one, other) = (a.next(), b.next());
        if one != other {
            return Some(Difference { event, one: one.map(str::to_owned), other: other.map(str::to_owned) });
        }
        if one.is_none() {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_shown_from_both_sides() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let told = |left, right| first_difference(left, right).map(|difference| difference.to_string());
        assert_eq!(told("a\nb\n", "a\nc\n").as_deref(), Some("event 2:\n  one:   b\n  other: c"));
        assert!(told("a\n", "a\nb\n").is_some_and(|text| text.contains("one:   (the trace ends)")));
    }
}
