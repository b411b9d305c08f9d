//! Fetching from the leaders this broker follows: one fetcher for each, one request at a time (AK: ReplicaFetcherThread).
//!
//! A partition that gets a new leader waits for the request that its fetcher has under way, up to one long poll.
//!
//! **Never here:** what a follower does with what it gets.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Awaited, Broker};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::{Lane, Output};
use crate::kafka::protocol::{FetchPartition, Request, Response};
use crate::kafka::replica::Taken;
use crate::kafka::types::{BrokerId, TopicPartition};

/// What is fetched from one leader.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetcher {
    /// Each partition, and before when it is not to be asked for.
    partitions: BTreeMap<TopicPartition, Option<SimTime>>,
    under_way: Option<Vec<FetchPartition>>,
    /// The last partition that got something: the next one is asked for first, so none starves.
    served: Option<TopicPartition>,
}

impl Fetcher {
    /// When a partition may be asked for again.
    pub(super) fn due(&self) -> Option<SimTime> {
        match self.under_way {
            Some(_) => None,
            None => self.partitions.values().filter_map(|until| *until).min(),
        }
    }

    fn delay(&mut self, partition: &TopicPartition, until: SimTime) {
        if let Some(slot) = self.partitions.get_mut(partition) {
            *slot = Some(until);
        }
    }

    /// Partitions to ask for now, each once.
    fn ready(&mut self, now: SimTime) -> Vec<TopicPartition> {
        for until in self.partitions.values_mut() {
            *until = until.filter(|until| *until > now);
        }
        let (from, to) = match &self.served {
            Some(served) => (Bound::Excluded(served), Bound::Included(served)),
            None => {
                return self
                    .partitions
                    .iter()
                    .filter(|(_, until)| until.is_none())
                    .map(|(name, _)| name.clone())
                    .collect();
            }
        };
        let behind = self.partitions.range::<TopicPartition, _>((from, Bound::Unbounded));
        let ordered = behind.chain(self.partitions.range::<TopicPartition, _>((Bound::Unbounded, to)));
        ordered.filter(|(_, until)| until.is_none()).map(|(name, _)| name.clone()).collect()
    }
}

impl Broker {
    /// From now on the partition is fetched from this leader, or not at all.
    pub(super) fn follow(&mut self, partition: &TopicPartition, leader: Option<BrokerId>) {
        for fetcher in self.fetchers.values_mut() {
            fetcher.partitions.remove(partition);
        }
        if let Some(leader) = leader {
            self.fetchers.entry(leader).or_default().partitions.insert(partition.clone(), None);
        }
        self.fetchers.retain(|_, fetcher| fetcher.under_way.is_some() || !fetcher.partitions.is_empty());
    }

    pub(super) fn pump_fetchers(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let idle = self.fetchers.iter().filter(|(_, fetcher)| fetcher.under_way.is_none());
        let idle: Vec<BrokerId> = idle.map(|(leader, _)| *leader).collect();
        for leader in idle {
            self.pump_fetcher(now, leader, out);
        }
    }

    fn pump_fetcher(&mut self, now: SimTime, leader: BrokerId, out: &mut Vec<Output>) {
        let (Some(epoch), Some(fetcher)) = (self.lifecycle.epoch, self.fetchers.get_mut(&leader)) else { return };
        let max_bytes = self.config.replica_fetch_partition_max.0;
        let replicas = &self.replicas;
        let ready = fetcher.ready(now).into_iter();
        let partitions: Vec<_> = ready.filter_map(|name| replicas.get(&name)?.want(max_bytes)).collect();
        if partitions.is_empty() {
            return;
        }
        fetcher.under_way = Some(partitions.clone());
        let request = Request::Fetch {
            replica: Some((self.me, epoch)),
            max_wait: self.config.replica_fetch_wait,
            min_bytes: self.config.replica_fetch_min.0,
            max_bytes: self.config.replica_fetch_max.0,
            partitions,
        };
        let timeout = self.config.replica_fetch_timeout;
        out.push(self.send(Awaited::Fetched(leader), (leader, Lane::Replication), timeout, request));
    }

    /// A leader has answered, or will not: then everything asked of it waits a while.
    pub(super) fn fetched(&mut self, now: SimTime, leader: BrokerId, answer: Option<Response>) {
        let Some(asked) = self.fetchers.get_mut(&leader).and_then(|fetcher| fetcher.under_way.take()) else { return };
        match answer {
            Some(Response::Fetch(all)) => {
                for (want, fetched) in asked.iter().zip(all) {
                    self.take(now, leader, want, fetched);
                }
            }
            _ => asked.iter().for_each(|want| self.hold_back(now, leader, &want.partition)),
        }
        self.fetchers.retain(|_, fetcher| fetcher.under_way.is_some() || !fetcher.partitions.is_empty());
    }

    fn take(
        &mut self,
        now: SimTime,
        leader: BrokerId,
        want: &FetchPartition,
        fetched: crate::kafka::protocol::Fetched,
    ) {
        let Some(replica) = self.replicas.get_mut(&want.partition) else { return };
        if replica.follows() != Some(leader) {
            return;
        }
        let got_something = !fetched.batches.is_empty();
        match replica.take(want, fetched) {
            Taken::Advanced => {
                self.dirty.insert(want.partition.clone());
                if let Some(fetcher) = self.fetchers.get_mut(&leader).filter(|_| got_something) {
                    fetcher.served = Some(want.partition.clone());
                }
            }
            Taken::Stale => {}
            Taken::Failed(_) => self.hold_back(now, leader, &want.partition),
        }
    }

    fn hold_back(&mut self, now: SimTime, leader: BrokerId, partition: &TopicPartition) {
        let backoff: SimDuration = self.config.replica_fetch_backoff;
        if let Some(fetcher) = self.fetchers.get_mut(&leader) {
            fetcher.delay(partition, now + backoff);
        }
    }
}
