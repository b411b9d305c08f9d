//! How a follower or an observer fetches the log.

use super::{Asked, Quorum, Role};
use crate::engine::SimTime;
use crate::kafka::controller::messages::{ControlRequest, ControlResponse, LogEntry};
use crate::kafka::machine::Sent;
use crate::kafka::types::BrokerId;

/// One fetch at a time.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    in_flight: Option<Sent>,
    /// Not before then.
    pause: SimTime,
    /// Which voter an observer asks next while it knows no leader.
    turn: usize,
}

impl Fetching {
    /// When to fetch, if there is anybody to fetch from.
    pub(super) fn due(&self, source: Option<BrokerId>) -> Option<SimTime> {
        source.filter(|_| self.in_flight.is_none()).map(|_| self.pause)
    }
}

/// What an answer to a fetch says.
struct News {
    from: BrokerId,
    epoch: u32,
    leader: Option<BrokerId>,
    committed: u64,
    diverging: Option<u64>,
}

impl Quorum {
    /// Fetches from a leader from now on.
    pub(super) fn follow(&mut self, now: SimTime, leader: BrokerId) {
        assert_ne!(leader, self.id, "nobody follows itself");
        self.detach(now, None);
        self.disk.leader = Some(leader);
        self.role = Role::Follower { leader, patience_ends: now + self.config.fetch_timeout };
    }

    /// Whom to fetch from: the leader; an observer without one asks the voters in turn.
    pub(super) fn source(&self) -> Option<BrokerId> {
        match &self.role {
            Role::Follower { leader, .. } => Some(*leader),
            Role::Unattached { .. } if !self.is_voter() => Some(self.voters[self.fetching.turn % self.voters.len()]),
            _ => None,
        }
    }

    pub(super) fn fetch_if_due(&mut self, now: SimTime) {
        let Some(source) = self.source() else { return };
        if self.fetching.due(Some(source)).is_some_and(|due| due <= now) {
            let (from, voter, epoch) = (self.id, self.is_voter(), self.disk.epoch);
            let (offset, last_epoch) = (self.disk.log.end(), self.disk.log.last_epoch());
            let request = ControlRequest::FetchMetadata { from, voter, epoch, offset, last_epoch };
            self.fetching.in_flight = Some(self.send(source, request, Asked::Fetch { from: source }));
        }
    }

    pub(super) fn on_fetched(&mut self, now: SimTime, sent: Sent, from: BrokerId, answer: Option<ControlResponse>) {
        if self.fetching.in_flight != Some(sent) {
            return;
        }
        self.fetching.in_flight = None;
        match answer {
            Some(ControlResponse::Metadata { epoch, leader, committed, entries, diverging }) => {
                self.on_news(now, News { from, epoch, leader, committed, diverging }, &entries);
            }
            _ => self.try_later(now),
        }
    }

    fn try_later(&mut self, now: SimTime) {
        self.fetching.pause = now + self.config.retry_backoff;
        self.fetching.turn += 1;
    }

    fn on_news(&mut self, now: SimTime, news: News, entries: &[LogEntry]) {
        if news.epoch < self.disk.epoch {
            return self.try_later(now);
        }
        if news.epoch > self.disk.epoch {
            let left = self.patience_ends();
            self.enter(news.epoch);
            self.detach(now, left);
        }
        match news.leader.filter(|leader| *leader != self.id) {
            Some(leader) if self.disk.leader != Some(leader) => self.follow(now, leader),
            Some(leader) if leader == news.from => self.on_data(now, &news, entries),
            _ => self.try_later(now),
        }
    }

    /// The leader has answered: cut back or append, and take over what is committed.
    fn on_data(&mut self, now: SimTime, news: &News, entries: &[LogEntry]) {
        if let Role::Follower { patience_ends, .. } = &mut self.role {
            *patience_ends = now + self.config.fetch_timeout;
        }
        if let Some(to) = news.diverging {
            assert!(to >= self.committed, "what is committed is never cut off");
            return self.disk.log.truncate(to);
        }
        entries.iter().for_each(|entry| self.disk.log.append(entry.clone()));
        self.committed = self.committed.max(news.committed.min(self.disk.log.end()));
    }
}
