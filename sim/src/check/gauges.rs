//! A pool never hands out more than it has.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Gauge, Name, Names, Sink};

/// `gauges_within_bounds`.
///
/// A pool states its capacity by the fact `pool.capacity` with the hash of its name as key; pools that state none are not checked.
/// After a pool has shrunk, units taken before may still be in use: taking one more is the violation, not holding them.
pub(super) struct GaugesWithinBounds {
    names: Rc<Names>,
    stated: Name,
    capacity: BTreeMap<u64, u64>,
    used: BTreeMap<Name, u64>,
    first: First,
}

impl GaugesWithinBounds {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        let stated = names.intern("pool.capacity");
        Self { names: names.clone(), stated, capacity: BTreeMap::new(), used: BTreeMap::new(), first: First::default() }
    }

    fn gauged(&mut self, at: SimTime, pool: Name, value: u64) {
        let before = self.used.insert(pool, value).unwrap_or(0);
        if let Some(&capacity) = self.capacity.get(&pool.hash())
            && value > capacity.max(before)
        {
            self.first.note(at, || format!("{value} units of {} in use, of {capacity}", self.names.text(pool)));
        }
    }
}

impl Sink for GaugesWithinBounds {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Fact { what, key, amount } if what == self.stated => drop(self.capacity.insert(key, amount)),
            Event::Gauged { of, gauge: Gauge::PoolUsed, value } => self.gauged(at, of, value),
            _ => {}
        }
    }
}

impl Check for GaugesWithinBounds {
    fn name(&self) -> &'static str {
        "gauges_within_bounds"
    }

    fn kinds(&self) -> Kinds {
        Kinds::FACTS.and(Kinds::GAUGES)
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;

    enum Step {
        Capacity(u64),
        Used(u64),
    }

    fn violation(steps: &[Step]) -> Option<String> {
        first_violation(GaugesWithinBounds::new, |names| {
            let pool = names.intern("order.db");
            let event = |step: &Step| match *step {
                Step::Capacity(amount) => Event::Fact { what: names.intern("pool.capacity"), key: pool.hash(), amount },
                Step::Used(value) => Event::Gauged { of: pool, gauge: Gauge::PoolUsed, value },
            };
            steps.iter().map(|step| (1, event(step))).collect()
        })
    }

    #[test]
    fn a_full_pool_and_a_shrunken_pool_are_quiet() {
        use Step::{Capacity, Used};
        assert_eq!(violation(&[Capacity(5), Used(4), Used(5), Capacity(2), Used(4), Used(3), Used(2)]), None);
        assert_eq!(violation(&[Used(99)]), None);
    }

    #[test]
    fn one_unit_too_many_fires() {
        use Step::{Capacity, Used};
        let expected = Some("at 1 s: 6 units of order.db in use, of 5".to_string());
        assert_eq!(violation(&[Capacity(5), Used(5), Used(6)]), expected);
        assert!(violation(&[Capacity(5), Used(5), Capacity(2), Used(4), Used(5)]).is_some());
    }
}
