//! Which partitions of a prepared transaction lack their marker, and when they are asked again (AK:
//! TransactionMarkerChannelManager.scala).

use std::collections::BTreeMap;

use crate::engine::SimTime;
use crate::kafka::machine::earlier;
use crate::kafka::types::TopicPartition;

/// The markers of one transaction.
#[derive(Clone, Debug)]
pub(super) struct Marking {
    /// Partitions without a marker, and when to ask again; nothing while an answer is awaited.
    left: BTreeMap<TopicPartition, Option<SimTime>>,
    /// When to write down again that all is done, if that has failed.
    pub(super) complete_at: Option<SimTime>,
}

impl Marking {
    /// All are asked for.
    pub(super) fn of(partitions: &[TopicPartition]) -> Self {
        Self { left: partitions.iter().map(|partition| (partition.clone(), None)).collect(), complete_at: None }
    }

    pub(super) fn done(&mut self, partition: &TopicPartition) {
        self.left.remove(partition);
    }

    pub(super) fn again(&mut self, partition: &TopicPartition, at: SimTime) {
        if let Some(asked) = self.left.get_mut(partition) {
            *asked = Some(at);
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.is_empty() && self.complete_at.is_none()
    }

    pub(super) fn due(&self) -> Option<SimTime> {
        earlier(self.complete_at, self.left.values().flatten().min().copied())
    }

    /// Those whose time has come: they are asked for now.
    pub(super) fn take_due(&mut self, now: SimTime) -> Vec<TopicPartition> {
        self.complete_at = self.complete_at.filter(|at| *at > now);
        let due = self.left.iter_mut().filter(|(_, at)| at.is_some_and(|at| at <= now));
        let ask = |(partition, at): (&TopicPartition, &mut Option<SimTime>)| {
            *at = None;
            partition.clone()
        };
        due.map(ask).collect()
    }
}
