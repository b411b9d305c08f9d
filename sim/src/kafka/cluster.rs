//! A cluster on a stage: its nodes with their processes and hosts, its address book, and the topics it begins with.
//!
//! Nodes are called `kafka-1`, `kafka-2` …, so that faults can name them; in ZooKeeper mode `zookeeper` stands for the ensemble. Topics are
//! made by `kafka-admin`, as an operator's job would; services wait for that with [`Cluster::ready`].
//!
//! **Never here:** what nodes decide (`server`) and how they are hosted (`node`).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::broker::Broker;
use super::client::{ClientConfig, Kafka, KafkaError, ProducerConfig};
use super::log::{Log, ReadLimit};
use super::machine::{Input, Output};
use super::metadata::{PartitionState, TopicConfig};
use super::node::{Machine, Node, NodeSpec, Placement};
use super::protocol::{NewTopic, Request, Response};
use super::record::Record;
use super::server::{Mode, Place, Server, ServerConfig, ServerDisk};
use super::types::{BrokerId, ErrorCode, Offset, TopicPartition};
use super::watch::{Seen, Watch};
use super::wire::{AddressBook, Endpoint};
use crate::engine::{Actor, Gate, SimDuration, SimTime};
use crate::grpc::Site;
use crate::process::{Process, ProcessSpec, RestartSpec, WorkersSpec};
use crate::stage::Stage;
use crate::trace::Exit;

/// Where all nodes listen.
const PORT: u16 = 9092;
/// How long the admin waits before it asks again, and a stopping node between looks: short against everything that is measured.
const LOOK_AGAIN: SimDuration = SimDuration::from_millis(50);
/// How often the cluster is looked at: what lasts shorter is not shown.
const LOOK: SimDuration = SimDuration::from_millis(250);
/// The name of the node that stands for the ZooKeeper ensemble.
const ENSEMBLE: &str = "zookeeper";
/// By this name faults find the active controller, whoever that is when they begin.
pub const CONTROLLER: &str = "kafka-controller";
/// Topics a cluster begins with.
type Topics = BTreeMap<String, TopicConfig>;

/// A cluster, as a scenario file states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSpec {
    /// How many brokers. Each is a controller, too (combined mode). Default 3, as in the measurements of part I.
    pub nodes: u32,
    /// How they behave.
    pub server: ServerConfig,
    /// What a request costs them.
    pub node: NodeSpec,
    /// `num.io.threads`: 8.
    pub threads: u32,
    /// What becomes of a node whose process has died. Default: started again, and serving 5 s later: an assumption, a JVM's start.
    pub restart: RestartSpec,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            nodes: 3,
            server: ServerConfig::default(),
            node: NodeSpec::default(),
            threads: 8,
            restart: RestartSpec { boot: SimDuration::from_secs(5), ..RestartSpec::default() },
        }
    }
}

impl ClusterSpec {
    /// The names of the nodes, the ensemble's included.
    pub fn node_names(&self) -> Vec<String> {
        let ensemble = (self.server.mode == Mode::Zookeeper).then(|| ENSEMBLE.to_owned());
        (1..=self.nodes.max(1)).map(|id| node_name(BrokerId(id))).chain(ensemble).collect()
    }

    /// Who talks to whom: every client to every broker, and the nodes among each other. Clients never talk to the ensemble.
    pub fn links(&self, clients: &[String]) -> Vec<(String, String)> {
        let nodes = self.node_names();
        let brokers = nodes.iter().filter(|name| *name != ENSEMBLE);
        let of_clients =
            clients.iter().flat_map(|client| brokers.clone().map(|broker| (client.clone(), broker.clone())));
        let inner =
            nodes.iter().enumerate().flat_map(|(n, one)| nodes[..n].iter().map(|other| (other.clone(), one.clone())));
        of_clients.chain(inner).collect()
    }
}

impl Machine for Server {
    type Disk = ServerDisk;

    fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        Server::handle(self, now, input)
    }

    fn next_timeout(&self) -> Option<SimTime> {
        Server::next_timeout(self)
    }

    fn crash(self, _why: Exit) -> ServerDisk {
        self.into_disk()
    }
}

