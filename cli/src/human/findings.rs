//! Which expectations failed, spelled out, and how many were met.

use gridlock_scenarios::outcome::{Check, ClaimOutcome, VariantOutcome};

use super::format::{number, signed, span_us, wrap};
use super::sweep::said;
use super::{ink, paint};

/// True if the scenario expects this verdict, or none in particular.
pub(crate) fn verdict_is_expected(variant: &VariantOutcome) -> bool {
    variant.expected.as_deref().is_none_or(|word| word == variant.verdict.kind.text())
}

/// Everything that is not as expected, each with its reason; then, in one line, what is.
pub(crate) fn findings(variant: &VariantOutcome, width: usize) -> String {
    let mut text = String::new();
    if let (Some(expected), false) = (&variant.expected, verdict_is_expected(variant)) {
        text += &failure(&format!("verdict: expected {expected}, got {}", variant.verdict.kind.text()), "", width);
    }
    for (name, check) in &variant.checks {
        text += &self::check(name, check, width);
    }
    for claim in variant.claims.iter().filter(|claim| !claim.holds) {
        text += &failure(&claim_line(claim), &claim.because, width);
    }
    if let Some(luck) = variant.luck.as_ref().filter(|_| !variant.as_claimed()) {
        let head = format!("The scenario says that {} seeds go another way:", said(luck));
        text += &indented(&head, &luck.because, width);
    }
    text + &met(variant)
}

fn check(name: &str, check: &Check, width: usize) -> String {
    let detail = check.first_violation.as_deref().unwrap_or("");
    match (check.held, check.must_be_violated) {
        (true, false) => String::new(),
        (true, true) => failure(&format!("check {name}: held, but this variant is meant to violate it"), "", width),
        (false, false) => failure(&format!("check {name}: violated"), detail, width),
        (false, true) => {
            let head = format!("{} check {name}: violated, as this variant is meant to show", paint(ink::GOOD, "✓"));
            indented(&head, detail, width)
        }
    }
}

fn claim_line(claim: &ClaimOutcome) -> String {
    let exact = |value: i64| {
        let text = signed(i128::from(value), number).trim_start_matches('+').to_owned();
        match u64::try_from(value) {
            Ok(us) if claim.metric.ends_with("_us") && us >= 1_000 => format!("{text} ({})", span_us(us)),
            _ => text,
        }
    };
    let (expected, measured) = (exact(claim.expected), exact(claim.measured));
    format!("claim {}: {} {} {expected}, measured {measured}", claim.id, claim.metric, claim.op)
}

fn failure(head: &str, because: &str, width: usize) -> String {
    let head = format!("{} {head}", paint(ink::BAD, "✗"));
    indented(&head, because, width)
}

/// A line, and below it, wrapped and faint, what there is to say about it.
pub(super) fn indented(head: &str, detail: &str, width: usize) -> String {
    let mut text = format!("  {head}\n");
    if !detail.is_empty() {
        for line in wrap(detail, width.saturating_sub(4).max(20)) {
            text += &format!("    {}\n", paint(ink::FAINT, &line));
        }
    }
    text
}

fn met(variant: &VariantOutcome) -> String {
    let claims = variant.claims.iter().filter(|claim| claim.holds).count();
    let checks = variant.checks.values().filter(|check| check.held && !check.must_be_violated).count();
    let count = |count: usize, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{count} {many}")),
    };
    let parts = [count(claims, "claim holds", "claims hold"), count(checks, "check held", "checks held")];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { String::new() } else { format!("  {} {}\n", paint(ink::GOOD, "✓"), parts.join(", ")) }
}
