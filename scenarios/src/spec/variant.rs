//! Designs that are compared: each a set of overrides over the base.

use std::collections::BTreeMap;
use std::fmt;

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
    pub expect: Option<VerdictWord>,
    /// Which checkers must hold, and which must be violated.
    #[serde(default)]
    pub checks: Checks,
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
            set: BTreeMap::new(),
        }
    }
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

/// What a run can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerdictWord {
    /// Goodput stayed near the baseline throughout.
    Healthy,
    /// Only requests that need the faulted part suffered, while the fault lasted.
    Degraded,
    /// Others suffered too, and recovered.
    Cascading,
    /// The fault went away and goodput did not come back.
    Metastable,
    /// Accepting was unharmed; a backlog grew and drained.
    Absorbed,
}

impl VerdictWord {
    /// The word as it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            VerdictWord::Healthy => "healthy",
            VerdictWord::Degraded => "degraded",
            VerdictWord::Cascading => "cascading",
            VerdictWord::Metastable => "metastable",
            VerdictWord::Absorbed => "absorbed",
        }
    }
}

impl fmt::Display for VerdictWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
