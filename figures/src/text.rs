//! Widths of text without fonts, and numbers as text. Guesses err on the wide side.

use crate::theme::PX;

/// Guessed width of a text of this size, both in viewBox units.
pub(crate) fn width(text: &str, size: i32) -> i32 {
    let thousandths: i32 = text.chars().map(advance).sum();
    thousandths * size / 1000
}

/// Advance of a character in thousandths of the text size, as in the wide sans-serif fonts.
const fn advance(c: char) -> i32 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | ' ' | '·' => 320,
        'f' | 't' | 'r' | 'I' | '(' | ')' | '/' | '-' => 410,
        'm' | 'w' | 'M' | 'W' | '%' | '→' | '…' => 970,
        'A'..='Z' => 700,
        _ => 625,
    }
}

/// Breaks a text into at most `lines` lines no wider than `room`; what is left over ends in an ellipsis.
pub(crate) fn wrap(text: &str, size: i32, room: i32, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for word in pieces(text, size, room) {
        match out.last_mut() {
            Some(line) if width(format!("{line}{word}").trim_end(), size) <= room => line.push_str(word),
            _ => out.push(word.to_owned()),
        }
    }
    let overfull = out.len() > lines;
    out.truncate(lines);
    let last = out.len().saturating_sub(1);
    out.iter().enumerate().map(|(i, line)| cut(line.trim(), size, room, overfull && i == last)).collect()
}

/// Pieces between which a line may end: after slashes and spaces, but not between a number and its unit; and after hyphens,
/// dots and arrows of a word that is wider than the room.
fn pieces(text: &str, size: i32, room: i32) -> impl Iterator<Item = &str> {
    let mut before = ' ';
    let words = text.split_inclusive(move |c: char| {
        let end = c == '/' || (c == ' ' && !before.is_ascii_digit());
        before = c;
        end
    });
    words.flat_map(move |word| {
        let fits = width(word.trim_end(), size) <= room;
        word.split_inclusive(move |c| !fits && matches!(c, '-' | '.' | '↔' | '→'))
    })
}

/// Shortens a line to the room, with an ellipsis if something was (or must be) left out.
fn cut(line: &str, size: i32, room: i32, must: bool) -> String {
    if !must && width(line, size) <= room {
        return line.to_owned();
    }
    let mut kept = line.to_owned();
    while !kept.is_empty() && width(&kept, size) + width("…", size) > room.max(12 * PX) {
        kept.pop();
    }
    format!("{}…", kept.trim_end_matches([' ', ',', '/']))
}

/// A number with at most three decimals and no trailing zeros; large ones in thousands (k) and millions (M).
pub(crate) fn number(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{}M", decimals(v / 1e6)),
        v if v >= 1e4 => format!("{}k", decimals(v / 1e3)),
        v => decimals(v),
    }
}

/// At most three decimals, by integer arithmetic.
pub(crate) fn decimals(value: f64) -> String {
    let thousandths = (value * 1000.0).round() as u64;
    let text = format!("{}.{:03}", thousandths / 1000, thousandths % 1000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Microseconds in the unit that reads best: `1 ms`, `250 ms`, `10 s`.
pub(crate) fn span(us: f64) -> String {
    if us >= 1e6 { format!("{} s", decimals(us / 1e6)) } else { format!("{} ms", decimals(us / 1e3)) }
}

/// Bytes with a binary prefix: `512 MiB`.
pub(crate) fn bytes(value: f64) -> String {
    let (mut value, mut unit) = (value, "B");
    for next in ["KiB", "MiB", "GiB"] {
        if value >= 1024.0 {
            (value, unit) = (value / 1024.0, next);
        }
    }
    format!("{} {unit}", decimals((value * 10.0).round() / 10.0))
}

/// Words as one word for an id or a key: lower-case letters, digits and hyphens.
pub(crate) fn slug(text: &str) -> String {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, 0.25, 1500.0, 20_000.0, 2.5e6].map(number), ["0", "0.25", "1500", "20k", "2.5M"]);
        assert_eq!([500.0, 1_000.0, 250_000.0, 1e7].map(span), ["0.5 ms", "1 ms", "250 ms", "10 s"]);
        assert_eq!([512.0, 1536.0, 1_073_741_824.0].map(bytes), ["512 B", "1.5 KiB", "1 GiB"]);
    }

    #[test]
    fn long_texts_break_and_end_in_an_ellipsis() {
        let size = 13 * PX;
        assert_eq!(wrap("one two", size, 1000, 2), ["one two"]);
        assert_eq!(wrap("one two", size, width("one ", size), 2), ["one", "two"]);
        assert_eq!(wrap("after 18 s", size, width("after 18 ", size), 2), ["after", "18 s"]);
        let cut = wrap("one two three four", size, width("one two", size), 1);
        assert!(cut.len() == 1 && cut[0].ends_with('…') && width(&cut[0], size) <= width("one two", size), "{cut:?}");
    }
}
