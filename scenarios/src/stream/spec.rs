//! The sizes and choices of the stream, as a scenario file states them. Every default has its reason beside it.

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::SimDuration;
use gridlock_sim::kafka::client::{
    ClientConfig, ConsumerConfig, JavaConsumerConfig, JavaProducerConfig, ProducerConfig,
};
use gridlock_sim::kafka::cluster::ClusterSpec;
use gridlock_sim::kafka::metadata::TopicConfig;
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::ProcessSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Customers → producer → topic → one group of consumers.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StreamSpec {
    /// Every link between two hosts.
    pub link: LinkSpec,
    /// How all kernels are set.
    pub tcp: TcpSpec,
    /// The brokers.
    pub cluster: ClusterSpec,
    /// The topic between producer and consumers.
    pub topic: TopicSpec,
    /// Who takes orders and writes them to the topic.
    pub producer: ProducerSpec,
    /// Who reads them.
    pub consumers: ConsumersSpec,
    /// Events that are not like the others.
    pub poison: PoisonSpec,
    /// A second group of readers, which comes when the topic has a past; nobody if absent.
    pub later: Option<LaterSpec>,
}

/// The topic between producer and consumers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// Who creates it.
    pub made: Made,
    /// How many partitions it has, if the admin makes it.
    pub partitions: u32,
    /// How many brokers keep a copy of each, if the admin makes it.
    pub replication_factor: u32,
    /// How many of them must be in sync for `acks=all`, if the admin makes it.
    pub min_insync: u32,
    /// Whether a replica that is not in sync may lead when no other is left.
    pub unclean_election: bool,
    /// `retention.ms`, if the admin makes it: how old an event may become. Whole segments go.
    pub retention: SimDuration,
    /// `segment.ms`, if the admin makes it: when a segment is closed and a new one begun.
    pub segment_age: SimDuration,
}

/// How a topic comes to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// An operator creates it before anybody starts.
    #[default]
    Admin,
    /// The first request about it does, with the broker's defaults: one partition, one replica (MODEL-REFERENCE.md B1).
    Auto,
}

/// Which client library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// kafkajs 2.2.4.
    #[default]
    Kafkajs,
    /// The Java client 3.9.
    Java,
}

/// Who takes orders and writes them to the topic.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProducerSpec {
    /// Heap and restarts.
    pub process: ProcessSpec,
    /// CPU to read one request and write its answer.
    pub cpu: SimDuration,
    /// Which client library.
    pub profile: Profile,
    /// Whether an event has a key. The key is the id of the order, or one that many share (`hot_permille`).
    pub keyed: bool,
    /// Of a thousand events, how many carry one and the same key: a large customer.
    pub hot_permille: u32,
    /// What it does with its connection (kafkajs only).
    pub connection: Connection,
    /// What a customer is told when a send fails.
    pub on_error: OnSendError,
    /// `new Kafka({…})` of kafkajs.
    pub client: ClientConfig,
    /// `kafka.producer({…})` of kafkajs.
    pub config: ProducerConfig,
    /// The Java producer.
    pub java: JavaProducerConfig,
}

/// What the producer does with its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connection {
    /// It connects once, at its start.
    #[default]
    Kept,
    /// It connects, sends and disconnects for each event, with a producer object of its own each time.
    PerSend,
    /// The same with one object that all requests share.
    PerSendShared,
}

/// What becomes of a send that has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnSendError {
    /// The customer gets 503.
    #[default]
    Report,
    /// It is logged, and the customer is told that all is well.
    Log,
}

/// The consumer group.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConsumersSpec {
    /// How many processes, `consumer-1` and on.
    pub count: u32,
    /// Heap and restarts of each.
    pub process: ProcessSpec,
    /// Which client library.
    pub profile: Profile,
    /// The name of the group.
    pub group: String,
    /// Where a group without a committed offset begins: at the beginning, or at what is new.
    pub from_beginning: bool,
    /// CPU of one event.
    pub cpu: Dist,
    /// Waiting for one event without computing: a database, another service.
    pub wait: Dist,
    /// How often a handler that waits sends a heartbeat (kafkajs only); never if absent, as in most code.
    pub heartbeat_every: Option<SimDuration>,
    /// Recognise an order that was handled before (a unique key on the order id, in one transaction with the effect).
    pub idempotent: bool,
    /// Whether the handler waits for its work. Code that forgets an `await` does not: it answers at once, the offset is committed, and what
    /// it has begun goes on by itself, or is lost with the process (kafkajs and Java alike).
    pub awaited: bool,
    /// How many orders the stock is good for; without end if absent.
    pub stock: Option<u32>,
    /// How a reservation looks at the stock.
    pub reservation: Reservation,
    /// Where an event is parsed.
    pub parse: Parse,
    /// What happens to an event whose handling fails.
    pub on_error: OnError,
    /// Attempts of an event over the retry topic before it becomes a dead letter.
    pub retry_attempts: u32,
    /// How long an event waits in the retry topic.
    pub retry_delay: SimDuration,
    /// Whether it leaves its group when it is asked to stop. Node ends at SIGTERM at once unless the code says otherwise.
    pub graceful: bool,
    /// Whether each process keeps its membership over a restart (Java only).
    pub static_membership: bool,
    /// `new Kafka({…})` of kafkajs.
    pub client: ClientConfig,
    /// `kafka.consumer({…})` and `run` of kafkajs. `from_beginning` is stated above.
    pub config: ConsumerConfig,
    /// The Java consumer. `from_beginning` and `instance` are stated above.
    pub java: JavaConsumerConfig,
}

