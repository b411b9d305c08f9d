//! What a leader does: append, answer fetches, say what is committed, resign when nobody listens.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Quorum, Role};
use crate::engine::SimTime;
use crate::kafka::controller::messages::{ControlRequest, ControlResponse, LogEntry};
use crate::kafka::machine::Ticket;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::types::BrokerId;

/// A fetch of the metadata log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fetch {
    pub(super) from: BrokerId,
    pub(super) voter: bool,
    pub(super) epoch: u32,
    pub(super) offset: u64,
    pub(super) last_epoch: u32,
}

/// A fetch that waits for entries.
#[derive(Debug)]
struct Parked {
    ticket: Ticket,
    offset: u64,
    until: SimTime,
}

/// The time in which one member leads.
#[derive(Debug)]
pub(super) struct Reign {
    /// Offset of the leader's first entry. Nothing is committed in its epoch before that entry is.
    start: u64,
    /// What the other voters have.
    ends: BTreeMap<BrokerId, u64>,
    parked: Vec<Parked>,
    /// Voters that have fetched since the last majority of them, and when the leader gives up waiting for one.
    heard: BTreeSet<BrokerId>,
    resign: SimTime,
    /// Voters to whom it is still to be said that the epoch has begun, and when.
    unaware: BTreeMap<BrokerId, SimTime>,
    /// When to write the next empty entry.
    idle: SimTime,
}

impl Reign {
    pub(super) fn due(&self) -> SimTime {
        let waits = self.parked.iter().map(|parked| parked.until).chain(self.unaware.values().copied());
        waits.chain([self.resign, self.idle]).min().expect("a chain with two ends is not empty")
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.parked.retain(|parked| parked.ticket != ticket);
    }

    pub(super) fn tickets(self) -> impl Iterator<Item = Ticket> {
        self.parked.into_iter().map(|parked| parked.ticket)
    }
}

impl Quorum {
    /// Whether it leads and everything of earlier epochs is committed: only then its controller may act.
    pub fn is_active(&self) -> bool {
        matches!(&self.role, Role::Leader(reign) if self.committed > reign.start)
    }

    /// Appends what the controller has decided.
    ///
    /// # Panics
    /// Unless this member leads.
    pub fn append(&mut self, now: SimTime, records: Vec<MetadataRecord>) {
        self.write(now, records.into_iter().map(Some));
    }

    /// Leads no more, and says so to the voters, that one with the longest log may follow at once (EndQuorumEpoch).
    pub fn abdicate(&mut self, now: SimTime) {
        let Role::Leader(reign) = &self.role else { return };
        let mut successors: Vec<BrokerId> = reign.ends.keys().copied().collect();
        successors.sort_by_key(|voter| std::cmp::Reverse(reign.ends[voter]));
        let (leader, epoch) = (self.id, self.disk.epoch);
        for voter in self.others() {
            let successors = successors.clone();
            self.send(voter, ControlRequest::EndEpoch { leader, epoch, successors }, Asked::End);
        }
        self.detach(now, None);
    }

    pub(super) fn lead(&mut self, now: SimTime) {
        self.disk.leader = Some(self.id);
        self.role = Role::Leader(Reign {
            start: self.disk.log.end(),
            ends: self.others().map(|voter| (voter, 0)).collect(),
            parked: Vec::new(),
            heard: BTreeSet::new(),
            resign: now + self.resign_after(),
            unaware: self.others().map(|voter| (voter, now)).collect(),
            idle: now,
        });
        self.advance_reign(now);
    }

    /// One and a half of the fetch timeout (B3; LeaderState.java). A single voter is its own majority.
    fn resign_after(&self) -> crate::engine::SimDuration {
        match self.voters.len() {
            1 => crate::engine::SimDuration::MAX,
            _ => self.config.fetch_timeout.scale(1500),
        }
    }

    pub(super) fn advance_reign(&mut self, now: SimTime) {
        let Role::Leader(reign) = &mut self.role else { return };
        if reign.resign <= now {
            return self.detach(now, None);
        }
        if reign.idle <= now {
            reign.idle = now + self.config.idle_interval;
            self.write(now, [None]);
        }
        self.announce(now);
        self.answer_parked(now);
    }