/// A hosted cluster. Cheap to clone.
#[derive(Clone)]
pub struct Cluster(Rc<Inner>);

struct Inner {
    stage: Stage,
    book: AddressBook,
    brokers: Vec<BrokerId>,
    nodes: BTreeMap<BrokerId, Node<Server>>,
    ready: Gate,
    topics: RefCell<Topics>,
}

impl Cluster {
    /// Builds a cluster that begins with `topics`; [`Stage::start`] brings it up.
    pub fn host(stage: &Stage, spec: &ClusterSpec, topics: &Topics) -> Self {
        let brokers: Vec<BrokerId> = (1..=spec.nodes.max(1)).map(BrokerId).collect();
        let mut names: BTreeMap<BrokerId, String> = brokers.iter().map(|id| (*id, node_name(*id))).collect();
        let quorum: Rc<[BrokerId]> = match spec.server.mode {
            Mode::Kraft => brokers.iter().copied().take(3).collect(),
            Mode::Zookeeper => {
                let ensemble = BrokerId(spec.nodes + 1);
                names.insert(ensemble, ENSEMBLE.into());
                Rc::from([ensemble])
            }
        };
        let process = ProcessSpec { restart: spec.restart.clone(), ..ProcessSpec::default() };
        let sites: BTreeMap<BrokerId, Site> =
            names.iter().map(|(id, name)| (*id, stage.service(name, process.clone()))).collect();
        let endpoint = |site: &Site| Endpoint { host: site.host, port: PORT };
        let book: AddressBook = Rc::new(sites.iter().map(|(id, site)| (*id, endpoint(site))).collect());
        let nodes = sites.into_iter().map(|(id, site)| (id, node(stage, spec, &book, &quorum, id, site)));
        let cluster = Self(Rc::new(Inner {
            stage: stage.clone(),
            book: book.clone(),
            brokers,
            nodes: nodes.collect(),
            ready: Gate::new(),
            topics: RefCell::new(topics.clone()),
        }));
        cluster.admit();
        let active = Rc::downgrade(&cluster.0);
        Rc::new(Watcher { cluster: Rc::downgrade(&cluster.0), watch: RefCell::new(Watch::new(stage.trace())) }).wait();
        stage.alias(CONTROLLER, move || Cluster(active.upgrade()?).controller());
        cluster
    }

    /// Where all nodes listen.
    pub fn book(&self) -> &AddressBook {
        &self.0.book
    }

    /// All brokers: what clients are given to begin with.
    pub fn brokers(&self) -> &[BrokerId] {
        &self.0.brokers
    }

    /// Waits until the topics it begins with are there.
    pub async fn ready(&self) {
        self.0.ready.passed().await;
    }

    /// A client of this cluster.
    pub fn client(&self, site: &Site, name: &str, config: ClientConfig) -> Kafka {
        Kafka::new(site, name, self.book(), self.brokers(), config)
    }

    /// The name of the node that is the active controller, if one is.
    pub fn controller(&self) -> Option<String> {
        let active = |(id, node): (&BrokerId, &Node<Server>)| node.with(|s| s.member().is_active())?.then_some(*id);
        self.0.nodes.iter().find_map(active).map(node_name)
    }

    /// The name of the node that leads a partition, if one does, as the controller sees it.
    pub fn leader_of(&self, partition: &TopicPartition) -> Option<String> {
        self.state_of(partition)?.leader.map(node_name)
    }

    /// What is known of a partition by the node that knows most.
    pub fn state_of(&self, partition: &TopicPartition) -> Option<PartitionState> {
        let known = |node: &Node<Server>| {
            node.with(|s| s.broker().map(|b| (b.image().offset, b.image().partition(partition).cloned())))?
        };
        self.0.nodes.values().filter_map(known).max_by_key(|(offset, _)| *offset)?.1
    }

