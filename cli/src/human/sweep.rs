//! What a sweep adds up to, for people: verdicts with their uncertainty, metrics over seeds, and how to see each failure again.

use std::path::Path;

use gridlock_scenarios::spec::Luck;
use gridlock_sim::report::VerdictKind;

use super::findings::indented;
use super::format::{cut, number};
use super::{Cell, ink, metric, paint, table};
use crate::sweep::plan::Point;
use crate::sweep::statistics::{Percentiles, Share};
use crate::sweep::summary::{Failed, PointSummary, Summary, VariantSummary};

/// Failures that are spelled out; the summary for programs has more.
const FAILURES_SHOWN: usize = 20;

/// Everything `sweep` and `merge` say. `dir` is where the results lie.
pub(crate) fn sweep(summary: &Summary, width: usize, dir: Option<&Path>) -> String {
    let mut text = header(summary);
    for point in &summary.points {
        text += &self::point(point, summary.grid.is_empty());
    }
    text += &failures(summary, width, dir);
    text += &lucks(summary, width);
    text + &conclusion(summary, dir)
}

fn header(summary: &Summary) -> String {
    let [from, to] = summary.seeds;
    let settings = match summary.points.len() {
        0 | 1 => String::new(),
        count => format!(" · {} settings", number(count as u64)),
    };
    let part = if summary.shard == "0/1" { String::new() } else { format!(" · shard {}", summary.shard) };
    let runs = number(summary.runs);
    let facts = format!("{} · seeds {from}..{to}{settings}{part} · {runs} runs", summary.scenario);
    format!("{}\n{}\n", paint(ink::STRONG, &summary.title), paint(ink::FAINT, &facts))
}

/// The variants at one setting; their metrics only if nothing varies but the seed, lest the lines have no end.
fn point(point: &PointSummary, metrics: bool) -> String {
    let mut text = String::from("\n");
    if !point.point.is_empty() {
        text += &format!("{}\n", paint(ink::STRONG, &setting(&point.point)));
    }
    let heads = ["", "verdict", "seeds", "share", "95 % interval"];
    let mut rows = vec![heads.map(|head| Cell::new(head, ink::FAINT)).to_vec()];
    rows.extend(point.variants.iter().flat_map(verdicts));
    text += &table(2, &rows);
    if metrics {
        text += &over_seeds(&point.variants);
    }
    text
}

fn setting(point: &Point) -> String {
    let parts: Vec<String> = point.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    parts.join("   ")
}

