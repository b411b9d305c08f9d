//! What the controller has decided: a log of records, and the image they add up to. Brokers and controllers hold an image
//! each and feed it the committed records in order.

use std::collections::BTreeMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::{BrokerId, LeaderEpoch, TopicPartition};
use crate::engine::SimDuration;
use crate::units::Bytes;

/// How a topic is kept. Defaults are the broker's own: an auto-created topic gets them (B1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicConfig {
    /// `num.partitions`.
    pub partitions: u32,
    /// `default.replication.factor`.
    pub replication_factor: u32,
    /// `min.insync.replicas`.
    pub min_insync: u32,
    /// `unclean.leader.election.enable`: false since 0.11 (B2).
    pub unclean_election: bool,
    /// `retention.ms`.
    pub retention: SimDuration,
    /// `retention.bytes`; none is unlimited.
    pub retention_bytes: Option<Bytes>,
    /// `segment.bytes`.
    pub segment_bytes: Bytes,
    /// `segment.ms`.
    pub segment_age: SimDuration,
    /// `cleanup.policy=compact`.
    pub compact: bool,
}

impl Default for TopicConfig {
    /// MODEL-REFERENCE.md B1: 1 partition, 1 replica, min ISR 1, seven days, segments of 1 GiB and seven days.
    fn default() -> Self {
        let week = SimDuration::from_secs(7 * 24 * 3600);
        Self {
            partitions: 1,
            replication_factor: 1,
            min_insync: 1,
            unclean_election: false,
            retention: week,
            retention_bytes: None,
            segment_bytes: Bytes(1 << 30),
            segment_age: week,
            compact: false,
        }
    }
}

/// Who keeps a partition. `leader` is `None` while no replica may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionState {
    /// All replicas, the preferred leader first.
    pub replicas: Rc<[BrokerId]>,
    /// Replicas in sync, in the order of `replicas`.
    pub isr: Vec<BrokerId>,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// Raised with each change of leader.
    pub leader_epoch: LeaderEpoch,
    /// Raised with each change of this state.
    pub partition_epoch: u32,
}

/// What the controller knows of a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokerState {
    /// Given at registration: which incarnation of the broker is meant.
    pub epoch: u64,
    /// A fenced broker leads nothing and is in no ISR.
    pub fenced: bool,
    /// It has asked to stop: it takes no new leadership.
    pub stopping: bool,
}

/// One decision of the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataRecord {
    /// A broker has registered, fenced until it has caught up.
    BrokerRegistered {
        /// The broker.
        broker: BrokerId,
        /// Its new epoch.
        epoch: u64,
    },
    /// A broker is fenced, let in again, or about to stop.
    BrokerChanged {
        /// The broker.
        broker: BrokerId,
        /// Whether it is fenced now.
        fenced: bool,
        /// Whether it is about to stop now.
        stopping: bool,
    },
    /// A topic exists from now on; its partitions follow in the same decision.
    TopicCreated {
        /// Its name.
        topic: Rc<str>,
        /// How it is kept.
        config: Rc<TopicConfig>,
    },
    /// A partition has a new state.
    PartitionChanged {
        /// Which.
        partition: TopicPartition,
        /// The whole new state.
        state: PartitionState,
    },
}

/// A topic of the image.
#[derive(Clone, Debug)]
pub struct TopicImage {
    /// How it is kept.
    pub config: Rc<TopicConfig>,
    /// State of each partition, by number.
    pub partitions: Vec<PartitionState>,
}

/// What the decisions so far add up to.
#[derive(Clone, Debug, Default)]
pub struct MetadataImage {
    /// Number of records applied.
    pub offset: u64,
    /// Registered brokers.
    pub brokers: BTreeMap<BrokerId, BrokerState>,
    /// Topics by name.
    pub topics: BTreeMap<Rc<str>, TopicImage>,
}

impl MetadataImage {
    /// Applies the next record.
    ///
    /// # Panics
    /// When a partition's topic is unknown, or partitions of a new topic do not come in order: the controller is wrong.
    pub fn apply(&mut self, record: &MetadataRecord) {
        self.offset += 1;
        match record {
            MetadataRecord::BrokerRegistered { broker, epoch } => {
                self.brokers.insert(*broker, BrokerState { epoch: *epoch, fenced: true, stopping: false });
            }
            MetadataRecord::BrokerChanged { broker, fenced, stopping } => {
                let state = self.brokers.get_mut(broker).expect("only registered brokers change");
                (state.fenced, state.stopping) = (*fenced, *stopping);
            }
            MetadataRecord::TopicCreated { topic, config } => {
                self.topics.insert(topic.clone(), TopicImage { config: config.clone(), partitions: Vec::new() });
            }
            MetadataRecord::PartitionChanged { partition, state } => {
                let topic = self.topics.get_mut(&partition.topic).expect("a topic comes before its partitions");
                let nth = partition.partition as usize;
                match topic.partitions.get_mut(nth) {
                    Some(known) => *known = state.clone(),
                    None => {
                        assert_eq!(nth, topic.partitions.len(), "partitions are created in order");
                        topic.partitions.push(state.clone());
                    }
                }
            }
        }
    }

    /// The state of a partition.
    pub fn partition(&self, partition: &TopicPartition) -> Option<&PartitionState> {
        self.topics.get(&partition.topic)?.partitions.get(partition.partition as usize)
    }

    /// How the topic of this name is kept.
    pub fn config(&self, topic: &str) -> Option<&Rc<TopicConfig>> {
        self.topics.get(topic).map(|topic| &topic.config)
    }

    /// Whether a broker is registered and not fenced.
    pub fn is_alive(&self, broker: BrokerId) -> bool {
        self.brokers.get(&broker).is_some_and(|state| !state.fenced)
    }
}
