//! New topics: which brokers keep which replicas.

use super::cluster::Decision;
use super::elect;
use super::messages::ControlResponse;
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState};
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch, TopicPartition};

/// Creates a topic, or says why not.
pub(super) fn create(image: &MetadataImage, new: &NewTopic) -> Decision {
    match place(image, new) {
        Ok(states) => {
            let (topic, config) = (new.topic.clone(), new.config.clone());
            let mut records = vec![MetadataRecord::TopicCreated { topic: topic.clone(), config }];
            records.extend(states.into_iter().zip(0..).map(|(state, partition)| MetadataRecord::PartitionChanged {
                partition: TopicPartition { topic: topic.clone(), partition },
                state,
            }));
            Decision { records, response: ControlResponse::Created(ErrorCode::None) }
        }
        Err(error) => Decision::only(ControlResponse::Created(error)),
    }
}

/// Deals replicas round. Kafka begins at a random broker; here each topic begins one broker later than the last. Brokers that are
/// down get replicas only when the others are too few, never the first, and are not in sync (StripedReplicaPlacer.java).
fn place(image: &MetadataImage, new: &NewTopic) -> Result<Vec<PartitionState>, ErrorCode> {
    if image.topics.contains_key(&new.topic) {
        return Err(ErrorCode::TopicAlreadyExists);
    }
    let wanted = new.config.replication_factor as usize;
    let (fit, unfit): (Vec<BrokerId>, Vec<BrokerId>) =
        image.brokers.keys().copied().partition(|broker| elect::may_lead(image, *broker));
    if wanted == 0 || fit.is_empty() || wanted > image.brokers.len() {
        return Err(ErrorCode::InvalidReplicationFactor);
    }
    let first = image.topics.len();
    Ok((0..new.config.partitions as usize).map(|nth| deal(&fit, &unfit, first + nth, wanted)).collect())
}

fn deal(fit: &[BrokerId], unfit: &[BrokerId], turn: usize, wanted: usize) -> PartitionState {
    let isr: Vec<BrokerId> = (0..wanted.min(fit.len())).map(|nth| fit[(turn + nth) % fit.len()]).collect();
    let others = (0..wanted - isr.len()).map(|nth| unfit[(turn + nth) % unfit.len()]);
    let replicas = isr.iter().copied().chain(others).collect();
    let leader = Some(isr[0]);
    PartitionState { replicas, isr, leader, leader_epoch: LeaderEpoch(0), partition_epoch: 0 }
}
