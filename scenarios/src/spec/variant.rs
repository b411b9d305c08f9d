//! Designs that are compared: each a set of overrides over the base.

use std::collections::BTreeMap;

use gridlock_sim::report::VerdictKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A design that meets the same customers and the same faults as the others.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// How the command line and claims call it.
    #[schemars(with = "String")]
    pub name: Spanned<String>,
    /// One line that says what is different.
    pub title: String,
    /// Why it is different.
    #[serde(default)]
    pub summary: String,
    /// What the verdict must be.
    pub expect: Option<VerdictKind>,
    /// Which checkers must hold, and which must be violated.
    #[serde(default)]
    pub checks: Checks,
    /// With how many seeds a run goes another way, if that is luck.
    pub luck: Option<Luck>,
    /// Overrides over the base: quoted dotted paths to values, for instance `"world.shop.order.pool.size" = 500`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub set: BTreeMap<String, toml::Value>,
}

impl Variant {
    /// The scenario as it is, for files that name no variants.
    pub fn plain() -> Self {
        Self {
            name: Spanned::new(0..0, "base".into()),
            title: "as the file says".into(),
            summary: String::new(),
            expect: None,
            checks: Checks::default(),
            luck: None,
            set: BTreeMap::new(),
        }
    }
}

/// How often verdict, checks or claims of a variant are not as the scenario says, counted by a sweep, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Luck {
    /// With so many seeds.
    pub seeds: u64,
    /// Of so many, a hundred at least.
    pub of: u64,
    /// What is different then.
    pub because: String,
}

/// What the checkers must find.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Checks {
    /// Properties that must hold throughout.
    #[serde(default)]
    pub held: Vec<String>,
    /// Properties that must be violated: a lesson about loss fails if nothing is lost.
    #[serde(default)]
    pub violated: Vec<String>,
}
