//! In which order simultaneous events happen.
//!
//! By default in the order in which they were asked for. `--ties SEED` draws an order instead, to explore interleavings: a design
//! whose outcome hangs on who comes first at one nanosecond is fragile. Two promises are kept even then: events of one
//! [`Lane`] do not overtake each other, and what is asked for *last* comes behind everything due at that instant.

use std::cell::Cell;

use super::Stream;

/// Ranks from here on come last, in the order of their requests.
const LAST: u64 = 1 << 63;

/// Hands out ranks: of two events of one instant the lower rank happens first.
pub(crate) struct Order {
    requests: u64,
    ties: Option<Stream>,
}

/// Events that keep their order whatever their times: the segments of one connection and direction, say.
#[derive(Debug, Default)]
pub struct Lane {
    at: Cell<u64>,
    rank: Cell<u64>,
}

impl Order {
    /// The order of requests.
    pub(crate) const fn by_request() -> Self {
        Self { requests: 0, ties: None }
    }

    /// An order that is drawn: a history of its own for each `seed`.
    pub(crate) fn drawn(seed: u64) -> Self {
        Self { requests: 0, ties: Some(Stream::new(seed, "engine/ties")) }
    }

    pub(crate) const fn is_by_request(&self) -> bool {
        self.ties.is_none()
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.requests += 1;
        match &mut self.ties {
            None => self.requests,
            Some(ties) => ties.next_u64() >> 1,
        }
    }

    pub(crate) fn last(&mut self) -> u64 {
        self.requests += 1;
        if self.ties.is_none() { self.requests } else { LAST | self.requests }
    }

    /// The time and rank of the next event of a lane that wants to happen at `at`.
    pub(crate) fn in_lane(&mut self, lane: &Lane, at: u64) -> (u64, u64) {
        let rank = self.next();
        let (at, rank) = if at > lane.at.get() {
            (at, rank)
        } else if self.ties.is_none() {
            (lane.at.get(), rank)
        } else {
            (lane.at.get(), lane.rank.get() + 1)
        };
        lane.at.set(at);
        lane.rank.set(rank);
        (at, rank)
    }
}
