//! What a world consists of, for whoever draws it: nodes, and who calls or feeds whom. Plain words; nothing here is played.

use gridlock_sim::grpc::ClientPolicy;
use gridlock_sim::kafka::cluster::ClusterSpec;
use gridlock_sim::kafka::metadata::TopicConfig;
use gridlock_sim::kafka::server::Mode;
use gridlock_sim::process::{PoolSpec, WorkersSpec};

use crate::chain::ChainSpec;
use crate::shop::ShopSpec;
use crate::shop::events::EventsSpec;
use crate::stream::StreamSpec;
use crate::stream::spec::{Made, OnError, Profile};
use crate::world::WorldSpec;

/// The parts of a world and how they hang together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// All parts.
    pub nodes: Vec<Node>,
    /// Who reaches whom.
    pub edges: Vec<Edge>,
}

/// A part of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, as faults use it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// How far it is from the customers, from 0 on.
    pub rank: usize,
    /// Sizes and settings, a line each.
    pub notes: Vec<String>,
    /// Further names by which faults may mean it or a part of it.
    pub aliases: Vec<String>,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// People.
    Customers,
    /// A process of its own.
    Service,
    /// Keeps data.
    Database,
    /// A topic of Kafka.
    Topic,
    /// Processes that share the partitions of a topic.
    Group,
    /// The brokers of Kafka.
    Cluster,
}

/// A way from one part to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Who begins.
    pub from: String,
    /// Who is reached.
    pub to: String,
    /// How, in a word or two.
    pub label: String,
    /// Whether nobody waits for an answer.
    pub event: bool,
}

/// The parts of a world.
pub fn topology(world: &WorldSpec) -> Topology {
    let mut parts = Topology::default();
    match world {
        WorldSpec::Shop(spec) => shop(&mut parts, spec),
        WorldSpec::Chain(spec) => chain(&mut parts, spec),
        WorldSpec::Stream(spec) => stream(&mut parts, spec),
    }
    parts
}

impl Topology {
    fn node(&mut self, rank: usize, kind: Kind, name: &str, notes: &[String]) -> &mut Node {
        let notes = notes.iter().filter(|note| !note.is_empty()).cloned().collect();
        self.nodes.push(Node { name: name.to_owned(), kind, rank, notes, aliases: Vec::new() });
        self.nodes.last_mut().expect("just pushed")
    }

    fn call(&mut self, from: &str, to: &str, label: &str) {
        self.edges.push(Edge { from: from.into(), to: to.into(), label: label.into(), event: false });
    }

    fn event(&mut self, from: &str, to: &str, label: &str) {
        self.edges.push(Edge { from: from.into(), to: to.into(), label: label.into(), event: true });
    }
}

fn shop(parts: &mut Topology, spec: &ShopSpec) {
    parts.node(0, Kind::Customers, "customers", &[]);
    parts.node(1, Kind::Service, "gateway", &[slots(&spec.gateway.slots)]);
    let held = if spec.order.hold_connection && spec.events.is_none() { "held while it calls" } else { "" };
    parts.node(2, Kind::Service, "order", &[pool(&spec.order.pool), held.to_owned()]);
    match &spec.events {
        None => called(parts, spec),
        Some(events) => fed(parts, spec, events),
    }
    parts.node(2, Kind::Service, "catalog", &[]);
    parts.call("customers", "gateway", "HTTP");
    parts.call("gateway", "order", &grpc(&spec.gateway.to_order));
    parts.call("gateway", "catalog", &grpc(&spec.gateway.to_catalog));
    parts.call("order", "order-db", "SQL");
    parts.call("inventory", "inventory-db", "SQL");
}

/// The rest of the shop on gRPC.
fn called(parts: &mut Topology, spec: &ShopSpec) {
    parts.node(3, Kind::Service, "inventory", &[pool(&spec.inventory.pool)]);
    parts.node(3, Kind::Service, "notification", &[]);
    parts.node(3, Kind::Database, "order-db", &[workers(&spec.order.database)]);
    parts.node(4, Kind::Database, "inventory-db", &[workers(&spec.inventory.database)]);
    parts.call("order", "inventory", &grpc(&spec.order.to_inventory));
    parts.call("order", "notification", &grpc(&spec.order.to_notification));
}

/// The rest of the shop on Kafka.
fn fed(parts: &mut Topology, spec: &ShopSpec, events: &EventsSpec) {
    parts.node(3, Kind::Topic, "order-created", &topic(&events.topic));
    parts.node(3, Kind::Topic, "stock-decided", &topic(&events.topic));
    cluster(parts, 3, &events.cluster, &[]);
    parts.node(2, Kind::Database, "order-db", &[workers(&spec.order.database)]);
    parts.node(4, Kind::Service, "inventory", &[pool(&spec.inventory.pool)]);
    parts.node(4, Kind::Database, "inventory-db", &[workers(&spec.inventory.database)]);
    parts.node(4, Kind::Service, "notification", &[]);
    parts.event("order", "order-created", "writes");
    parts.event("order-created", "inventory", "feeds");
    parts.event("inventory", "stock-decided", "writes");
    parts.event("stock-decided", "order", "feeds");
    parts.event("stock-decided", "notification", "feeds");
}

