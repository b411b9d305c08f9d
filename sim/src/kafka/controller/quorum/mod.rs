//! One member of the quorum that keeps the metadata log (KRaft): a voter, or a broker that observes.
//!
//! Kafka's variant of Raft pulls. Voters and observers fetch from the leader, which learns from the offset of a fetch what the
//! asker has, and calls committed what a majority of the voters has. Who fetches learns that from the *next* answer (3.9;
//! KIP-1166 changed it later), so the news of a commit may be one long poll old.
//!
//! Responsible for: one leader in each epoch, one vote of each voter in each epoch, logs that agree as far as they are committed.
//! Never here: what the entries mean.
//!
//! | where | what is decided there |
//! |---|---|
//! | `log` | where two logs part; what survives a crash |
//! | `election` | when to stand, for whom to vote |
//! | `leading` | what is committed, who is answered when, when to resign |
//! | `following` | whom to fetch from, what to do with the answer |
//!
//! **Not modelled:** snapshots (the log is kept whole, two empty entries a second), limits on the size of a fetch (so the entries
//! of one decision travel together), pre-votes (KIP-996, 4.0), changes of the voters, unflushed writes.

mod election;
mod following;
mod leading;
mod log;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use self::election::Campaign;
use self::following::Fetching;
use self::leading::Reign;
pub use self::log::QuorumDisk;
use super::config::QuorumConfig;
use super::messages::{ControlRequest, ControlResponse, LogEntry};
use crate::engine::{SimTime, Stream};
use crate::kafka::machine::{Lane, Output, Sent, Ticket};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::BrokerId;

/// A member of the quorum.
#[derive(Debug)]
pub struct Quorum {
    id: BrokerId,
    voters: Rc<[BrokerId]>,
    config: QuorumConfig,
    disk: QuorumDisk,
    role: Role,
    fetching: Fetching,
    /// Number of entries known to be committed. Learnt anew after a crash.
    committed: u64,
    random: Stream,
    asked: BTreeMap<Sent, Asked>,
    sends: u64,
    outputs: Vec<Output>,
}

/// What a member is in its epoch.
#[derive(Debug)]
enum Role {
    /// Knows no leader. A voter stands for election when its patience ends.
    Unattached { patience_ends: SimTime },
    /// Fetches from a leader, and gives it up when its patience ends.
    Follower { leader: BrokerId, patience_ends: SimTime },
    /// Asks for votes.
    Candidate(Campaign),
    /// Appends and answers.
    Leader(Reign),
}

/// What a request was, for when its answer comes. The epoch tells whether it still matters.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Fetch { from: BrokerId },
    Vote { voter: BrokerId, epoch: u32 },
    Begin { voter: BrokerId, epoch: u32 },
    End,
}

impl Quorum {
    /// A member as it starts, for the first time or after a crash. It votes if it is among `voters`. A voter that led when it
    /// crashed does not lead on: it has to be elected in a later epoch.
    pub fn start(
        id: BrokerId,
        voters: &[BrokerId],
        config: QuorumConfig,
        disk: QuorumDisk,
        random: Stream,
        now: SimTime,
    ) -> Self {
        let role = Role::Unattached { patience_ends: SimTime::MAX };
        let (voters, fetching, committed) = (voters.into(), Fetching::default(), 0);
        let (asked, outputs) = (BTreeMap::new(), Vec::new());
        let mut this = Self { id, voters, config, disk, role, fetching, committed, random, asked, sends: 0, outputs };
        match this.disk.leader.filter(|leader| *leader != id) {
            Some(leader) => this.follow(now, leader),
            None => this.detach(now, None),
        }
        this
    }

    /// What survives when the member's process ends.
    pub fn into_disk(self) -> QuorumDisk {
        self.disk
    }

    /// What has been written down so far.
    pub fn disk(&self) -> &QuorumDisk {
        &self.disk
    }

    /// Answers a request of another member.
    pub fn request(&mut self, now: SimTime, ticket: Ticket, request: ControlRequest) {
        match request {
            ControlRequest::FetchMetadata { from, voter, epoch, offset, last_epoch } => {
                self.on_fetch(now, ticket, leading::Fetch { from, voter, epoch, offset, last_epoch });
            }
            ControlRequest::Vote { candidate, epoch, end, last_epoch } => {
                let granted = self.on_vote(now, candidate, epoch, (last_epoch, end));
                self.answer(ticket, ControlResponse::Vote { epoch: self.disk.epoch, granted });
            }
            ControlRequest::BeginEpoch { leader, epoch } => {
                let response = self.on_begin(now, leader, epoch);
                self.answer(ticket, response);
            }
            ControlRequest::EndEpoch { leader, epoch, successors } => {
                self.on_end(now, leader, epoch, &successors);
                self.answer(ticket, ControlResponse::Begun);
            }
            other => unreachable!("{other:?} is for the controller, not for the quorum"),
        }
    }

