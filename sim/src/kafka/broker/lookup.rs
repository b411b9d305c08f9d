//! Questions that are answered from what the broker knows: who leads, where to start, who coordinates, which producer id.
//!
//! **Never here:** appends and reads.

use std::rc::Rc;

use super::Broker;
use crate::kafka::group::{OFFSETS_TOPIC, partition_of};
use crate::kafka::machine::Output;
use crate::kafka::metadata::{PartitionState, TopicConfig};
use crate::kafka::protocol::{Isolation, NewTopic, PartitionMetadata, Position, Response, TopicMetadata};
use crate::kafka::transaction::TRANSACTIONS_TOPIC;
use crate::kafka::types::{BrokerId, ErrorCode, Offset, ProducerId, TopicPartition};

impl Broker {
    /// What this broker believes. Asked for a topic that is not there it may have it created, and says meanwhile that there
    /// is none.
    pub(super) fn metadata(&mut self, topics: Option<Vec<Rc<str>>>, create: bool, out: &mut Vec<Output>) -> Response {
        let names = topics.unwrap_or_else(|| self.image.topics.keys().cloned().collect());
        if create && self.config.auto_create {
            for name in &names {
                self.create_if_missing(name, self.config.topic_defaults.clone(), out);
            }
        }
        Response::Metadata {
            brokers: self.image.brokers.keys().copied().filter(|id| self.image.is_alive(*id)).collect(),
            controller: self.controller,
            topics: names.iter().map(|name| self.topic_metadata(name)).collect(),
        }
    }

    fn create_if_missing(&mut self, topic: &Rc<str>, config: TopicConfig, out: &mut Vec<Output>) {
        if !self.image.topics.contains_key(topic) {
            self.create(NewTopic { topic: topic.clone(), config: Rc::new(config) }, out);
        }
    }

    fn topic_metadata(&self, name: &Rc<str>) -> TopicMetadata {
        let image = self.image.topics.get(name);
        TopicMetadata {
            topic: name.clone(),
            error: if image.is_some() { ErrorCode::None } else { ErrorCode::UnknownTopicOrPartition },
            partitions: image.map_or_else(Vec::new, |topic| topic.partitions.iter().map(partition_metadata).collect()),
        }
    }

    pub(super) fn list_offsets(&self, isolation: Isolation, partitions: Vec<(TopicPartition, Position)>) -> Response {
        let locate = |(partition, position): (TopicPartition, Position)| {
            let found = match self.replicas.get(&partition) {
                Some(replica) => replica.locate(position, isolation),
                None => Err(self.absent(&partition)),
            };
            match found {
                Ok(offset) => (partition, ErrorCode::None, offset),
                Err(error) => (partition, error, Offset(0)),
            }
        };
        Response::ListOffsets(partitions.into_iter().map(locate).collect())
    }

    /// The leader of the group's partition. The topic is created when the first group is looked for (I5); with fewer brokers
    /// than it wants replicas the controller refuses, and there is no coordinator.
    pub(super) fn find_coordinator(&mut self, group: &str, out: &mut Vec<Output>) -> Result<BrokerId, ErrorCode> {
        let config = self.groups.config().offsets_topic(&self.config.topic_defaults);
        self.create_if_missing(&Rc::from(OFFSETS_TOPIC), config, out);
        let topic = self.image.topics.get(OFFSETS_TOPIC).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let partition = topic.partitions.get(partition_of(group, topic.config.partitions) as usize);
        partition.and_then(|state| state.leader).ok_or(ErrorCode::CoordinatorNotAvailable)
    }

    /// The leader of the transactional id's partition, as with groups.
    pub(super) fn find_transaction_coordinator(
        &mut self,
        id: &str,
        out: &mut Vec<Output>,
    ) -> Result<BrokerId, ErrorCode> {
        let config = self.config.transactions.topic(&self.config.topic_defaults);
        self.create_if_missing(&Rc::from(TRANSACTIONS_TOPIC), config, out);
        let topic = self.image.topics.get(TRANSACTIONS_TOPIC).ok_or(ErrorCode::CoordinatorNotAvailable)?;
        let partition = topic.partitions.get(partition_of(id, topic.config.partitions) as usize);
        partition.and_then(|state| state.leader).ok_or(ErrorCode::CoordinatorNotAvailable)
    }

    /// An id nobody else has: made of this broker, its registration, and a count. Kafka's controller hands out blocks of
    /// ids instead; until it has, brokers answer as this one does before it is registered.
    pub(super) fn producer_id(&mut self) -> Result<(ProducerId, u16), ErrorCode> {
        let epoch = self.lifecycle.epoch.ok_or(ErrorCode::CoordinatorLoadInProgress)?;
        let count = self.next_producer;
        self.next_producer += 1;
        Ok((ProducerId(u64::from(self.me.0) << 52 | (epoch & 0xffff_ffff) << 20 | count & 0xf_ffff), 0))
    }
}

fn partition_metadata(state: &PartitionState) -> PartitionMetadata {
    PartitionMetadata {
        error: if state.leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable },
        leader: state.leader,
        leader_epoch: state.leader_epoch,
        replicas: state.replicas.clone(),
        isr: state.isr.clone(),
    }
}
