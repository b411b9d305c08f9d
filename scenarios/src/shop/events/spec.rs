//! What is different when the shop's services speak by events.

use gridlock_sim::kafka::client::{ClientConfig, ConsumerConfig, ProducerConfig};
use gridlock_sim::kafka::cluster::ClusterSpec;
use gridlock_sim::kafka::metadata::TopicConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shop on Kafka: order publishes and answers at once, inventory and notification consume.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EventsSpec {
    /// The brokers.
    pub cluster: ClusterSpec,
    /// How the topics `order-created` and `stock-decided` are kept.
    pub topic: TopicConfig,
    /// `new Kafka({…})` of every service.
    pub client: ClientConfig,
    /// The producers of order and inventory. Each is connected once and kept.
    pub producer: ProducerConfig,
    /// Key events by the order, so that all events about one order keep their order.
    pub keyed: bool,
    /// Order remembers that it has heard of an order for which nothing was left, and refuses those that come later at once. It knows what the
    /// events say that have reached it; a new process knows nothing until it hears again.
    pub stock_view: bool,
    /// The consumers of inventory, order and notification, each in a group of its own.
    pub consumer: ConsumerConfig,
}

impl Default for EventsSpec {
    /// Three partitions, three replicas, two of which must be in sync: what an operator would ask for. An auto-created topic has one
    /// of each (MODEL-REFERENCE.md B1), so clients may not create topics. Groups start with the oldest event.
    fn default() -> Self {
        Self {
            cluster: ClusterSpec::default(),
            topic: TopicConfig { partitions: 3, replication_factor: 3, min_insync: 2, ..TopicConfig::default() },
            client: ClientConfig::default(),
            producer: ProducerConfig { create_topics: false, ..ProducerConfig::default() },
            keyed: true,
            stock_view: false,
            consumer: ConsumerConfig { create_topics: false, from_beginning: true, ..ConsumerConfig::default() },
        }
    }
}