/// How a reservation looks at the stock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reservation {
    /// It looks and takes in one step, at its end: `UPDATE … SET left = left - 1 WHERE left > 0`.
    #[default]
    Atomic,
    /// It looks, does its work, and then takes: others may have taken the last one meanwhile.
    LookFirst,
}

/// Where an event is parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Parse {
    /// Inside of the try block: what cannot be parsed is an event whose handling fails.
    #[default]
    Inside,
    /// Before it: the error of the parser leaves the handler.
    Outside,
}

/// What happens to an event whose handling fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// The error leaves the handler.
    #[default]
    Throw,
    /// It is logged.
    Swallow,
    /// The event is written to `<topic>.dlq`.
    DeadLetter,
    /// The event is written to `<topic>.retry`, read again later, and becomes a dead letter after the last attempt.
    RetryTopic,
}

/// A second group of readers, one process, which nobody thought of when the producer was written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LaterSpec {
    /// When it begins to read.
    pub at: SimDuration,
    /// The name of its group. That of the consumers makes it one of them.
    pub group: String,
    /// Where it begins: at the beginning, or at what is new.
    pub from_beginning: bool,
    /// What it does with an event.
    pub deed: Deed,
    /// CPU of one event.
    pub cpu: Dist,
}

/// What the second group does with an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// It counts: analytics, which has no effect on anybody.
    #[default]
    Count,
    /// What the consumers do, with their code and their database: they were deployed again under another name of their group.
    Reserve,
}

/// Events that are not like the others.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PoisonSpec {
    /// Their orders, counted from 1 as they come.
    pub orders: Vec<u64>,
    /// What is wrong with them.
    pub kind: Poison,
}

/// What is wrong with an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Poison {
    /// Its handler fails, each time.
    #[default]
    Fails,
    /// Its handler fails before this time of the run, and works later: something it needs is missing for a while.
    FailsUntil(SimDuration),
    /// It is no JSON: its second half is missing.
    Malformed,
    /// Its handler waits this long, each time.
    Slow(SimDuration),
}

impl Default for TopicSpec {
    /// Three partitions and replicas, two of them in sync: the usual advice, and the topic of the measurements in part I.
    fn default() -> Self {
        Self {
            name: "order-created".into(),
            made: Made::Admin,
            partitions: 3,
            replication_factor: 3,
            min_insync: 2,
            unclean_election: false,
            retention: TopicConfig::default().retention,
            segment_age: TopicConfig::default().segment_age,
        }
    }
}

impl Default for LaterSpec {
    /// A minute after the start, from the beginning; 1 ms of CPU, a tenth of what a reservation takes.
    fn default() -> Self {
        Self {
            at: SimDuration::from_secs(60),
            group: "analytics-group".into(),
            from_beginning: true,
            deed: Deed::Count,
            cpu: Dist::Constant(SimDuration::from_millis(1)),
        }
    }
}

impl TopicSpec {
    /// How the admin makes it.
    pub(crate) fn config(&self) -> TopicConfig {
        TopicConfig {
            partitions: self.partitions,
            replication_factor: self.replication_factor,
            min_insync: self.min_insync,
            unclean_election: self.unclean_election,
            retention: self.retention,
            segment_age: self.segment_age,
            ..TopicConfig::default()
        }
    }
}

impl Default for ProducerSpec {
    /// 300 µs: as the shop's gateway. Keyed by the order: what must stay in order is in one partition.
    fn default() -> Self {
        Self {
            process: ProcessSpec::default(),
            cpu: SimDuration::from_micros(300),
            profile: Profile::Kafkajs,
            keyed: true,
            hot_permille: 0,
            connection: Connection::Kept,
            on_error: OnSendError::Report,
            client: ClientConfig::default(),
            config: ProducerConfig::default(),
            java: JavaProducerConfig::default(),
        }
    }
}

impl Default for ConsumersSpec {
    /// A careful consumer: it recognises what it has done, catches what it can, leaves its group when it stops, and a new group
    /// reads from the beginning. 10 ms of CPU: a hundred events a second, as inventory's reservation in the shop.
    fn default() -> Self {
        Self {
            count: 1,
            process: ProcessSpec::default(),
            profile: Profile::Kafkajs,
            group: "inventory-group".into(),
            from_beginning: true,
            cpu: Dist::Constant(SimDuration::from_millis(10)),
            wait: Dist::Constant(SimDuration::ZERO),
            heartbeat_every: None,
            idempotent: true,
            awaited: true,
            stock: None,
            reservation: Reservation::Atomic,
            parse: Parse::Inside,
            on_error: OnError::Throw,
            retry_attempts: 3,
            retry_delay: SimDuration::from_secs(5),
            graceful: true,
            static_membership: false,
            client: ClientConfig::default(),
            config: ConsumerConfig::default(),
            java: JavaConsumerConfig::default(),
        }
    }
}
