//! Who may lead a partition, and what its state becomes when brokers come and go (PartitionChangeBuilder.java).

use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState, TopicImage};
use crate::kafka::types::{BrokerId, TopicPartition};

/// A change of who is alive, not yet in the image.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// The broker is fenced or stops: it leaves every ISR and leads nothing.
    Leaves(BrokerId),
    /// The broker is let in: partitions without a leader may have one again.
    Returns(BrokerId),
}

/// Whether a broker may lead: it is alive and not about to stop.
pub(super) fn may_lead(image: &MetadataImage, broker: BrokerId) -> bool {
    image.brokers.get(&broker).is_some_and(|state| !state.fenced && !state.stopping)
}

/// A record for each partition that the change concerns.
pub(super) fn records(image: &MetadataImage, change: Change) -> Vec<MetadataRecord> {
    let mut records = Vec::new();
    for (name, topic) in &image.topics {
        for (nth, state) in topic.partitions.iter().enumerate() {
            if let Some(state) = after(image, topic, state, change) {
                let partition = TopicPartition { topic: name.clone(), partition: nth as u32 };
                records.push(MetadataRecord::PartitionChanged { partition, state });
            }
        }
    }
    records
}

/// The state of a partition after a change; none if it does not change. The last member stays in the ISR whatever happens to it:
/// only it is known to have everything that was acknowledged.
fn after(image: &MetadataImage, topic: &TopicImage, state: &PartitionState, change: Change) -> Option<PartitionState> {
    let (fit, mut isr): (&dyn Fn(&BrokerId) -> bool, _) = match change {
        Change::Leaves(broker) => (&move |each| *each != broker && may_lead(image, *each), without(&state.isr, broker)),
        Change::Returns(_) if state.leader.is_some() => return None,
        Change::Returns(broker) => (&move |each| *each == broker || may_lead(image, *each), state.isr.clone()),
    };
    let keeps = state.leader.filter(|leader| isr.contains(leader) && fit(leader));
    let mut leader = keeps.or_else(|| state.replicas.iter().copied().find(|each| isr.contains(each) && fit(each)));
    if leader.is_none() && topic.config.unclean_election {
        leader = state.replicas.iter().copied().find(|each| fit(each));
        isr = leader.map_or(isr, |leader| vec![leader]);
    }
    changed(state, leader, isr)
}

/// The ISR without one broker, or as it was if nobody would be left.
fn without(isr: &[BrokerId], broker: BrokerId) -> Vec<BrokerId> {
    let rest: Vec<BrokerId> = isr.iter().copied().filter(|each| *each != broker).collect();
    if rest.is_empty() { isr.to_vec() } else { rest }
}

/// The next state with this leader and ISR: the leader epoch rises with a change of leader, the partition epoch with any.
pub(super) fn changed(state: &PartitionState, leader: Option<BrokerId>, isr: Vec<BrokerId>) -> Option<PartitionState> {
    if leader == state.leader && isr == state.isr {
        return None;
    }
    let mut next = PartitionState { leader, isr, ..state.clone() };
    next.leader_epoch.0 += u32::from(leader != state.leader);
    next.partition_epoch += 1;
    Some(next)
}
