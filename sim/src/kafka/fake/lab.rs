//! A stage with fake brokers and one or more client processes.

use std::cell::RefCell;
use std::rc::Rc;

use super::{FakeBroker, FakePartition, World};
use crate::dist::Dist;
use crate::engine::{self, Sim, SimDuration, SimTime};
use crate::grpc::Site;
use crate::kafka::client::{ClientConfig, Kafka};
use crate::kafka::node::{Node, NodeSpec, Placement};
use crate::kafka::types::{BrokerId, TopicPartition};
use crate::kafka::wire::{AddressBook, Endpoint};
use crate::net::{LinkSpec, TcpSpec};
use crate::process::{ProcessSpec, WorkersSpec};
use crate::stage::Stage;
use crate::trace::{Exit, Trace};

pub(crate) const PORT: u16 = 9092;

/// Brokers 1 to n, a client process, and the topic `t` with a partition led by each broker.
pub(crate) struct Lab {
    pub(crate) stage: Stage,
    pub(crate) client: Site,
    pub(crate) sites: Vec<Site>,
    pub(crate) nodes: Vec<Node<FakeBroker>>,
    pub(crate) book: AddressBook,
    pub(crate) world: Rc<RefCell<World>>,
}

impl Lab {
    pub(crate) fn new(sim: &Sim, brokers: u32, one_way: SimDuration) -> Self {
        let trace = Trace::new(sim);
        let link = LinkSpec { latency: Dist::Constant(one_way), ..LinkSpec::default() };
        let stage = Stage::new(sim, &trace, link, TcpSpec::default());
        let sites: Vec<Site> =
            (1..=brokers).map(|n| stage.service(&format!("kafka-{n}"), ProcessSpec::default())).collect();
        let endpoint = |site: &Site| Endpoint { host: site.host, port: PORT };
        let book: AddressBook = Rc::new((1..).map(BrokerId).zip(sites.iter().map(endpoint)).collect());
        let world = Rc::new(RefCell::new(World { alive: book.keys().copied().collect(), ..World::default() }));
        let mut nodes = Vec::new();
        for (&id, site) in book.keys().zip(&sites) {
            let workers = stage.workers(&format!("kafka-{id}.cpu"), WorkersSpec::default());
            let place = Placement { site: site.clone(), workers, id, book: book.clone(), spec: NodeSpec::default() };
            let shared = world.clone();
            nodes.push(Node::host(place, move |_, _| FakeBroker::new(id, shared.clone())));
            let leader = FakePartition { leader: Some(id), ..FakePartition::default() };
            world.borrow_mut().partitions.insert(TopicPartition::new("t", id.0 - 1), leader);
            site.process.start();
        }
        let client = stage.service("client", ProcessSpec::default());
        client.process.start();
        Self { stage, client, sites, nodes, book, world }
    }

    pub(crate) fn kafka(&self) -> Kafka {
        self.kafka_on(&self.client)
    }

    pub(crate) fn kafka_on(&self, site: &Site) -> Kafka {
        let seeds: Vec<BrokerId> = self.book.keys().copied().collect();
        Kafka::new(site, "client->kafka", &self.book, &seeds, ClientConfig::default())
    }

    pub(crate) fn sim(&self) -> &Sim {
        self.stage.sim()
    }

    /// Does something to the lab's world at a time.
    pub(crate) fn at(&self, at: SimTime, then: impl FnOnce(&mut World) + 'static) {
        let world = self.world.clone();
        self.sim().call_at(at, move || then(&mut world.borrow_mut()));
    }

    /// Ends the process of a broker at a time.
    pub(crate) fn crash_at(&self, at: SimTime, broker: u32) {
        let process = self.sites[broker as usize - 1].process.clone();
        self.sim().call_at(at, move || process.exit(Exit::Stopped));
    }

    /// Plays a lab of three brokers with half a millisecond of round trip.
    pub(crate) fn play<T: Send>(secs: u64, build: impl FnOnce(&Lab) -> Box<dyn FnOnce() -> T> + Send) -> T {
        Self::play_with(secs, 3, SimDuration::from_micros(250), build)
    }

    pub(crate) fn play_with<T: Send>(
        secs: u64,
        brokers: u32,
        one_way: SimDuration,
        build: impl FnOnce(&Lab) -> Box<dyn FnOnce() -> T> + Send,
    ) -> T {
        engine::run(1, SimTime::from_secs(secs), move |sim| build(&Lab::new(sim, brokers, one_way)))
    }
}
