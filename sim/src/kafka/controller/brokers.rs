//! Brokers come, live, stop and are fenced (ClusterControlManager.java, BrokerHeartbeatManager.java).

use super::cluster::Decision;
use super::elect::{self, Change};
use super::messages::ControlResponse;
use crate::kafka::metadata::{BrokerState, MetadataImage, MetadataRecord};
use crate::kafka::types::{BrokerId, ErrorCode};

/// What a heartbeat says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beat {
    /// Records applied.
    pub(super) offset: u64,
    /// The broker wants to stop.
    pub(super) stop: bool,
}

/// A new incarnation of a broker. Its epoch is the offset behind its registration, so the broker has caught up with it once it
/// has applied so many records. While an earlier incarnation is not fenced, there is no room for another (KIP-631).
pub(super) fn register(image: &MetadataImage, broker: BrokerId) -> Result<Decision, ErrorCode> {
    if image.is_alive(broker) {
        return Err(ErrorCode::DuplicateBrokerRegistration);
    }
    let epoch = image.offset + 1;
    let records = vec![MetadataRecord::BrokerRegistered { broker, epoch }];
    Ok(Decision { records, response: ControlResponse::Registered(epoch) })
}

/// Whether a request comes from the incarnation that is registered.
pub(super) fn check_epoch(image: &MetadataImage, broker: BrokerId, epoch: u64) -> Result<BrokerState, ErrorCode> {
    let state = image.brokers.get(&broker).ok_or(ErrorCode::BrokerIdNotRegistered)?;
    if state.epoch == epoch { Ok(*state) } else { Err(ErrorCode::StaleBrokerEpoch) }
}

/// What a heartbeat changes. The epoch has been checked.
pub(super) fn heartbeat(image: &MetadataImage, broker: BrokerId, beat: Beat, everybody_knows: bool) -> Decision {
    let state = image.brokers[&broker];
    let (records, fenced, may_stop) = match (state.fenced, beat.stop) {
        (true, true) => (Vec::new(), true, true),
        (true, false) if beat.offset >= state.epoch => (unfence(image, broker), false, false),
        (true, false) => (Vec::new(), true, false),
        (false, false) => (Vec::new(), false, false),
        (false, true) if leads(image, broker) => (stop(image, broker), false, false),
        (false, true) if state.stopping && !everybody_knows => (Vec::new(), false, false),
        (false, true) => (fence(image, broker), true, true),
    };
    Decision { records, response: ControlResponse::Alive { fenced, may_stop } }
}

/// Whether records are those of a controlled stop that begins.
pub(super) fn begins_to_stop(records: &[MetadataRecord]) -> bool {
    matches!(records.first(), Some(MetadataRecord::BrokerChanged { stopping: true, .. }))
}

/// Shuts a broker out: from every ISR, and from all leaderships (handleBrokerFenced, B2).
pub(super) fn fence(image: &MetadataImage, broker: BrokerId) -> Vec<MetadataRecord> {
    change(image, broker, Change::Leaves(broker), (true, false))
}

/// Moves leaderships away from a broker that wants to stop, and takes it out of the ISRs, so that nobody waits for it.
fn stop(image: &MetadataImage, broker: BrokerId) -> Vec<MetadataRecord> {
    change(image, broker, Change::Leaves(broker), (false, true))
}

fn unfence(image: &MetadataImage, broker: BrokerId) -> Vec<MetadataRecord> {
    change(image, broker, Change::Returns(broker), (false, false))
}

fn change(
    image: &MetadataImage,
    broker: BrokerId,
    change: Change,
    (fenced, stopping): (bool, bool),
) -> Vec<MetadataRecord> {
    let mut records = vec![MetadataRecord::BrokerChanged { broker, fenced, stopping }];
    records.extend(elect::records(image, change));
    records
}

fn leads(image: &MetadataImage, broker: BrokerId) -> bool {
    let mut partitions = image.topics.values().flat_map(|topic| &topic.partitions);
    partitions.any(|state| state.leader == Some(broker))
}
