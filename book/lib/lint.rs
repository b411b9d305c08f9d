//! Finds numbers in prose that came from nowhere.
//!
//! A number must come from a directive if it has a unit (`12 s`, `99.9 %`, `200 orders/s`), is grouped (`1,234`), or has three digits
//! or more (`256 slots`). Code, links, HTML tags, years, dates, and the numbers of documents (`RFC 6298`, `KIP-848`) are left alone.

use gridlock_scenarios::spec::SpecError;

use crate::ask;
use crate::markup::{Piece, pieces};
use crate::pages::Page;

/// Units, as they follow a number.
const UNITS: [&str; 36] = [
    "ns",
    "us",
    "µs",
    "ms",
    "s",
    "sec",
    "min",
    "h",
    "second",
    "seconds",
    "millisecond",
    "milliseconds",
    "microseconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "%",
    "‰",
    "percent",
    "per cent",
    "B",
    "kB",
    "KB",
    "MB",
    "GB",
    "KiB",
    "MiB",
    "GiB",
    "bytes",
    "bit",
    "kbit",
    "Mbit",
    "Gbit",
    "Hz",
    "rps",
];
/// Words in front of a number that make it a name.
const NAMES: [&str; 9] = ["RFC", "KIP", "EXP", "seed", "seeds", "version", "Node", "port", "HTTP"];
const HELP: &str = "take it from the run (`{{value …}}`, `{{calc …}}`), from the scenario (`{{spec …}}`), or cite it (`{{cited …}}`); a number \
                    of a thought experiment is `{{example …}}`";

/// Reads the prose of a page.
///
/// # Errors
/// With every number that came from nowhere.
pub fn lint(page: &Page) -> Result<(), SpecError> {
    let text = &*page.file.text;
    let mut prose = vec![b' '; text.len()];
    let mut keep = |range: std::ops::Range<usize>| prose[range.clone()].copy_from_slice(&text.as_bytes()[range]);
    for piece in pieces(&page.file)? {
        match piece {
            Piece::Prose(range) => keep(range),
            Piece::Fence(fence) => ask::prose(text, &fence).into_iter().for_each(&mut keep),
            // What a directive says is followed by no unit of its own.
            Piece::Code(_) | Piece::Call(_) => {}
        }
    }
    let prose = String::from_utf8(prose).expect("whole pieces of a text");
    let prose = without_markup(prose);
    let found = numbers(&prose).into_iter().map(|span| {
        let message = format!("`{}` came from nowhere", &text[span.clone()]);
        SpecError::at(&page.file, span, &message, HELP)
    });
    SpecError::all(found)
}

/// The same text with blanks in place of tags, link targets and bare addresses.
fn without_markup(text: String) -> String {
    let mut bytes = text.clone().into_bytes();
    let mut blank = |range: std::ops::Range<usize>| bytes[range].fill(b' ');
    for (start, end) in [("](", ")"), ("<", ">"), ("https://", " ")] {
        let mut at = 0;
        while let Some(offset) = text[at..].find(start) {
            let from = at + offset;
            let line = text[from..].find('\n').map_or(text.len(), |end| from + end);
            let until = text[from..line].find(end).map_or(line, |offset| from + offset);
            // `a < b` is no tag.
            if start != "<" || text[from + 1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
                blank(from..until);
            }
            at = until.max(from + start.len());
        }
    }
    String::from_utf8(bytes).expect("only whole characters are blanked")
}

/// Where a number stands that must have come from somewhere.
fn numbers(text: &str) -> Vec<std::ops::Range<usize>> {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(offset) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + offset;
        let mut end = start
            + text[start..].find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len() - start);
        end -= text[start..end].len() - text[start..end].trim_end_matches(['.', ',']).len();
        at = end;
        let glued = text[..start]
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || "_-/#.".contains(c) && is_name(&text[..start]));
        if glued || is_name(&text[..start]) {
            continue;
        }
        let unit = unit(&text[end..]);
        // `99 of 100` names a percentile.
        let scale = ["100", "1000"].contains(&&text[start..end]) && text[..start].ends_with(" of ");
        if unit > 0 || !scale && is_large(&text[start..end], &text[end..]) {
            found.push(start..end + unit);
        }
    }
    found
}

/// Whether the words before a number make it a name: `RFC 6298`, `KIP-848`, `v1`.
fn is_name(before: &str) -> bool {
    let word = before.trim_end_matches([' ', '-', '\u{a0}', '#']);
    let word = word.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    NAMES.contains(&word)
        || (before.ends_with(['_', '/']) && !word.is_empty() && word.chars().all(|c| c.is_ascii_alphabetic()))
}

/// Length of the unit that follows, with what is between; zero if none does.
fn unit(rest: &str) -> usize {
    let gap = rest.len() - rest.trim_start_matches([' ', '\u{a0}']).len();
    let word = &rest[gap..];
    let ends = |unit: &str| {
        let after = &word[unit.len()..];
        !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    let known = UNITS.iter().filter(|unit| word.starts_with(**unit) && ends(unit)).map(|unit| unit.len()).max();
    let rate = || {
        let noun = word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len());
        let per = ["/s", " a second", " per second", "/min", " a minute", " per minute"];
        per.iter().find(|per| word[noun..].starts_with(**per) && gap <= 2).map(|per| noun + per.len())
    };
    known.or_else(rate).map_or(0, |length| gap + length)
}

/// Grouped, or three digits and more; a year or a date is neither.
fn is_large(number: &str, after: &str) -> bool {
    let whole = number.split('.').next().unwrap_or("");
    let digits = whole.chars().filter(char::is_ascii_digit).count();
    let year = whole.len() == 4 && (whole.starts_with("19") || whole.starts_with("20")) && !after.starts_with('/');
    digits >= 3 && !year
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        match lint(&Page::new("page.md", text)) {
            Ok(()) => Vec::new(),
            Err(error) => error.problems().iter().map(|p| p.message().split('`').nth(1).unwrap().to_string()).collect(),
        }
    }

    #[test]
    fn numbers_with_units_must_come_from_somewhere() {
        assert_eq!(found("after 12 s, 99.9 % of 200 orders/s took 5ms.\n"), ["12 s", "99.9 %", "200 orders/s", "5ms"]);
        assert_eq!(found("10 requests a second and 1,234 pages, 256 slots"), ["10 requests a second", "1,234", "256"]);
        assert_eq!(found("| a | 6.4 s |\n"), ["6.4 s"]);
    }

    #[test]
    fn small_counts_names_years_code_links_and_directives_are_left_alone() {
        for fine in [
            "three attempts, 4 layers, 2 of 3, 99 of 100 pages",
            "RFC 6298, KIP-848, seeds 0 to 31, 3 September 2025, P99, S3",
            "`250 ms` and `--seed 1000`",
            "[there](https://example.org/1234) https://example.org/5678",
            "<a href=\"x1234\">it</a>",
            "it took {{value cascade/grpc orders.p50_us}} s",
            "```sh\n1000 s\n```",
        ] {
            assert_eq!(found(fine), Vec::<String>::new(), "{fine}");
        }
    }

    #[test]
    fn questions_are_read_too() {
        let quiz = "```quiz\nask = \"How long after 12 s?\"\nrun = \"cascade/grpc\"\n[[answer]]\ntext = \"15 s\"\nwhen = \"x >= 12000\"\n```\n";
        assert_eq!(found(quiz), ["12 s"]);
        assert_eq!(found("```measure cascade\n| grpc\nall 1000 pages | browse.ok\n```\n"), ["1000"]);
    }
}
