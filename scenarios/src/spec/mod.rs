//! The scenario specification: one TOML file that says what is built, who uses it, what breaks, and what is claimed.
//!
//! Responsible for reading, checking and overriding such files, and for saying exactly where one is wrong. It never
//! runs anything and knows no world: the world's parameters are a type parameter that implements [`World`].

mod advice;
mod chaos;
mod check;
mod check_chaos;
mod check_load;
mod claim;
mod depth;
mod error;
mod fault;
mod overrides;
mod scenario;
mod source;
#[cfg(test)]
mod tests;
mod tree;
mod variant;
mod workload;
pub mod write;

use std::borrow::Cow;

use gridlock_sim::engine::SimDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

pub use self::advice::suggest;
pub use self::chaos::{Chaos, ChaosKind, Liveness};
pub use self::claim::{Claim, Op, Than};
pub use self::error::{Problem, SpecError};
pub use self::fault::{Fault, Inject, Percent};
pub use self::overrides::Override;
pub use self::scenario::{Resolved, Scenario};
pub use self::source::{FILE_BYTES_MAX, SourceFile};
pub use self::variant::{Checks, Luck, Variant};
pub use self::workload::{Arrivals, Rate, Reload, Step, Workload};

/// The longest run that a scenario may ask for.
pub const DURATION_MAX: SimDuration = SimDuration::from_secs(6 * 3600);

/// What a node is able to do, and therefore which faults can hit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// It is one process on a host of its own: it can be paused, killed, asked to stop, or vanish with its host.
    Process,
    /// It computes, as a process or as a multi-worker server: it can be slowed.
    Computes,
    /// It is on the network: its links can be cut, lose packets, or be slow. Customers are, too.
    Host,
}

impl Ability {
    /// All of them.
    pub const ALL: [Ability; 3] = [Ability::Process, Ability::Computes, Ability::Host];
}

/// What the world's parameters tell the checks of a scenario.
///
/// Every type of the parameters must refuse unknown keys (`#[serde(deny_unknown_fields)]`): overrides rely on it.
pub trait World {
    /// Names of the nodes that have an ability, and of the [aliases](gridlock_sim::stage::Stage::alias) whose bearers have it.
    fn nodes(&self, ability: Ability) -> Vec<String>;
    /// Names of the pools that a fault can shrink.
    fn pools(&self) -> Vec<String>;
    /// Pairs of nodes that talk to each other: a link between two others carries nothing. Random faults choose among them.
    fn links(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    /// Request classes that a workload can send.
    fn classes(&self) -> Vec<String>;
    /// Checks the parameters against each other.
    ///
    /// # Errors
    /// One line for each problem, `<path>: <message>`, with the dotted path seen from the top of the file, for instance
    /// `world.shop.order.pool.size: must be at least 1`; what follows a `; ` is shown as advice. The error points at the deepest part of the path that the file has.
    fn check(&self) -> Result<(), Vec<String>>;
}

/// The content of a scenario file. `W` holds the world's parameters, `F` those of the figure.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(bound = "W: JsonSchema, F: JsonSchema + Default")]
pub struct Spec<W, F = Ignored> {
    /// One line that names the scenario.
    pub title: String,
    /// A few sentences: what happens, and why one should care.
    pub summary: String,
    /// What the reader should predict before looking.
    pub question: Option<String>,
    /// Simulated length of the run, at most six hours.
    pub duration: SimDuration,
    /// The beginning that does not count towards the baseline.
    #[serde(default)]
    pub warmup: SimDuration,
    /// Width of one step of every series.
    #[serde(default = "one_second")]
    pub step: SimDuration,
    /// The seed of all chance.
    #[serde(default = "one")]
    pub seed: u64,
    /// What is built.
    pub world: W,
    /// Who uses it.
    #[serde(default)]
    pub workload: Vec<Workload>,
    /// What breaks.
    #[serde(default)]
    pub fault: Vec<Fault>,
    /// What random faults may do in place of these.
    #[serde(default)]
    pub chaos: Chaos,
    /// Designs that meet the same customers and the same faults.
    #[serde(default)]
    pub variant: Vec<Variant>,
    /// What is said about the runs, and tested.
    #[serde(default)]
    pub claim: Vec<Claim>,
    /// What the figure shows.
    #[serde(default)]
    pub figure: F,
}

/// A part of the file that is accepted unread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(input).map(|_| Ignored)
    }
}

impl JsonSchema for Ignored {
    fn schema_name() -> Cow<'static, str> {
        "Ignored".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

fn one_second() -> SimDuration {
    SimDuration::from_secs(1)
}

fn one() -> u64 {
    1
}

/// The JSON schema of scenario files, for editors.
pub fn json_schema<W: JsonSchema, F: JsonSchema + Default>() -> serde_json::Value {
    schemars::schema_for!(Spec<W, F>).to_value()
}
