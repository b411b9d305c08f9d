//! The simulator against theory: what queueing theory and published measurements say, beside what the models do.
//!
//! Every simulated value comes out of the parts that scenarios are made of: event loops and worker pools, gRPC clients and servers,
//! brokers and consumers. Theory enters as a formula, or as a number that was published. Nothing here is compared with an earlier
//! run of the simulator.
//!
//! | where | rows of MODEL-REFERENCE.md |
//! |---|---|
//! | `queues` | G1, G2: one server, several servers, constant service |
//! | `little` | G3: every queue of the catalogue, and calls that hang |
//! | `retries` | G4, G5: amplification by layers, and what a budget makes of it |
//! | `backoff` | G6: backoff and jitter |
//! | `metastable` | G7, G16: outages that stay |
//! | `mongodb` | G7d: four published runs and a model calibrated to them |
//! | `tail` | G8: waiting for the slowest of many, and hedging |
//! | `drain` | G9: how long a backlog lasts |
//! | `availability` | G15: dependencies in series, and a queue between |

mod availability;
mod backoff;
mod drain;
mod estimate;
mod little;
mod metastable;
mod mongodb;
mod queues;
mod retries;
mod tail;

use crate::run::{Run, run};
use crate::spec::{Ignored, Scenario, Spec};
use crate::world::WorldSpec;

/// How much is simulated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Long runs and narrow bounds: half a minute on two cores.
    Full,
    /// Fewer and shorter runs with wider bounds, for tests: seconds.
    Quick,
}

/// How far a simulated value may be from theory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// This many per cent of the theoretical value.
    Percent(f64),
    /// This much, in the unit of the row.
    Within(f64),
}

/// One quantity, as theory has it and as it was simulated.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The row of the model reference, e.g. `G1`.
    pub source: &'static str,
    /// What was measured, in words.
    pub quantity: String,
    /// The unit of the values.
    pub unit: &'static str,
    /// What theory or the publication says.
    pub theory: f64,
    /// What came out.
    pub simulated: f64,
    /// Half the width of the 95 % confidence interval of `simulated`, where there is one.
    pub half_width: Option<f64>,
    /// How far they may be apart.
    pub bound: Bound,
}

impl Row {
    /// A row without a confidence interval.
    pub(crate) fn new(source: &'static str, quantity: impl Into<String>, theory: f64, simulated: f64) -> Self {
        let quantity = quantity.into();
        Self { source, quantity, unit: "", theory, simulated, half_width: None, bound: Bound::Percent(2.0) }
    }

    fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    fn bound(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    fn half_width(self, half_width: f64) -> Self {
        Self { half_width: Some(half_width), ..self }
    }

    /// How far the simulated value is from the theoretical one, in the unit of the bound.
    pub fn error(&self) -> f64 {
        match self.bound {
            Bound::Percent(_) => (self.simulated / self.theory - 1.0) * 100.0,
            Bound::Within(_) => self.simulated - self.theory,
        }
    }

    /// Whether that is within the bound.
    pub fn holds(&self) -> bool {
        let (Bound::Percent(most) | Bound::Within(most)) = self.bound;
        self.error().abs() <= most
    }
}

/// A part of the table: it plays its worlds and returns its rows.
pub struct Check {
    place: (usize, usize),
    cost: u32,
    rows: Box<dyn Fn() -> Vec<Row> + Send + Sync>,
}

impl Check {
    /// A check that takes about `cost` hundredths of a second.
    fn new(cost: u32, rows: impl Fn() -> Vec<Row> + Send + Sync + 'static) -> Self {
        Self { place: (0, 0), cost, rows: Box::new(rows) }
    }

    /// Plays and measures.
    pub fn rows(&self) -> Vec<Row> {
        (self.rows)()
    }

    /// Where its rows belong in the table: sort by it.
    pub const fn place(&self) -> (usize, usize) {
        self.place
    }
}

/// All checks, the longest first, so that several threads end together. They are independent of each other.
pub fn checks(effort: Effort) -> Vec<Check> {
    let families = [
        queues::checks(effort),
        little::checks(effort),
        retries::checks(effort),
        backoff::checks(effort),
        metastable::checks(effort),
        mongodb::checks(effort),
        tail::checks(effort),
        drain::checks(effort),
        availability::checks(effort),
    ];
    let numbered = families.into_iter().enumerate().flat_map(|(family, checks)| {
        checks.into_iter().enumerate().map(move |(nth, check)| Check { place: (family, nth), ..check })
    });
    let mut checks: Vec<Check> = numbered.collect();
    checks.sort_by_key(|check| std::cmp::Reverse(check.cost));
    checks
}

/// The specification that a text states.
fn spec(text: &str) -> Spec<WorldSpec> {
    let scenario: Result<Scenario<WorldSpec, Ignored>, _> = Scenario::parse("theory.toml", text);
    scenario.unwrap_or_else(|error| panic!("{}", error.render())).spec
}

/// Plays the scenario that a text states.
fn play(text: &str, seed: u64) -> Run {
    run(&spec(text), seed, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simulated_is_within_its_bounds_of_theory() {
        let rows: Vec<Row> = checks(Effort::Quick).iter().flat_map(Check::rows).collect();
        let wrong: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(rows.len() > 30, "{} rows", rows.len());
    }

    #[test]
    fn a_row_holds_up_to_its_bound() {
        let row = |simulated, bound| Row::new("G1", "W", 50.0, simulated).bound(bound);
        assert!(row(50.99, Bound::Percent(2.0)).holds() && row(49.01, Bound::Percent(2.0)).holds());
        assert!(!row(51.1, Bound::Percent(2.0)).holds() && !row(48.9, Bound::Percent(2.0)).holds());
        assert!(row(51.1, Bound::Within(2.0)).holds() && !row(52.1, Bound::Within(2.0)).holds());
        assert!(!row(f64::NAN, Bound::Within(2.0)).holds() && !row(f64::INFINITY, Bound::Percent(2.0)).holds());
    }
}
