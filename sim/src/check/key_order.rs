//! Records of one key take effect in the order in which they were sent.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `key_order_kept`.
///
/// The fact `key.applied` says that a record took effect; its key stands for the record's key, its amount is the number of the record
/// among those of that key. The same record twice keeps the order; an older one after a newer one does not, be it late or delivered again.
/// Memory grows with the number of keys.
pub(super) struct KeyOrderKept {
    applied: Name,
    newest: BTreeMap<u64, u64>,
    first: First,
}

impl KeyOrderKept {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { applied: names.intern("key.applied"), newest: BTreeMap::new(), first: First::default() }
    }
}

impl Sink for KeyOrderKept {
    fn record(&mut self, at: SimTime, event: &Event) {
        let Event::Fact { what, key, amount: number } = *event else { return };
        if what != self.applied {
            return;
        }
        let newest = self.newest.entry(key).or_insert(number);
        if number < *newest {
            self.first.note(at, || format!("record {number} of key {key:016x} took effect after record {newest}"));
        }
        *newest = number.max(*newest);
    }
}

impl Check for KeyOrderKept {
    fn name(&self) -> &'static str {
        "key_order_kept"
    }

    fn kinds(&self) -> Kinds {
        Kinds::FACTS
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;

    fn violation(facts: &[(u64, &str, u64, u64)]) -> Option<String> {
        first_violation(KeyOrderKept::new, |names| {
            let event = |&(at, what, key, amount)| (at, Event::Fact { what: names.intern(what), key, amount });
            facts.iter().map(event).collect()
        })
    }

    #[test]
    fn rising_numbers_of_each_key_are_quiet() {
        let facts =
            [(1, "key.applied", 7, 1), (2, "key.applied", 8, 0), (3, "key.applied", 7, 1), (4, "key.applied", 7, 5)];
        assert_eq!(violation(&[&facts[..], &[(5, "other", 7, 0)]].concat()), None);
    }

    #[test]
    fn an_older_record_after_a_newer_one_fires() {
        let found = violation(&[(1, "key.applied", 7, 2), (2, "key.applied", 7, 3), (3, "key.applied", 7, 1)]);
        assert_eq!(found.as_deref(), Some("at 3 s: record 1 of key 0000000000000007 took effect after record 3"));
    }
}
