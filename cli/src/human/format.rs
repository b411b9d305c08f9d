//! Numbers, times and lines as people read them.

use gridlock_scenarios::format::shell_word as quoted;
pub(crate) use gridlock_scenarios::format::{bytes, metric, number, share, signed, span_us};
use gridlock_scenarios::outcome::Outcome;

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

#[cfg(test)]
mod tests {
    use super::*;

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
