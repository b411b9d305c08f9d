//! What a run of a scenario tells: the types that the command prints and the tests compare.

use std::collections::BTreeMap;

use gridlock_sim::report::{Report, Verdict};
use serde::Serialize;

use crate::spec::{Fault, Luck};

/// All requested variants of one scenario, run with one seed.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Name in the catalogue, or the path of the file.
    pub scenario: String,
    /// Title of the scenario.
    pub title: String,
    /// The seed of every variant's run.
    pub seed: u64,
    /// Which engine played; nothing else depends on it.
    pub engine: &'static str,
    /// The seed from which the order of simultaneous events was drawn, if it was.
    pub ties: Option<u64>,
    /// Whether the faults were drawn from the seed, in place of those of the file.
    pub chaos: bool,
    /// One entry for each variant, in the order of the file.
    pub variants: Vec<VariantOutcome>,
}

/// One variant's run, measured and judged.
#[derive(Clone, Debug, Serialize)]
pub struct VariantOutcome {
    /// Name of the variant.
    pub name: String,
    /// One line that says what is different in this variant.
    pub title: String,
    /// What the run was called, and why.
    pub verdict: Verdict,
    /// What the scenario expects the verdict to be, if it says so.
    pub expected: Option<String>,
    /// How often another seed is not as the scenario says, if it says that; of the scenario as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub luck: Option<Luck>,
    /// The faults, in the order of the file or, if they were drawn, of time.
    pub faults: Vec<Fault>,
    /// Flat integer metrics with stable keys, e.g. `orders.offered`, `accept.p99_us`.
    pub metrics: BTreeMap<String, u64>,
    /// Checkers by name.
    pub checks: BTreeMap<String, Check>,
    /// The claims about this variant.
    pub claims: Vec<ClaimOutcome>,
    /// Everything measured.
    pub report: Report,
}

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// True when the property held throughout.
    pub held: bool,
    /// True when the scenario wants it violated: a lesson about loss fails when nothing is lost.
    pub must_be_violated: bool,
    /// The first violation, in words.
    pub first_violation: Option<String>,
}

/// A claim, compared with what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimOutcome {
    /// Stable id.
    pub id: String,
    /// The metric it speaks of.
    pub metric: String,
    /// The comparison, e.g. `>=`.
    pub op: String,
    /// What was claimed.
    pub expected: i64,
    /// What was measured.
    pub measured: i64,
    /// True when the claim holds.
    pub holds: bool,
    /// Why one would expect it.
    pub because: String,
}

impl VariantOutcome {
    /// True when the verdict is the expected one, every check is as demanded and every claim holds.
    pub fn as_claimed(&self) -> bool {
        self.expected.as_deref().is_none_or(|word| word == self.verdict.kind.text())
            && self.checks.values().all(|check| check.held != check.must_be_violated)
            && self.claims.iter().all(|claim| claim.holds)
    }
}

impl Outcome {
    /// True when all variants are as claimed.
    pub fn as_claimed(&self) -> bool {
        self.variants.iter().all(VariantOutcome::as_claimed)
    }
}
