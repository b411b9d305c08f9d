//! Producers.
//!
//! [`Producer`] is that of kafkajs 2.2.4: no batching and no buffer, each `send()` is a Produce request for each leader at once, and
//! what is pending stays in the heap (MODEL-REFERENCE.md C0–C5).
//!
//! | where | what |
//! |---|---|
//! | `sending` | one `send()`: who gets which batch, what is tried again |
//! | `idempotence` | producer ids and sequence numbers |
//! | [`java`] | the Java client's producer, for comparison |
//!
//! A partitioner of one's own is asked by whoever sends: it names the partition of a [`Message`].
//!
//! **Not modelled:** `transaction()` and its `sendOffsets` (the brokers' side is there, see [`transaction`](super::transaction)),
//! compression.

mod idempotence;
pub mod java;
mod sending;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use self::idempotence::Session;
use super::client::cluster::Cluster;
use super::client::{Kafka, KafkaError, ProducerConfig};
use super::partitioner::{RoundRobin, keyed};
use super::protocol::{PartitionMetadata, Produced};
use super::record::Record;
use super::types::Acks;
use crate::engine::Stream;
use crate::trace::{Gauge, Mark, Name};

/// Heap of one pending `send()` beside its records: its chain of promises, closures and request. An assumption, of the order of a
/// pending gRPC call's (A8).
const BYTES_PER_SEND: u64 = 4_000;

/// A record for some partition, or for the one it names.
#[derive(Clone, Debug)]
pub struct Message {
    /// What is sent.
    pub record: Record,
    /// Where to, if that is not left to the partitioner.
    pub partition: Option<u32>,
}

impl From<Record> for Message {
    fn from(record: Record) -> Self {
        Self { record, partition: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Connected,
    Disconnecting,
    Disconnected,
}

/// kafkajs' producer. Cheap to clone: clones share connections, as code that shares one producer object does.
#[derive(Clone)]
pub struct Producer(Rc<Inner>);

struct Inner {
    cluster: Cluster,
    config: ProducerConfig,
    name: Name,
    status: Cell<Status>,
    robin: RefCell<(RoundRobin, Stream)>,
    session: Session,
    pending: Cell<u64>,
}

impl Kafka {
    /// A producer that is not connected.
    pub fn producer(&self, config: ProducerConfig) -> Producer {
        let label = format!("{}/producer", self.label());
        let process = &self.site().process;
        Producer(Rc::new(Inner {
            cluster: self.cluster(&label, config.metadata_max_age, config.create_topics),
            config,
            name: process.trace().name(self.name()),
            status: Cell::new(Status::Disconnected),
            robin: RefCell::new((RoundRobin::default(), process.sim().stream(&format!("{label}/partitions")))),
            session: Session::default(),
            pending: Cell::new(0),
        }))
    }
}

impl Producer {
    /// Connects to a seed broker; the first time, an idempotent producer asks for its id.
    ///
    /// # Errors
    /// When no seed answers in all attempts, or nobody gives an id.
    pub async fn connect(&self) -> Result<(), KafkaError> {
        self.0.cluster.connect().await?;
        self.0.status.set(Status::Connected);
        if self.0.config.idempotent && !self.0.session.is_open() {
            self.0.session.open(&self.0.cluster).await?;
        }
        Ok(())
    }

    /// Sends messages of one topic and waits until they are acknowledged as configured.
    ///
    /// # Errors
    /// As [`Producer::send_batch`].
    pub async fn send<M: Into<Message>>(
        &self,
        topic: &str,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<Vec<Produced>, KafkaError> {
        let messages = messages.into_iter().map(Into::into).collect();
        self.send_batch(vec![(Rc::from(topic), messages)]).await
    }

    /// Sends messages of several topics. An error does not say that nothing was stored (C3).
    ///
    /// # Errors
    /// [`KafkaError::Disconnected`] without a connection, and [`KafkaError::RetriesExceeded`] mostly.
    pub async fn send_batch(&self, topics: Vec<(Rc<str>, Vec<Message>)>) -> Result<Vec<Produced>, KafkaError> {
        if self.0.config.idempotent && self.0.config.acks != Acks::All {
            return Err(KafkaError::NeedsAllAcks);
        }
        match self.0.status.get() {
            Status::Connected => {}
            Status::Disconnecting => return Err(KafkaError::Disconnecting),
            Status::Disconnected => return Err(KafkaError::Disconnected),
        }
        let bytes: u64 = topics.iter().flat_map(|(_, messages)| messages).map(|message| message.record.bytes()).sum();
        let _held = self.0.cluster.process().hold(BYTES_PER_SEND + bytes);
        let _pending = Pending::new(&self.0);
        sending::send(&self.0, Rc::new(topics)).await
    }

    /// Ends all connections once their requests are answered. Does not wait until the brokers have heard of it (C5).
    pub async fn disconnect(&self) {
        self.0.status.set(Status::Disconnecting);
        self.0.cluster.disconnect().await;
        self.0.status.set(Status::Disconnected);
    }

    /// Sends that have not ended.
    pub fn pending(&self) -> u64 {
        self.0.pending.get()
    }

    /// What it knows about the cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.0.cluster
    }
}

impl Inner {
    /// The partition of a message among those of its topic, of which there must be some.
    fn pick(&self, topic: &Rc<str>, message: &Message, partitions: &[PartitionMetadata]) -> u32 {
        let (robin, draws) = &mut *self.robin.borrow_mut();
        match (message.partition, &message.record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => keyed(key, partitions.len() as u32),
            (None, None) => robin.next(topic, partitions, draws),
        }
    }

    fn mark(&self, mark: Mark) {
        self.cluster.process().trace().mark(self.name, mark);
    }
}

/// Counts a send as pending for as long as it lives.
struct Pending(Rc<Inner>);

impl Pending {
    fn new(inner: &Rc<Inner>) -> Self {
        let pending = Self(inner.clone());
        pending.change(inner.pending.get() + 1);
        pending
    }

    fn change(&self, pending: u64) {
        self.0.pending.set(pending);
        self.0.cluster.process().trace().gauge(self.0.name, Gauge::CallsPending, pending);
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.change(self.0.pending.get() - 1);
    }
}