fn chain(parts: &mut Topology, spec: &ChainSpec) {
    parts.node(0, Kind::Customers, "customers", &[]);
    for (rank, name) in spec.services.iter().enumerate() {
        parts.node(rank + 1, Kind::Service, name, &[]);
    }
    parts.call("customers", &spec.services[0], "HTTP");
    // The last service calls nobody.
    spec.services.windows(2).for_each(|pair| parts.call(&pair[0], &pair[1], &grpc(&spec.each.client)));
}

fn stream(parts: &mut Topology, spec: &StreamSpec) {
    let (name, consumers) = (&spec.topic.name, &spec.consumers);
    let library = |profile| if profile == Profile::Java { "Java client" } else { "kafkajs" }.to_owned();
    parts.node(0, Kind::Customers, "customers", &[]);
    parts.node(1, Kind::Service, "producer", &[library(spec.producer.profile)]);
    let sizes = match spec.topic.made {
        Made::Admin => topic(&spec.topic.config()),
        Made::Auto => vec!["made by its first user".to_owned()],
    };
    parts.node(2, Kind::Topic, name, &sizes);
    cluster(parts, 2, &spec.cluster, &["kafka-controller", "kafka-bystander", "kafka-leader"]);
    let size = format!("{} consumer{}", consumers.count, plural(consumers.count));
    let group = parts.node(3, Kind::Group, &consumers.group, &[size, library(consumers.profile)]);
    group.aliases = (1..=consumers.count).map(|n| format!("consumer-{n}")).collect();
    parts.call("customers", "producer", "HTTP");
    parts.event("producer", name, "writes");
    parts.event(name, &consumers.group, "feeds");
    if let Some(later) = spec.later.as_ref().filter(|later| later.group != consumers.group) {
        let since = format!("1 consumer, from {} on", later.at);
        let group = parts.node(3, Kind::Group, &later.group, &[since, library(consumers.profile)]);
        group.aliases = vec!["newcomer".to_owned()];
        parts.event(name, &later.group, "feeds");
    }
    if consumers.on_error == OnError::RetryTopic {
        let retry = format!("{name}.retry");
        parts.node(3, Kind::Topic, &retry, &[]);
        parts.event(&consumers.group, &retry, "what failed");
    }
    if matches!(consumers.on_error, OnError::RetryTopic | OnError::DeadLetter) {
        let dead = format!("{name}.dlq");
        parts.node(4, Kind::Topic, &dead, &["for people".to_owned()]);
        parts.event(&consumers.group, &dead, "gives up");
    }
}

fn cluster(parts: &mut Topology, rank: usize, spec: &ClusterSpec, aliases: &[&str]) {
    let mode = if spec.server.mode == Mode::Zookeeper { "ZooKeeper" } else { "KRaft" };
    let notes = [format!("{} broker{}", spec.nodes, plural(spec.nodes)), mode.to_owned()];
    let node = parts.node(rank, Kind::Cluster, "Kafka", &notes);
    node.aliases = spec.node_names().into_iter().chain(aliases.iter().map(|name| (*name).to_owned())).collect();
}

fn topic(config: &TopicConfig) -> Vec<String> {
    let (partitions, replicas) = (config.partitions, config.replication_factor);
    vec![
        format!("{partitions} partition{}", plural(partitions)),
        format!("{replicas} replica{}, {} in sync", plural(replicas), config.min_insync),
    ]
}

fn slots(pool: &PoolSpec) -> String {
    format!("{} slot{}", pool.size, plural(pool.size))
}

fn pool(pool: &PoolSpec) -> String {
    format!("pool of {}", pool.size)
}

fn workers(spec: &WorkersSpec) -> String {
    format!("{} worker{}", spec.workers, plural(spec.workers))
}

const fn plural(count: u32) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A call with how long it is waited for, if that has an end.
fn grpc(policy: &ClientPolicy) -> String {
    policy.deadline.map_or_else(|| "gRPC".to_owned(), |deadline| format!("gRPC, {deadline}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CATALOG, load};
    use crate::spec::Ignored;

    #[test]
    fn ways_lead_from_one_part_to_another() {
        for (name, _) in CATALOG {
            let scenario = load::<Ignored>(name).unwrap();
            for variant in &scenario.spec.variant {
                let spec = scenario.resolve(Some(variant.name.get_ref()), &[]).unwrap().spec;
                let parts = topology(&spec.world);
                let has = |wanted: &String| parts.nodes.iter().filter(|node| node.name == *wanted).count() == 1;
                assert!(parts.edges.iter().all(|edge| has(&edge.from) && has(&edge.to)), "{name}: {parts:?}");
            }
        }
    }
}
