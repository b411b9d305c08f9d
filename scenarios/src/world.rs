//! The worlds a scenario can choose from.

use gridlock_sim::stage::Stage;
use gridlock_sim::workload::Visit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::chain::{self, ChainSpec};
use crate::shop::{self, ShopSpec};
use crate::spec::{Ability, World};
use crate::stream::{self, StreamCode, StreamSpec};

/// What is built.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "there is one world in a run")]
pub enum WorldSpec {
    /// The online shop of the article.
    Shop(ShopSpec),
    /// A chain of services.
    Chain(ChainSpec),
    /// A topic between a producer and a group of consumers.
    Stream(StreamSpec),
}

impl WorldSpec {
    /// Puts the world on a stage. Only the stream leaves decisions to code of its own.
    pub fn build(&self, stage: &Stage, stream: &StreamCode) {
        match self {
            WorldSpec::Shop(spec) => shop::build(stage, spec),
            WorldSpec::Chain(spec) => chain::build(stage, spec),
            WorldSpec::Stream(spec) => stream::build(stage, spec, stream),
        }
    }

    /// The host that customers come from.
    pub const fn customers(&self) -> &'static str {
        match self {
            WorldSpec::Shop(_) => shop::CUSTOMERS,
            WorldSpec::Chain(_) => chain::CUSTOMERS,
            WorldSpec::Stream(_) => stream::CUSTOMERS,
        }
    }

    /// One visit of a customer.
    pub fn visit(&self, stage: &Stage, class: &str, customer: u64) -> Visit {
        match self {
            WorldSpec::Shop(_) => shop::visit(stage, class, customer),
            WorldSpec::Chain(spec) => chain::visit(stage, spec, class, customer),
            WorldSpec::Stream(_) => stream::visit(stage, customer),
        }
    }

    /// Classes that no workload names: what becomes of accepted requests later.
    pub fn later_classes(&self) -> Vec<String> {
        match self {
            WorldSpec::Shop(spec) if spec.events.is_some() => vec!["orders.e2e".into()],
            WorldSpec::Stream(_) => vec!["orders.e2e".into()],
            WorldSpec::Shop(_) | WorldSpec::Chain(_) => Vec::new(),
        }
    }

    /// The nodes without which requests of a class cannot be answered.
    pub fn needs(&self, class: &str) -> Vec<String> {
        match (self, class) {
            (WorldSpec::Shop(spec), class) => spec.needs(class),
            (WorldSpec::Chain(spec), "trivial") => {
                [chain::CUSTOMERS.to_string()].into_iter().chain(spec.services.first().cloned()).collect()
            }
            (WorldSpec::Chain(spec), _) => {
                [chain::CUSTOMERS.to_string()].into_iter().chain(spec.services.iter().cloned()).collect()
            }
            (WorldSpec::Stream(spec), class) => stream::needs(spec, class),
        }
    }
}

impl World for WorldSpec {
    fn nodes(&self, ability: Ability) -> Vec<String> {
        let (mut nodes, databases, customers): (Vec<String>, &[&str], _) = match self {
            WorldSpec::Stream(spec) => return stream::nodes(spec, ability),
            WorldSpec::Shop(spec) => (spec.processes(), &shop::DATABASES, shop::CUSTOMERS),
            WorldSpec::Chain(spec) => (spec.services.clone(), &[], chain::CUSTOMERS),
        };
        match ability {
            Ability::Process => {}
            Ability::Computes => nodes.extend(databases.iter().map(|name| (*name).to_string())),
            Ability::Host => nodes.push(customers.to_string()),
        }
        nodes
    }

    fn pools(&self) -> Vec<String> {
        match self {
            WorldSpec::Shop(_) => shop::POOLS.iter().map(|name| (*name).to_string()).collect(),
            WorldSpec::Chain(_) | WorldSpec::Stream(_) => Vec::new(),
        }
    }

    fn links(&self) -> Vec<(String, String)> {
        match self {
            WorldSpec::Shop(spec) => spec.links(),
            WorldSpec::Chain(spec) => chain::links(spec),
            WorldSpec::Stream(spec) => stream::links(spec),
        }
    }

    fn classes(&self) -> Vec<String> {
        let classes: &[&str] = match self {
            WorldSpec::Shop(_) => &shop::CLASSES,
            WorldSpec::Chain(_) => &chain::CLASSES,
            WorldSpec::Stream(_) => &stream::CLASSES,
        };
        classes.iter().map(|name| (*name).to_string()).collect()
    }

    fn check(&self) -> Result<(), Vec<String>> {
        match self {
            WorldSpec::Shop(spec) => shop::check(spec),
            WorldSpec::Chain(spec) => chain::check(spec),
            WorldSpec::Stream(spec) => stream::check(spec),
        }
    }
}

#[cfg(test)]
mod tests {
    use gridlock_sim::engine::{self, SimDuration, SimTime};
    use gridlock_sim::trace::Trace;

    use gridlock_sim::net::{LinkSpec, TcpSpec};

    use super::*;

    /// Whether every node of a world is on its stage as what it is said to be able to do.
    fn assert_able(world: &WorldSpec) {
        engine::run(1, SimTime::ZERO + SimDuration::from_secs(1), |sim| {
            let stage = Stage::new(sim, &Trace::new(sim), LinkSpec::default(), TcpSpec::default());
            world.build(&stage, &StreamCode::default());
            stage.start();
            for ability in Ability::ALL {
                for node in world.nodes(ability).into_iter().filter(|node| !stage.is_alias(node)) {
                    let able = match ability {
                        Ability::Process => stage.site(&node).is_some(),
                        Ability::Computes => stage.site(&node).is_some() || stage.workers_of(&node).is_some(),
                        Ability::Host => stage.net().host(&node).is_some(),
                    };
                    assert!(able, "{node} has not the ability {ability:?}");
                }
            }
            for node in world.links().into_iter().flat_map(|(from, to)| [from, to]) {
                assert!(stage.net().host(&node).is_some(), "a link leads to {node}, which is not on the network");
            }
            for pool in world.pools() {
                assert!(stage.pool_of(&pool).is_some(), "there is no pool {pool}");
            }
            || ()
        });
    }

    #[test]
    fn nodes_are_able_to_do_what_is_said_of_them() {
        for name in ["cascade", "silent-partition", "broker-crash"] {
            let scenario = crate::catalog::load::<crate::spec::Ignored>(name).unwrap();
            assert_able(&scenario.spec.world);
        }
        let cascade = crate::catalog::load::<crate::spec::Ignored>("cascade").unwrap();
        assert_able(&cascade.resolve(Some("kafka"), &[]).unwrap().spec.world);
        let chain = toml::from_str("services = [\"front\", \"back\"]").unwrap();
        assert_able(&WorldSpec::Chain(chain));
    }
}
