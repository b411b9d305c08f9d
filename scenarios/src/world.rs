//! The worlds a scenario can choose from.

use gridlock_sim::stage::Stage;
use gridlock_sim::workload::Visit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::{self, ChainSpec};
use crate::shop::{self, ShopSpec};
use crate::spec::World;

/// What is built.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "there is one world in a run")]
pub enum WorldSpec {
    /// The online shop of the article.
    Shop(ShopSpec),
    /// A chain of services.
    Chain(ChainSpec),
}

impl WorldSpec {
    /// Puts the world on a stage.
    pub fn build(&self, stage: &Stage) {
        match self {
            WorldSpec::Shop(spec) => shop::build(stage, spec),
            WorldSpec::Chain(spec) => chain::build(stage, spec),
        }
    }

    /// The host that customers come from.
    pub const fn customers(&self) -> &'static str {
        match self {
            WorldSpec::Shop(_) => shop::CUSTOMERS,
            WorldSpec::Chain(_) => chain::CUSTOMERS,
        }
    }

    /// One visit of a customer.
    pub fn visit(&self, stage: &Stage, class: &str, customer: u64) -> Visit {
        match self {
            WorldSpec::Shop(_) => shop::visit(stage, class, customer),
            WorldSpec::Chain(spec) => chain::visit(stage, spec, class, customer),
        }
    }

    /// The nodes without which requests of a class cannot be answered.
    pub fn needs(&self, class: &str) -> Vec<String> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect();
        match (self, class) {
            (WorldSpec::Shop(_), "browse") => names(&["customers", "gateway", "catalog"]),
            (WorldSpec::Shop(_), _) => {
                names(&["customers", "gateway", "order", "order-db", "inventory", "inventory-db", "notification"])
            }
            (WorldSpec::Chain(spec), "trivial") => {
                [chain::CUSTOMERS.to_string()].into_iter().chain(spec.services.first().cloned()).collect()
            }
            (WorldSpec::Chain(spec), _) => {
                [chain::CUSTOMERS.to_string()].into_iter().chain(spec.services.iter().cloned()).collect()
            }
        }
    }
}

impl World for WorldSpec {
    fn nodes(&self) -> Vec<String> {
        match self {
            WorldSpec::Shop(_) => {
                let all = shop::SERVICES.iter().chain(&shop::DATABASES).chain([&shop::CUSTOMERS]);
                all.map(|name| (*name).to_string()).collect()
            }
            WorldSpec::Chain(spec) => spec.services.iter().cloned().chain([chain::CUSTOMERS.to_string()]).collect(),
        }
    }

    fn pools(&self) -> Vec<String> {
        match self {
            WorldSpec::Shop(_) => shop::POOLS.iter().map(|name| (*name).to_string()).collect(),
            WorldSpec::Chain(_) => Vec::new(),
        }
    }

    fn classes(&self) -> Vec<String> {
        let classes = match self {
            WorldSpec::Shop(_) => shop::CLASSES,
            WorldSpec::Chain(_) => chain::CLASSES,
        };
        classes.iter().map(|name| (*name).to_string()).collect()
    }

    fn check(&self) -> Result<(), Vec<String>> {
        match self {
            WorldSpec::Shop(spec) => shop::check(spec),
            WorldSpec::Chain(spec) => chain::check(spec),
        }
    }
}
