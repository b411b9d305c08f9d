//! Makes a cluster visible: looks at brokers from outside and emits a gauge for each value that has changed since the last look.
//!
//! Somebody collects a [`Seen`] from every broker that is up, as often as a reader wants to see changes, and hands it to the [`Watch`].
//! A partition `orders-3` is called so in the trace, the group `billing` too, and what is said of both `billing.orders-3`.
//!
//! **Whom it believes.** Of a partition, its leader with the highest epoch: a leader whose successor was seen is none. Of a group, the
//! broker that leads its partition of `__consumer_offsets`. What nobody can tell keeps its last value, except that a partition then
//! has no leader; the lag goes on growing while a group has no coordinator.
//!
//! **Never here:** influence. A run with a watch is the run without it, with more in its trace.
//!
//! **Not shown:** the partitions of `__consumer_offsets`, followers and their lag, groups that are forgotten.

mod seen;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use self::seen::{GroupSeen, MemberSeen, PartitionSeen, Seen};

use super::group::{GroupState, OFFSETS_TOPIC};
use super::types::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use crate::trace::{Event, Gauge, Name, Trace};

/// What was seen last.
pub struct Watch {
    gauges: Gauges,
    partitions: BTreeMap<TopicPartition, Partition>,
    groups: BTreeMap<Rc<str>, Group>,
}

/// A partition in the eyes of its leader.
struct Partition {
    name: Name,
    leader: Option<BrokerId>,
    epoch: LeaderEpoch,
    log_start: Offset,
    /// None before its first leader was seen.
    high_watermark: Option<Offset>,
}

struct Group {
    name: Name,
    shares: BTreeMap<TopicPartition, Share>,
}

/// A partition of a group.
struct Share {
    name: Name,
    /// Place of its owner in the sorted list of members, from 1 on; 0 without owner.
    owner: u64,
    committed: Option<Offset>,
}

impl Watch {
    /// A watch that has seen nothing and emits into this trace.
    pub fn new(trace: &Trace) -> Self {
        let gauges = Gauges { trace: trace.clone(), last: BTreeMap::new() };
        Self { gauges, partitions: BTreeMap::new(), groups: BTreeMap::new() }
    }

    /// Emits what has changed. `seen` must come from all brokers that are up, or the partitions of those left out have no leader.
    pub fn look(&mut self, seen: &Seen) {
        self.look_at_partitions(&seen.partitions);
        for group in &seen.groups {
            if self.leader(OFFSETS_TOPIC, group.seat) == Some(group.coordinator) {
                self.look_at_group(group);
            }
        }
        self.look_at_shares();
    }

    fn look_at_partitions(&mut self, seen: &[PartitionSeen]) {
        for each in seen {
            self.partitions
                .entry(each.partition.clone())
                .or_insert_with(|| Partition::new(self.gauges.trace.name(&each.partition.to_string())));
        }
        self.partitions.values_mut().for_each(|known| known.leader = None);
        let mut leading: Vec<&PartitionSeen> = seen.iter().filter(|each| each.leads).collect();
        leading.sort_by_key(|each| each.epoch);
        let latest: BTreeMap<&TopicPartition, &PartitionSeen> =
            leading.into_iter().map(|each| (&each.partition, each)).collect();
        for (name, known) in &mut self.partitions {
            let leader = latest.get(name).filter(|leader| leader.epoch >= known.epoch);
            leader.into_iter().for_each(|leader| known.learn(leader));
            if *name.topic != *OFFSETS_TOPIC {
                self.gauges.partition(known, leader.copied());
            }
        }
    }

    fn leader(&self, topic: &str, partition: u32) -> Option<BrokerId> {
        self.partitions.get(&TopicPartition::new(topic, partition))?.leader
    }

    fn look_at_group(&mut self, seen: &GroupSeen) {
        let trace = &self.gauges.trace;
        let new = || Group { name: trace.name(&seen.name), shares: BTreeMap::new() };
        let group = self.groups.entry(seen.name.clone()).or_insert_with(new);
        let owners = seen.owners();
        for partition in owners.keys().copied().chain(seen.committed.keys()) {
            group.shares.entry(partition.clone()).or_insert_with(|| Share {
                name: trace.name(&format!("{}.{partition}", seen.name)),
                owner: 0,
                committed: None,
            });
        }
        for (partition, share) in &mut group.shares {
            share.owner = owners.get(partition).copied().unwrap_or(0);
            share.committed = seen.committed.get(partition).copied().or(share.committed);
        }
        let name = group.name;
        self.gauges.set(name, Gauge::Generation, seen.generation.into());
        self.gauges.set(name, Gauge::GroupState, state_number(seen.state));
        self.gauges.set(name, Gauge::Members, seen.members.len() as u64);
    }

    fn look_at_shares(&mut self) {
        for (partition, share) in self.groups.values().flat_map(|group| &group.shares) {
            self.gauges.set(share.name, Gauge::Assigned, share.owner);
            if let Some(committed) = share.committed {
                self.gauges.set(share.name, Gauge::Committed, committed.0);
            }
            if let Some(lag) = self.partitions.get(partition).and_then(|known| known.lag(share)) {
                self.gauges.set(share.name, Gauge::Lag, lag);
            }
        }
    }
}

impl Partition {
    fn new(name: Name) -> Self {
        Self { name, leader: None, epoch: LeaderEpoch(0), log_start: Offset(0), high_watermark: None }
    }

    fn learn(&mut self, leader: &PartitionSeen) {
        self.leader = Some(leader.broker);
        self.epoch = leader.epoch;
        self.log_start = leader.log_start;
        self.high_watermark = Some(leader.high_watermark);
    }

    /// How far a group is behind: everything there is, as long as it has committed nothing.
    fn lag(&self, share: &Share) -> Option<u64> {
        let next = match share.committed {
            Some(committed) => committed,
            None if share.owner > 0 => self.log_start,
            None => return None,
        };
        self.high_watermark.map(|end| end.since(next))
    }
}

/// The gauges with their last values.
struct Gauges {
    trace: Trace,
    last: BTreeMap<(Name, Gauge), u64>,
}

impl Gauges {
    /// The epoch comes first: what follows is true in it.
    fn partition(&mut self, known: &Partition, leader: Option<&PartitionSeen>) {
        if let Some(leader) = leader {
            self.set(known.name, Gauge::LeaderEpoch, leader.epoch.0.into());
        }
        self.set(known.name, Gauge::Leader, known.leader.map_or(0, |leader| leader.0.into()));
        if let Some(leader) = leader {
            self.set(known.name, Gauge::LogEnd, leader.log_end.0);
            self.set(known.name, Gauge::HighWatermark, leader.high_watermark.0);
            self.set(known.name, Gauge::Isr, leader.isr);
        }
    }

    fn set(&mut self, of: Name, gauge: Gauge, value: u64) {
        if self.last.insert((of, gauge), value) != Some(value) {
            self.trace.emit(Event::Gauged { of, gauge, value });
        }
    }
}

/// The state as the gauge shows it.
const fn state_number(state: GroupState) -> u64 {
    match state {
        GroupState::Empty => 0,
        GroupState::PreparingRebalance => 1,
        GroupState::CompletingRebalance => 2,
        GroupState::Stable => 3,
        GroupState::Dead => 4,
    }
}
