//! When a voter stands for election, and for whom it votes.

use std::collections::BTreeMap;

use super::{Asked, Quorum, Role};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::messages::{ControlRequest, ControlResponse};
use crate::kafka::types::{BrokerId, ErrorCode};

/// The unit of waits between attempts: RETRY_BACKOFF_BASE_MS (KafkaRaftClient.java).
const BACKOFF_UNIT: SimDuration = SimDuration::from_millis(100);

/// Where a voter stands with a candidate.
#[derive(Clone, Copy, Debug)]
enum Ballot {
    /// To be asked then, first or again.
    Due(SimTime),
    Asked,
    Granted,
    Rejected,
}

/// One attempt to be elected.
#[derive(Debug)]
pub(super) struct Campaign {
    ballots: BTreeMap<BrokerId, Ballot>,
    ends: SimTime,
    /// Set when the attempt has failed: stand again then.
    again: Option<SimTime>,
    attempt: u32,
}

impl Campaign {
    pub(super) fn due(&self) -> Option<SimTime> {
        let ballots = self.ballots.values().filter_map(|ballot| match ballot {
            Ballot::Due(at) => Some(*at),
            _ => None,
        });
        self.again.or_else(|| ballots.chain([self.ends]).min())
    }

    fn count(&self, of: impl Fn(&Ballot) -> bool) -> usize {
        self.ballots.values().filter(|ballot| of(ballot)).count()
    }
}

impl Quorum {
    /// `election.timeout` up to twice of it (QuorumState.java, randomElectionTimeoutMs).
    pub(super) fn election_timeout(&mut self) -> SimDuration {
        let base = self.config.election_timeout;
        base + SimDuration::from_nanos(self.random.below(base.as_nanos().max(1)))
    }

    pub(super) fn lose_patience(&mut self, now: SimTime) {
        match self.is_voter() {
            true => self.stand(now, 1),
            false => self.detach(now, None),
        }
    }

    /// Stands for election in the next epoch, with its own vote.
    pub(super) fn stand(&mut self, now: SimTime, attempt: u32) {
        self.enter(self.disk.epoch + 1);
        self.detach(now, None);
        self.disk.vote = Some(self.id);
        let ballots = self.others().map(|voter| (voter, Ballot::Due(now))).collect();
        let ends = now + self.election_timeout();
        self.role = Role::Candidate(Campaign { ballots, ends, again: None, attempt });
        self.win_if_elected(now);
    }

    pub(super) fn advance_election(&mut self, now: SimTime) {
        let Role::Candidate(campaign) = &mut self.role else { return };
        match campaign.again {
            Some(at) if at <= now => {
                let attempt = campaign.attempt + 1;
                self.stand(now, attempt);
            }
            None if campaign.ends <= now => self.back_off(now),
            None => self.ask_for_votes(now),
            Some(_) => {}
        }
        if matches!(&self.role, Role::Candidate(campaign) if campaign.again.is_none()) {
            self.ask_for_votes(now);
        }
    }

    fn ask_for_votes(&mut self, now: SimTime) {
        let Role::Candidate(campaign) = &mut self.role else { return };
        let due = campaign.ballots.iter_mut().filter(|(_, ballot)| matches!(ballot, Ballot::Due(at) if *at <= now));
        let due: Vec<BrokerId> = due.map(|(voter, ballot)| (*voter, *ballot = Ballot::Asked).0).collect();
        let (candidate, epoch) = (self.id, self.disk.epoch);
        let (end, last_epoch) = (self.disk.log.end(), self.disk.log.last_epoch());
        for voter in due {
            let request = ControlRequest::Vote { candidate, epoch, end, last_epoch };
            self.send(voter, request, Asked::Vote { voter, epoch });
        }
    }

    /// Waits before it stands again: a random number of units, from twice as many each time, below the longest wait.
    fn back_off(&mut self, now: SimTime) {
        let Role::Candidate(campaign) = &mut self.role else { return };
        let units = self.random.below(2 << (campaign.attempt - 1).min(20));
        campaign.again = Some(now + (BACKOFF_UNIT * units).min(self.config.election_backoff_max));
    }

    pub(super) fn on_voted(&mut self, now: SimTime, voter: BrokerId, epoch: u32, answer: Option<ControlResponse>) {
        match answer {
            Some(ControlResponse::Vote { epoch: theirs, .. }) if theirs > self.disk.epoch => {
                self.enter(theirs);
                self.detach(now, None);
            }
            Some(ControlResponse::Vote { granted, .. }) => self.count(now, voter, epoch, Some(granted)),
            _ => self.count(now, voter, epoch, None),
        }
    }

    /// Counts a vote. When the others can no longer give a majority, the attempt has failed (CandidateState.java).
    fn count(&mut self, now: SimTime, voter: BrokerId, epoch: u32, granted: Option<bool>) {
        let (again, majority) = (now + self.config.retry_backoff, self.majority());
        let Role::Candidate(campaign) = &mut self.role else { return };
        if epoch != self.disk.epoch {
            return;
        }
        campaign.ballots.insert(
            voter,
            match granted {
                Some(true) => Ballot::Granted,
                Some(false) => Ballot::Rejected,
                None => Ballot::Due(again),
            },
        );
        let possible = 1 + campaign.count(|ballot| !matches!(ballot, Ballot::Rejected));
        if possible < majority && campaign.again.is_none() {
            self.back_off(now);
        }
        self.win_if_elected(now);
    }

    fn win_if_elected(&mut self, now: SimTime) {
        let Role::Candidate(campaign) = &self.role else { return };
        if 1 + campaign.count(|ballot| matches!(ballot, Ballot::Granted)) >= self.majority() {
            self.lead(now);
        }
    }

    /// Whether to vote for a candidate: once in an epoch, while no leader of it is known, and only for a log that is not behind.
    pub(super) fn on_vote(&mut self, now: SimTime, candidate: BrokerId, epoch: u32, log: (u32, u64)) -> bool {
        if epoch < self.disk.epoch || !self.is_voter() {
            return false;
        }
        if epoch > self.disk.epoch {
            let left = self.patience_ends();
            self.enter(epoch);
            self.detach(now, left);
        }
        let behind = log < (self.disk.log.last_epoch(), self.disk.log.end());
        let free = self.disk.vote.is_none() && self.disk.leader.is_none();
        if free && !behind {
            self.disk.vote = Some(candidate);
            self.detach(now, None);
        }
        self.disk.vote == Some(candidate)
    }

    pub(super) fn on_begin(&mut self, now: SimTime, leader: BrokerId, epoch: u32) -> ControlResponse {
        if epoch < self.disk.epoch {
            return ControlResponse::Refused { error: ErrorCode::FencedLeaderEpoch, leader: self.disk.leader };
        }
        if epoch > self.disk.epoch {
            self.enter(epoch);
        }
        if self.disk.leader != Some(leader) {
            self.follow(now, leader);
        }
        ControlResponse::Begun
    }

    /// The leader has stopped: its first successor stands at once, the next ones a little later, if they have to.
    pub(super) fn on_end(&mut self, now: SimTime, leader: BrokerId, epoch: u32, successors: &[BrokerId]) {
        if epoch != self.disk.epoch || self.disk.leader != Some(leader) || leader == self.id {
            return;
        }
        let place = successors.iter().position(|each| *each == self.id).unwrap_or(successors.len());
        let wait = match place {
            0 => SimDuration::ZERO,
            _ => (BACKOFF_UNIT * (2 << place.min(20))).min(self.config.election_backoff_max),
        };
        if let Role::Follower { patience_ends, .. } = &mut self.role {
            *patience_ends = now + wait;
        }
    }
}
