//! What `verify` found, for programs. A contract as that of `run`: keys are stable and in this order; more may be added.
//!
//! Two exit codes have a document that is not `ok`: 1, and 3, where the document ends with what was found broken.

use std::collections::BTreeMap;

use gridlock_scenarios::difference::Difference;
use serde::Serialize;

use super::{SCHEMA, pretty};

/// The frame of every document.
#[derive(Debug, Serialize)]
struct Document<'a, T> {
    schema: u32,
    mode: Mode,
    ok: bool,
    build: &'a str,
    #[serde(flatten)]
    found: &'a T,
}

/// What was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// The verdicts of many seeds.
    Seeds,
    /// Safety and liveness under drawn faults.
    Chaos,
    /// The histories of two engines.
    Engines,
    /// The models, beside theory.
    Theory,
}

/// One document as indented JSON with a line end.
pub(crate) fn text(mode: Mode, ok: bool, found: &impl Serialize) -> String {
    pretty(&Document { schema: SCHEMA, mode, ok, build: crate::BUILD, found })
}

/// Of the modes `seeds` and `chaos`.
#[derive(Debug, Serialize)]
pub(crate) struct Seeds {
    pub(crate) engine: &'static str,
    /// The first seed, and the one behind the last.
    pub(crate) seeds: [u64; 2],
    pub(crate) scenarios: Vec<Scenario>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Scenario {
    pub(crate) scenario: String,
    pub(crate) ok: bool,
    pub(crate) variants: Vec<Variant>,
    pub(crate) replay: Replay,
}

/// All seeds of a variant.
#[derive(Debug, Serialize)]
pub(crate) struct Variant {
    pub(crate) variant: String,
    /// The verdict it should get; null if any will do, as under chaos.
    pub(crate) expected: Option<String>,
    /// Seeds with each verdict, also with those that none has.
    pub(crate) verdicts: BTreeMap<&'static str, u64>,
    /// Seeds with the expected verdict; under chaos, those that are safe, and alive in the end.
    pub(crate) agreeing: u64,
    /// How many of them there must be.
    pub(crate) needed: u64,
    pub(crate) ok: bool,
    /// The other seeds.
    pub(crate) disagreeing: Vec<u64>,
    /// Seeds with the expected verdict in which all checks and claims are as they should be, too.
    pub(crate) as_claimed: u64,
    /// Seeds that violate a check, by its name.
    pub(crate) violated: BTreeMap<String, Vec<u64>>,
    /// Seeds of which a claim fails, by its id.
    pub(crate) failed: BTreeMap<String, Vec<u64>>,
}

/// Seeds that were played again.
#[derive(Debug, Serialize)]
pub(crate) struct Replay {
    pub(crate) ok: bool,
    /// The ways in which all of them told the same: `beside` other runs, `alone`, in a second `process`. Empty if one did not.
    pub(crate) ways: Vec<&'static str>,
    /// As they were when played first.
    pub(crate) digests: Vec<Digest>,
    /// Null if each seed is one history.
    pub(crate) broken: Option<Broken>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Digest {
    pub(crate) seed: u64,
    pub(crate) variant: String,
    pub(crate) digest: String,
}

/// Two histories of one seed.
#[derive(Debug, Serialize)]
pub(crate) struct Broken {
    pub(crate) seed: u64,
    pub(crate) variant: String,
    pub(crate) ways: [&'static str; 2],
    pub(crate) digests: [String; 2],
    /// Null if both told the same when they were played once more.
    pub(crate) first_difference: Option<Difference>,
}

/// Of the mode `engines`.
#[derive(Debug, Serialize)]
pub(crate) struct Engines {
    pub(crate) chaos: bool,
    pub(crate) engines: [&'static str; 2],
    pub(crate) histories: Vec<History>,
}

/// One history, as both engines tell it.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    pub(crate) scenario: String,
    pub(crate) variant: String,
    pub(crate) seed: u64,
    /// The seed of the order of simultaneous events; null for the order of requests.
    pub(crate) ties: Option<u64>,
    /// By the name of the engine.
    pub(crate) digests: BTreeMap<&'static str, String>,
    pub(crate) ok: bool,
    /// Of the first history that is not `ok`; `one` is the engine that is named first. Null if both told the same when they were played once
    /// more, and of all other histories.
    pub(crate) first_difference: Option<Difference>,
}

/// Of the mode `theory`.
#[derive(Debug, Serialize)]
pub(crate) struct Theory {
    pub(crate) rows: Vec<Row>,
}

/// A quantity. A number that is not finite is null.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) source: &'static str,
    pub(crate) quantity: String,
    /// Of `theory`, `simulated` and `half_width`; empty for a bare number.
    pub(crate) unit: &'static str,
    pub(crate) theory: f64,
    pub(crate) simulated: f64,
    /// Half of the 95 % confidence interval of `simulated`; null if there is none.
    pub(crate) half_width: Option<f64>,
    /// What `error` and `bound` are counted in.
    pub(crate) error_in: ErrorIn,
    /// Simulated, less theory.
    pub(crate) error: f64,
    /// How large the error may be, up or down.
    pub(crate) bound: f64,
    pub(crate) ok: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ErrorIn {
    /// Per cent of the theoretical value.
    Percent,
    /// The unit of the row.
    Unit,
}
