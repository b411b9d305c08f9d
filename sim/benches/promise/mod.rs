//! What a benchmark says: promises of the performance contract and what is told for information, one line each. If the environment names
//! a file, the same goes there, for the benchmark that gathers them all.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::ops::Bound::Included;
use std::ops::RangeBounds;

/// The variable that names the file. Its lines are what, measured, bound and note, with tabs between them.
const FILE: &str = "GRIDLOCK_BENCH_LINES";

/// One promise, and whether it is kept: `0.3..` is at least 0.3, `..=1.1` at most 1.1. `note` says what the value was made of.
pub(crate) fn promise(what: &str, measured: f64, goal: impl RangeBounds<f64>, note: &str) {
    let bound = match (goal.start_bound(), goal.end_bound()) {
        (Included(least), _) => format!("at least {least}"),
        (_, Included(most)) => format!("at most {most}"),
        _ => unreachable!("a promise has one bound"),
    };
    let word = if goal.contains(&measured) { "met" } else { "MISSED" };
    let mut line = format!("  {what:<44} {measured:>8.2}   contract: {bound}   {word}");
    if !note.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(line, "   ({note})");
    }
    println!("{line}");
    keep(&[what, &format!("{measured:.2}"), &bound, word]);
}

/// What is not promised, for information.
pub(crate) fn known(what: &str, measured: &str) {
    println!("  {what:<44} {measured:>12}   for information");
    keep(&[what, measured, "", ""]);
}

fn keep(fields: &[&str]) {
    let Some(path) = std::env::var_os(FILE) else { return };
    let file = OpenOptions::new().append(true).create(true).open(path);
    let written = file.and_then(|mut file| writeln!(file, "{}", fields.join("\t")));
    written.expect("the file of lines can be written");
}
