//! `explain`: what a scenario sets up, claims and asks, without playing it.

use crate::human::{Cell, ink, paint, table, wrap};
use crate::lab::{ClaimText, Explanation, Lab, Parameter, VariantText};
use crate::term::{Exit, Failure, Term};

pub(crate) fn explain(lab: &dyn Lab, scenario: &str, term: &mut Term) -> Result<Exit, Failure> {
    let explanation = lab.explain(scenario)?;
    let mut text = self::text(&explanation, term.style.width);
    let again = format!("{} run {scenario}", term.style.command);
    text += &format!("\n{}\n", paint(ink::NAME, &again));
    term.data(&text)?;
    Ok(Exit::AsClaimed)
}

fn text(explanation: &Explanation, width: usize) -> String {
    let mut text = format!("{}\n", paint(ink::STRONG, &explanation.title));
    text += &paragraph(&explanation.summary, 0, width);
    text += &section("World", &world(&explanation.world, width));
    text += &section("Faults", &explanation.faults.iter().map(|fault| paragraph(fault, 2, width)).collect::<String>());
    text += &section("Variants", &join(explanation.variants.iter().map(|variant| self::variant(variant, width))));
    text += &section("Claims", &explanation.claims.iter().map(|claim| self::claim(claim, width)).collect::<String>());
    text + &section("Predict before you run it", &paragraph(&explanation.question, 2, width))
}

fn section(head: &str, body: &str) -> String {
    if body.trim().is_empty() { String::new() } else { format!("\n{}\n{body}", paint(ink::STRONG, head)) }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join("\n")
}

fn paragraph(text: &str, indent: usize, width: usize) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let lines = wrap(text, width.saturating_sub(indent).max(20));
    lines.iter().map(|line| format!("{:indent$}{line}\n", "")).collect()
}

/// Key and value, and the reason beside them as long as there is room.
fn world(parameters: &[Parameter], width: usize) -> String {
    let longest = |of: fn(&Parameter) -> &str| parameters.iter().map(|p| of(p).chars().count()).max().unwrap_or(0);
    let before = longest(|p| &p.key) + longest(|p| &p.value) + "  ".len() + 2 * "   ".len();
    let room = width.saturating_sub(before).max(30);
    let mut rows = Vec::new();
    for parameter in parameters {
        for (index, reason) in wrap(&parameter.reason, room).into_iter().enumerate() {
            let first = |text: &str| if index == 0 { text.to_owned() } else { String::new() };
            let key = Cell::new(first(&parameter.key), ink::NAME);
            rows.push(vec![key, Cell::plain(first(&parameter.value)), Cell::new(reason, ink::FAINT)]);
        }
    }
    table(3, &rows)
}

fn variant(variant: &VariantText, width: usize) -> String {
    let mut text = format!("  {}  {}\n", paint(ink::NAME.bold(), &variant.name), variant.title);
    text += &paragraph(&variant.why, 4, width);
    for set in &variant.sets {
        for (index, line) in wrap(set, width.saturating_sub(6).max(20)).iter().enumerate() {
            let indent = if index == 0 { 4 } else { 6 };
            text += &format!("{:indent$}{}\n", "", paint(ink::FAINT, line));
        }
    }
    if !variant.expected.is_empty() {
        text += &format!("    expected: {}\n", variant.expected);
    }
    text
}

fn claim(claim: &ClaimText, width: usize) -> String {
    let mut text = format!("  {}  {}: {}\n", paint(ink::NAME, &claim.id), claim.variant, claim.text);
    for line in wrap(&claim.because, width.saturating_sub(4).max(20)).iter().filter(|line| !line.is_empty()) {
        text += &format!("    {}\n", paint(ink::FAINT, line));
    }
    text
}
