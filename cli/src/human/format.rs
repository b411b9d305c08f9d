//! Numbers, times and lines as people read them.

use gridlock_scenarios::outcome::Outcome;

/// `1234567` as `1,234,567`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its sign: a true minus, nothing in front of zero.
pub(crate) fn signed(value: i128, magnitude: impl Fn(u64) -> String) -> String {
    let size = magnitude(u64::try_from(value.unsigned_abs()).unwrap_or(u64::MAX));
    match value {
        0 => size,
        1.. => format!("+{size}"),
        _ => format!("−{size}"),
    }
}

/// A span to three digits, e.g. `12.3 ms`.
pub(crate) fn span_us(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => scaled(us, 1_000, "ms"),
        1_000_000..600_000_000 => scaled(us, 1_000_000, "s"),
        _ => scaled(us, 60_000_000, "min"),
    }
}

/// Bytes to three digits, in powers of 1024.
pub(crate) fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => scaled(bytes, 1_024, "KiB"),
        1_048_576..1_073_741_824 => scaled(bytes, 1_048_576, "MiB"),
        _ => scaled(bytes, 1_073_741_824, "GiB"),
    }
}

/// A share in thousandths: whole per cents, but never 100 % for less than all, nor 0 % for more than nothing.
pub(crate) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = (u128::from(part) * 100 + u128::from(whole) / 2) / u128::from(whole);
    match percent {
        100 if part < whole => "99.9 %".to_owned(),
        0 if part > 0 => "0.1 %".to_owned(),
        _ => format!("{percent} %"),
    }
}

/// The value of a metric, by the unit at the end of its key.
pub(crate) fn metric(key: &str, value: u64) -> String {
    if key.ends_with("_us") {
        span_us(value)
    } else if key.ends_with("bytes") {
        bytes(value)
    } else {
        number(value)
    }
}

/// `text` in lines of at most `width` columns, broken between words.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if columns(line) + 1 + columns(word) <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// `text` cut to `width` columns, with an ellipsis if anything was lost.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Columns of a text without colours. Names and words of the lab are narrow: one column a character.
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Which history is meant, but for the variant.
pub(crate) struct History<'a> {
    pub(crate) scenario: &'a str,
    pub(crate) seed: u64,
    pub(crate) ties: Option<u64>,
    pub(crate) chaos: bool,
}

impl<'a> From<&'a Outcome> for History<'a> {
    fn from(outcome: &'a Outcome) -> Self {
        Self { scenario: &outcome.scenario, seed: outcome.seed, ties: outcome.ties, chaos: outcome.chaos }
    }
}

/// The line that repeats a run, e.g. `cargo lab run cascade --variant grpc --seed 1`.
pub(crate) fn repeat<'a>(
    command: &str,
    history: impl Into<History<'a>>,
    variant: Option<&str>,
    set: &[String],
) -> String {
    let History { scenario, seed, ties, chaos } = history.into();
    let mut line = format!("{command} run {}", quoted(scenario));
    if let Some(variant) = variant {
        line += &format!(" --variant {}", quoted(variant));
    }
    line += &format!(" --seed {seed}");
    if let Some(ties) = ties {
        line += &format!(" --ties {ties}");
    }
    if chaos {
        line += " --chaos";
    }
    for assignment in set {
        line += &format!(" --set {}", quoted(assignment));
    }
    line
}

/// A word that a POSIX shell reads as itself.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn scaled(value: u64, unit: u64, name: &str) -> String {
    let value = value as f64 / unit as f64;
    let digits = match value {
        99.95.. => 0,
        9.995.. => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([-1_500, 0, 3].map(|value| signed(value, number)), ["−1,500", "0", "+3"]);
    }

    #[test]
    fn spans_and_sizes_have_three_digits() {
        let spans = [0, 999, 1_000, 12_345, 999_999, 1_200_000, 30_000_000, 180_000_000, 900_000_000];
        assert_eq!(
            spans.map(span_us),
            ["0 µs", "999 µs", "1 ms", "12.3 ms", "1000 ms", "1.2 s", "30 s", "180 s", "15 min"]
        );
        assert_eq!([12, 1_536, 100 << 20].map(bytes), ["12 B", "1.5 KiB", "100 MiB"]);
    }

    #[test]
    fn a_share_is_all_only_when_it_is_all() {
        assert_eq!(share(1_000, 1_000), "100 %");
        assert_eq!(share(999, 1_000), "99.9 %");
        assert_eq!(share(1, 1_000), "0.1 %");
        assert_eq!(share(0, 1_000), "0 %");
        assert_eq!(share(0, 0), "–");
    }

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(cut("inventory", 6), "inven…");
    }

    #[test]
    fn a_repeated_run_survives_the_shell() {
        let set = ["order.pool=40".to_owned(), "faults=it's {a}".to_owned()];
        let line = repeat(
            "cargo lab",
            History { scenario: "cascade", seed: 7, ties: Some(3), chaos: true },
            Some("grpc"),
            &set,
        );
        assert_eq!(
            line,
            r"cargo lab run cascade --variant grpc --seed 7 --ties 3 --chaos --set order.pool=40 --set 'faults=it'\''s {a}'"
        );
    }
}
