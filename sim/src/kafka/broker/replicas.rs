//! The replicas of a broker, numbered: whoever looks at one again and again keeps its number, and names stay at the edge.
//!
//! **Never here:** what a replica is. **Not modelled:** the removal of a replica, so a number is good for as long as the process.

use std::collections::BTreeMap;

use crate::kafka::replica::{Replica, Scene};
use crate::kafka::types::{BrokerId, Offset, TopicPartition};

/// Names a replica on its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u32);

/// All replicas of a broker.
#[derive(Debug, Default)]
pub(super) struct Replicas {
    all: Vec<Replica>,
    /// Counts, for each, the times at which it may have become another to a reader.
    changes: Vec<u64>,
    numbers: BTreeMap<TopicPartition, Number>,
}

impl Replicas {
    /// The number of a partition that is kept here.
    pub(super) fn number(&self, partition: &TopicPartition) -> Option<Number> {
        self.numbers.get(partition).copied()
    }

    pub(super) fn get(&self, partition: &TopicPartition) -> Option<&Replica> {
        self.number(partition).map(|number| self.at(number))
    }

    pub(super) fn at(&self, number: Number) -> &Replica {
        &self.all[number.0 as usize]
    }

    pub(super) fn at_mut(&mut self, number: Number) -> &mut Replica {
        self.changes[number.0 as usize] += 1;
        &mut self.all[number.0 as usize]
    }

    /// While this stays the same, a reader finds what it has found before.
    pub(super) fn changes(&self, number: Number) -> u64 {
        self.changes[number.0 as usize]
    }

    /// A follower has everything before `offset`. True if that has changed anything for others; see [`Replica::note_fetch`].
    pub(super) fn note_fetch(
        &mut self,
        number: Number,
        scene: &Scene<'_>,
        follower: (BrokerId, u64),
        offset: Offset,
    ) -> bool {
        let changed = self.all[number.0 as usize].note_fetch(scene, follower, offset);
        self.changes[number.0 as usize] += u64::from(changed);
        changed
    }

    /// The number of a partition; if it is not kept yet, it is from now on.
    pub(super) fn keep(&mut self, partition: &TopicPartition, fresh: impl FnOnce() -> Replica) -> Number {
        if let Some(known) = self.number(partition) {
            return known;
        }
        let number = Number(u32::try_from(self.all.len()).expect("fewer than 2^32 replicas"));
        self.all.push(fresh());
        self.changes.push(0);
        self.numbers.insert(partition.clone(), number);
        number
    }

    /// Numbers in the order of names.
    pub(super) fn numbers(&self) -> impl Iterator<Item = Number> {
        self.numbers.values().copied()
    }

    /// Replicas in the order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&TopicPartition, &Replica)> {
        self.numbers.iter().map(|(name, number)| (name, self.at(*number)))
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Replica> {
        self.changes.iter_mut().for_each(|changes| *changes += 1);
        self.all.iter_mut()
    }

    /// Replicas in the order of their numbers.
    pub(super) fn into_replicas(self) -> impl Iterator<Item = Replica> {
        self.all.into_iter()
    }
}
