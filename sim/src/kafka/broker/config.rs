//! Every constant of a broker, as data. Defaults are those of Apache Kafka 3.9 (MODEL-REFERENCE.md B; AK: `*Configs.java`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{SimDuration, SimTime};
use crate::kafka::metadata::{MetadataImage, TopicConfig};
use crate::kafka::replica::Scene;
use crate::kafka::transaction::TransactionConfig;
use crate::units::Bytes;

/// How a broker behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerConfig {
    /// Topics created without being asked for are kept like this.
    pub topic_defaults: TopicConfig,
    /// `auto.create.topics.enable` (B1).
    pub auto_create: bool,
    /// `message.max.bytes` (B1): 1 MiB and 12 bytes.
    pub message_bytes_max: Bytes,
    /// `replica.lag.time.max.ms` (B2); the ISR is looked at every half of it.
    pub replica_lag_max: SimDuration,
    /// `replica.fetch.wait.max.ms` (B2).
    pub replica_fetch_wait: SimDuration,
    /// `replica.fetch.min.bytes` (B2).
    pub replica_fetch_min: Bytes,
    /// `replica.fetch.max.bytes`, per partition (AK: ReplicationConfigs.java).
    pub replica_fetch_partition_max: Bytes,
    /// `replica.fetch.response.max.bytes` (AK: ReplicationConfigs.java).
    pub replica_fetch_max: Bytes,
    /// `replica.fetch.backoff.ms` (AK: ReplicationConfigs.java).
    pub replica_fetch_backoff: SimDuration,
    /// `replica.socket.timeout.ms` (AK: ReplicationConfigs.java).
    pub replica_fetch_timeout: SimDuration,
    /// `replica.high.watermark.checkpoint.interval.ms` (AK: ReplicationConfigs.java).
    pub checkpoint_interval: SimDuration,
    /// `broker.heartbeat.interval.ms` (B3).
    pub heartbeat_interval: SimDuration,
    /// How long a heartbeat waits for its answer: half of the session of 9 s (AK: BrokerServer.scala).
    pub heartbeat_timeout: SimDuration,
    /// First wait before the controller is asked again; it doubles (AK: BrokerLifecycleManager.scala).
    pub heartbeat_backoff: SimDuration,
    /// The longest such wait: a session of 9 s. A broker that has come back before its old session ends may wait so long once
    /// more (AK: BrokerLifecycleManager.scala).
    pub heartbeat_backoff_max: SimDuration,
    /// The second heartbeat of a controlled stop comes early (AK: BrokerLifecycleManager.scala).
    pub stop_recheck: SimDuration,
    /// `controller.socket.timeout.ms`: for requests to the controller that are no heartbeats.
    pub control_timeout: SimDuration,
    /// `request.timeout.ms`: how long markers of a transaction may wait for replicas, and their coordinator for an answer (AK:
    /// ServerConfigs.java).
    pub request_timeout: SimDuration,
    /// Wait before an ISR change is asked for again (AK: AlterPartitionManager.scala).
    pub alter_backoff: SimDuration,
    /// `log.retention.check.interval.ms` (B1).
    pub retention_check: SimDuration,
    /// `log.cleaner.backoff.ms` (AK: CleanerConfig.java).
    pub compaction_check: SimDuration,
    /// `producer.id.expiration.ms` (C4); looked at together with retention.
    pub producer_expiry: SimDuration,
    /// Coordinators of transactions.
    pub transactions: TransactionConfig,
    /// A mistake, for tests of the checker of high watermarks: a leader commits by itself what it appends, and takes
    /// that back when it hears its followers.
    #[doc(hidden)]
    #[serde(skip)]
    pub advances_alone: bool,
}

impl BrokerConfig {
    /// What the replicas of a broker look at.
    pub(super) fn scene<'a>(&self, now: SimTime, image: &'a MetadataImage) -> Scene<'a> {
        Scene { now, image, lag_max: self.replica_lag_max, advances_alone: self.advances_alone }
    }
}

impl Default for BrokerConfig {
    fn default() -> Self {
        Self {
            topic_defaults: TopicConfig::default(),
            auto_create: true,
            message_bytes_max: Bytes((1 << 20) + 12),
            replica_lag_max: SimDuration::from_secs(30),
            replica_fetch_wait: SimDuration::from_millis(500),
            replica_fetch_min: Bytes(1),
            replica_fetch_partition_max: Bytes(1 << 20),
            replica_fetch_max: Bytes(10 << 20),
            replica_fetch_backoff: SimDuration::from_secs(1),
            replica_fetch_timeout: SimDuration::from_secs(30),
            checkpoint_interval: SimDuration::from_secs(5),
            heartbeat_interval: SimDuration::from_secs(2),
            heartbeat_timeout: SimDuration::from_millis(4500),
            heartbeat_backoff: SimDuration::from_millis(100),
            heartbeat_backoff_max: SimDuration::from_secs(9),
            stop_recheck: SimDuration::from_millis(50),
            control_timeout: SimDuration::from_secs(30),
            request_timeout: SimDuration::from_secs(30),
            alter_backoff: SimDuration::from_millis(50),
            retention_check: SimDuration::from_secs(300),
            compaction_check: SimDuration::from_secs(15),
            producer_expiry: SimDuration::from_secs(24 * 3600),
            transactions: TransactionConfig::default(),
            advances_alone: false,
        }
    }
}
