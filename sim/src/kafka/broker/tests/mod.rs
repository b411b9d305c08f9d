//! Brokers in a cluster without a network of their own: what is told to clients, and what is true.

mod clients;
mod cluster;
mod controller;
mod coordinators;
mod durability;
mod histories;
mod isr;
mod sessions;
mod transactions;
mod watched;

use self::cluster::Cluster;
use super::BrokerConfig;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::Ticket;
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::{FetchPartition, Isolation, Request, Response};
use crate::kafka::record::{Batch, Record, Stamp};
use crate::kafka::types::{Acks, BrokerId, ErrorCode, Offset, ProducerId, TopicPartition};

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const THREE: BrokerId = BrokerId(3);
const UNCOMMITTED: Isolation = Isolation::ReadUncommitted;

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

/// Three brokers with Kafka's own times, and a session of 9 s.
fn three() -> Cluster {
    Cluster::new(3, BrokerConfig::default(), secs(9))
}

fn kept(replication_factor: u32, min_insync: u32) -> TopicConfig {
    TopicConfig { replication_factor, min_insync, ..TopicConfig::default() }
}

fn batch(value: &str, stamp: Option<(u64, u32)>) -> Batch {
    let stamp = stamp.map(|(id, sequence)| Stamp { id: ProducerId(id), epoch: 0, sequence });
    Batch::new([Record::new(None, value.as_bytes(), SimTime::ZERO)], stamp)
}

/// All of a partition, a megabyte at most.
fn read_from(partition: &TopicPartition) -> FetchPartition {
    let partition = partition.clone();
    FetchPartition { partition, offset: Offset(0), leader_epoch: None, last_epoch: None, max_bytes: 1 << 20 }
}

/// A client's fetch of that.
fn fetch(partition: &TopicPartition, isolation: Isolation, max_wait: SimDuration) -> Request {
    let partitions = vec![read_from(partition)];
    Request::Fetch { replica: None, isolation, max_wait, min_bytes: 1, max_bytes: 1 << 20, partitions }
}

impl Cluster {
    fn send(&mut self, to: BrokerId, partition: &TopicPartition, value: &str, acks: Acks) -> Ticket {
        self.send_batch(to, partition, batch(value, None), acks)
    }

    fn send_batch(&mut self, to: BrokerId, partition: &TopicPartition, batch: Batch, acks: Acks) -> Ticket {
        let batches = vec![(partition.clone(), batch)];
        self.ask(to, Request::Produce { acks, timeout: secs(30), batches })
    }

    /// The error of a Produce that was answered.
    fn produced(&self, ticket: Ticket) -> Option<ErrorCode> {
        match self.answer(ticket)? {
            Response::Produce(all) => Some(all[0].error),
            other => panic!("not the answer to a Produce: {other:?}"),
        }
    }

    /// What a consumer sees of a partition at this broker now.
    fn consume(&mut self, from: BrokerId, partition: &TopicPartition) -> Vec<String> {
        let ticket = self.ask(from, fetch(partition, UNCOMMITTED, SimDuration::ZERO));
        self.run(millis(10));
        match self.answer(ticket) {
            Some(Response::Fetch(all)) => all[0].batches.iter().flat_map(values).collect(),
            other => panic!("not the answer to a Fetch: {other:?}"),
        }
    }

    /// What a broker has in its log.
    fn stored(&self, id: BrokerId, partition: &TopicPartition) -> Vec<String> {
        let log = self.broker(id).expect("it is up").replica(partition).expect("it keeps it").log();
        let limit = crate::kafka::log::ReadLimit { bytes: u64::MAX, whole_first: true };
        log.read(log.start()..log.end(), limit).iter().flat_map(values).collect()
    }

    /// The leader in the eyes of the controller.
    fn leader(&self, partition: &TopicPartition) -> Option<BrokerId> {
        self.controller.image.partition(partition)?.leader
    }

    fn isr(&self, partition: &TopicPartition) -> Vec<BrokerId> {
        self.controller.image.partition(partition).expect("it exists").isr.clone()
    }

    fn high_watermark(&self, id: BrokerId, partition: &TopicPartition) -> Offset {
        self.broker(id).expect("it is up").replica(partition).expect("it keeps it").high_watermark()
    }
}

fn values(batch: &Batch) -> Vec<String> {
    let value = |record: &Record| String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned();
    batch.records.iter().map(value).collect()
}
