//! The whole answer to `run`: for each variant what happened, why, and how to see it again.

use gridlock_scenarios::outcome::{Outcome, VariantOutcome};
use gridlock_sim::report::{ClassReport, Report};

use super::findings::{findings, verdict_is_expected};
use super::format::{number, repeat, share, span_us, wrap};
use super::spark::sparks;
use super::{Cell, badge, ink, paint, table};
use crate::words;

/// What the text must know besides the outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// How the reader called the command.
    pub(crate) command: &'a str,
    /// Changes to the specification, to be repeated.
    pub(crate) set: &'a [String],
    /// Series worth a line, as the scenario's figure names them.
    pub(crate) telling: &'a [String],
}

/// Everything `run` says.
pub(crate) fn outcome(outcome: &Outcome, view: View) -> String {
    let mut text = header(outcome);
    for variant in &outcome.variants {
        text += &self::variant(outcome, variant, view);
    }
    if outcome.variants.len() > 1 {
        text += &summary(outcome);
    }
    text + &conclusion(outcome, view)
}

fn header(outcome: &Outcome) -> String {
    let simulated = outcome.variants.first().map_or(0, |variant| variant.report.duration_us);
    let ties = outcome.ties.map_or(String::new(), |seed| format!(" · ties {seed}"));
    let chaos = if outcome.chaos { " · chaos" } else { "" };
    let facts = format!("{} · seed {}{ties}{chaos} · {} simulated", outcome.scenario, outcome.seed, span_us(simulated));
    format!("{}\n{}\n", paint(ink::STRONG, &outcome.title), paint(ink::FAINT, &facts))
}

fn variant(outcome: &Outcome, variant: &VariantOutcome, view: View) -> String {
    let title = paint(ink::STRONG, &variant.name);
    let mut text = format!("\n{} {title}  {}\n", badge(variant.verdict.kind), variant.title);
    for line in wrap(&variant.verdict.reason, view.width.saturating_sub(2).max(20)) {
        text += &format!("  {line}\n");
    }
    if outcome.chaos {
        text += &faults(variant, view.width);
    }
    for part in
        [classes(&variant.report), sparks(&variant.report, view.width, view.telling), findings(variant, view.width)]
    {
        if !part.is_empty() {
            text += "\n";
            text += &part;
        }
    }
    let again = repeat(view.command, outcome, Some(&variant.name), view.set);
    text + &format!("\n  {}\n  {}\n", paint(ink::NAME, &again), paint(ink::FAINT, &trace_line(&variant.report)))
}

/// The faults that were drawn.
fn faults(variant: &VariantOutcome, width: usize) -> String {
    let mut text = String::from("\n");
    if variant.faults.is_empty() {
        text += "  No fault was drawn: the scenario leaves nothing to hit.\n";
    }
    for fault in &variant.faults {
        for (nth, line) in wrap(&words::fault(fault), width.saturating_sub(4).max(20)).iter().enumerate() {
            let indent = if nth == 0 { 2 } else { 4 };
            text += &format!("{:indent$}{}\n", "", paint(ink::FAULT, line));
        }
    }
    text
}

fn trace_line(report: &Report) -> String {
    format!("{} events, digest {}", number(report.events), report.digest)
}

/// What customers of each class met.
fn classes(report: &Report) -> String {
    if report.classes.is_empty() {
        return String::new();
    }
    let heads = ["", "offered", "ok", "failed", "no answer", "p50", "p99"];
    let mut rows = vec![heads.iter().map(|head| Cell::new(*head, ink::FAINT)).collect()];
    rows.extend(report.classes.iter().map(|(name, class)| class_row(name, class)));
    table(1, &rows)
}

fn class_row(name: &str, class: &ClassReport) -> Vec<Cell> {
    let unanswered = class.abandoned + class.pending;
    let loss = |count: u64| Cell::new(number(count), if count == 0 { ink::FAINT } else { ink::BAD });
    let time = |us: u64| Cell::plain(if class.ok == 0 { "–".to_owned() } else { span_us(us) });
    vec![
        Cell::plain(name),
        Cell::plain(number(class.offered)),
        Cell::plain(number(class.ok)),
        loss(class.failed_total()),
        loss(unanswered),
        time(class.latency_us.p50),
        time(class.latency_us.p99),
    ]
}

/// One line for each variant: the verdicts among each other, with the share of each class that was served.
fn summary(outcome: &Outcome) -> String {
    let mut text = format!("\n{}\n", paint(ink::STRONG, "In short"));
    let width = outcome.variants.iter().map(|variant| variant.name.chars().count()).max().unwrap_or(0);
    for variant in &outcome.variants {
        let served =
            variant.report.classes.iter().map(|(name, class)| format!("{name} {:>6}", share(class.ok, class.offered)));
        let served = served.collect::<Vec<_>>().join("   ");
        let mark = if variant.as_claimed() { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
        text += &format!("{} {:width$}   served: {served}   {mark}\n", badge(variant.verdict.kind), variant.name);
    }
    text
}

fn conclusion(outcome: &Outcome, view: View) -> String {
    let (mut wanted, mut failed) = (0, 0);
    for variant in &outcome.variants {
        wanted += variant.claims.len() + variant.checks.len() + usize::from(variant.expected.is_some());
        failed += variant.claims.iter().filter(|claim| !claim.holds).count();
        failed += variant.checks.values().filter(|check| check.held == check.must_be_violated).count();
        failed += usize::from(!verdict_is_expected(variant));
    }
    match failed {
        0 if wanted == 0 => format!("\n{}\n", paint(ink::FAINT, "Nothing is claimed.")),
        0 => {
            format!("\n{}\n", paint(ink::GOOD, &format!("✓ All {wanted} verdicts, checks and claims are as expected.")))
        }
        _ => {
            let say = format!("✗ {failed} of {wanted} verdicts, checks and claims are not as expected.");
            let changed = "  The scenario was changed with --set; its claims speak of it as it is.\n";
            let note = if view.set.is_empty() { String::new() } else { paint(ink::FAINT, changed) };
            format!("\n{}\n{note}", paint(ink::BAD.bold(), &say))
        }
    }
}
