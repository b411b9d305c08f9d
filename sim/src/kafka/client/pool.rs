//! kafkajs' `BrokerPool`: the brokers a client knows, and the metadata it believes in (KJ:cluster/brokerPool.js).

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::broker::{Broker, mismatch};
use super::config::ClientConfig;
use super::error::{KafkaError, check};
use super::retry::{Failure, Retries};
use crate::engine::{SimDuration, SimTime, Stream};
use crate::grpc::Site;
use crate::kafka::protocol::{PartitionMetadata, Request, Response, TopicMetadata};
use crate::kafka::types::{BrokerId, ErrorCode};
use crate::kafka::wire::{AddressBook, Endpoint};

/// What a client believes about the cluster: the answer to its last refresh, for the topics it asked about.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// Brokers that were alive.
    pub brokers: Vec<BrokerId>,
    /// Whom to ask for producer ids.
    pub controller: Option<BrokerId>,
    /// Partitions by topic.
    pub topics: BTreeMap<Rc<str>, Vec<PartitionMetadata>>,
}

/// What a pool needs to know.
pub(crate) struct PoolSpec {
    pub(crate) site: Site,
    pub(crate) book: AddressBook,
    pub(crate) seeds: Vec<Endpoint>,
    pub(crate) config: Rc<ClientConfig>,
    pub(crate) metadata_max_age: SimDuration,
    pub(crate) create_topics: bool,
}

/// All brokers of one client.
pub(crate) struct BrokerPool {
    spec: PoolSpec,
    retrier: Retries,
    draws: RefCell<Stream>,
    seed: RefCell<Option<Rc<Broker>>>,
    next_seed: Cell<usize>,
    brokers: RefCell<BTreeMap<BrokerId, Rc<Broker>>>,
    metadata: RefCell<Option<Rc<Metadata>>>,
    expires: Cell<Option<SimTime>>,
    knows_versions: Cell<bool>,
}

impl BrokerPool {
    pub(crate) fn new(spec: PoolSpec, retrier: Retries, draws: Stream) -> Self {
        Self {
            spec,
            retrier,
            draws: RefCell::new(draws),
            seed: RefCell::default(),
            next_seed: Cell::new(0),
            brokers: RefCell::default(),
            metadata: RefCell::default(),
            expires: Cell::new(None),
            knows_versions: Cell::new(false),
        }
    }

    pub(crate) fn metadata(&self) -> Option<Rc<Metadata>> {
        self.metadata.borrow().clone()
    }

    pub(crate) fn node_ids(&self) -> Vec<BrokerId> {
        self.brokers.borrow().keys().copied().collect()
    }

    fn known(&self) -> Vec<Rc<Broker>> {
        self.brokers.borrow().values().cloned().collect()
    }

    pub(crate) fn has_connected_brokers(&self) -> bool {
        let seed = self.seed.borrow().clone();
        self.known().into_iter().chain(seed).any(|broker| broker.is_connected())
    }

    /// Connects to a seed, the next one at each attempt.
    pub(crate) async fn connect(&self) -> Result<(), KafkaError> {
        if self.has_connected_brokers() {
            return Ok(());
        }
        if self.seed.borrow().is_none() {
            self.take_next_seed().await;
        }
        self.retrier
            .run(async || {
                let seed = self.seed();
                match seed.connect().await {
                    Ok(()) => {
                        self.knows_versions.set(seed.knows_versions());
                        Ok(())
                    }
                    Err(error) => {
                        if error.is_connection_error() {
                            self.take_next_seed().await;
                        }
                        if error.claims_retriable() { Err(Failure::Thrown(error)) } else { Err(Failure::Bail(error)) }
                    }
                }
            })
            .await
    }

    fn seed(&self) -> Rc<Broker> {
        self.seed.borrow().clone().expect("a pool that connects has a seed")
    }

    async fn take_next_seed(&self) {
        let old = self.seed.borrow().clone();
        if let Some(old) = old {
            old.disconnect().await;
        }
        let nth = self.next_seed.replace(self.next_seed.get() + 1);
        let endpoint = self.spec.seeds[nth % self.spec.seeds.len()];
        let seed = Broker::new(&self.spec.site, endpoint, None, &self.spec.config, false);
        *self.seed.borrow_mut() = Some(Rc::new(seed));
    }

    /// Ends all connections and forgets everything but the seed, which keeps its ApiVersions (C5).
    pub(crate) async fn disconnect(&self) {
        let seed = self.seed.borrow().clone();
        if let Some(seed) = seed {
            seed.disconnect().await;
        }
        let brokers = self.known();
        futures_util::future::join_all(brokers.iter().map(|broker| broker.disconnect())).await;
        self.brokers.borrow_mut().clear();
        self.metadata.borrow_mut().take();
        self.knows_versions.set(false);
    }

    /// Forgets a broker whose connection was closed, and lets the metadata expire.
    pub(crate) fn remove(&self, endpoint: Endpoint) {
        let found = self.known().into_iter().find(|broker| broker.endpoint == endpoint);
        let Some(removed) = found else { return };
        self.brokers.borrow_mut().retain(|_, broker| broker.endpoint != endpoint);
        self.expires.set(None);
        if self.seed().id.get() == removed.id.get() {
            let others = self.shuffled();
            if let Some(other) = others.first() {
                *self.seed.borrow_mut() = Some(other.clone());
            }
        }
    }

