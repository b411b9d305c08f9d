//! What a Java producer holds: batches by partition, and which of them may be sent now. Without I/O.
//!
//! An idempotent producer keeps the order of a partition also when it tries again: while a batch of it has failed, that batch
//! travels alone (C4). Without idempotence a later batch may overtake.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::Acked;
use crate::engine::{SimDuration, SimTime, SlotWriter};
use crate::kafka::client::KafkaError;
use crate::kafka::client::config::JavaProducerConfig;
use crate::kafka::record::{BATCH_OVERHEAD, Record, Stamp};
use crate::kafka::types::{BrokerId, Offset, ProducerId, TopicPartition};

/// Told where a record is, or why not.
pub(super) type Ack = SlotWriter<Result<Acked, KafkaError>>;

/// Records of one partition that travel together.
pub(super) struct Pending {
    pub(super) partition: TopicPartition,
    pub(super) records: Vec<Record>,
    acks: Vec<Ack>,
    bytes: u64,
    created: SimTime,
    pub(super) attempts: u32,
    not_before: SimTime,
    pub(super) stamp: Option<Stamp>,
}

impl Pending {
    /// Tells all its records where they are.
    pub(super) fn succeed(self, base: Option<Offset>) {
        for (nth, ack) in (0..).zip(self.acks) {
            ack.set(Ok(Acked { partition: self.partition.clone(), offset: base.map(|base| base.plus(nth)) }));
        }
    }

    /// Tells all its records what went wrong.
    pub(super) fn fail(self, error: &KafkaError) {
        self.acks.into_iter().for_each(|ack| ack.set(Err(error.clone())));
    }
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Pending>,
    in_flight: u32,
    next_sequence: u32,
}

/// All batches that wait, and counts of those in flight.
pub(super) struct Accumulator {
    linger: SimDuration,
    batch_size: u64,
    delivery_timeout: SimDuration,
    max_in_flight: u32,
    idempotent: bool,
    queues: BTreeMap<TopicPartition, Queue>,
    requests: BTreeMap<BrokerId, u32>,
    bytes: u64,
    records: usize,
}

impl Accumulator {
    pub(super) fn new(config: &JavaProducerConfig) -> Self {
        Self {
            linger: config.linger,
            batch_size: config.batch_size.0,
            delivery_timeout: config.delivery_timeout,
            max_in_flight: config.max_in_flight,
            idempotent: config.idempotent,
            queues: BTreeMap::new(),
            requests: BTreeMap::new(),
            bytes: 0,
            records: 0,
        }
    }

    /// Bytes that wait or are in flight.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Records that wait or are in flight.
    pub(super) fn pending(&self) -> usize {
        self.records
    }

    /// Adds a record to the last batch of its partition, or to a new one.
    pub(super) fn append(&mut self, now: SimTime, partition: TopicPartition, record: Record, ack: Ack) {
        let bytes = record.bytes();
        (self.bytes, self.records) = (self.bytes + bytes, self.records + 1);
        let queue = self.queues.entry(partition.clone()).or_default();
        let open = queue.waiting.back_mut().filter(|last| last.attempts == 0 && last.bytes + bytes <= self.batch_size);
        match open {
            Some(batch) => {
                batch.records.push(record);
                batch.acks.push(ack);
                batch.bytes += bytes;
            }
            None => queue.waiting.push_back(Pending {
                partition,
                records: vec![record],
                acks: vec![ack],
                bytes: BATCH_OVERHEAD + bytes,
                created: now,
                attempts: 0,
                not_before: now,
                stamp: None,
            }),
        }
    }

