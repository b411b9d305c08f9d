//! Names that scenario authors write: found, or refused with the nearest one; and short forms for labels.

use std::collections::BTreeSet;

use gridlock_sim::report::{ClassReport, Report, Series};

use crate::{Column, FigureError};

/// The reports of a column: its own and those of other seeds.
pub(crate) fn reports<'a>(column: &'a Column<'a>) -> impl Iterator<Item = &'a Report> {
    std::iter::once(column.report).chain(column.others.iter().copied())
}

/// The class in each column; an error if no column has it.
pub(crate) fn class<'a>(
    row: &str,
    class: &str,
    columns: &'a [Column<'a>],
) -> Result<Vec<Option<&'a ClassReport>>, FigureError> {
    let found: Vec<_> = columns.iter().map(|c| c.report.classes.get(class)).collect();
    if found.iter().all(Option::is_none) {
        return Err(unknown(row, "class", class, columns.iter().flat_map(|c| c.report.classes.keys())));
    }
    Ok(found)
}

/// A class in words: `orders.e2e` are orders from end to end.
pub(crate) fn of_class(class: &str) -> String {
    class.strip_suffix(".e2e").map_or_else(|| class.to_owned(), |class| format!("{class}, end to end"))
}

/// What is said of those of a class for whom nothing came within the run. An order that was accepted has its answer; what it lacks is an end.
pub(crate) fn unanswered(class: &str) -> &'static str {
    if class.ends_with(".e2e") { "never done" } else { "never answered" }
}

/// A series of a report.
pub(crate) fn series<'a>(report: &'a Report, key: &str) -> Option<&'a Series> {
    report.series.get(key)
}

/// Refuses a series that no column has.
pub(crate) fn check_series(row: &str, key: &str, columns: &[Column]) -> Result<(), FigureError> {
    if columns.iter().any(|c| c.report.series.contains_key(key)) {
        return Ok(());
    }
    Err(unknown(row, "series", key, columns.iter().flat_map(|c| c.report.series.keys())))
}

fn unknown<'a>(row: &str, what: &'static str, key: &str, existing: impl Iterator<Item = &'a String>) -> FigureError {
    let existing: BTreeSet<&String> = existing.collect();
    let score = |name: &str| (strsim::normalized_damerau_levenshtein(key, name) * 1000.0) as u32;
    let nearest = existing.into_iter().max_by_key(|name| score(name)).filter(|name| score(name) >= 400).cloned();
    FigureError::Unknown { row: row.to_owned(), what, key: key.to_owned(), nearest }
}

/// What tells each key from the others: the owner if the words after `/` are all the same, the words if the owners are. Of the partitions
/// of one topic, as a group sees them, their numbers; of a fact, what it is.
pub(crate) fn short(keys: &[String]) -> Vec<String> {
    if let Some(numbers) = partitions(keys).filter(|_| keys.len() > 1) {
        return numbers.into_iter().map(|number| format!("partition {number}")).collect();
    }
    let parts: Vec<(&str, &str)> = keys.iter().map(|k| k.rsplit_once('/').unwrap_or(("", k))).collect();
    let owners: BTreeSet<&str> = parts.iter().map(|p| p.0).collect();
    let words: BTreeSet<&str> = parts.iter().map(|p| p.1).collect();
    let label = |(owner, word): &(&str, &str)| match (owners.len(), words.len()) {
        (1, _) if *word == "facts" => owner.replace('.', " "),
        (1, _) => word.replace('.', " "),
        (_, 1) => owner.replace("->", "→"),
        _ => format!("{} {}", owner.replace("->", "→"), word.replace('.', " ")),
    };
    parts.iter().map(label).collect()
}

/// The numbers of `<group>.<topic>-<number>/<word>`, if group, topic and word are the same in all keys.
fn partitions(keys: &[String]) -> Option<Vec<&str>> {
    fn split(key: &str) -> Option<(&str, &str, &str)> {
        let (owner, word) = key.rsplit_once('/')?;
        let (topic, number) = owner.rsplit_once('-').filter(|(topic, _)| topic.contains('.'))?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then_some((topic, number, word))
    }
    let parts: Vec<(&str, &str, &str)> = keys.iter().map(|key| split(key)).collect::<Option<_>>()?;
    let same = parts.iter().all(|part| (part.0, part.2) == (parts[0].0, parts[0].2));
    same.then(|| parts.into_iter().map(|part| part.1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(keys: &[&str]) -> Vec<String> {
        short(&keys.iter().map(|key| (*key).to_string()).collect::<Vec<_>>())
    }

    #[test]
    fn a_label_says_what_differs() {
        assert_eq!(labels(&["a/cpu", "b/cpu"]), ["a", "b"]);
        assert_eq!(labels(&["a/cpu", "a/heap.bytes"]), ["cpu", "heap bytes"]);
        assert_eq!(labels(&["a->b/retries", "a/cpu"]), ["a→b retries", "a cpu"]);
        assert_eq!(labels(&["orders.completed/facts"]), ["orders completed"]);
    }

    #[test]
    fn who_has_an_answer_and_no_outcome_is_not_called_unanswered() {
        assert_eq!([unanswered("orders"), unanswered("orders.e2e")], ["never answered", "never done"]);
    }

    #[test]
    fn partitions_of_a_group_are_numbered() {
        assert_eq!(labels(&["g.orders-0/lag", "g.orders-12/lag"]), ["partition 0", "partition 12"]);
        assert_eq!(labels(&["g.orders-0/lag", "g.mails-0/lag"]), ["g.orders-0", "g.mails-0"]);
        assert_eq!(labels(&["consumer-1/cpu", "consumer-2/cpu"]), ["consumer-1", "consumer-2"]);
    }
}
