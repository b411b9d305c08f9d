//! Every limit and wait of a group coordinator, as data. Defaults are those of Apache Kafka 3.9 (MODEL-REFERENCE.md D1, D2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::SimDuration;
use crate::kafka::metadata::TopicConfig;
use crate::units::Bytes;

/// The topic in which coordinators keep what they know (D1).
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// How group coordinators of a cluster behave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GroupConfig {
    /// `offsets.topic.num.partitions`: over how many coordinators groups are spread.
    pub partitions: u32,
    /// `offsets.topic.replication.factor`. With fewer brokers than this there are no groups.
    pub replication_factor: u32,
    /// `offsets.topic.segment.bytes`.
    pub segment_bytes: Bytes,
    /// `group.initial.rebalance.delay.ms`: how long an empty group waits for more members, and again for each wait in which
    /// one came (KIP-134). Clusters of Kafka's own tests set it to zero.
    pub initial_rebalance_delay: SimDuration,
    /// `group.min.session.timeout.ms`.
    pub session_timeout_min: SimDuration,
    /// `group.max.session.timeout.ms`.
    pub session_timeout_max: SimDuration,
    /// How long a member that joins for the first time may stay parked. Kafka gives no name to it and no way to set it.
    pub new_member_timeout: SimDuration,
    /// `offsets.retention.minutes`: how long offsets outlive the last member of a group (KIP-211).
    pub offsets_retention: SimDuration,
    /// `offsets.retention.check.interval.ms`.
    pub retention_check: SimDuration,
    /// `offsets.commit.timeout.ms`: how long an answer waits for its records to be committed.
    pub commit_timeout: SimDuration,
}

impl Default for GroupConfig {
    /// D1 (50 partitions, three replicas, 3 s) and D2 (6 s, 30 min, 7 d). The others are `NEW_MEMBER_JOIN_TIMEOUT` (5 min) of
    /// Kafka's GroupMetadataManager.java, and 100 MiB, 10 min and 5 s of its GroupCoordinatorConfig.java.
    fn default() -> Self {
        let minutes = |count: u64| SimDuration::from_secs(60 * count);
        Self {
            partitions: 50,
            replication_factor: 3,
            segment_bytes: Bytes(100 << 20),
            initial_rebalance_delay: SimDuration::from_secs(3),
            session_timeout_min: SimDuration::from_secs(6),
            session_timeout_max: minutes(30),
            new_member_timeout: minutes(5),
            offsets_retention: minutes(7 * 24 * 60),
            retention_check: minutes(10),
            commit_timeout: SimDuration::from_secs(5),
        }
    }
}

impl GroupConfig {
    /// How [`OFFSETS_TOPIC`] is kept, on brokers with these defaults.
    pub fn offsets_topic(&self, defaults: &TopicConfig) -> TopicConfig {
        TopicConfig {
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            segment_bytes: self.segment_bytes,
            compact: true,
            ..defaults.clone()
        }
    }
}

/// The partition of [`OFFSETS_TOPIC`] whose leader coordinates a group: `abs(hash(group)) mod partitions`, with Java's hash of
/// strings (D1).
pub fn partition_of(group: &str, partitions: u32) -> u32 {
    let hash = group.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    // Kafka's Utils.abs calls the one number without a positive counterpart zero.
    hash.checked_abs().unwrap_or(0).unsigned_abs() % partitions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Java: "order-workers".hashCode() and friends; the two anagrams of Java folklore share a hash.
    #[test]
    fn groups_are_spread_by_javas_hash_of_strings() {
        assert_eq!(partition_of("a", 50), 97 % 50);
        assert_eq!(partition_of("ab", 50), (97 * 31 + 98) % 50);
        assert_eq!(partition_of("Aa", 50), partition_of("BB", 50));
        // Hashes below zero, to -392709271.
        assert_eq!((partition_of("", 50), partition_of("order-created", 50)), (0, 21));
        // hashCode() of this word is i32::MIN.
        assert_eq!(partition_of("polygenelubricants", 50), 0);
    }
}
