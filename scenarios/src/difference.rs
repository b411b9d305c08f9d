//! Where two histories part.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_differing_line_is_shown_from_both_sides() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n").as_deref(), Some("event 2:\n  one:   b\n  other: c"));
        assert!(first_difference("a\n", "a\nb\n").is_some_and(|text| text.contains("one:   (the trace ends)")));
    }
}
