//! Numbers, times and sizes as people read them, in the terminal and in the book.

use gridlock_sim::engine::SimDuration;
use gridlock_sim::units::Bytes;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};

/// `1234567` as `1,234,567`.
pub fn number(value: u64) -> String {
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
pub fn signed(value: i128, magnitude: impl Fn(u64) -> String) -> String {
    let size = magnitude(u64::try_from(value.unsigned_abs()).unwrap_or(u64::MAX));
    match value {
        0 => size,
        1.. => format!("+{size}"),
        _ => format!("−{size}"),
    }
}

/// A span to three digits, e.g. `12.3 ms`.
pub fn span_us(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => scaled(us, 1_000, "ms"),
        1_000_000..600_000_000 => scaled(us, 1_000_000, "s"),
        _ => scaled(us, 60_000_000, "min"),
    }
}

/// Bytes to three digits, in powers of 1024.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => scaled(bytes, 1_024, "KiB"),
        1_048_576..1_073_741_824 => scaled(bytes, 1_048_576, "MiB"),
        _ => scaled(bytes, 1_073_741_824, "GiB"),
    }
}

/// A share in thousandths: whole per cents, but never 100 % for less than all, nor 0 % for more than nothing.
pub fn share(part: u64, whole: u64) -> String {
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
pub fn metric(key: &str, value: u64) -> String {
    if key.ends_with("_us") {
        span_us(value)
    } else if key.ends_with("bytes") {
        bytes(value)
    } else {
        number(value)
    }
}

/// A word that a POSIX shell reads as itself.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What a scenario file writes as a quantity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A span, in microseconds.
    Span(u64),
    /// A size, in bytes.
    Size(u64),
    /// Anything else, as written.
    Text(String),
}

/// Reads `"250ms"` as a span and `"64 MiB"` as a size.
pub fn quantity(text: &str) -> Quantity {
    fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
        let input: StrDeserializer<'a, Error> = text.into_deserializer();
        T::deserialize(input).ok()
    }
    if let Some(span) = read::<SimDuration>(text) {
        return Quantity::Span(span.as_nanos() / 1000);
    }
    read::<Bytes>(text).map_or_else(|| Quantity::Text(text.to_owned()), |Bytes(size)| Quantity::Size(size))
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
    fn quantities_are_read_as_scenarios_write_them() {
        assert_eq!(quantity("250ms"), Quantity::Span(250_000));
        assert_eq!(quantity("64 MiB"), Quantity::Size(64 << 20));
        assert_eq!(quantity("inventory"), Quantity::Text("inventory".into()));
    }
}
