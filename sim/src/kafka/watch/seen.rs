//! What brokers show of themselves at one moment, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kafka::broker::Broker;
use crate::kafka::group::{Coordinator, GroupState, GroupView, StoredImage};
use crate::kafka::replica::PartitionView;
use crate::kafka::types::{BrokerId, LeaderEpoch, Offset, TopicPartition};

/// All that was seen at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Replicas of all brokers.
    pub partitions: Vec<PartitionSeen>,
    /// Groups of all coordinators.
    pub groups: Vec<GroupSeen>,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionSeen {
    /// The broker that keeps it.
    pub broker: BrokerId,
    /// Which partition.
    pub partition: TopicPartition,
    /// Whether that broker believes that it leads.
    pub leads: bool,
    /// The epoch of the leader it believes in.
    pub epoch: LeaderEpoch,
    /// The oldest offset that is still there.
    pub log_start: Offset,
    /// LEO.
    pub log_end: Offset,
    /// HW as this replica knows it.
    pub high_watermark: Offset,
    /// Replicas in sync, if it leads.
    pub isr: u64,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSeen {
    /// The broker that coordinates it.
    pub coordinator: BrokerId,
    /// The partition of `__consumer_offsets` that it lives in.
    pub seat: u32,
    /// Its name.
    pub name: Rc<str>,
    /// Its state; empty if it has offsets alone.
    pub state: GroupState,
    /// Its generation.
    pub generation: u32,
    /// Its members, in any order.
    pub members: Vec<MemberSeen>,
    /// The next offsets to read.
    pub committed: BTreeMap<TopicPartition, Offset>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberSeen {
    /// Its id.
    pub id: Rc<str>,
    /// The partitions it owns.
    pub assigned: Vec<TopicPartition>,
}

impl Seen {
    /// Adds what a broker shows.
    pub fn add(&mut self, broker: &Broker) {
        let me = broker.id();
        self.partitions.extend(broker.partitions().map(|view| PartitionSeen::of(me, &view)));
        for (seat, coordinator) in broker.coordinators() {
            self.groups.extend(GroupSeen::all(me, seat, coordinator));
        }
    }
}

impl PartitionSeen {
    /// A replica of this broker.
    pub fn of(broker: BrokerId, view: &PartitionView<'_>) -> Self {
        Self {
            broker,
            partition: view.partition.clone(),
            leads: view.leader == Some(broker),
            epoch: view.epoch,
            log_start: view.log_start,
            log_end: view.log_end,
            high_watermark: view.high_watermark,
            isr: view.isr.len() as u64,
        }
    }
}

impl GroupSeen {
    /// All groups of a coordinator: those with a state, and those of which only offsets are stored.
    pub fn all(broker: BrokerId, seat: u32, coordinator: &Coordinator) -> Vec<Self> {
        let mut views: BTreeMap<Rc<str>, GroupView<'_>> =
            coordinator.groups().map(|view| (view.name.clone(), view)).collect();
        let stored = coordinator.stored();
        let names: BTreeSet<Rc<str>> =
            views.keys().cloned().chain(stored.groups().map(|(name, _)| name.clone())).collect();
        let seen = |name: Rc<str>| Self::of((broker, seat), views.remove(&name), stored.get(&name), name);
        names.into_iter().map(seen).collect()
    }

    fn of(
        (coordinator, seat): (BrokerId, u32),
        view: Option<GroupView<'_>>,
        stored: Option<&StoredImage>,
        name: Rc<str>,
    ) -> Self {
        let offsets = stored.into_iter().flat_map(|stored| &stored.offsets);
        let committed = offsets.map(|(partition, stored)| (partition.clone(), stored.offset)).collect();
        let (state, generation, members) = match view {
            None => (GroupState::Empty, 0, Vec::new()),
            Some(view) => {
                let member =
                    |id: &Rc<str>, share: &[TopicPartition]| MemberSeen { id: id.clone(), assigned: share.into() };
                let members = view.members.iter().map(|of| member(of.id, of.assignment));
                (view.state, view.generation, members.collect())
            }
        };
        Self { coordinator, seat, name, state, generation, members, committed }
    }

    /// Each partition that somebody owns, with the place of the owner in the sorted list of member ids, from 1 on.
    pub(super) fn owners(&self) -> BTreeMap<&TopicPartition, u64> {
        let mut members: Vec<&MemberSeen> = self.members.iter().collect();
        members.sort_by(|one, other| one.id.cmp(&other.id));
        let shares = members.into_iter().zip(1..);
        shares.flat_map(|(member, place)| member.assigned.iter().map(move |partition| (partition, place))).collect()
    }
}
