//! Leaderships return to the preferred replica, so that brokers that have been away work again.

use std::collections::BTreeMap;

use super::elect;
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState};
use crate::kafka::types::{BrokerId, TopicPartition};

/// Partitions that a broker should lead, and how many of them it does not.
#[derive(Clone, Copy, Debug, Default)]
struct Balance {
    preferred: u64,
    elsewhere: u64,
}

/// Records that give brokers back what they should lead: those that lack more than `percent` of it (B3).
pub(super) fn prefer(image: &MetadataImage, percent: u32) -> Vec<MetadataRecord> {
    let mut balances: BTreeMap<BrokerId, Balance> = BTreeMap::new();
    for (_, state) in partitions(image) {
        let balance = balances.entry(state.replicas[0]).or_default();
        balance.preferred += 1;
        balance.elsewhere += u64::from(state.leader != Some(state.replicas[0]));
    }
    let imbalanced = |broker| balances[&broker].elsewhere * 100 > balances[&broker].preferred * u64::from(percent);
    let due = partitions(image).filter(|(_, state)| imbalanced(state.replicas[0]));
    due.filter_map(|(partition, state)| {
        let state = returned(image, state)?;
        Some(MetadataRecord::PartitionChanged { partition, state })
    })
    .collect()
}

/// The state with the preferred leader, if that one is fit and in sync.
fn returned(image: &MetadataImage, state: &PartitionState) -> Option<PartitionState> {
    let preferred = state.replicas[0];
    let fit = state.isr.contains(&preferred) && elect::may_lead(image, preferred);
    fit.then(|| elect::changed(state, Some(preferred), state.isr.clone())).flatten()
}

fn partitions(image: &MetadataImage) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
    image.topics.iter().flat_map(|(topic, image)| {
        let numbered = image.partitions.iter().zip(0..);
        numbered.map(|(state, partition)| (TopicPartition { topic: topic.clone(), partition }, state))
    })
}
