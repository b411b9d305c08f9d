//! The replicas of a broker, numbered: whoever looks at one again and again keeps its number, and names stay at the edge.
//!
//! **Never here:** what a replica is. **Not modelled:** the removal of a replica, so a number is good for as long as the process.

use std::collections::BTreeMap;

use crate::kafka::replica::Replica;
use crate::kafka::types::TopicPartition;

/// Names a replica on its broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(pub(super) u32);

/// All replicas of a broker.
#[derive(Debug, Default)]
pub(super) struct Replicas {
    all: Vec<Replica>,
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
        &mut self.all[number.0 as usize]
    }

    /// The number of a partition; if it is not kept yet, it is from now on.
    pub(super) fn keep(&mut self, partition: &TopicPartition, fresh: impl FnOnce() -> Replica) -> Number {
        if let Some(known) = self.number(partition) {
            return known;
        }
        let number = Number(u32::try_from(self.all.len()).expect("fewer than 2^32 replicas"));
        self.all.push(fresh());
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
        self.all.iter_mut()
    }

    /// Replicas in the order of their numbers.
    pub(super) fn into_replicas(self) -> impl Iterator<Item = Replica> {
        self.all.into_iter()
    }
}
