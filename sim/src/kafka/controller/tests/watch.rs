//! What is seen from outside: who became active, what became known where, and whether the quorum's promises hold.

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::kafka::controller::{LogEntry, Member};
use crate::kafka::metadata::{MetadataRecord, PartitionState};
use crate::kafka::types::BrokerId;

/// Looks at a member after everything that happens to it.
#[derive(Debug, Default)]
pub(super) struct Witness {
    /// Which records became known where, and when.
    pub(super) seen: Vec<(SimTime, BrokerId, MetadataRecord)>,
    /// Who became the active controller, and when.
    pub(super) actives: Vec<(SimTime, BrokerId)>,
    leaders: BTreeMap<u32, BrokerId>,
    committed: Vec<LogEntry>,
    checked: BTreeMap<BrokerId, u64>,
    active: BTreeMap<BrokerId, bool>,
}

impl Witness {
    pub(super) fn look(&mut self, now: SimTime, id: BrokerId, member: &Member, records: &[MetadataRecord]) {
        self.seen.extend(records.iter().map(|record| (now, id, record.clone())));
        let before = self.active.insert(id, member.is_active()).unwrap_or(false);
        if member.is_active() && !before {
            self.actives.push((now, id));
        }
        if let Member::Kraft(member) = member {
            self.check_epoch(id, member.quorum().epoch(), member.quorum().leader());
            self.check_log(id, member.quorum().committed(), member.quorum().disk().entries());
        }
    }

    /// A node has died; its next life learns anew what is committed.
    pub(super) fn forget(&mut self, id: BrokerId) {
        self.checked.remove(&id);
        self.active.remove(&id);
    }

    /// When a record of this kind was first known anywhere, since a time.
    pub(super) fn first(&self, since: SimTime, holds: impl Fn(&MetadataRecord) -> bool) -> Option<SimTime> {
        self.seen.iter().find(|(at, _, record)| *at >= since && holds(record)).map(|(at, _, _)| *at)
    }

    /// When a broker was fenced, as first known anywhere.
    pub(super) fn fenced(&self, since: SimTime, who: BrokerId) -> Option<SimTime> {
        self.first(
            since,
            |record| matches!(record, MetadataRecord::BrokerChanged { broker, fenced: true, .. } if *broker == who),
        )
    }

    /// The states a partition of topic `t` had.
    pub(super) fn changes(&self, since: SimTime) -> Vec<(SimTime, u32, &PartitionState)> {
        let since = self.seen.iter().filter(|(at, _, _)| *at >= since);
        since
            .filter_map(|(at, _, record)| match record {
                MetadataRecord::PartitionChanged { partition, state } => Some((*at, partition.partition, state)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn elections(&self) -> usize {
        self.leaders.len()
    }

    pub(super) fn commits(&self) -> usize {
        self.committed.len()
    }

    fn check_epoch(&mut self, id: BrokerId, epoch: u32, leader: Option<BrokerId>) {
        let Some(leader) = leader else { return };
        let known = *self.leaders.entry(epoch).or_insert(leader);
        assert_eq!(known, leader, "epoch {epoch} has two leaders, says {id}");
    }

    fn check_log(&mut self, id: BrokerId, committed: u64, entries: &[LogEntry]) {
        let from = self.checked.insert(id, committed).unwrap_or(0);
        assert!(from <= committed, "{id} takes back what it called committed");
        for (nth, entry) in entries[..committed as usize].iter().enumerate().skip(from as usize) {
            match self.committed.get(nth) {
                Some(known) => assert_eq!(known, entry, "entry {nth} differs on {id}"),
                None => self.committed.push(entry.clone()),
            }
        }
    }
}
