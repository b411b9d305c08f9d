//! The event heap: everything that will happen, ordered by `(time, seq)`.
//!
//! `seq` counts pushes, so events of one instant happen in the order in which they were asked for. Cancelled events leave
//! a stale heap entry behind; when stale entries outnumber live ones the heap is rebuilt, so that memory follows the
//! number of pending events and not the length of the run.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::SimTime;

/// Names one scheduled event; stays unique for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    slot: u32,
    seq: u64,
}

struct Entry {
    at: SimTime,
    seq: u64,
    slot: u32,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.seq == other.seq
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    /// Reversed: the standard heap keeps its greatest element on top, we want the earliest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.seq).cmp(&(self.at, self.seq))
    }
}

struct Slot<E> {
    seq: u64,
    event: Option<E>,
}

/// A priority queue of `E` with cancellation.
pub(crate) struct EventQueue<E> {
    heap: BinaryHeap<Entry>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    next_seq: u64,
    stale: usize,
}

impl<E> EventQueue<E> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), slots: Vec::new(), free: Vec::new(), next_seq: 0, stale: 0 }
    }

    /// Adds an event behind all others of the same instant.
    pub(crate) fn push(&mut self, at: SimTime, event: E) -> EventId {
        let seq = self.next_seq;
        self.next_seq += 1;
        let filled = Slot { seq, event: Some(event) };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = filled;
                slot
            }
            None => {
                self.slots.push(filled);
                u32::try_from(self.slots.len() - 1).expect("fewer than 2^32 events are pending at once")
            }
        };
        self.heap.push(Entry { at, seq, slot });
        EventId { slot, seq }
    }

    /// Takes an event back. Returns it unless it has happened or was cancelled before.
    pub(crate) fn cancel(&mut self, id: EventId) -> Option<E> {
        let event = self.take(id.slot, id.seq)?;
        self.stale += 1;
        if self.stale > 64 && self.stale * 2 > self.heap.len() {
            let slots = &self.slots;
            self.heap.retain(|e| slots[e.slot as usize].seq == e.seq && slots[e.slot as usize].event.is_some());
            self.stale = 0;
        }
        Some(event)
    }

    /// The time of the earliest event.
    pub(crate) fn next_at(&mut self) -> Option<SimTime> {
        while let Some(head) = self.heap.peek() {
            let slot = &self.slots[head.slot as usize];
            if slot.seq == head.seq && slot.event.is_some() {
                return Some(head.at);
            }
            self.heap.pop();
            self.stale -= 1;
        }
        None
    }

    /// Removes the earliest event if it is due at `limit` or before.
    pub(crate) fn pop_due(&mut self, limit: SimTime) -> Option<(SimTime, E)> {
        if self.next_at()? > limit {
            return None;
        }
        let head = self.heap.pop()?;
        let event = self.take(head.slot, head.seq)?;
        Some((head.at, event))
    }

    /// Forgets all events and hands them out, for dropping outside of any borrow.
    pub(crate) fn drain(&mut self) -> Vec<E> {
        self.heap.clear();
        self.stale = 0;
        self.free.clear();
        std::mem::take(&mut self.slots).into_iter().filter_map(|s| s.event).collect()
    }

    /// Number of heap entries, live and stale.
    #[cfg(test)]
    fn entries(&self) -> usize {
        self.heap.len()
    }

    fn take(&mut self, slot: u32, seq: u64) -> Option<E> {
        let found = self.slots.get_mut(slot as usize).filter(|s| s.seq == seq)?;
        let event = found.event.take()?;
        self.free.push(slot);
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_instant_come_in_push_order() {
        let mut queue = EventQueue::new();
        let at = SimTime::from_secs(1);
        for n in 0..5 {
            queue.push(at, n);
        }
        queue.push(SimTime::ZERO, 9);
        let order: Vec<i32> = std::iter::from_fn(|| queue.pop_due(SimTime::MAX)).map(|(_, n)| n).collect();
        assert_eq!(order, [9, 0, 1, 2, 3, 4]);
    }

    #[test]
    fn cancelled_events_never_happen_and_do_not_pile_up() {
        let mut queue = EventQueue::new();
        queue.push(SimTime::from_secs(7200), 0);
        for _ in 0..10_000 {
            let id = queue.push(SimTime::from_secs(3600), 1);
            assert_eq!(queue.cancel(id), Some(1));
            assert_eq!(queue.cancel(id), None);
        }
        assert!(queue.entries() < 200, "{} entries for one live event", queue.entries());
        assert_eq!(queue.pop_due(SimTime::MAX), Some((SimTime::from_secs(7200), 0)));
    }
}
