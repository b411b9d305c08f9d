//! Requests that wait: for data, for replicas, or for their time to run out.
//!
//! **Never here:** what they wait for. Whoever changes a partition looks at those that watch it. The number of those that
//! wait is bounded by the connections to the broker: each has one request at a time (B2).

use std::collections::{BTreeMap, BTreeSet};

use super::replicas::Number;
use crate::engine::SimTime;
use crate::kafka::machine::Ticket;

/// Waiting requests of one kind.
#[derive(Clone, Debug)]
pub(super) struct Purgatory<T> {
    waiting: BTreeMap<Ticket, (SimTime, T)>,
    by_deadline: BTreeSet<(SimTime, Ticket)>,
    /// Who watches each replica, by its number.
    watchers: Vec<Vec<Ticket>>,
}

/// What it is to look at.
pub(super) trait Watches {
    /// The replicas whose changes matter to it.
    fn watched(&self) -> impl Iterator<Item = Number>;
}

impl<T> Default for Purgatory<T> {
    fn default() -> Self {
        Self { waiting: BTreeMap::new(), by_deadline: BTreeSet::new(), watchers: Vec::new() }
    }
}

impl<T: Watches> Purgatory<T> {
    pub(super) fn park(&mut self, ticket: Ticket, deadline: SimTime, item: T) {
        for number in item.watched() {
            let place = number.0 as usize;
            if self.watchers.len() <= place {
                self.watchers.resize_with(place + 1, Vec::new);
            }
            self.watchers[place].push(ticket);
        }
        self.by_deadline.insert((deadline, ticket));
        self.waiting.insert(ticket, (deadline, item));
    }

    /// Those that watch a replica, in the order in which they came.
    pub(super) fn watching(&self, number: Number) -> Vec<Ticket> {
        self.watchers.get(number.0 as usize).cloned().unwrap_or_default()
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
        for number in item.watched() {
            self.watchers[number.0 as usize].retain(|other| *other != ticket);
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
