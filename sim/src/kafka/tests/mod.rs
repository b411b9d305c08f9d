//! Goal: the whole model against what was measured on a real cluster (MODEL-REFERENCE.md I). Method: three combined nodes on a
//! simulated network, clients of both kinds on processes of their own, faults, and times. A test is named after its row; its
//! comment gives the measured value, and its bounds are that value with the tolerance stated.
//!
//! Times ruled by timers must agree; milliseconds of that machine's CPU need not (the reference says so).

mod assignors;
mod crash;
mod groups;
mod handlers;
mod insync;
mod lag;
mod load;
mod losses;
mod member;
mod producers;
mod repeats;
mod retries;
mod transactions;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use self::member::{Handling, Line, Member};
use super::client::{ClientConfig, Kafka};
use super::cluster::{Cluster, ClusterSpec};
use super::group::{OFFSETS_TOPIC, partition_of};
use super::metadata::TopicConfig;
use super::record::Record;
use super::types::{BrokerId, Offset, TopicPartition};
use crate::dist::Dist;
use crate::engine::{self, Sim, SimDuration, SimTime};
use crate::grpc::Site;
use crate::net::{LinkSpec, TcpSpec};
use crate::process::ProcessSpec;
use crate::stage::Stage;
use crate::trace::{Exit, Trace};

/// The topic of all tests, unless they say otherwise: three partitions with three replicas, two of which must be in sync (I1).
const TOPIC: &str = "t";

fn three_by_three() -> TopicConfig {
    TopicConfig { partitions: 3, replication_factor: 3, min_insync: 2, ..TopicConfig::default() }
}

/// Some way between hosts, never twice the same: real races end this way or that.
fn loopback() -> LinkSpec {
    let latency = Dist::Uniform(SimDuration::from_micros(100), SimDuration::from_micros(400));
    LinkSpec { latency, ..LinkSpec::default() }
}

fn millis(span: u64) -> SimDuration {
    SimDuration::from_millis(span)
}

fn secs(span: u64) -> SimDuration {
    SimDuration::from_secs(span)
}

fn between<T: PartialOrd + std::fmt::Debug>(what: &str, value: T, low: T, high: T) {
    assert!(low <= value && value <= high, "{what}: {value:?} is not within {low:?} and {high:?}");
}

fn text(record: &Record) -> String {
    String::from_utf8_lossy(record.value.as_deref().unwrap_or_default()).into_owned()
}

/// A cluster with its network. Cheap to clone.
#[derive(Clone)]
struct Lab {
    stage: Stage,
    cluster: Cluster,
}

