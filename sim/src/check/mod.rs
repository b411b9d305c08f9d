//! Checkers: properties that must hold in every step of a run, folded from the trace.
//!
//! A checker is a [`Sink`]: it sees events only, remembers the first violation, and judges nothing. Whether a violation is a bug or
//! the lesson of a scenario is the scenario's to say. One file holds one property, and a test that makes it fire.
//!
//! | property | facts it reads besides the customers' events |
//! |---|---|
//! | `requests_conserved` | |
//! | `orders_applied_once` | `stock.reserved` with the order as key |
//! | `acknowledged_orders_kept` | `orders.placed`, `orders.acknowledged`, `orders.lost` with the order as key |
//! | `stock_never_negative` | `stock.oversold` with the missing items as amount |
//! | `gauges_within_bounds` | `pool.capacity` with [`Name::hash`](crate::trace::Name::hash) of the pool as key |
//! | `breaker_transitions` | |
//! | `clock_monotone` | |
//! | `high_watermark_monotone` | the gauges `leader.epoch` and `high.watermark`, in this order |
//! | `one_owner_per_generation` | `group.owner` with group, partition and generation as key and the member as amount |
//! | `commits_not_ahead_of_processing` | `record.processed`, `offset.committed` with group and partition as key and the offset as amount |
//! | `key_order_kept` | `key.applied` with the record's key as key and its number among the records of that key as amount |
//!
//! Where something that is no number is a key or an amount, a hash of it stands for it (see [`crate::kafka::facts`]).

mod acknowledged;
mod applied;
mod breaker;
mod clock;
mod commits;
mod conserved;
mod gauges;
mod high_watermark;
mod key_order;
mod keys;
mod owner;
mod stock;

use std::rc::Rc;

pub use self::keys::Keys;

use crate::engine::SimTime;
use crate::trace::{Event, Names, Sink};

/// What a checker found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The property, a stable word.
    pub name: &'static str,
    /// True when it held throughout.
    pub held: bool,
    /// When and how it was first violated.
    pub first_violation: Option<String>,
}

/// Kinds of events, as far as checkers tell them apart. Of most events none of them needs to hear but the clock.
#[derive(Clone, Copy)]
struct Kinds(u8);

impl Kinds {
    /// Customers who come and go.
    const CUSTOMERS: Self = Self(1);
    const FACTS: Self = Self(2);
    const GAUGES: Self = Self(4);
    /// Processes that start and exit.
    const PROCESSES: Self = Self(8);
    const OTHERS: Self = Self(16);
    const ALL: Self = Self(31);

    const fn and(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    const fn include(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    const fn of(event: &Event) -> Self {
        use Event as E;
        match event {
            E::Arrived { .. } | E::Served { .. } | E::Failed { .. } | E::Abandoned { .. } => Self::CUSTOMERS,
            E::Fact { .. } => Self::FACTS,
            E::Gauged { .. } => Self::GAUGES,
            E::Started { .. } | E::Exited { .. } => Self::PROCESSES,
            E::Pressed { .. } | E::CallEnded { .. } | E::Handled { .. } | E::Ran { .. } => Self::OTHERS,
            E::Connection { .. } | E::Marked { .. } | E::Fault { .. } => Self::OTHERS,
        }
    }
}

/// A property folded from events.
trait Check: Sink {
    /// The property's name.
    fn name(&self) -> &'static str;

    /// The kinds of events it folds.
    fn kinds(&self) -> Kinds;

    /// The first violation, as things stand.
    fn violation(&self) -> Option<String>;
}

/// All checkers, as one sink.
pub struct Checkers(Vec<(Kinds, Box<dyn Check>)>);

impl Checkers {
    /// Checkers for a trace whose names are `names`.
    pub fn new(names: &Rc<Names>) -> Self {
        let all: [Box<dyn Check>; 11] = [
            Box::new(conserved::RequestsConserved::new(names)),
            Box::new(applied::OrdersAppliedOnce::new(names)),
            Box::new(acknowledged::AcknowledgedOrdersKept::new(names)),
            Box::new(stock::StockNeverNegative::new(names)),
            Box::new(gauges::GaugesWithinBounds::new(names)),
            Box::new(breaker::BreakerTransitions::new(names)),
            Box::new(clock::ClockMonotone::default()),
            Box::new(high_watermark::HighWatermarkMonotone::new(names)),
            Box::new(owner::OneOwnerPerGeneration::new(names)),
            Box::new(commits::CommitsNotAhead::new(names)),
            Box::new(key_order::KeyOrderKept::new(names)),
        ];
        Self(all.into_iter().map(|check| (check.kinds(), check)).collect())
    }

    /// What they found, in a fixed order; ask at the end of the run.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |check: &dyn Check| {
            let first_violation = check.violation();
            Finding { name: check.name(), held: first_violation.is_none(), first_violation }
        };
        self.0.iter().map(|(_, check)| finding(check.as_ref())).collect()
    }
}

impl Sink for Checkers {
    fn record(&mut self, at: SimTime, event: &Event) {
        let kind = Kinds::of(event);
        for (kinds, check) in &mut self.0 {
            if kinds.include(kind) {
                check.record(at, event);
            }
        }
    }
}

/// Keeps the first violation it is told.
#[derive(Default)]
struct First(Option<String>);

impl First {
    fn note(&mut self, at: SimTime, what: impl FnOnce() -> String) {
        self.0.get_or_insert_with(|| format!("at {at}: {}", what()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds events, each with its second, to the checker that `make` builds and returns its first violation.
    pub(super) fn first_violation<C: Check>(
        make: impl Fn(&Rc<Names>) -> C,
        story: impl Fn(&Names) -> Vec<(u64, Event)>,
    ) -> Option<String> {
        let names = Rc::new(Names::default());
        let mut check = make(&names);
        for (second, event) in story(&names) {
            check.record(SimTime::from_secs(second), &event);
        }
        check.violation()
    }

    /// A fact of amount 1.
    pub(super) fn fact(names: &Names, what: &str, key: u64) -> Event {
        Event::Fact { what: names.intern(what), key, amount: 1 }
    }

    #[test]
    fn the_set_hands_events_to_every_checker_that_folds_them() {
        let names = Rc::new(Names::default());
        let mut checkers = Checkers::new(&names);
        assert!(checkers.findings().iter().all(|finding| finding.held));
        checkers.record(SimTime::from_secs(2), &fact(&names, "stock.reserved", 7));
        checkers.record(SimTime::from_secs(1), &fact(&names, "stock.reserved", 7));
        let violated = |finding: Finding| (!finding.held && finding.first_violation.is_some()).then_some(finding.name);
        let violated: Vec<&str> = checkers.findings().into_iter().filter_map(violated).collect();
        assert_eq!(violated, ["orders_applied_once", "clock_monotone"]);
    }

    #[test]
    fn only_the_first_violation_is_kept() {
        let mut first = First::default();
        first.note(SimTime::from_millis(1500), || "one".into());
        first.note(SimTime::from_secs(2), || "two".into());
        assert_eq!(first.0.as_deref(), Some("at 1.5 s: one"));
    }
}
