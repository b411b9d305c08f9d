//! In one generation of a group, a partition belongs to one member.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `one_owner_per_generation`.
///
/// Who takes a partition says so by the fact `group.owner`; the key stands for group, partition and generation, the amount for the member.
/// Owners of different generations may overlap: the members of an old one learn late that it is over. Memory grows with the number of times that a partition changes hands.
pub(super) struct OneOwnerPerGeneration {
    owned: Name,
    owners: BTreeMap<u64, u64>,
    first: First,
}

impl OneOwnerPerGeneration {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { owned: names.intern("group.owner"), owners: BTreeMap::new(), first: First::default() }
    }
}

impl Sink for OneOwnerPerGeneration {
    fn record(&mut self, at: SimTime, event: &Event) {
        let Event::Fact { what, key, amount: member } = *event else { return };
        if what == self.owned && *self.owners.entry(key).or_insert(member) != member {
            self.first
                .note(at, || format!("a second member owns what belongs to another in that generation, {key:016x}"));
        }
    }
}

impl Check for OneOwnerPerGeneration {
    fn name(&self) -> &'static str {
        "one_owner_per_generation"
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
        first_violation(OneOwnerPerGeneration::new, |names| {
            let event = |&(at, what, key, amount)| (at, Event::Fact { what: names.intern(what), key, amount });
            facts.iter().map(event).collect()
        })
    }

    #[test]
    fn the_same_owner_again_and_another_in_the_next_generation_are_quiet() {
        let facts = [(1, "group.owner", 7, 1), (2, "group.owner", 7, 1), (3, "group.owner", 8, 2), (4, "other", 7, 2)];
        assert_eq!(violation(&facts), None);
    }

    #[test]
    fn a_second_owner_fires() {
        let found = violation(&[(1, "group.owner", 7, 1), (2, "group.owner", 7, 2), (3, "group.owner", 7, 1)]);
        let expected = "at 2 s: a second member owns what belongs to another in that generation, 0000000000000007";
        assert_eq!(found.as_deref(), Some(expected));
    }
}