    /// Asks any connected broker. One topic or partition with an error rejects the whole answer (B4); only
    /// LEADER_NOT_AVAILABLE is asked again, of the same broker.
    pub(crate) async fn refresh(&self, topics: &[Rc<str>]) -> Result<(), KafkaError> {
        let broker = self.find_connected().await?;
        self.retrier
            .run(async || match self.ask(&broker, topics).await {
                Ok(metadata) => {
                    self.adopt(metadata).await;
                    Ok(())
                }
                Err(error) if error.is_code(ErrorCode::LeaderNotAvailable) => Err(Failure::Thrown(error)),
                Err(error) => Err(Failure::Bail(error)),
            })
            .await
    }

    /// Whether the metadata is missing, too old, or silent about one of the topics.
    pub(crate) fn needs_refresh(&self, topics: &BTreeSet<Rc<str>>) -> bool {
        let now = self.spec.site.process.sim().now();
        let fresh = self.expires.get().is_some_and(|at| now <= at);
        !fresh || self.metadata().is_none_or(|known| topics.iter().any(|topic| !known.topics.contains_key(topic)))
    }

    async fn ask(&self, broker: &Broker, topics: &[Rc<str>]) -> Result<Metadata, KafkaError> {
        let topics = (!topics.is_empty()).then(|| topics.to_vec());
        let request = Request::Metadata { topics, create: self.spec.create_topics };
        let Response::Metadata { brokers, controller, topics } = broker.send(request).await? else {
            return Err(mismatch());
        };
        topics.iter().try_for_each(|topic| check(topic.error))?;
        topics.iter().flat_map(|topic| &topic.partitions).try_for_each(|partition| check(partition.error))?;
        let topics = topics.into_iter().map(|TopicMetadata { topic, partitions, .. }| (topic, partitions)).collect();
        Ok(Metadata { brokers, controller, topics })
    }

    /// Believes an answer: knows the brokers it names, and lets go of all others once their requests are answered.
    async fn adopt(&self, metadata: Metadata) {
        let now = self.spec.site.process.sim().now();
        self.expires.set(Some(now + self.spec.metadata_max_age));
        let fresh = metadata.brokers.clone();
        *self.metadata.borrow_mut() = Some(Rc::new(metadata));
        fresh.iter().for_each(|&id| self.learn(id));
        let unused: Vec<_> =
            self.known().into_iter().filter(|b| b.id.get().is_none_or(|id| !fresh.contains(&id))).collect();
        futures_util::future::join_all(unused.iter().map(|broker| async {
            broker.disconnect().await;
            self.brokers.borrow_mut().retain(|_, known| !Rc::ptr_eq(known, broker));
        }))
        .await;
    }

    fn learn(&self, id: BrokerId) {
        let Some(&endpoint) = self.spec.book.get(&id) else { return };
        if self.brokers.borrow().contains_key(&id) {
            return;
        }
        let seed = self.seed();
        let broker = if seed.endpoint == endpoint {
            seed.id.set(Some(id));
            seed
        } else {
            let versions = self.knows_versions.get();
            Rc::new(Broker::new(&self.spec.site, endpoint, Some(id), &self.spec.config, versions))
        };
        self.brokers.borrow_mut().insert(id, broker);
    }

    /// A broker by id, connected.
    pub(crate) async fn find(&self, id: Option<BrokerId>) -> Result<Rc<Broker>, KafkaError> {
        let known = id.and_then(|id| self.brokers.borrow().get(&id).cloned());
        let broker = known.ok_or(KafkaError::BrokerNotFound(id))?;
        self.connect_to(&broker).await?;
        Ok(broker)
    }

    /// All known brokers in random order.
    pub(crate) fn shuffled(&self) -> Vec<Rc<Broker>> {
        let mut brokers = self.known();
        let mut draws = self.draws.borrow_mut();
        for last in (1..brokers.len()).rev() {
            brokers.swap(last, draws.below(last as u64 + 1) as usize);
        }
        brokers
    }

    /// Some connected broker; else the first that can be connected; else a seed.
    async fn find_connected(&self) -> Result<Rc<Broker>, KafkaError> {
        let brokers = self.shuffled();
        if let Some(connected) = brokers.iter().find(|broker| broker.is_connected()) {
            return Ok(connected.clone());
        }
        for broker in brokers {
            if self.connect_to(&broker).await.is_ok() {
                return Ok(broker);
            }
        }
        self.connect().await?;
        Ok(self.seed())
    }

    /// Connects a broker. Connection errors are not retried here: whoever asked refreshes its metadata first.
    pub(crate) async fn connect_to(&self, broker: &Broker) -> Result<(), KafkaError> {
        if broker.is_connected() {
            return Ok(());
        }
        self.retrier
            .run(async || match broker.connect().await {
                Ok(()) => Ok(()),
                Err(error) if error.is_connection_error() => {
                    broker.disconnect().await;
                    Err(Failure::Bail(error))
                }
                Err(error) if error.claims_retriable() => Err(Failure::Thrown(error)),
                Err(error) => Err(Failure::Bail(error)),
            })
            .await
    }
}