    /// The partitions of a topic: those that some node knows of, and those on the disk of one that is down.
    pub fn partitions(&self, topic: &str) -> BTreeSet<TopicPartition> {
        let mut found: BTreeSet<TopicPartition> = BTreeSet::new();
        for node in self.0.nodes.values() {
            let _ = node.with_disk(|disk| found.extend(disk.broker.logs().map(|(partition, _)| partition.clone())));
        }
        self.each(|_, server| {
            let kept = server.broker().into_iter().flat_map(Broker::partitions);
            found.extend(kept.map(|view| view.partition.clone()));
        });
        found.retain(|partition| *partition.topic == *topic);
        let known = (0..).map(|number| TopicPartition::new(topic, number));
        found.extend(known.take_while(|partition| self.state_of(partition).is_some()));
        found
    }

    /// What a group has stored for a partition: the next record it reads.
    pub fn committed(&self, group: &str, partition: &TopicPartition) -> Option<Offset> {
        let mut found = None;
        self.each(|_, server| {
            let coordinators = server.broker().into_iter().flat_map(Broker::coordinators);
            let stored =
                coordinators.filter_map(|(_, c)| c.stored().get(group)?.offsets.get(partition).map(|s| s.offset));
            found = found.max(stored.max());
        });
        found
    }

    /// The records of a partition from an offset on, as its leader has them, committed or not, without markers; those of its longest replica if nobody
    /// leads. Also of nodes that are down: their disks may come back.
    pub fn records(&self, partition: &TopicPartition, from: Offset) -> Vec<Record> {
        let leader = self.state_of(partition).and_then(|state| state.leader);
        let mut longest: Option<Log> = None;
        let mut consider = |id: BrokerId, log: &Log| {
            let better = longest.as_ref().is_none_or(|best| log.end() > best.end());
            if leader == Some(id) || (leader.is_none() && better) {
                longest = Some(log.clone());
            }
        };
        for (id, node) in &self.0.nodes {
            let _ = node.with(|s| s.broker().and_then(|b| b.replica(partition)).map(|r| consider(*id, r.log())));
            let _ = node.with_disk(|disk| {
                disk.broker.logs().filter(|(name, _)| *name == partition).for_each(|(_, log)| consider(*id, log));
            });
        }
        let Some(log) = longest else { return Vec::new() };
        let all = log.read(from.max(log.start())..log.end(), ReadLimit { bytes: u64::MAX, whole_first: true });
        let data = all.iter().filter(|batch| !batch.is_control());
        let records = data.flat_map(|batch| batch.numbered().map(|(offset, record)| (offset, record.clone())));
        records.filter(|(offset, _)| *offset >= from).map(|(_, record)| record).collect::<Vec<_>>()
    }

    /// Looks at each node that is up.
    pub fn each(&self, mut look: impl FnMut(BrokerId, &Server)) {
        for (id, node) in &self.0.nodes {
            node.with(|server| look(*id, server));
        }
    }

    /// Whether all brokers that are up know something, and each other as alive.
    fn all_know(&self, what: impl Fn(&Broker) -> bool) -> bool {
        let mut up = Vec::new();
        self.each(|id, server| up.extend(server.broker().map(|_| id)));
        let mut known = true;
        self.each(|_, server| {
            let knows = |broker: &Broker| what(broker) && up.iter().all(|id| broker.image().is_alive(*id));
            known &= server.broker().is_none_or(knows);
        });
        known
    }

    /// The operator's job: makes the topics once, and lets everybody in.
    fn admit(&self) {
        let (cluster, site) = (self.clone(), self.0.stage.service("kafka-admin", ProcessSpec::default()));
        let admin = site.process.clone();
        admin.on_start(move || {
            let (cluster, site) = (cluster.clone(), site.clone());
            let process = site.process.clone();
            process.spawn(async move { cluster.make_topics(&site).await });
        });
    }

