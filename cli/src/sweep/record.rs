//! What is kept of one run: a line of `results.jsonl`, a row of `results.csv`.

use std::collections::BTreeMap;

use gridlock_scenarios::outcome::{Check, VariantOutcome};
use serde::{Deserialize, Serialize};

use super::plan::{Plan, Point, SCHEMA, Task};

/// One variant with one seed at one setting. Numbers are integers; what was not measured is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// [`SCHEMA`]: 1.
    pub(crate) schema: u32,
    /// Name in the catalogue, or path of the file.
    pub(crate) scenario: String,
    /// The value of each key of the grid, as given.
    pub(crate) point: Point,
    /// The seed.
    pub(crate) seed: u64,
    /// Name of the variant.
    pub(crate) variant: String,
    /// What the run was called; none if it panicked.
    pub(crate) verdict: Option<String>,
    /// What the scenario expects it to be called, if it says so.
    pub(crate) expected: Option<String>,
    /// True if verdict, checks and claims are as the scenario says.
    pub(crate) as_claimed: bool,
    /// What is not: `verdict`, `check NAME`, `claim ID`.
    pub(crate) failed: Vec<String>,
    /// Digest of the trace; none if it panicked.
    pub(crate) digest: Option<String>,
    /// The digest on the second engine, if this seed was played there; `panicked: …` if it panicked there.
    pub(crate) second_digest: Option<String>,
    /// What the panic said, if the run panicked.
    pub(crate) panic: Option<String>,
    /// Checkers by name: `held` or `violated`.
    pub(crate) checks: BTreeMap<String, String>,
    /// Claims about this variant by id.
    pub(crate) claims: BTreeMap<String, Claim>,
    /// Flat integer metrics, the same as those of `run --format json`.
    pub(crate) metrics: BTreeMap<String, u64>,
}

/// A claim, compared with what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// The metric it speaks of.
    pub(crate) metric: String,
    /// The comparison.
    pub(crate) op: String,
    /// What was claimed.
    pub(crate) expected: i64,
    /// What was measured.
    pub(crate) measured: i64,
    /// True when it holds.
    pub(crate) holds: bool,
}

/// What came of one run: the outcome, or what the panic said.
pub(crate) type Result = std::result::Result<VariantOutcome, String>;

impl Record {
    /// The record of a run; `second` is its digest on the second engine, if it was played there.
    pub(crate) fn new(plan: &Plan, task: Task, variant: &str, result: Result, second: Option<String>) -> Self {
        let empty = Record {
            schema: SCHEMA,
            scenario: plan.scenario.clone(),
            point: plan.point(task.point),
            seed: task.seed,
            variant: variant.to_owned(),
            verdict: None,
            expected: None,
            as_claimed: false,
            failed: Vec::new(),
            digest: None,
            second_digest: second,
            panic: None,
            checks: BTreeMap::new(),
            claims: BTreeMap::new(),
            metrics: BTreeMap::new(),
        };
        match result {
            Err(panic) => Record { panic: Some(panic), ..empty },
            Ok(outcome) => Record {
                verdict: Some(outcome.verdict.kind.text().to_owned()),
                as_claimed: outcome.as_claimed(),
                failed: failed(&outcome),
                digest: Some(outcome.report.digest),
                checks: outcome.checks.iter().map(|(name, check)| (name.clone(), word(check).to_owned())).collect(),
                claims: outcome.claims.into_iter().map(|claim| (claim.id.clone(), claim.into())).collect(),
                expected: outcome.expected,
                metrics: outcome.metrics,
                ..empty
            },
        }
    }

    /// True unless two engines told two histories.
    pub(crate) fn engines_agree(&self) -> bool {
        let Some(second) = &self.second_digest else { return true };
        match &self.panic {
            Some(panic) => *second == panicked(panic),
            None => self.digest.as_ref() == Some(second),
        }
    }
}

/// What stands for the digest of a run that panicked.
pub(crate) fn panicked(message: &str) -> String {
    format!("panicked: {message}")
}

/// `held` or `violated`.
fn word(check: &Check) -> &'static str {
    if check.held { "held" } else { "violated" }
}

/// Names of what is not as claimed.
fn failed(outcome: &VariantOutcome) -> Vec<String> {
    let other = outcome.expected.as_deref().is_some_and(|word| word != outcome.verdict.kind.text());
    let verdict = other.then(|| "verdict".to_owned());
    let checks = outcome.checks.iter().filter(|(_, check)| check.held == check.must_be_violated);
    let claims = outcome.claims.iter().filter(|claim| !claim.holds);
    let checks = checks.map(|(name, _)| format!("check {name}"));
    verdict.into_iter().chain(checks).chain(claims.map(|claim| format!("claim {}", claim.id))).collect()
}

impl From<gridlock_scenarios::outcome::ClaimOutcome> for Claim {
    fn from(claim: gridlock_scenarios::outcome::ClaimOutcome) -> Self {
        let gridlock_scenarios::outcome::ClaimOutcome { metric, op, expected, measured, holds, .. } = claim;
        Claim { metric, op, expected, measured, holds }
    }
}
