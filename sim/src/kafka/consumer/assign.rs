//! kafkajs' `RoundRobinAssigner`: partitions dealt in order to members sorted by id (MODEL-REFERENCE.md D3).

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kafka::types::TopicPartition;

/// The name under which members offer it.
pub(crate) const ROUND_ROBIN: &str = "RoundRobinAssigner";

/// Shares by member; who gets nothing is left out.
pub(crate) fn round_robin(
    members: impl IntoIterator<Item = Rc<str>>,
    partitions: impl IntoIterator<Item = TopicPartition>,
) -> Vec<(Rc<str>, Vec<TopicPartition>)> {
    let mut members: Vec<Rc<str>> = members.into_iter().collect();
    members.sort();
    let mut shares: BTreeMap<Rc<str>, Vec<TopicPartition>> = BTreeMap::new();
    for (nth, partition) in partitions.into_iter().enumerate() {
        shares.entry(members[nth % members.len()].clone()).or_default().push(partition);
    }
    shares.into_iter().collect()
}
