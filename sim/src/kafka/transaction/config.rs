//! Every limit and wait of a transaction coordinator, as data. Defaults are those of Apache Kafka 3.9 (C4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::SimDuration;
use crate::kafka::metadata::TopicConfig;
use crate::units::Bytes;

/// The topic in which coordinators keep what they know.
pub const TRANSACTIONS_TOPIC: &str = "__transaction_state";

/// How transaction coordinators of a cluster behave (AK: TransactionLogConfig.java, TransactionStateManagerConfig.java).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TransactionConfig {
    /// `transaction.state.log.num.partitions`: over how many coordinators transactional ids are spread.
    pub partitions: u32,
    /// `transaction.state.log.replication.factor`. With fewer brokers than this there are no transactions.
    pub replication_factor: u32,
    /// `transaction.state.log.min.isr`.
    pub min_insync: u32,
    /// `transaction.state.log.segment.bytes`: 100 MiB.
    pub segment_bytes: Bytes,
    /// `transaction.max.timeout.ms`: 15 min, the longest a producer may ask for.
    pub timeout_max: SimDuration,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`: 10 s.
    pub timeout_check: SimDuration,
    /// How long until a leader that did not write a marker is asked again: an assumption; Kafka's sender has no wait of its own.
    pub marker_backoff: SimDuration,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        Self {
            partitions: 50,
            replication_factor: 3,
            min_insync: 2,
            segment_bytes: Bytes(100 << 20),
            timeout_max: SimDuration::from_secs(15 * 60),
            timeout_check: SimDuration::from_secs(10),
            marker_backoff: SimDuration::from_millis(100),
        }
    }
}

impl TransactionConfig {
    /// How [`TRANSACTIONS_TOPIC`] is kept, on brokers with these defaults.
    pub fn topic(&self, defaults: &TopicConfig) -> TopicConfig {
        TopicConfig {
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            min_insync: self.min_insync,
            segment_bytes: self.segment_bytes,
            compact: true,
            unclean_election: false,
            ..defaults.clone()
        }
    }
}
