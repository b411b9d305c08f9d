//! An outcome in about twenty lines: what happened, never how it was fingerprinted.

use std::fmt::Write;

use gridlock_figures::Row;
use gridlock_scenarios::outcome::VariantOutcome;

/// Counts of a class worth a line even if zero.
const COUNTS: [&str; 5] = ["offered", "ok", "failed", "abandoned", "pending"];
const TIMES: [&str; 3] = ["p50_us", "p99_us", "max_us"];
const PHASES: [&str; 3] = ["before", "during", "after"];
const GLOBALS: [&str; 6] = ["attempts", "retries", "stale.completions", "shed", "oom", "restarts"];

/// The text of one variant; `rows` are those of the scenario's figure, which say what it is about.
pub fn text(variant: &VariantOutcome, rows: &[Row]) -> String {
    let mut out = format!("{}: {}\n", variant.verdict.kind.text(), variant.verdict.reason);
    for class in variant.report.classes.keys() {
        class_lines(&mut out, variant, class);
    }
    line(&mut out, "totals", &present(variant, "", &GLOBALS));
    for key in rows.iter().flat_map(gauges) {
        if let Some(value) = variant.metrics.get(&format!("peak.{key}")) {
            line(&mut out, "peak", &[format!("{key} {value}")]);
        }
    }
    let violated = variant.checks.iter().filter(|(_, check)| !check.held).map(|(name, _)| name.clone());
    line(&mut out, "checks violated", &or_none(violated.collect()));
    let failed = variant.claims.iter().filter(|claim| !claim.holds);
    let failed = failed.map(|claim| format!("{} ({} {} {})", claim.id, claim.measured, claim.op, claim.expected));
    line(&mut out, "claims failed", &or_none(failed.collect()));
    out
}

fn class_lines(out: &mut String, variant: &VariantOutcome, class: &str) {
    line(out, class, &present(variant, &format!("{class}."), &COUNTS));
    let codes = variant.report.classes[class].failed.iter();
    let codes: Vec<String> = codes.map(|(code, count)| format!("{code} {count}")).collect();
    if !codes.is_empty() {
        line(out, &format!("{class} codes"), &codes);
    }
    line(out, &format!("{class} times"), &present(variant, &format!("{class}."), &TIMES));
    line(out, &format!("{class} ok permille"), &present(variant, &format!("{class}.ok_permille."), &PHASES));
    let goodput = present(variant, &format!("{class}.goodput_permille."), &["during", "first_minute_after"]);
    if !goodput.is_empty() {
        line(out, &format!("{class} goodput permille"), &goodput);
        line(out, &format!("{class} recovery"), &present(variant, &format!("{class}."), &["recovery_ms"]));
    }
}

/// Those metrics that the variant has, as `key value`.
fn present(variant: &VariantOutcome, prefix: &str, keys: &[&str]) -> Vec<String> {
    let value = |key: &&str| variant.metrics.get(&format!("{prefix}{key}")).map(|value| format!("{key} {value}"));
    keys.iter().filter_map(value).collect()
}

/// The gauges whose peaks tell most of what a row shows.
fn gauges(row: &Row) -> Vec<String> {
    match row {
        Row::Gauges { series, .. } => series.clone(),
        Row::Lag { .. } => vec!["lag.total".into()],
        Row::Owners { group } => vec![format!("{group}/generation")],
        _ => Vec::new(),
    }
}

fn or_none(mut words: Vec<String>) -> Vec<String> {
    if words.is_empty() {
        words.push("none".into());
    }
    words
}

fn line(out: &mut String, head: &str, words: &[String]) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{head}: {}", words.join(", "));
}
