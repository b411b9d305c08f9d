//! Every time and limit of a controller, as data. Defaults are those of Apache Kafka 3.9 (MODEL-REFERENCE.md B3).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::SimDuration;

/// How a controller decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControllerConfig {
    /// `broker.session.timeout.ms`: a broker not heard of for so long is fenced. 9 s (B3).
    pub session_timeout: SimDuration,
    /// `leader.imbalance.check.interval.seconds`: 300 s (B3).
    pub balance_interval: SimDuration,
    /// `leader.imbalance.per.broker.percentage`: leaderships move back to a broker that lacks more than this share of those it
    /// is preferred for. 10 % (B3).
    pub imbalance_percent: u32,
    /// The quorum of controllers.
    pub quorum: QuorumConfig,
    /// What takes the quorum's place in ZooKeeper mode.
    pub zookeeper: ZooKeeperConfig,
}

impl Default for ControllerConfig {
    fn default() -> Self {
        Self {
            session_timeout: SimDuration::from_secs(9),
            balance_interval: SimDuration::from_secs(300),
            imbalance_percent: 10,
            quorum: QuorumConfig::default(),
            zookeeper: ZooKeeperConfig::default(),
        }
    }
}

/// Times of the KRaft quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QuorumConfig {
    /// `controller.quorum.fetch.timeout.ms`: a follower that cannot fetch for so long stands for election; a leader from whom no
    /// majority fetches resigns after one and a half of it. 2 s (B3).
    pub fetch_timeout: SimDuration,
    /// `controller.quorum.election.timeout.ms`: an election lasts between once and twice of this. 1 s (B3).
    pub election_timeout: SimDuration,
    /// `controller.quorum.election.backoff.max.ms`: the longest wait before another attempt. 1 s (B3).
    pub election_backoff_max: SimDuration,
    /// `controller.quorum.request.timeout.ms`: 2 s (raft/…/QuorumConfig.java).
    pub request_timeout: SimDuration,
    /// `controller.quorum.retry.backoff.ms`: 20 ms (raft/…/QuorumConfig.java).
    pub retry_backoff: SimDuration,
    /// How long the leader holds a fetch that finds nothing new: 500 ms (KafkaRaftClient.java, MAX_FETCH_WAIT_MS).
    pub max_wait: SimDuration,
    /// `metadata.max.idle.interval.ms`: how often the active controller writes an empty entry: 500 ms (KRaftConfigs.java). It
    /// carries the news of what is committed, and keeps the fetches of all voters in step.
    pub idle_interval: SimDuration,
}

impl Default for QuorumConfig {
    fn default() -> Self {
        Self {
            fetch_timeout: SimDuration::from_secs(2),
            election_timeout: SimDuration::from_secs(1),
            election_backoff_max: SimDuration::from_secs(1),
            request_timeout: SimDuration::from_secs(2),
            retry_backoff: SimDuration::from_millis(20),
            max_wait: SimDuration::from_millis(500),
            idle_interval: SimDuration::from_millis(500),
        }
    }
}

/// Times of ZooKeeper mode (removed in Kafka 4.0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ZooKeeperConfig {
    /// `zookeeper.session.timeout.ms`: 18 s, 6 s before 2.5 (B3, KIP-537).
    pub session_timeout: SimDuration,
    /// `tickTime` of ZooKeeper: sessions end at whole ticks. 2 s, as in the configuration that ZooKeeper is shipped with.
    pub tick: SimDuration,
    /// How long a broker waits for an answer. Half of it is how long a watch or a fetch of metadata is held. An assumption.
    pub request_timeout: SimDuration,
    /// Pause before something is tried again. An assumption.
    pub retry_backoff: SimDuration,
    /// What a new controller needs to load the state of one partition, read and sent on: an assumption of this model, of the
    /// order of one ZooKeeper read of a few tenths of a millisecond. Clusters of 200 000 partitions needed minutes (G11).
    pub load_per_partition: SimDuration,
}

impl Default for ZooKeeperConfig {
    fn default() -> Self {
        Self {
            session_timeout: SimDuration::from_secs(18),
            tick: SimDuration::from_secs(2),
            request_timeout: SimDuration::from_secs(6),
            retry_backoff: SimDuration::from_millis(100),
            load_per_partition: SimDuration::from_micros(500),
        }
    }
}
