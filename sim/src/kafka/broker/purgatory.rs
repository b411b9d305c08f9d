//! Requests that wait: for data, for replicas, or for their time to run out.
//!
//! **Never here:** what they wait for. Whoever changes a partition looks at those that watch it. The number of those that
//! wait is bounded by the connections to the broker: each has one request at a time (B2).

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::SimTime;
use crate::kafka::machine::Ticket;
use crate::kafka::types::TopicPartition;

/// Waiting requests of one kind.
#[derive(Clone, Debug)]
pub(super) struct Purgatory<T> {
    waiting: BTreeMap<Ticket, (SimTime, T)>,
    by_deadline: BTreeSet<(SimTime, Ticket)>,
    watchers: BTreeMap<TopicPartition, BTreeSet<Ticket>>,
}

/// What it is to look at.
pub(super) trait Watches {
    /// The partitions whose changes matter to it.
    fn watched(&self) -> impl Iterator<Item = &TopicPartition>;
}

impl<T> Default for Purgatory<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), by_deadline: BTreeSet::new(), watchers: BTreeMap::new() }
    }
}

impl<T: Watches> Purgatory<T> {
    pub(super) fn park(&mut self, ticket: Ticket, deadline: SimTime, item: T) {
        for partition in item.watched() {
            self.watchers.entry(partition.clone()).or_default().insert(ticket);
        }
        self.by_deadline.insert((deadline, ticket));
        self.waiting.insert(ticket, (deadline, item));
    }

    pub(super) fn watching(&self, partition: &TopicPartition) -> Vec<Ticket> {
        self.watchers.get(partition).map_or_else(Vec::new, |tickets| tickets.iter().copied().collect())
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn get(&self, ticket: Ticket) -> Option<&T> {
        self.waiting.get(&ticket).map(|(_, item)| item)
    }

    pub(super) fn get_mut(&mut self, ticket: Ticket) -> Option<&mut T> {
        self.waiting.get_mut(&ticket).map(|(_, item)| item)
    }

    pub(super) fn remove(&mut self, ticket: Ticket) -> Option<T> {
        let (deadline, item) = self.waiting.remove(&ticket)?;
        self.by_deadline.remove(&(deadline, ticket));
        for partition in item.watched() {
            if let Some(tickets) = self.watchers.get_mut(partition) {
                tickets.remove(&ticket);
                if tickets.is_empty() {
                    self.watchers.remove(partition);
                }
            }
        }
        Some(item)
    }

    /// Takes out the next whose time has run out.
    pub(super) fn expired(&mut self, now: SimTime) -> Option<(Ticket, T)> {
        let (_, ticket) = *self.by_deadline.first().filter(|(deadline, _)| *deadline <= now)?;
        self.remove(ticket).map(|item| (ticket, item))
    }

    pub(super) fn next_deadline(&self) -> Option<SimTime> {
        self.by_deadline.first().map(|(deadline, _)| *deadline)
    }
}
