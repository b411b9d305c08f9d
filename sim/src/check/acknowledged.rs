//! What a customer was told is theirs is kept: an acknowledged order was placed before, and none is lost later.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::keys::Keys;
use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `acknowledged_orders_kept`.
pub(super) struct AcknowledgedOrdersKept {
    placed: Name,
    acknowledged: Name,
    lost: Name,
    kept: Keys,
    /// Acknowledged and not placed so far, all in this instant: what happens in one instant may be told in any order.
    unproven: (SimTime, BTreeSet<u64>),
    first: First,
}

impl AcknowledgedOrdersKept {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self {
            placed: names.intern("orders.placed"),
            acknowledged: names.intern("orders.acknowledged"),
            lost: names.intern("orders.lost"),
            kept: Keys::default(),
            unproven: (SimTime::ZERO, BTreeSet::new()),
            first: First::default(),
        }
    }

    /// When time has moved on, what was not placed by then is a violation.
    fn settle(&mut self, now: SimTime) {
        let (at, orders) = &mut self.unproven;
        if now > *at {
            if let Some(order) = orders.pop_first() {
                self.first.note(*at, || unplaced(order));
            }
            orders.clear();
            *at = now;
        }
    }
}

fn unplaced(order: u64) -> String {
    format!("order {order} was acknowledged but never placed")
}

impl Sink for AcknowledgedOrdersKept {
    fn record(&mut self, at: SimTime, event: &Event) {
        self.settle(at);
        let Event::Fact { what, key, .. } = *event else { return };
        if what == self.placed {
            self.kept.insert(key);
            self.unproven.1.remove(&key);
        } else if what == self.acknowledged && !self.kept.contains(key) {
            self.unproven.1.insert(key);
        } else if what == self.lost {
            self.first.note(at, || format!("order {key} was lost"));
        }
    }
}

impl Check for AcknowledgedOrdersKept {
    fn name(&self) -> &'static str {
        "acknowledged_orders_kept"
    }

    fn kinds(&self) -> Kinds {
        Kinds::FACTS
    }

    fn violation(&self) -> Option<String> {
        let (at, orders) = &self.unproven;
        self.first.0.clone().or_else(|| orders.first().map(|&order| format!("at {at}: {}", unplaced(order))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fact, first_violation};
    use super::*;

    fn violation(facts: &[(u64, &str, u64)]) -> Option<String> {
        let story = |names: &Names| facts.iter().map(|&(at, what, key)| (at, fact(names, what, key))).collect();
        first_violation(AcknowledgedOrdersKept::new, story)
    }

    #[test]
    fn orders_placed_before_or_with_their_acknowledgement_are_kept() {
        let facts = [(1, "orders.placed", 1), (2, "orders.acknowledged", 1), (3, "orders.acknowledged", 2)];
        assert_eq!(violation(&[&facts[..], &[(3, "orders.placed", 2), (9, "other", 0)]].concat()), None);
    }

    #[test]
    fn an_acknowledgement_without_an_order_fires() {
        let expected = Some("at 2 s: order 1 was acknowledged but never placed".to_string());
        assert_eq!(violation(&[(2, "orders.acknowledged", 1)]), expected);
        assert_eq!(violation(&[(2, "orders.acknowledged", 1), (3, "orders.placed", 1)]), expected);
    }

    #[test]
    fn a_lost_order_fires() {
        let facts = [(1, "orders.placed", 1), (1, "orders.acknowledged", 1), (5, "orders.lost", 1)];
        assert_eq!(violation(&facts).as_deref(), Some("at 5 s: order 1 was lost"));
    }
}
