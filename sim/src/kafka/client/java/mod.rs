//! The network side of the Java profile: connections, and metadata that tolerates a partition without a leader.
//!
//! A JVM has threads, so nothing here waits for an event loop: tasks run on the node of their process, stand still while it is
//! paused, and cost no CPU. What a handler computes it should give to [`Workers`](crate::process::Workers).
//!
//! **Not modelled:** JVM garbage collection, `max.poll.records` as a cost, the growth of the connection timeout, choosing the least
//! loaded node (here: a random one), DNS.

mod link;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use self::link::Link;
use super::config::JavaConfig;
use super::error::KafkaError;
use super::pool::Metadata;
use super::shared::Shared;
use crate::engine::{Sim, SimDuration, SimTime, Stream};
use crate::grpc::Site;
use crate::kafka::protocol::{Request, Response, TopicMetadata};
use crate::kafka::types::BrokerId;
use crate::kafka::wire::AddressBook;

/// Where a Java client lives and whom it knows from the start.
#[derive(Clone)]
pub struct JavaClient {
    /// Its process and host.
    pub site: Site,
    /// The name of its random streams; unique in its process.
    pub name: Rc<str>,
    /// Where all brokers listen.
    pub book: AddressBook,
    /// `bootstrap.servers`.
    pub seeds: Vec<BrokerId>,
}

/// Connections to the brokers are kept apart by purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// Producing, fetching, metadata.
    Data,
    /// Speaking to a group's coordinator.
    Coordinator,
}

/// Connections and metadata of one producer or consumer. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Network(Rc<Inner>);

struct Inner {
    client: JavaClient,
    config: JavaConfig,
    create_topics: bool,
    links: RefCell<BTreeMap<(BrokerId, Purpose), Rc<Link>>>,
    topics: RefCell<BTreeSet<Rc<str>>>,
    metadata: RefCell<Rc<Metadata>>,
    refreshed: Cell<Option<SimTime>>,
    refreshing: Shared<()>,
    draws: RefCell<Stream>,
}

impl Network {
    pub(crate) fn new(client: &JavaClient, config: JavaConfig, create_topics: bool, label: &str) -> Self {
        let draws = client.site.process.sim().stream(&format!("{label}/network"));
        Self(Rc::new(Inner {
            client: client.clone(),
            config,
            create_topics,
            links: RefCell::default(),
            topics: RefCell::default(),
            metadata: RefCell::default(),
            refreshed: Cell::new(None),
            refreshing: Shared::default(),
            draws: RefCell::new(draws),
        }))
    }

    pub(crate) fn site(&self) -> &Site {
        &self.0.client.site
    }

    pub(crate) fn sim(&self) -> &Sim {
        self.0.client.site.process.sim()
    }

    pub(crate) fn config(&self) -> &JavaConfig {
        &self.0.config
    }

    /// What is believed now; empty at first.
    pub(crate) fn metadata(&self) -> Rc<Metadata> {
        self.0.metadata.borrow().clone()
    }

    /// Wants to know about a topic from now on.
    pub(crate) fn add_topic(&self, topic: &Rc<str>) {
        self.0.topics.borrow_mut().insert(topic.clone());
    }

    /// True if the metadata is older than allowed, or missing.
    pub(crate) fn is_stale(&self) -> bool {
        let age = self.0.refreshed.get().map(|at| self.sim().now().since(at));
        age.is_none_or(|age| age >= self.0.config.metadata_max_age)
    }

    /// Sends a request over the connection for its purpose, connecting first if need be.
    pub(crate) async fn call(
        &self,
        to: BrokerId,
        purpose: Purpose,
        request: Request,
        timeout: SimDuration,
    ) -> Result<Option<Response>, KafkaError> {
        let target = *self.0.client.book.get(&to).ok_or(KafkaError::BrokerNotFound(Some(to)))?;
        let make = || Link::new(&self.0.client.site, target, self.0.config);
        let link = self.0.links.borrow_mut().entry((to, purpose)).or_insert_with(make).clone();
        link.call(request, timeout).await
    }

    /// Asks some broker for metadata, and another if that one fails, until one has answered. A partition without a leader spoils
    /// nothing but itself.
    pub(crate) async fn refresh(&self) {
        let me = self.clone();
        let work = async move {
            let mut failures = 0;
            while me.try_refresh().await.is_err() {
                failures += 1;
                me.sim().sleep(me.backoff(failures)).await;
            }
            me.0.refreshed.set(Some(me.sim().now()));
        };
        self.0.refreshing.run(&self.0.client.site.process, work).await;
    }

    async fn try_refresh(&self) -> Result<(), KafkaError> {
        let topics: Vec<Rc<str>> = self.0.topics.borrow().iter().cloned().collect();
        let request = Request::Metadata { topics: Some(topics), create: self.0.create_topics };
        let node = self.any_node();
        let answer = self.call(node, Purpose::Data, request, self.0.config.request_timeout).await?;
        let Some(Response::Metadata { brokers, controller, topics }) = answer else {
            return Err(super::broker::mismatch());
        };
        let known = topics.into_iter().filter(|topic| topic.error.is_ok());
        let topics = known.map(|TopicMetadata { topic, partitions, .. }| (topic, partitions)).collect();
        *self.0.metadata.borrow_mut() = Rc::new(Metadata { brokers, controller, topics });
        Ok(())
    }

    /// A random broker of those connected; else of those known; else of the seeds.
    pub(crate) fn any_node(&self) -> BrokerId {
        let links = self.0.links.borrow();
        let connected: Vec<BrokerId> =
            links.iter().filter(|(_, link)| link.is_ready()).map(|((id, _), _)| *id).collect();
        let metadata = self.metadata();
        let known = if metadata.brokers.is_empty() { &self.0.client.seeds } else { &metadata.brokers };
        let nodes = if connected.is_empty() { known } else { &connected };
        nodes[self.below(nodes.len())]
    }

    /// The wait after the `nth` failure in a row, counted from 1: doubled each time up to a limit, ± 20 % (C1).
    pub(crate) fn backoff(&self, nth: u32) -> SimDuration {
        let config = &self.0.config;
        let doubled = config.retry_backoff * (1 << (nth.max(1) - 1).min(16));
        let nominal = doubled.min(config.retry_backoff_max);
        let spread = nominal.scale(400).as_nanos() + 1;
        nominal.scale(800) + SimDuration::from_nanos(self.0.draws.borrow_mut().below(spread))
    }

    /// A random number below `bound`.
    pub(crate) fn below(&self, bound: usize) -> usize {
        self.0.draws.borrow_mut().below(bound as u64) as usize
    }
}