    async fn make_topics(&self, site: &Site) {
        let kafka = self.client(site, "kafka-admin", ClientConfig::default());
        let mut left = self.0.topics.take();
        let topics: Vec<String> = left.keys().cloned().collect();
        // As an operator would: the nodes that are late would lead nothing.
        while !self.all_know(|_| true) {
            site.process.sleep(LOOK_AGAIN).await;
        }
        while let Some((topic, config)) = left.pop_first() {
            match create(&kafka, &topic, &config, self.brokers().len()).await {
                Ok(ErrorCode::None | ErrorCode::TopicAlreadyExists) => {}
                _ => {
                    left.insert(topic, config);
                    site.process.sleep(LOOK_AGAIN).await;
                }
            }
        }
        while !self.all_know(|broker| topics.iter().all(|topic| broker.image().config(topic).is_some())) {
            site.process.sleep(LOOK_AGAIN).await;
        }
        self.0.ready.open();
    }
}

/// Creates a topic once all brokers are there: one that is created while they come up has all its leaders on the first of them, and they
/// stay there until the next check of preferred leaders (B3).
async fn create(kafka: &Kafka, topic: &str, config: &TopicConfig, brokers: usize) -> Result<ErrorCode, KafkaError> {
    let producer = kafka.producer(ProducerConfig::default());
    producer.connect().await?;
    producer.cluster().refresh_metadata().await?;
    if producer.cluster().node_ids().len() < brokers {
        producer.disconnect().await;
        return Ok(ErrorCode::InvalidReplicationFactor);
    }
    let new = NewTopic { topic: topic.into(), config: Rc::new(config.clone()) };
    let answer = producer.cluster().find_controller().await?.send(Request::CreateTopic(new)).await;
    producer.disconnect().await;
    match answer? {
        Response::CreateTopic(error) => Ok(error),
        _ => Ok(ErrorCode::NotController),
    }
}

/// The name of a node, by which faults find it.
pub fn node_name(id: impl std::borrow::Borrow<BrokerId>) -> String {
    format!("kafka-{}", id.borrow().0)
}

fn node(
    stage: &Stage,
    spec: &ClusterSpec,
    book: &AddressBook,
    quorum: &Rc<[BrokerId]>,
    id: BrokerId,
    site: Site,
) -> Node<Server> {
    let name = stage.trace().text(site.process.name());
    let workers = stage.workers(&format!("{name}.threads"), WorkersSpec { workers: spec.threads, queue: None });
    let place = Place { id, broker: true, quorum: quorum.clone() };
    let (sim, process, config) = (stage.sim().clone(), site.process.clone(), spec.server.clone());
    let (placement, ending) =
        (Placement { site, workers, id, book: book.clone(), spec: spec.node.clone() }, process.clone());
    let node = Node::host(placement, move |now, disk| {
        let random = sim.stream(&format!("{name}/elections/{}", process.incarnation()));
        Server::start(&place, &config, disk.unwrap_or_default(), random, now)
    });
    let stopping = node.clone();
    ending.clone().on_term(move || stop(&stopping, &ending));
    node
}

/// Looks at the cluster again and again, so that it can be seen.
struct Watcher {
    cluster: Weak<Inner>,
    watch: RefCell<Watch>,
}

impl Watcher {
    fn wait(self: Rc<Self>) {
        if let Some(cluster) = self.cluster.upgrade() {
            let sim = cluster.stage.sim();
            sim.fire_at(sim.now() + LOOK, self, 0);
        }
    }
}

impl Actor for Watcher {
    fn fire(self: Rc<Self>, _token: u64) {
        let Some(cluster) = self.cluster.upgrade().map(Cluster) else { return };
        let mut seen = Seen::default();
        cluster.each(|_, server| server.broker().into_iter().for_each(|broker| seen.add(broker)));
        self.watch.borrow_mut().look(&seen);
        self.wait();
    }
}

/// SIGTERM: the node leaves in good order, and its process ends when it may.
fn stop(node: &Node<Server>, process: &Process) {
    node.tell(Server::want_stop);
    let (node, process) = (node.clone(), process.clone());
    process.clone().spawn(async move {
        while !node.with(Server::may_stop).unwrap_or(true) {
            process.sleep(LOOK_AGAIN).await;
        }
        process.exit(Exit::Stopped);
    });
}

#[cfg(test)]
mod tests;