    fn write(&mut self, now: SimTime, records: impl IntoIterator<Item = Option<MetadataRecord>>) {
        assert!(matches!(self.role, Role::Leader(_)), "only the leader appends");
        let epoch = self.disk.epoch;
        records.into_iter().for_each(|record| self.disk.log.append(LogEntry { epoch, record }));
        self.commit();
        self.answer_parked(now);
    }

    /// Tells voters that have not fetched yet who leads.
    fn announce(&mut self, now: SimTime) {
        let again = now + self.config.fetch_timeout / 2;
        let Role::Leader(reign) = &mut self.role else { return };
        let due = reign.unaware.iter_mut().filter(|(_, at)| **at <= now);
        let due: Vec<BrokerId> = due.map(|(voter, at)| (*voter, *at = again).0).collect();
        let (leader, epoch) = (self.id, self.disk.epoch);
        for voter in due {
            self.send(voter, ControlRequest::BeginEpoch { leader, epoch }, Asked::Begin { voter, epoch });
        }
    }

    pub(super) fn on_begun(&mut self, now: SimTime, voter: BrokerId, epoch: u32, answered: bool) {
        let again = now + self.config.retry_backoff;
        let Role::Leader(reign) = &mut self.role else { return };
        if epoch != self.disk.epoch || !reign.unaware.contains_key(&voter) {
            return;
        }
        match answered {
            true => reign.unaware.remove(&voter),
            false => reign.unaware.insert(voter, again),
        };
    }

    pub(super) fn on_fetch(&mut self, now: SimTime, ticket: Ticket, fetch: Fetch) {
        let parting = self.disk.log.parting(fetch.offset, fetch.last_epoch);
        let until = now + self.config.max_wait;
        let Role::Leader(reign) = &mut self.role else { return self.redirect(ticket) };
        if fetch.epoch != self.disk.epoch {
            return self.redirect(ticket);
        }
        if parting.is_some() {
            return self.give(ticket, self.disk.log.end(), parting);
        }
        reign.parked.push(Parked { ticket, offset: fetch.offset, until });
        if fetch.voter && self.voters.contains(&fetch.from) {
            self.on_progress(now, fetch.from, fetch.offset);
        }
        self.answer_parked(now);
    }

    fn on_progress(&mut self, now: SimTime, voter: BrokerId, end: u64) {
        let (resign, others) = (now + self.resign_after(), self.majority() - 1);
        let Role::Leader(reign) = &mut self.role else { return };
        reign.ends.insert(voter, end);
        reign.unaware.remove(&voter);
        reign.heard.insert(voter);
        if reign.heard.len() >= others {
            reign.heard.clear();
            reign.resign = resign;
        }
        self.commit();
    }

    /// Committed is what a majority has, once it includes an entry of the leader's own epoch.
    fn commit(&mut self) {
        let Role::Leader(reign) = &self.role else { return };
        let mut ends: Vec<u64> = reign.ends.values().copied().chain([self.disk.log.end()]).collect();
        ends.sort_unstable_by(|a, b| b.cmp(a));
        let agreed = ends[self.majority() - 1];
        if agreed > reign.start {
            self.committed = self.committed.max(agreed);
        }
    }

    fn answer_parked(&mut self, now: SimTime) {
        let end = self.disk.log.end();
        let Role::Leader(reign) = &mut self.role else { return };
        let due = reign.parked.extract_if(.., |parked| parked.offset < end || parked.until <= now);
        let due: Vec<Parked> = due.collect();
        due.into_iter().for_each(|parked| self.give(parked.ticket, parked.offset, None));
    }

    fn give(&mut self, ticket: Ticket, offset: u64, diverging: Option<u64>) {
        let (epoch, leader, committed) = (self.disk.epoch, Some(self.id), self.committed);
        let entries = self.disk.log.from(offset);
        self.answer(ticket, ControlResponse::Metadata { epoch, leader, committed, entries, diverging });
    }
}
