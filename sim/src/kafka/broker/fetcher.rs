//! Fetching from the leaders this broker follows: one fetcher for each, one request at a time (AK: ReplicaFetcherThread), in a fetch
//! session (KIP-227; AK: FetchSessionHandler.java).
//!
//! A partition that gets a new leader waits for the request that its fetcher has under way, up to one long poll.
//!
//! **Never here:** what a follower does with what it gets.

use super::replicas::{Number, Replicas};
use super::{Awaited, Broker};
use crate::engine::SimTime;
use crate::kafka::fetch_session::{SessionFetch, SessionFetched, SessionTurn};
use crate::kafka::machine::{Lane, Output};
use crate::kafka::protocol::{FetchPartition, Fetched, Request, Response};
use crate::kafka::replica::Taken;
use crate::kafka::types::{BrokerId, TopicPartition};

/// What is fetched from one leader.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetcher {
    parts: Vec<Part>,
    turn: SessionTurn,
    under_way: bool,
    /// Partitions of the session that are not to be fetched any more.
    forgotten: Vec<TopicPartition>,
}

/// A partition that is fetched.
#[derive(Clone, Debug)]
struct Part {
    number: Number,
    /// Before then it is not asked for.
    held: Option<SimTime>,
    /// What the leader was asked for last, in this session.
    asked: Option<FetchPartition>,
    /// Nothing has come of it since that could make it ask for something else.
    is_asked: bool,
}

impl Fetcher {
    /// When a partition may be asked for again.
    pub(super) fn due(&self) -> Option<SimTime> {
        if self.under_way { None } else { self.parts.iter().filter_map(|part| part.held).min() }
    }

    fn is_needed(&self) -> bool {
        self.under_way || !self.parts.is_empty()
    }

    fn remove(&mut self, number: Number) {
        if let Some(place) = self.parts.iter().position(|part| part.number == number) {
            self.parts.remove(place).leave(&mut self.forgotten);
        }
    }

    /// Everything that has been asked for waits until then.
    fn hold_all_back(&mut self, until: SimTime) {
        for part in self.parts.iter_mut().filter(|part| part.asked.is_some()) {
            part.held = Some(until);
        }
    }

    /// The session is over: the leader knows nothing.
    fn begin_anew(&mut self) {
        self.turn = SessionTurn::FIRST;
        self.forgotten.clear();
        self.parts.iter_mut().for_each(|part| (part.asked, part.is_asked) = (None, false));
    }

    /// Whether there is something to ask for now.
    fn is_ready(&mut self, now: SimTime) -> bool {
        for part in &mut self.parts {
            part.held = part.held.filter(|until| *until > now);
        }
        self.parts.iter().any(|part| part.held.is_none())
    }

    /// Partitions of which the leader does not know what is wanted.
    fn changes(&mut self, replicas: &Replicas, max_bytes: u64) -> Vec<FetchPartition> {
        let changed = |part: &mut Part| {
            let replica = replicas.at(part.number);
            part.is_asked = true;
            if part.asked.as_ref().is_some_and(|asked| replica.still_wants(asked)) {
                return None;
            }
            part.asked = replica.want(max_bytes);
            part.asked.clone()
        };
        self.parts.iter_mut().filter(|part| part.held.is_none() && !part.is_asked).filter_map(changed).collect()
    }
}

impl Part {
    /// Takes it out of the session.
    fn leave(&mut self, forgotten: &mut Vec<TopicPartition>) {
        self.is_asked = false;
        forgotten.extend(self.asked.take().map(|asked| asked.partition));
    }
}

impl Broker {
    /// From now on the partition is fetched from this leader, or not at all.
    pub(super) fn follow(&mut self, number: Number, leader: Option<BrokerId>) {
        self.fetchers.values_mut().for_each(|fetcher| fetcher.remove(number));
        if let Some(leader) = leader {
            let part = Part { number, held: None, asked: None, is_asked: false };
            self.fetchers.entry(leader).or_default().parts.push(part);
        }
        self.fetchers.retain(|_, fetcher| fetcher.is_needed());
    }

    pub(super) fn pump_fetchers(&mut self, now: SimTime, out: &mut Vec<Output>) {
        if self.fetchers.values().all(|fetcher| fetcher.under_way) {
            return;
        }
        let idle = self.fetchers.iter().filter(|(_, fetcher)| !fetcher.under_way);
        let idle: Vec<BrokerId> = idle.map(|(leader, _)| *leader).collect();
        for leader in idle {
            self.pump_fetcher(now, leader, out);
        }
    }

    fn pump_fetcher(&mut self, now: SimTime, leader: BrokerId, out: &mut Vec<Output>) {
        let (Some(epoch), Some(fetcher)) = (self.lifecycle.epoch, self.fetchers.get_mut(&leader)) else { return };
        if !fetcher.is_ready(now) {
            return;
        }
        fetcher.under_way = true;
        let fetch = SessionFetch {
            replica: (self.me, epoch),
            turn: fetcher.turn,
            max_wait: self.config.replica_fetch_wait,
            min_bytes: self.config.replica_fetch_min.0,
            max_bytes: self.config.replica_fetch_max.0,
            partitions: fetcher.changes(&self.replicas, self.config.replica_fetch_partition_max.0),
            forgotten: std::mem::take(&mut fetcher.forgotten),
        };
        let timeout = self.config.replica_fetch_timeout;
        let request = Request::SessionFetch(fetch);
        out.push(self.send(Awaited::Fetched(leader), (leader, Lane::Replication), timeout, request));
    }

    /// A leader has answered, or will not: then everything asked of it waits a while. If only the session has ended, a new one
    /// begins at once.
    pub(super) fn fetched(&mut self, now: SimTime, leader: BrokerId, answer: Option<Response>) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        fetcher.under_way = false;
        match answer {
            Some(Response::SessionFetch(SessionFetched { error, id, partitions })) if error.is_ok() => {
                fetcher.turn = fetcher.turn.next(id);
                partitions.into_iter().for_each(|fetched| self.take(now, leader, fetched));
            }
            Some(Response::SessionFetch(_)) => fetcher.begin_anew(),
            _ => {
                fetcher.hold_all_back(now + self.config.replica_fetch_backoff);
                fetcher.begin_anew();
            }
        }
        self.fetchers.retain(|_, fetcher| fetcher.is_needed());
    }

    fn take(&mut self, now: SimTime, leader: BrokerId, fetched: Fetched) {
        let Some(fetcher) = self.fetchers.get_mut(&leader) else { return };
        let is_it = |part: &&mut Part| part.asked.as_ref().is_some_and(|asked| asked.partition == fetched.partition);
        // Whoever has left the session meanwhile is not there.
        let Some(part) = fetcher.parts.iter_mut().find(is_it) else { return };
        let (number, asked) = (part.number, part.asked.as_ref().expect("it was asked for"));
        match self.replicas.at_mut(number).take(asked, fetched) {
            Taken::Advanced => {
                part.is_asked = false;
                self.dirty.insert(number);
            }
            Taken::Stale => part.is_asked = false,
            Taken::Failed(_) => {
                part.held = Some(now + self.config.replica_fetch_backoff);
                part.leave(&mut fetcher.forgotten);
            }
        }
    }
}