/// A row for each verdict that occurred, the most frequent first.
fn verdicts(variant: &VariantSummary) -> Vec<Vec<Cell>> {
    let mut all: Vec<(VerdictKind, Share)> = variant.verdicts.iter().map(|(kind, share)| (*kind, *share)).collect();
    all.sort_by_key(|(_, share)| std::cmp::Reverse(share.runs));
    let style = |kind: VerdictKind| match variant.expected.as_deref() {
        None => ink::PLAIN,
        Some(word) if word == kind.text() => ink::GOOD,
        Some(_) => ink::BAD,
    };
    let mut rows: Vec<(String, Share, _)> =
        all.into_iter().map(|(kind, share)| (kind.text().to_owned(), share, style(kind))).collect();
    if variant.panics > 0 {
        rows.push(("panicked".to_owned(), Share::new(variant.panics, variant.runs), ink::BAD));
    }
    if variant.as_claimed.runs < variant.as_claimed.of {
        rows.push(("all as claimed".to_owned(), variant.as_claimed, ink::FAINT));
    }
    let row = |(index, (word, share, style)): (usize, (String, Share, _))| {
        let name = if index == 0 { variant.name.as_str() } else { "" };
        vec![
            Cell::plain(name),
            Cell::new(word, style),
            Cell::plain(number(share.runs)),
            Cell::plain(percent(share.ppm)),
            Cell::new(format!("{} – {}", percent(share.low_ppm), percent(share.high_ppm)), ink::FAINT),
        ]
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// Per cent with one digit behind the point; 100 % only when it is all, and 0 % only when it is nothing.
fn percent(ppm: u32) -> String {
    let tenths = match (ppm + 500) / 1000 {
        1000 if ppm < 1_000_000 => 999,
        0 if ppm > 0 => 1,
        tenths => tenths,
    };
    match tenths {
        1000 => "100 %".to_owned(),
        0 => "0 %".to_owned(),
        _ => format!("{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Percentiles of the main metrics, variant by variant.
fn over_seeds(variants: &[VariantSummary]) -> String {
    let heads = ["", "over seeds", "min", "5 %", "median", "95 %", "max"];
    let mut rows = vec![heads.map(|head| Cell::new(head, ink::FAINT)).to_vec()];
    for variant in variants {
        for (index, (key, values)) in variant.metrics.iter().enumerate() {
            let name = if index == 0 { variant.name.as_str() } else { "" };
            let Percentiles { min, p5, median, p95, max, .. } = *values;
            let mut row = vec![Cell::plain(name), Cell::plain(key)];
            row.extend([min, p5, median, p95, max].map(|value| Cell::plain(metric(key, value))));
            rows.push(row);
        }
    }
    if rows.len() == 1 { String::new() } else { format!("\n{}", table(2, &rows)) }
}

fn failures(summary: &Summary, width: usize, dir: Option<&Path>) -> String {
    if summary.failures.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint(ink::STRONG, "Not as the scenario says"));
    text.extend(summary.failures.iter().take(FAILURES_SHOWN).map(|failed| failure(failed, width)));
    let more = summary.failures_total.saturating_sub(FAILURES_SHOWN as u64);
    if more > 0 {
        let place = dir.map_or("--format json".to_owned(), |dir| dir.join("results.csv").display().to_string());
        text += &paint(ink::FAINT, &format!("  and {} more: see {place}\n", number(more)));
    }
    text
}

fn failure(failed: &Failed, width: usize) -> String {
    let why = format!("seed {} of {}: {}", failed.seed, failed.variant, failed.why.join(", "));
    let mark = paint(ink::BAD, "✗");
    format!("  {mark} {}\n    {}\n", cut(&why, width.saturating_sub(4).max(20)), paint(ink::NAME, &failed.repeat))
}

/// What the scenario says of runs that go another way, beside what was counted.
fn lucks(summary: &Summary, width: usize) -> String {
    let of = |variant: &VariantSummary| {
        let luck = variant.luck.as_ref()?;
        let others = number(variant.as_claimed.of - variant.as_claimed.runs);
        let (runs, name) = (number(variant.as_claimed.of), &variant.name);
        let head = format!("{others} of {runs} runs of {name}, where the scenario says {}", said(luck));
        Some(indented(&head, &luck.because, width))
    };
    let all: String = summary.points.iter().flat_map(|point| &point.variants).filter_map(of).collect();
    if all.is_empty() { all } else { format!("\n{}\n{all}", paint(ink::STRONG, "Luck")) }
}

/// `12 of 1,000`.
pub(super) fn said(luck: &Luck) -> String {
    format!("{} of {}", number(luck.seeds), number(luck.of))
}

fn conclusion(summary: &Summary, dir: Option<&Path>) -> String {
    let mut text = String::from("\n");
    if let Some(second) = summary.second_engine.as_ref().filter(|second| second.runs > 0) {
        let (runs, name) = (number(second.runs), &second.name);
        text += &match second.differ {
            0 => paint(ink::GOOD, &format!("✓ {runs} runs were played on {name} too: the same histories.\n")),
            differ => paint(ink::BAD.bold(), &format!("✗ {differ} of {runs} runs tell another history on {name}.\n")),
        };
    }
    if summary.panics > 0 {
        text += &paint(ink::BAD.bold(), &format!("✗ {} runs panicked.\n", number(summary.panics)));
    }
    let (failed, runs) = (number(summary.not_as_claimed), number(summary.runs));
    text += &match summary.not_as_claimed {
        0 => paint(ink::GOOD, &format!("✓ All {runs} runs are as the scenario says.\n")),
        _ if summary.unforeseen == 0 => {
            let rest = number(summary.runs - summary.not_as_claimed);
            let luck = "the others are luck, and about as many as it says";
            paint(ink::GOOD, &format!("✓ {rest} of {runs} runs are as the scenario says; {luck}.\n"))
        }
        _ => paint(ink::BAD.bold(), &format!("✗ {failed} of {runs} runs are not as the scenario says.\n")),
    };
    if summary.unforeseen > 0 && !(summary.set.is_empty() && summary.grid.is_empty()) {
        let changed = "  The scenario was changed with --set or --grid; its claims speak of it as it is.\n";
        text += &paint(ink::FAINT, changed);
    }
    if let Some(dir) = dir {
        text += &paint(ink::FAINT, &format!("  results: {}\n", dir.display()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_all_only_when_it_is_all() {
        let shares = [0, 1, 49_900, 500_000, 999_999, 1_000_000].map(percent);
        assert_eq!(shares, ["0 %", "0.1 %", "5.0 %", "50.0 %", "99.9 %", "100 %"]);
    }
}
