//! Whether a leader gets the ISR it wants (AlterPartition, KIP-497).

use super::brokers;
use super::cluster::Decision;
use super::elect;
use super::messages::{ControlResponse, IsrChange};
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState};
use crate::kafka::types::{BrokerId, ErrorCode};

/// Decides the changes one by one; they concern different partitions.
pub(super) fn alter(
    image: &MetadataImage,
    broker: BrokerId,
    epoch: u64,
    changes: &[IsrChange],
) -> Result<Decision, ErrorCode> {
    brokers::check_epoch(image, broker, epoch)?;
    let (mut records, mut answers) = (Vec::new(), Vec::new());
    for change in changes {
        let decided = decide(image, broker, change);
        let error = decided.as_ref().err().copied().unwrap_or(ErrorCode::None);
        answers.push((change.partition.clone(), error));
        let partition = change.partition.clone();
        records.extend(decided.ok().flatten().map(|state| MetadataRecord::PartitionChanged { partition, state }));
    }
    Ok(Decision { records, response: ControlResponse::Altered(answers) })
}

/// The new state of a partition; none if it is what it was. The order of the checks is Kafka's
/// (ReplicationControlManager.java, validateAlterPartitionData).
fn decide(image: &MetadataImage, broker: BrokerId, change: &IsrChange) -> Result<Option<PartitionState>, ErrorCode> {
    let state = image.partition(&change.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
    if change.leader_epoch > state.leader_epoch || change.partition_epoch > state.partition_epoch {
        // The broker has seen a newer state than this controller: another one must be active.
        return Err(ErrorCode::NotController);
    }
    if change.leader_epoch < state.leader_epoch {
        return Err(ErrorCode::FencedLeaderEpoch);
    }
    if state.leader != Some(broker) {
        return Err(ErrorCode::InvalidRequest);
    }
    if change.partition_epoch < state.partition_epoch {
        return Err(ErrorCode::InvalidUpdateVersion);
    }
    let unknown = change.isr.iter().any(|each| !state.replicas.contains(each));
    if unknown || !change.isr.contains(&broker) {
        return Err(ErrorCode::InvalidRequest);
    }
    // A leader that is being stopped leads nothing any more, so the leader itself is always fit.
    if change.isr.iter().any(|each| !elect::may_lead(image, *each)) {
        return Err(ErrorCode::IneligibleReplica);
    }
    let isr = state.replicas.iter().copied().filter(|each| change.isr.contains(each)).collect();
    Ok(elect::changed(state, state.leader, isr))
}
