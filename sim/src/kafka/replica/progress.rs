//! How far a follower is, as its leader sees it (AK: core/cluster/Replica.scala).
//!
//! **Never here:** what follows from it.

use crate::engine::{SimDuration, SimTime};
use crate::kafka::types::Offset;

/// A follower in its leader's eyes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Its LEO; nothing before its first fetch from this leader.
    pub(super) end: Option<Offset>,
    /// The incarnation that fetched last.
    pub(super) broker_epoch: Option<u64>,
    /// The last time it had everything the leader had.
    caught_up: Option<SimTime>,
    /// Its last fetch, and the leader's LEO at that time.
    fetched: Option<(SimTime, Offset)>,
}

impl Progress {
    /// A new leader gives those in sync a full `replica.lag.time.max.ms`.
    pub(super) fn new(now: SimTime, in_sync: bool) -> Self {
        Self { end: None, broker_epoch: None, caught_up: in_sync.then_some(now), fetched: None }
    }

    /// It has fetched at `offset`, so it has everything before. One that now reaches what was the end at its last fetch was
    /// caught up then: under steady load nobody ever has everything.
    pub(super) fn fetch(&mut self, now: SimTime, offset: Offset, leader_end: Offset, broker_epoch: u64) {
        if offset >= leader_end {
            self.caught_up = self.caught_up.max(Some(now));
        } else if let Some((time, end)) = self.fetched.filter(|(_, end)| offset >= *end) {
            debug_assert!(end <= leader_end, "a leader's log only grows");
            self.caught_up = self.caught_up.max(Some(time));
        }
        self.fetched = Some((now, leader_end));
        self.end = Some(offset);
        self.broker_epoch = Some(broker_epoch);
    }

    /// Whether it has everything, or had not long ago. On an idle partition a dead follower passes for caught up (B2).
    pub(super) fn is_caught_up(&self, now: SimTime, leader_end: Offset, lag_max: SimDuration) -> bool {
        self.end == Some(leader_end) || self.caught_up.is_some_and(|time| now.since(time) <= lag_max)
    }
}
