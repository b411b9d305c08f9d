//! Goal: whoever gets a scenario wrong is told what, where, and what to do. Method: one valid file about a small test
//! world; each test spoils it in one way and compares the whole rendered error.

mod files;
mod fuzz;
mod impossible;
mod mistakes;
mod overriding;
mod valid;

use std::collections::BTreeMap;

use gridlock_sim::engine::SimDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Ability, Resolved, Scenario, SpecError, World};

/// A valid scenario.
const VALID: &str = r#"title = "A shop"
summary = "Inventory turns slow."
duration = "2min"
warmup = "10s"

[world.shop]
order.pool = { size = 10 }

[[workload]]
class = "orders"
arrivals = { poisson = 80 }
patience = "8s"

[[fault]]
at = "30s"
for = "40s"
inject = { slow = { node = "inventory", factor = 20 } }

[[variant]]
name = "small"
title = "As written"

[[variant]]
name = "large"
title = "A larger pool"
expect = "degraded"
[variant.set]
"world.shop.order.pool.size" = 500

[[claim]]
id = "orders-fail"
metric = "orders.failed"
op = ">"
value = 0
because = "the pool is full"
"#;

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum TestWorld {
    Shop { order: Order },
    Broker { partitions: u32 },
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Order {
    pool: Pool,
    deadline: Option<SimDuration>,
    cache: Option<Pool>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Pool {
    size: u32,
}

impl World for TestWorld {
    fn nodes(&self, ability: Ability) -> Vec<String> {
        let other = match ability {
            Ability::Process => None,
            Ability::Computes => Some("order-db"),
            Ability::Host => Some("customers"),
        };
        ["gateway", "order", "inventory"].into_iter().chain(other).map(String::from).collect()
    }

    fn pools(&self) -> Vec<String> {
        vec!["order.db".into()]
    }

    fn classes(&self) -> Vec<String> {
        ["orders", "browse"].map(String::from).into()
    }

    fn check(&self) -> Result<(), Vec<String>> {
        match self {
            TestWorld::Shop { order } if order.pool.size == 0 => {
                Err(vec!["world.shop.order.pool.size: the pool needs at least one place".into()])
            }
            _ => Ok(()),
        }
    }
}

/// What the figure of the test world shows.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestFigure {
    #[serde(default)]
    rows: BTreeMap<String, String>,
}

type TestScenario = Scenario<TestWorld, TestFigure>;
type TestResolved = Resolved<TestWorld, TestFigure>;

fn parse(text: &str) -> Result<TestScenario, SpecError> {
    Scenario::parse("shop.toml", text)
}

/// The valid file with one part of it replaced.
fn spoil(part: &str, by: &str) -> String {
    assert_eq!(VALID.matches(part).count(), 1, "`{part}` does not name one place of the file");
    VALID.replace(part, by)
}

/// The rendered error of the valid file with one part of it replaced.
fn error_of(part: &str, by: &str) -> String {
    parse(&spoil(part, by)).expect_err("the file was accepted").render()
}

/// Compares the rendered error of a spoilt file with lines that are written behind a margin.
#[track_caller]
fn assert_error(part: &str, by: &str, expected: &[&str]) {
    let actual = error_of(part, by);
    let lines: Vec<&str> = actual.lines().collect();
    assert_eq!(lines, expected, "\n{actual}");
}
