//! What makes a producer idempotent in kafkajs: a producer id, sequence numbers for each partition, and one request in flight for
//! each broker (KJ:producer/eosManager; MODEL-REFERENCE.md C4).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::engine::SimDuration;
use crate::kafka::client::KafkaError;
use crate::kafka::client::broker::mismatch;
use crate::kafka::client::cluster::Cluster;
use crate::kafka::client::retry::Failure;
use crate::kafka::client::shared::{Held, Lock};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::record::Stamp;
use crate::kafka::types::{BrokerId, ErrorCode, ProducerId, TopicPartition};

/// How long a request waits for the one before it to the same broker (KJ:producer/eosManager: 0xffff ms).
const BROKER_LOCK_TIMEOUT: SimDuration = SimDuration::from_millis(0xffff);

/// The session of an idempotent producer; without an id it does nothing.
#[derive(Default)]
pub(super) struct Session {
    id: Cell<Option<(ProducerId, u16)>>,
    sequences: RefCell<BTreeMap<TopicPartition, u32>>,
    locks: RefCell<BTreeMap<Option<BrokerId>, Lock>>,
}

impl Session {
    pub(super) fn is_open(&self) -> bool {
        self.id.get().is_some()
    }

    /// Asks the controller that the metadata names for a producer id.
    pub(super) async fn open(&self, cluster: &Cluster) -> Result<(), KafkaError> {
        use ErrorCode as E;
        let id = cluster
            .retrier()
            .run(async || match ask(cluster).await {
                Ok(id) => Ok(id),
                Err(
                    error @ KafkaError::Protocol(
                        E::NotCoordinator | E::CoordinatorNotAvailable | E::CoordinatorLoadInProgress,
                    ),
                ) => Err(Failure::Thrown(error)),
                Err(error) => Err(Failure::Bail(error)),
            })
            .await?;
        self.id.set(Some(id));
        Ok(())
    }

    /// Waits until no other request to this broker is in flight.
    pub(super) async fn lock(&self, cluster: &Cluster, broker: Option<BrokerId>) -> Result<Option<Held>, KafkaError> {
        if !self.is_open() {
            return Ok(None);
        }
        let lock = self.locks.borrow_mut().entry(broker).or_insert_with(|| Lock::new(BROKER_LOCK_TIMEOUT)).clone();
        lock.acquire(cluster.process()).await.map(Some)
    }

    /// Stamps a batch of `count` records.
    pub(super) fn stamp(&self, partition: &TopicPartition, count: usize) -> Option<Stamp> {
        let (id, epoch) = self.id.get()?;
        let mut sequences = self.sequences.borrow_mut();
        let next = sequences.entry(partition.clone()).or_default();
        let stamp = Stamp { id, epoch, sequence: *next };
        *next += count as u32;
        Some(stamp)
    }

    /// Takes the sequence numbers of a failed batch back, be it stored or not (C4: the next batch then re-uses them).
    pub(super) fn take_back(&self, partition: &TopicPartition, count: usize) {
        if let Some(next) = self.sequences.borrow_mut().get_mut(partition) {
            *next = next.saturating_sub(count as u32);
        }
    }
}

async fn ask(cluster: &Cluster) -> Result<(ProducerId, u16), KafkaError> {
    cluster.refresh_metadata_if_necessary().await?;
    let broker = cluster.find_controller().await?;
    match broker.send(Request::InitProducerId).await? {
        Response::InitProducerId(result) => result.map_err(KafkaError::Protocol),
        _ => Err(mismatch()),
    }
}
