//! Every setting of a client, as data. Defaults are those of kafkajs 2.2.4 (MODEL-REFERENCE.md C0) and, for the Java profile, of the
//! Java client 3.9 (C1, D2).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::SimDuration;
use crate::kafka::assignor::{Assignor, Own};
use crate::kafka::protocol::Isolation;
use crate::kafka::retry::RetryConfig;
use crate::kafka::types::Acks;
use crate::units::Bytes;

/// `new Kafka({…})`: what producers and consumers of one client share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientConfig {
    /// `connectionTimeout`: 1 s (C0).
    pub connection_timeout: SimDuration,
    /// `authenticationTimeout`: 10 s (C0). Without SASL it only lengthens the wait for somebody else's connection attempt.
    pub authentication_timeout: SimDuration,
    /// `requestTimeout`: 30 s, checked every 100 ms (C0).
    pub request_timeout: SimDuration,
    /// `retry`.
    pub retry: RetryConfig,
    /// CPU of the event loop to parse a response: the order of a gRPC answer's, an assumption.
    pub cpu_per_response: SimDuration,
    /// CPU of the event loop for each record in a response: an assumption, decoding a small record in JavaScript.
    pub cpu_per_record: SimDuration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            connection_timeout: SimDuration::from_secs(1),
            authentication_timeout: SimDuration::from_secs(10),
            request_timeout: SimDuration::from_secs(30),
            retry: RetryConfig::default(),
            cpu_per_response: SimDuration::from_micros(80),
            cpu_per_record: SimDuration::from_micros(5),
        }
    }
}

/// `kafka.producer({…})` and what `send` takes (C0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProducerConfig {
    /// `metadataMaxAge`: 5 min.
    pub metadata_max_age: SimDuration,
    /// `allowAutoTopicCreation`: true.
    pub create_topics: bool,
    /// `idempotent`: false. Needs `acks` all; allows one request in flight for each broker (C4).
    pub idempotent: bool,
    /// `acks` of each send: −1.
    pub acks: Acks,
    /// `timeout` of each send, the broker's wait for replicas: 30 s.
    pub timeout: SimDuration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            metadata_max_age: SimDuration::from_secs(300),
            create_topics: true,
            idempotent: false,
            acks: Acks::All,
            timeout: SimDuration::from_secs(30),
        }
    }
}

/// `kafka.consumer({…})`, `subscribe` and `run` (C0).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsumerConfig {
    /// `sessionTimeout`: 30 s.
    pub session_timeout: SimDuration,
    /// `rebalanceTimeout`: 60 s.
    pub rebalance_timeout: SimDuration,
    /// `heartbeatInterval`: 3 s, the least time between two heartbeats (D2).
    pub heartbeat_interval: SimDuration,
    /// `metadataMaxAge`: 5 min.
    pub metadata_max_age: SimDuration,
    /// `allowAutoTopicCreation`: true.
    pub create_topics: bool,
    /// `maxBytesPerPartition`: 1 MiB.
    pub max_bytes_per_partition: Bytes,
    /// `minBytes`: 1.
    pub min_bytes: Bytes,
    /// `maxBytes`: 10 MiB.
    pub max_bytes: Bytes,
    /// `maxWaitTimeInMs`: 5 s.
    pub max_wait: SimDuration,
    /// `fromBeginning` of `subscribe`: false. Matters only without a committed offset (D4).
    pub from_beginning: bool,
    /// `autoCommit` of `run`: true.
    pub auto_commit: bool,
    /// `autoCommitInterval`: none; then offsets are committed once for each batch (I8).
    pub auto_commit_interval: Option<SimDuration>,
    /// `autoCommitThreshold`: none.
    pub auto_commit_threshold: Option<u64>,
    /// `partitionsConsumedConcurrently`: 1.
    pub concurrency: u32,
    /// `readUncommitted`: false, so this client reads what is committed where Java's reads everything (KJ:src/index.js of 2.2.4,
    /// `consumer({ readUncommitted = false })`; docs/Consuming.md).
    pub read_uncommitted: bool,
    /// Who shares partitions out, in place of the library's: code, so no file can name it.
    #[serde(skip)]
    pub own_assignor: Option<Own>,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            session_timeout: SimDuration::from_secs(30),
            rebalance_timeout: SimDuration::from_secs(60),
            heartbeat_interval: SimDuration::from_secs(3),
            metadata_max_age: SimDuration::from_secs(300),
            create_topics: true,
            max_bytes_per_partition: Bytes(1 << 20),
            min_bytes: Bytes(1),
            max_bytes: Bytes(10 << 20),
            max_wait: SimDuration::from_secs(5),
            from_beginning: false,
            auto_commit: true,
            auto_commit_interval: None,
            auto_commit_threshold: None,
            concurrency: 1,
            read_uncommitted: false,
            own_assignor: None,
        }
    }
}

impl ConsumerConfig {
    /// Which records it asks for.
    pub fn isolation(&self) -> Isolation {
        if self.read_uncommitted { Isolation::ReadUncommitted } else { Isolation::ReadCommitted }
    }
}

