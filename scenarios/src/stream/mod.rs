//! The stream: customers → producer → topic → one group of consumers. The smallest world for questions about Kafka.
//!
//! | where | what |
//! |---|---|
//! | `spec` | sizes and choices |
//! | `producer` | takes orders, writes events |
//! | `consumer` | processes that read them |
//! | `desk` | what is done with one event |
//! | [`code`] | what may be decided in Rust |
//! | `books` | facts for the checkers, and what the audit compares |
//!
//! The class `orders` is served when the event is acknowledged, `orders.e2e` when it was processed.

mod books;
pub mod code;
mod consumer;
mod desk;
mod producer;
pub mod spec;

use std::collections::BTreeMap;

use gridlock_sim::engine::SimDuration;
use gridlock_sim::grpc::{Message, Site};
use gridlock_sim::http;
use gridlock_sim::kafka::client::java::JavaClient;
use gridlock_sim::kafka::cluster::{CONTROLLER, Cluster, node_name};
use gridlock_sim::kafka::metadata::TopicConfig;
use gridlock_sim::kafka::server::Mode;
use gridlock_sim::kafka::types::{BrokerId, TopicPartition};
use gridlock_sim::stage::Stage;
use gridlock_sim::workload::Visit;

use self::books::Books;
pub use self::code::StreamCode;
pub use self::spec::StreamSpec;
use self::spec::{Made, OnError, Profile};
use crate::spec::Ability;

/// Where the producer takes orders.
const DOOR: u16 = 8080;
/// Bytes of a posted order: MODEL-REFERENCE.md F, as JSON.
const REQUEST_BYTES: u32 = 118;
/// A short answer: an id and a state.
const ANSWER_BYTES: u32 = 16;
/// How long who cannot connect waits before trying again.
const CONNECT_AGAIN: SimDuration = SimDuration::from_secs(1);

/// The service that writes events.
const PRODUCER: &str = "producer";
/// The process of the second group.
const NEWCOMER: &str = "newcomer";
/// The host all customers share.
pub const CUSTOMERS: &str = "customers";
/// What customers want.
pub const CLASSES: [&str; 1] = ["orders"];
/// Nodes that faults can name by what they are at the time: the active controller, the first broker that is not it, and the leader of the
/// topic's first partition.
pub const ALIASES: [&str; 3] = [CONTROLLER, "kafka-bystander", "kafka-leader"];

/// Builds the stream on a stage, with `code` deciding what it wants to; [`Stage::start`] brings it up.
pub fn build(stage: &Stage, spec: &StreamSpec, code: &StreamCode) {
    let cluster = Cluster::host(stage, &spec.cluster, &topics(spec));
    stage.net().add_host(CUSTOMERS);
    let books = Books::new(stage, spec.consumers.stock);
    producer::build(stage, &cluster, spec, code, &books);
    for nth in 1..=spec.consumers.count {
        consumer::build(stage, &cluster, spec, code, nth, &books);
    }
    if let Some(later) = &spec.later {
        consumer::build_later(stage, &cluster, spec, code, later, &books);
    }
    let (ruled, led, first) = (cluster.clone(), cluster.clone(), TopicPartition::new(&spec.topic.name, 0));
    stage.alias(ALIASES[1], move || {
        let controller = ruled.controller();
        ruled.brokers().iter().map(node_name).find(|name| Some(name) != controller.as_ref())
    });
    stage.alias(ALIASES[2], move || led.leader_of(&first));
    books.close(&cluster, &readers(spec));
}

/// One visit of a customer: an order is posted.
pub fn visit(stage: &Stage, customer: u64) -> Visit {
    let net = stage.net().clone();
    let host = |name: &str| net.host(name).expect("the stream has built its hosts");
    let (from, to) = (host(CUSTOMERS), host(PRODUCER));
    Box::pin(async move {
        let reply = http::request(&net, from, (to, DOOR), Message::new(REQUEST_BYTES, customer)).await;
        reply.map(|_| ()).map_err(|status| status.code)
    })
}

/// The topics that the admin makes.
fn topics(spec: &StreamSpec) -> BTreeMap<String, TopicConfig> {
    let name = &spec.topic.name;
    let others = match spec.consumers.on_error {
        OnError::Throw | OnError::Swallow => Vec::new(),
        OnError::DeadLetter => vec![dead_letters(name)],
        OnError::RetryTopic => vec![dead_letters(name), retries(name)],
    };
    let main = (spec.topic.made == Made::Admin).then(|| (name.clone(), spec.topic.config()));
    let single = TopicConfig { partitions: 1, ..spec.topic.config() };
    main.into_iter().chain(others.into_iter().map(|other| (other, single.clone()))).collect()
}

/// Topics, and the groups that read them. Nobody reads dead letters but people: all of them can still be read.
fn readers(spec: &StreamSpec) -> Vec<(String, String)> {
    let (topic, group) = (&spec.topic.name, &spec.consumers.group);
    let retried = (retries(topic), retry_group(group));
    let dead = (dead_letters(topic), String::new());
    vec![(topic.clone(), group.clone()), retried, dead]
}

