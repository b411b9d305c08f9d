//! The outcome for programs. A contract: keys are stable and in this order; more may be added.

pub(crate) mod verify;

use std::collections::BTreeMap;

use gridlock_scenarios::outcome::{ClaimOutcome, Outcome, VariantOutcome};
use gridlock_scenarios::spec::Fault;
use serde::Serialize;

/// Version of the contract: of what `run` says, and of what `verify` says.
const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    scenario: &'a str,
    seed: u64,
    build: &'a str,
    engine: &'a str,
    ties: Option<u64>,
    chaos: bool,
    variants: Vec<Variant<'a>>,
}

#[derive(Serialize)]
struct Variant<'a> {
    name: &'a str,
    digest: &'a str,
    verdict: &'a str,
    reason: &'a str,
    /// As a scenario file writes them.
    faults: &'a [Fault],
    metrics: &'a BTreeMap<String, u64>,
    checks: BTreeMap<&'a str, &'a str>,
    claims: Vec<Claim<'a>>,
}

/// Spelled out here, so that a field added to the outcome does not slip into the contract.
#[derive(Serialize)]
struct Claim<'a> {
    id: &'a str,
    metric: &'a str,
    op: &'a str,
    expected: i64,
    measured: i64,
    holds: bool,
    because: &'a str,
}

/// The outcome as indented JSON with a line end.
pub(crate) fn text(outcome: &Outcome) -> String {
    let document = Document {
        schema: SCHEMA,
        scenario: &outcome.scenario,
        seed: outcome.seed,
        build: crate::BUILD,
        engine: outcome.engine,
        ties: outcome.ties,
        chaos: outcome.chaos,
        variants: outcome.variants.iter().map(variant).collect(),
    };
    pretty(&document)
}

/// Any value as indented JSON with a line end.
pub(crate) fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("keys are text");
    text.push('\n');
    text
}

fn variant(variant: &VariantOutcome) -> Variant<'_> {
    let word = |held| if held { "held" } else { "violated" };
    Variant {
        name: &variant.name,
        digest: &variant.report.digest,
        verdict: variant.verdict.kind.text(),
        reason: &variant.verdict.reason,
        faults: &variant.faults,
        metrics: &variant.metrics,
        checks: variant.checks.iter().map(|(name, check)| (name.as_str(), word(check.held))).collect(),
        claims: variant.claims.iter().map(claim).collect(),
    }
}

fn claim(claim: &ClaimOutcome) -> Claim<'_> {
    Claim {
        id: &claim.id,
        metric: &claim.metric,
        op: &claim.op,
        expected: claim.expected,
        measured: claim.measured,
        holds: claim.holds,
        because: &claim.because,
    }
}