/// What producers and consumers of the Java profile share (C1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JavaConfig {
    /// `socket.connection.setup.timeout.ms`: 10 s. (It grows to 30 s with failures; that is not modelled.)
    pub connection_timeout: SimDuration,
    /// `request.timeout.ms`: 30 s. A request that takes longer ends its connection.
    pub request_timeout: SimDuration,
    /// `retry.backoff.ms`: 100 ms, doubled with each failure, ± 20 %.
    pub retry_backoff: SimDuration,
    /// `retry.backoff.max.ms`: 1 s.
    pub retry_backoff_max: SimDuration,
    /// `reconnect.backoff.ms`: 50 ms, doubled up to `retry_backoff_max`, which has the default of `reconnect.backoff.max.ms`.
    pub reconnect_backoff: SimDuration,
    /// `metadata.max.age.ms`: 5 min.
    pub metadata_max_age: SimDuration,
}

impl Default for JavaConfig {
    fn default() -> Self {
        Self {
            connection_timeout: SimDuration::from_secs(10),
            request_timeout: SimDuration::from_secs(30),
            retry_backoff: SimDuration::from_millis(100),
            retry_backoff_max: SimDuration::from_secs(1),
            reconnect_backoff: SimDuration::from_millis(50),
            metadata_max_age: SimDuration::from_secs(300),
        }
    }
}

/// Java's `ProducerConfig` (C1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JavaProducerConfig {
    /// What it shares with consumers.
    pub client: JavaConfig,
    /// `acks`: all, since 3.0.
    pub acks: Acks,
    /// `enable.idempotence`: true.
    pub idempotent: bool,
    /// `linger.ms`: 0 (5 ms from 4.0).
    pub linger: SimDuration,
    /// `batch.size`: 16 KiB.
    pub batch_size: Bytes,
    /// `max.in.flight.requests.per.connection`: 5.
    pub max_in_flight: u32,
    /// `delivery.timeout.ms`: 120 s, from send() to the last failed attempt.
    pub delivery_timeout: SimDuration,
    /// `buffer.memory`: 32 MiB.
    pub buffer: Bytes,
    /// `max.block.ms`: 60 s, for metadata and for room in the buffer.
    pub max_block: SimDuration,
    /// Whether asking for the metadata of an unknown topic creates it.
    pub create_topics: bool,
}

impl Default for JavaProducerConfig {
    fn default() -> Self {
        Self {
            client: JavaConfig::default(),
            acks: Acks::All,
            idempotent: true,
            linger: SimDuration::ZERO,
            batch_size: Bytes(16 << 10),
            max_in_flight: 5,
            delivery_timeout: SimDuration::from_secs(120),
            buffer: Bytes(32 << 20),
            max_block: SimDuration::from_secs(60),
            create_topics: true,
        }
    }
}

/// Java's `ConsumerConfig` (C1, D2, D3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JavaConsumerConfig {
    /// What it shares with producers.
    pub client: JavaConfig,
    /// `session.timeout.ms`: 45 s.
    pub session_timeout: SimDuration,
    /// `heartbeat.interval.ms`: 3 s, from a thread of its own.
    pub heartbeat_interval: SimDuration,
    /// `max.poll.interval.ms`: 5 min; the rebalance timeout as well.
    pub max_poll_interval: SimDuration,
    /// `max.poll.records`: 500.
    pub max_poll_records: u32,
    /// `enable.auto.commit`: true.
    pub auto_commit: bool,
    /// `auto.commit.interval.ms`: 5 s, looked at in each poll.
    pub auto_commit_interval: SimDuration,
    /// `fetch.max.wait.ms`: 500 ms.
    pub max_wait: SimDuration,
    /// `fetch.min.bytes`: 1.
    pub min_bytes: Bytes,
    /// `fetch.max.bytes`: 50 MiB.
    pub max_bytes: Bytes,
    /// `max.partition.fetch.bytes`: 1 MiB.
    pub max_bytes_per_partition: Bytes,
    /// `auto.offset.reset=earliest`; latest by default.
    pub from_beginning: bool,
    /// `isolation.level`: read_uncommitted (AK: ConsumerConfig.java).
    pub isolation: Isolation,
    /// `group.instance.id`: static membership (KIP-345).
    pub instance: Option<String>,
    /// `partition.assignment.strategy`: the favourite first; the group takes one that all its members know. Members keep their
    /// partitions while they join (KIP-429) only if all that are listed here allow it.
    pub assignors: Vec<Assignor>,
    /// Who shares partitions out, in place of the library's: code, so no file can name it.
    #[serde(skip)]
    pub own_assignor: Option<Own>,
}

impl Default for JavaConsumerConfig {
    fn default() -> Self {
        Self {
            client: JavaConfig::default(),
            session_timeout: SimDuration::from_secs(45),
            heartbeat_interval: SimDuration::from_secs(3),
            max_poll_interval: SimDuration::from_secs(300),
            max_poll_records: 500,
            auto_commit: true,
            auto_commit_interval: SimDuration::from_secs(5),
            max_wait: SimDuration::from_millis(500),
            min_bytes: Bytes(1),
            max_bytes: Bytes(50 << 20),
            max_bytes_per_partition: Bytes(1 << 20),
            from_beginning: false,
            isolation: Isolation::ReadUncommitted,
            instance: None,
            assignors: vec![Assignor::Range, Assignor::CooperativeSticky],
            own_assignor: None,
        }
    }
}