    /// Takes out what has waited longer than the delivery timeout.
    pub(super) fn expire(&mut self, now: SimTime) -> Vec<Pending> {
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while queue.waiting.front().is_some_and(|first| first.created + self.delivery_timeout <= now) {
                expired.extend(queue.waiting.pop_front());
            }
        }
        expired.iter().for_each(|batch| self.forget(batch));
        expired
    }

    /// Partitions with something to send now.
    pub(super) fn ready(&self, now: SimTime) -> Vec<TopicPartition> {
        let ready = |queue: &Queue| self.ready_at(queue).is_some_and(|at| at <= now);
        self.queues.iter().filter(|(_, queue)| ready(queue)).map(|(partition, _)| partition.clone()).collect()
    }

    /// When something will become ready, or will have waited too long. What is ready now and could not be sent waits for an
    /// answer or for metadata, not for a time.
    pub(super) fn next_look(&self, now: SimTime) -> Option<SimTime> {
        let ready = self.queues.values().filter_map(|queue| self.ready_at(queue));
        let expired = self.queues.values().filter_map(|queue| queue.waiting.front());
        ready.chain(expired.map(|first| first.created + self.delivery_timeout)).filter(|at| *at > now).min()
    }

    fn ready_at(&self, queue: &Queue) -> Option<SimTime> {
        let first = queue.waiting.front()?;
        let retried = queue.waiting.iter().any(|batch| batch.attempts > 0);
        if self.idempotent && retried && queue.in_flight > 0 {
            return None;
        }
        let full = queue.waiting.len() > 1 || first.bytes >= self.batch_size;
        let lingered = if full || first.attempts > 0 { first.created } else { first.created + self.linger };
        Some(lingered.max(first.not_before))
    }

    /// Whether another request may be in flight to this broker.
    pub(super) fn admits(&self, broker: BrokerId) -> bool {
        self.requests.get(&broker).copied().unwrap_or(0) < self.max_in_flight
    }

    /// Takes the first batch of each partition out for one request to their leader, and stamps it if there is a session.
    pub(super) fn take(
        &mut self,
        broker: BrokerId,
        partitions: &[TopicPartition],
        session: Option<(ProducerId, u16)>,
    ) -> Vec<Pending> {
        *self.requests.entry(broker).or_default() += 1;
        let mut taken = Vec::new();
        for partition in partitions {
            let Some(queue) = self.queues.get_mut(partition) else { continue };
            let Some(mut batch) = queue.waiting.pop_front() else { continue };
            queue.in_flight += 1;
            if let (None, Some((id, epoch))) = (batch.stamp, session) {
                batch.stamp = Some(Stamp { id, epoch, sequence: queue.next_sequence });
                queue.next_sequence += batch.records.len() as u32;
            }
            taken.push(batch);
        }
        taken
    }

    /// A request is answered, or has failed.
    pub(super) fn answered(&mut self, broker: BrokerId, batches: &[Pending]) {
        self.requests.entry(broker).and_modify(|count| *count -= 1);
        for batch in batches {
            self.queues.entry(batch.partition.clone()).and_modify(|queue| queue.in_flight -= 1);
        }
    }

    /// A batch is done with.
    pub(super) fn forget(&mut self, batch: &Pending) {
        self.bytes -= batch.records.iter().map(Record::bytes).sum::<u64>();
        self.records -= batch.records.len();
    }

    /// Puts a failed batch back, before those with later sequence numbers; not before `at` is it sent again.
    pub(super) fn put_back(&mut self, mut batch: Pending, at: SimTime) {
        (batch.attempts, batch.not_before) = (batch.attempts + 1, at);
        let queue = self.queues.entry(batch.partition.clone()).or_default();
        let sequence = |batch: &Pending| batch.stamp.map(|stamp| stamp.sequence);
        let earlier = |other: &Pending| other.stamp.is_some() && sequence(other) < sequence(&batch);
        let place = queue.waiting.iter().take_while(|other| earlier(other)).count();
        queue.waiting.insert(place, batch);
    }

    /// The session is over: what waits is stamped anew.
    pub(super) fn reset_sequences(&mut self) {
        for queue in self.queues.values_mut() {
            queue.next_sequence = 0;
            queue.waiting.iter_mut().for_each(|batch| batch.stamp = None);
        }
    }

    /// Whether a batch may still be tried again.
    pub(super) fn is_in_time(&self, batch: &Pending, now: SimTime) -> bool {
        now < batch.created + self.delivery_timeout
    }

    /// Topics, as batches carry them.
    pub(super) fn records(batch: &Pending) -> Rc<[Record]> {
        batch.records.clone().into()
    }
}