impl Lab {
    /// Plays a story on a cluster that is ready and has one topic. The run lasts so many seconds; the story must end before.
    fn play<T: Send + 'static>(
        seed: u64,
        duration: u64,
        topic: TopicConfig,
        story: impl AsyncFnOnce(Lab) -> T + Send + 'static,
    ) -> T {
        Self::play_on(ClusterSpec::default(), seed, duration, topic, story)
    }

    fn play_on<T: Send + 'static>(
        spec: ClusterSpec,
        seed: u64,
        duration: u64,
        topic: TopicConfig,
        story: impl AsyncFnOnce(Lab) -> T + Send + 'static,
    ) -> T {
        engine::run(seed, SimTime::from_secs(duration), move |sim| {
            let stage = Stage::new(sim, &Trace::new(sim), loopback(), TcpSpec::default());
            let topics: BTreeMap<String, TopicConfig> = [(TOPIC.to_owned(), topic)].into();
            let cluster = Cluster::host(&stage, &spec, &topics);
            let director = stage.service("director", ProcessSpec::default());
            let lab = Lab { stage: stage.clone(), cluster };
            let outcome = Rc::new(RefCell::new(None));
            let told = outcome.clone();
            stage.start();
            director.process.spawn(async move {
                lab.cluster.ready().await;
                lab.sleep(millis(2_000 + seed * 337 % 2_000)).await; // heartbeats come every 2 s
                let end = story(lab).await;
                *told.borrow_mut() = Some(end);
            });
            move || outcome.take().expect("the story ends in time")
        })
    }

    fn sim(&self) -> &Sim {
        self.stage.sim()
    }

    fn now(&self) -> SimTime {
        self.sim().now()
    }

    async fn sleep(&self, span: SimDuration) {
        self.sim().sleep(span).await;
    }

    /// Milliseconds since a time.
    fn since(&self, at: SimTime) -> u64 {
        self.now().since(at).as_millis()
    }

    /// A running process on a host of its own.
    fn service(&self, name: &str) -> Site {
        let site = self.stage.service(name, ProcessSpec::default());
        site.process.start();
        site
    }

    /// Makes both ways between two hosts take exactly so long.
    fn far_apart(&self, one: &Site, other: &Site, one_way: SimDuration) {
        let link = LinkSpec { latency: Dist::Constant(one_way), ..LinkSpec::default() };
        self.stage.net().set_link(one.host, other.host, link.clone());
        self.stage.net().set_link(other.host, one.host, link);
    }

    fn kafka(&self, site: &Site) -> Kafka {
        let name = self.stage.trace().text(site.process.name());
        self.cluster.client(site, &format!("{name}->kafka"), ClientConfig::default())
    }

    fn leader(&self, partition: u32) -> BrokerId {
        let state = self.cluster.state_of(&TopicPartition::new(TOPIC, partition));
        state.and_then(|state| state.leader).expect("it has a leader")
    }

    fn controller(&self) -> BrokerId {
        let mut active = None;
        self.cluster.each(|id, server| active = active.or(server.member().is_active().then_some(id)));
        active.expect("somebody is the active controller")
    }

    /// A partition whose leader is the active controller, or is not.
    fn partition(&self, led_by_controller: bool) -> u32 {
        let controller = self.controller();
        (0..3).find(|nth| (self.leader(*nth) == controller) == led_by_controller).expect("each node leads one")
    }

    fn node(&self, id: BrokerId) -> Site {
        self.stage.site(&super::cluster::node_name(id)).expect("it is on the stage")
    }

    /// SIGKILL.
    fn kill(&self, id: BrokerId) {
        self.node(id).process.exit(Exit::Stopped);
    }

    /// The node that coordinates a group.
    fn coordinator(&self, group: &str) -> Option<BrokerId> {
        let partition = TopicPartition::new(OFFSETS_TOPIC, partition_of(group, 50));
        self.cluster.state_of(&partition)?.leader
    }

    /// What consumers may read of a partition.
    fn high_watermark(&self, partition: u32) -> Offset {
        let partition = TopicPartition::new(TOPIC, partition);
        let mut found = Offset::default();
        self.cluster.each(|_, server| {
            let replica = server.broker().and_then(|broker| broker.replica(&partition));
            found = found.max(replica.map(|replica| replica.high_watermark()).unwrap_or_default());
        });
        found
    }

    /// Values in the log of a partition, committed or not.
    fn log(&self, partition: u32) -> Vec<String> {
        let records = self.cluster.records(&TopicPartition::new(TOPIC, partition), Offset(0));
        records.iter().map(text).collect()
    }

    /// Waits until something is the case; how long that took, in milliseconds.
    async fn wait_until(&self, mut what: impl FnMut(&Lab) -> bool) -> u64 {
        let begin = self.now();
        while !what(self) {
            self.sleep(millis(5)).await;
        }
        self.since(begin)
    }

    /// Whether all nodes that are up know a broker as fenced.
    fn is_fenced(&self, id: BrokerId) -> bool {
        let mut alive = false;
        self.cluster.each(|_, server| {
            alive |= server.broker().is_some_and(|broker| broker.image().is_alive(id));
        });
        !alive
    }
}