    /// Takes the answer to a request of its own.
    pub fn answered(&mut self, now: SimTime, sent: Sent, answer: Option<ControlResponse>) {
        match self.asked.remove(&sent) {
            Some(Asked::Fetch { from }) => self.on_fetched(now, sent, from, answer),
            Some(Asked::Vote { voter, epoch }) => self.on_voted(now, voter, epoch, answer),
            Some(Asked::Begin { voter, epoch }) => self.on_begun(now, voter, epoch, answer.is_some()),
            Some(Asked::End) | None => {}
        }
    }

    /// Forgets a fetch whose asker is gone.
    pub fn gone(&mut self, ticket: Ticket) {
        if let Role::Leader(reign) = &mut self.role {
            reign.forget(ticket);
        }
    }

    /// Does what is due.
    pub fn advance(&mut self, now: SimTime) {
        if self.patience_ends().is_some_and(|ends| ends <= now) {
            self.lose_patience(now);
        }
        match &self.role {
            Role::Unattached { .. } | Role::Follower { .. } => self.fetch_if_due(now),
            Role::Candidate(_) => self.advance_election(now),
            Role::Leader(_) => self.advance_reign(now),
        }
    }

    /// When to call [`Quorum::advance`] if nothing happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let due = match &self.role {
            Role::Unattached { .. } | Role::Follower { .. } => self.fetching.due(self.source()),
            Role::Candidate(campaign) => campaign.due(),
            Role::Leader(reign) => Some(reign.due()),
        };
        crate::kafka::machine::earlier(due, self.patience_ends())
    }

    /// What is to be sent since the last call.
    pub fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// The epoch it believes in.
    pub fn epoch(&self) -> u32 {
        self.disk.epoch
    }

    /// The leader it believes in.
    pub fn leader(&self) -> Option<BrokerId> {
        self.disk.leader
    }

    /// Number of entries known to be committed.
    pub fn committed(&self) -> u64 {
        self.committed
    }

    /// Number of entries, committed or not.
    pub fn end(&self) -> u64 {
        self.disk.log.end()
    }

    /// The records between two offsets.
    pub fn records(&self, from: u64, to: u64) -> impl Iterator<Item = &MetadataRecord> {
        self.disk.log.records(from, to)
    }

    fn is_voter(&self) -> bool {
        self.voters.contains(&self.id)
    }

    fn majority(&self) -> usize {
        self.voters.len() / 2 + 1
    }

    fn others(&self) -> impl Iterator<Item = BrokerId> + use<> {
        let (me, voters) = (self.id, self.voters.clone());
        (0..voters.len()).map(move |nth| voters[nth]).filter(move |voter| *voter != me)
    }

    /// Begins to know of a later epoch.
    fn enter(&mut self, epoch: u32) {
        assert!(epoch > self.disk.epoch, "epochs only rise");
        (self.disk.epoch, self.disk.vote, self.disk.leader) = (epoch, None, None);
    }

    /// Has no leader from now on. `patience_ends` is what is left of an earlier wait; without one, a new one is drawn.
    fn detach(&mut self, now: SimTime, patience_ends: Option<SimTime>) {
        self.disk.leader = None;
        self.fetching = Fetching::default();
        let patience_ends = match patience_ends {
            _ if !self.is_voter() => SimTime::MAX,
            Some(ends) => ends,
            None => now + self.election_timeout(),
        };
        if let Role::Leader(reign) = std::mem::replace(&mut self.role, Role::Unattached { patience_ends }) {
            reign.tickets().for_each(|ticket| self.redirect(ticket));
        }
    }

    fn patience_ends(&self) -> Option<SimTime> {
        let ends = match &self.role {
            Role::Unattached { patience_ends } | Role::Follower { patience_ends, .. } => *patience_ends,
            Role::Candidate(_) | Role::Leader(_) => SimTime::MAX,
        };
        (ends < SimTime::MAX).then_some(ends)
    }

    fn send(&mut self, to: BrokerId, request: ControlRequest, asked: Asked) -> Sent {
        let sent = Sent(self.sends);
        self.sends += 1;
        self.asked.insert(sent, asked);
        let (timeout, request) = (self.config.request_timeout, Request::Control(request));
        self.outputs.push(Output::Send { sent, to, lane: Lane::Quorum, timeout, request });
        sent
    }

    fn answer(&mut self, ticket: Ticket, response: ControlResponse) {
        self.outputs.push(Output::Answer { ticket, response: Some(Response::Control(response)) });
    }

    /// Tells who asks the wrong member, or in the wrong epoch, what this one knows.
    fn redirect(&mut self, ticket: Ticket) {
        let (epoch, leader) = (self.disk.epoch, self.disk.leader);
        let entries: Rc<[LogEntry]> = Rc::from([]);
        self.answer(ticket, ControlResponse::Metadata { epoch, leader, committed: 0, entries, diverging: None });
    }
}
