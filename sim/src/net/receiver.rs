//! The receiving half of a connection, sans-I/O: puts segments back in order.

use std::collections::BTreeMap;

use super::sender::Payload;

/// What an arriving segment means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// The next one in order: it and perhaps more can be read.
    Next,
    /// Something before it is missing; it is kept.
    Early,
    /// It came before.
    Duplicate,
}

/// The receiving half.
#[derive(Default)]
pub(super) struct Receiver {
    next: u64,
    /// Segments that wait for an earlier one. Bounded by what the sender has outstanding.
    early: BTreeMap<u64, Payload>,
}

impl Receiver {
    /// Number of the first segment that is missing: what an ACK says.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// What a segment of this number would mean.
    pub(super) fn classify(&self, number: u64) -> Arrival {
        match number {
            _ if number == self.next => Arrival::Next,
            _ if number < self.next || self.early.contains_key(&number) => Arrival::Duplicate,
            _ => Arrival::Early,
        }
    }

    /// Keeps an early segment.
    pub(super) fn keep(&mut self, number: u64, payload: Payload) {
        debug_assert_eq!(self.classify(number), Arrival::Early);
        self.early.insert(number, payload);
    }

    /// Takes the segment that fills the gap; returns what can be read behind it.
    pub(super) fn fill(&mut self) -> Vec<Payload> {
        self.next += 1;
        let mut ready = Vec::new();
        while let Some(payload) = self.early.remove(&self.next) {
            self.next += 1;
            ready.push(payload);
        }
        ready
    }
}
