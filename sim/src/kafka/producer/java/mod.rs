//! The producer of the Java client 3.9 (MODEL-REFERENCE.md C1): records gather in batches, a sender keeps up to five requests in
//! flight for each broker, and tries again until the delivery timeout.
//!
//! `accumulator` holds what waits and decides what is ready, without I/O; `sender` sends it.
//!
//! **Not modelled:** the calls for transactions, compression, splitting of batches that are too large, partition choice by load (KIP-794: here the
//! sticky partition of records without a key changes after `batch.size` bytes, to a random one with a leader).

mod accumulator;
mod sender;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::future::Either;

use self::accumulator::Accumulator;
use super::Message;
use crate::engine::{Notify, SimTime, Stream, race, slot};
use crate::kafka::client::config::JavaProducerConfig;
use crate::kafka::client::java::{JavaClient, Network};
use crate::kafka::client::{ConnectionFault, KafkaError};
use crate::kafka::partitioner::{Sticky, keyed};
use crate::kafka::protocol::PartitionMetadata;
use crate::kafka::types::{Offset, ProducerId, TopicPartition};

/// Where an acknowledged record is; the offset is unknown with acks=0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    /// Its partition.
    pub partition: TopicPartition,
    /// Its offset.
    pub offset: Option<Offset>,
}

/// Java's `KafkaProducer`. Cheap to clone; belongs to one incarnation of its process.
#[derive(Clone)]
pub struct JavaProducer(Rc<Inner>);

struct Inner {
    network: Network,
    config: JavaProducerConfig,
    accumulator: RefCell<Accumulator>,
    /// Something has changed that the sender may wait for.
    wake: Notify,
    /// Batches have left the buffer.
    room: Notify,
    session: Cell<Option<(ProducerId, u16)>>,
    asking_for_session: Cell<bool>,
    sticky: RefCell<(Sticky, Stream)>,
}

impl JavaProducer {
    /// A producer with its sender thread; connects when there is something to send.
    pub fn new(client: &JavaClient, config: JavaProducerConfig) -> Self {
        let process = &client.site.process;
        let label = format!("{}/{}/java-producer", client.name, process.incarnation());
        let draws = process.sim().stream(&format!("{label}/partitions"));
        let inner = Rc::new(Inner {
            network: Network::new(client, config.client, config.create_topics, &label),
            accumulator: RefCell::new(Accumulator::new(&config)),
            sticky: RefCell::new((Sticky::new(config.batch_size.0), draws)),
            config,
            wake: Notify::new(),
            room: Notify::new(),
            session: Cell::new(None),
            asking_for_session: Cell::new(false),
        });
        process.spawn(sender::run(inner.clone()));
        Self(inner)
    }

    /// Puts a record into the buffer and waits until it is acknowledged. Whoever does not want to wait spawns this.
    ///
    /// # Errors
    /// [`KafkaError::RequestTimeout`] when metadata, room in the buffer, or the delivery itself takes too long; what the broker says
    /// where trying again does not help.
    pub async fn send(&self, topic: &str, message: impl Into<Message>) -> Result<Acked, KafkaError> {
        let inner = &self.0;
        let (topic, message): (Rc<str>, Message) = (topic.into(), message.into());
        let blocked = inner.network.sim().now() + inner.config.max_block;
        let partitions = inner.partitions(&topic, blocked).await?;
        let partition = inner.pick(&topic, &message, &partitions);
        inner.wait_for_room(message.record.bytes(), blocked).await?;
        let (acked, outcome) = slot();
        let now = inner.network.sim().now();
        inner.accumulator.borrow_mut().append(now, TopicPartition { topic, partition }, message.record, acked);
        inner.wake.notify_all();
        outcome.await.unwrap_or(Err(KafkaError::Connection(ConnectionFault::NotConnected)))
    }

    /// Records that wait or are in flight.
    pub fn pending(&self) -> usize {
        self.0.accumulator.borrow().pending()
    }
}

impl Inner {
    /// The partitions of a topic, waiting for metadata if need be.
    async fn partitions(&self, topic: &Rc<str>, until: SimTime) -> Result<Vec<PartitionMetadata>, KafkaError> {
        self.network.add_topic(topic);
        loop {
            let known = self.network.metadata().topics.get(topic).cloned();
            if let Some(known) = known.filter(|known| !known.is_empty()) {
                return Ok(known);
            }
            let work = async {
                self.network.refresh().await;
                let missing = !self.network.metadata().topics.contains_key(topic);
                if missing {
                    self.network.sim().sleep(self.network.backoff(1)).await;
                }
            };
            if let Either::Right(()) = race(work, self.network.sim().sleep_until(until)).await {
                return Err(KafkaError::RequestTimeout);
            }
        }
    }

    fn pick(&self, topic: &Rc<str>, message: &Message, partitions: &[PartitionMetadata]) -> u32 {
        let (sticky, draws) = &mut *self.sticky.borrow_mut();
        match (message.partition, &message.record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => keyed(key, partitions.len() as u32),
            (None, None) => sticky.next(topic, message.record.bytes(), partitions, draws),
        }
    }

    async fn wait_for_room(&self, bytes: u64, until: SimTime) -> Result<(), KafkaError> {
        loop {
            let room = self.room.notified();
            if self.accumulator.borrow().bytes() + bytes <= self.config.buffer.0 {
                return Ok(());
            }
            if let Either::Right(()) = race(room, self.network.sim().sleep_until(until)).await {
                return Err(KafkaError::RequestTimeout);
            }
        }
    }
}