fn dead_letters(topic: &str) -> String {
    format!("{topic}.dlq")
}

fn retries(topic: &str) -> String {
    format!("{topic}.retry")
}

fn retry_group(group: &str) -> String {
    format!("{group}.retry")
}

fn consumer_name(nth: u32) -> String {
    format!("consumer-{nth}")
}

fn consumers(spec: &StreamSpec) -> Vec<String> {
    (1..=spec.consumers.count).map(consumer_name).chain(spec.later.as_ref().map(|_| NEWCOMER.into())).collect()
}

fn brokers(spec: &StreamSpec) -> Vec<String> {
    (1..=spec.cluster.nodes).map(|id| node_name(BrokerId(id))).collect()
}

/// What a Java client is given to begin with.
fn java(cluster: &Cluster, site: &Site, name: &str) -> JavaClient {
    JavaClient {
        site: site.clone(),
        name: name.into(),
        book: cluster.book().clone(),
        seeds: cluster.brokers().to_vec(),
    }
}

/// The nodes that have an ability. Brokers compute on their threads. The ensemble of ZooKeeper never fails (it stands for several nodes), but
/// its links may.
pub(crate) fn nodes(spec: &StreamSpec, ability: Ability) -> Vec<String> {
    let clients = [PRODUCER.into()].into_iter().chain(consumers(spec));
    let aliases = || ALIASES.map(String::from);
    match ability {
        Ability::Process => clients.chain(brokers(spec)).chain(aliases()).collect(),
        Ability::Computes => clients.chain(brokers(spec).iter().map(|name| format!("{name}.threads"))).collect(),
        Ability::Host => {
            let ensemble = (spec.cluster.server.mode == Mode::Zookeeper).then(|| "zookeeper".to_owned());
            let others = brokers(spec).into_iter().chain(aliases()).chain(ensemble);
            clients.chain(others).chain([CUSTOMERS.into()]).collect()
        }
    }
}

/// Who talks to whom.
pub(crate) fn links(spec: &StreamSpec) -> Vec<(String, String)> {
    let clients: Vec<String> = [PRODUCER.into()].into_iter().chain(consumers(spec)).collect();
    [(CUSTOMERS.into(), PRODUCER.into())].into_iter().chain(spec.cluster.links(&clients)).collect()
}

/// The nodes without which a class cannot be served.
pub(crate) fn needs(spec: &StreamSpec, class: &str) -> Vec<String> {
    let all = Ability::ALL.iter().flat_map(|ability| nodes(spec, *ability));
    let accepting = |node: &String| class.ends_with(".e2e") || !node.starts_with("consumer-");
    all.filter(|node| node != NEWCOMER).filter(accepting).collect()
}

/// The most of anything: far beyond what a scenario needs.
const COUNT_MAX: u32 = 100;

/// Problems of the parameters, each as `<path>: <message>`.
pub(crate) fn check(spec: &StreamSpec) -> Result<(), Vec<String>> {
    let counts = [
        ("consumers.count", spec.consumers.count, 0),
        ("cluster.nodes", spec.cluster.nodes, 1),
        ("topic.partitions", spec.topic.partitions, 1),
        ("consumers.config.concurrency", spec.consumers.config.concurrency, 1),
    ];
    let odd = counts.iter().filter(|(_, count, least)| !(*least..=COUNT_MAX).contains(count));
    let mut problems: Vec<String> =
        odd.map(|(path, _, least)| format!("world.stream.{path}: must lie between {least} and {COUNT_MAX}")).collect();
    let mut refuse = |wrong: bool, path: &str, message: &str| {
        if wrong {
            problems.push(format!("world.stream.{path}: {message}"));
        }
    };
    let (topic, consumers) = (&spec.topic, &spec.consumers);
    let nodes = spec.cluster.nodes;
    refuse(
        !(1..=nodes).contains(&topic.replication_factor),
        "topic.replication_factor",
        "there are not so many brokers",
    );
    refuse(topic.min_insync > topic.replication_factor, "topic.min_insync", "there are not so many replicas");
    refuse(spec.producer.hot_permille > 1000, "producer.hot_permille", "is at most 1000");
    let config = &consumers.config;
    let rare = config.heartbeat_interval >= config.session_timeout;
    refuse(rare, "consumers.config.heartbeat_interval", "must be shorter than the session");
    let js_only = consumers.profile == Profile::Java && consumers.on_error == OnError::RetryTopic;
    refuse(js_only, "consumers.on_error", "the retry topic is read with kafkajs only");
    let unheard = consumers.static_membership && consumers.profile != Profile::Java;
    refuse(unheard, "consumers.static_membership", "kafkajs knows none; set `consumers.profile` to \"java\"");
    let silent = consumers.heartbeat_every == Some(SimDuration::ZERO);
    refuse(silent, "consumers.heartbeat_every", "must be longer than nothing");
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
