//! kafkajs' `Cluster`: what one producer or consumer asks about the cluster (KJ:cluster/index.js).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::broker::{Broker, mismatch};
use super::error::{ConnectionFault, KafkaError, check};
use super::pool::{BrokerPool, PoolSpec};
use super::retry::{Failure, Retries};
use super::shared::{Lock, Shared, all};
use crate::kafka::protocol::{Isolation, PartitionMetadata, Position, Request, Response};
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};
use crate::kafka::wire::Endpoint;
use crate::process::Process;

/// The cluster as one producer or consumer sees it: its own connections, metadata and topics. Cheap to clone.
#[derive(Clone)]
pub struct Cluster(Rc<Inner>);

struct Inner {
    process: Process,
    pool: BrokerPool,
    retrier: Retries,
    targets: RefCell<BTreeSet<Rc<str>>>,
    changing_targets: Lock,
    connecting: Shared<Result<(), KafkaError>>,
    refreshing: Shared<Result<(), KafkaError>>,
    refreshing_if_necessary: Shared<Result<(), KafkaError>>,
}

impl Cluster {
    pub(crate) fn new(spec: PoolSpec, retrier: Retries, draws: crate::engine::Stream) -> Self {
        let (process, patience) = (spec.site.process.clone(), spec.config.request_timeout);
        Self(Rc::new(Inner {
            process,
            pool: BrokerPool::new(spec, retrier.clone(), draws),
            retrier,
            targets: RefCell::default(),
            changing_targets: Lock::new(patience),
            connecting: Shared::default(),
            refreshing: Shared::default(),
            refreshing_if_necessary: Shared::default(),
        }))
    }

    /// The process it lives in.
    pub fn process(&self) -> &Process {
        &self.0.process
    }

    pub(crate) fn retrier(&self) -> &Retries {
        &self.0.retrier
    }

    /// True if any connection is up.
    pub fn is_connected(&self) -> bool {
        self.0.pool.has_connected_brokers()
    }

    /// Connects to a seed broker, unless any broker is connected.
    ///
    /// # Errors
    /// When no seed could be reached in all attempts.
    pub async fn connect(&self) -> Result<(), KafkaError> {
        let me = self.clone();
        self.0.connecting.run(&self.0.process, async move { me.0.pool.connect().await }).await
    }

    /// Ends all connections and forgets the metadata.
    pub async fn disconnect(&self) {
        self.0.pool.disconnect().await;
    }

    /// Forgets a broker that has closed its connection.
    pub fn remove_broker(&self, endpoint: Endpoint) {
        self.0.pool.remove(endpoint);
    }

    fn targets(&self) -> Vec<Rc<str>> {
        self.0.targets.borrow().iter().cloned().collect()
    }

    /// Asks for the metadata of all topics in use; calls at the same time share one request.
    ///
    /// # Errors
    /// Connection errors, and those of any topic or partition asked about (B4).
    pub async fn refresh_metadata(&self) -> Result<(), KafkaError> {
        let me = self.clone();
        let work = async move { me.0.pool.refresh(&me.targets()).await };
        self.0.refreshing.run(&self.0.process, work).await
    }

    /// The same, if the metadata is too old or lacks a topic.
    ///
    /// # Errors
    /// As [`Cluster::refresh_metadata`].
    pub async fn refresh_metadata_if_necessary(&self) -> Result<(), KafkaError> {
        // Nothing to do takes no time, so it needs no task either.
        if self.0.refreshing_if_necessary.is_idle() && !self.0.pool.needs_refresh(&self.0.targets.borrow()) {
            return Ok(());
        }
        let me = self.clone();
        let work = async move { me.0.pool.refresh(&me.targets()).await };
        self.0.refreshing_if_necessary.run(&self.0.process, work).await
    }

    /// Adds topics to those in use; asks for metadata if one is new or nothing is known yet.
    ///
    /// # Errors
    /// As [`Cluster::refresh_metadata`]; a topic that does not exist is not added.
    pub async fn add_target_topics(&self, topics: &[Rc<str>]) -> Result<(), KafkaError> {
        let _held = self.0.changing_targets.acquire(&self.0.process).await?;
        let before = self.0.targets.borrow().clone();
        self.0.targets.borrow_mut().extend(topics.iter().cloned());
        let changed = self.0.targets.borrow().len() != before.len() || self.0.pool.metadata().is_none();
        if !changed {
            return Ok(());
        }
        let refreshed = self.refresh_metadata().await;
        if matches!(refreshed, Err(KafkaError::Protocol(ErrorCode::UnknownTopicOrPartition))) {
            *self.0.targets.borrow_mut() = before;
        }
        refreshed
    }

    /// Brokers by id, as the metadata names them.
    pub fn node_ids(&self) -> Vec<BrokerId> {
        self.0.pool.node_ids()
    }

    /// A broker, connected. If it cannot be reached the metadata is refreshed before the error is returned.
    ///
    /// # Errors
    /// [`KafkaError::BrokerNotFound`] and connection errors.
    pub async fn find_broker(&self, id: Option<BrokerId>) -> Result<Rc<Broker>, KafkaError> {
        let found = self.0.pool.find(id).await;
        if let Err(KafkaError::BrokerNotFound(_) | KafkaError::LockTimeout | KafkaError::Connection(_)) = &found {
            self.refresh_metadata().await?;
        }
        found
    }

    /// The broker that the metadata names as controller.
    ///
    /// # Errors
    /// [`KafkaError::MetadataNotLoaded`], or as [`Cluster::find_broker`].
    pub async fn find_controller(&self) -> Result<Rc<Broker>, KafkaError> {
        let controller = self.0.pool.metadata().and_then(|metadata| metadata.controller);
        self.find_broker(Some(controller.ok_or(KafkaError::MetadataNotLoaded)?)).await
    }

    /// Partitions of a topic, by number; empty if the metadata does not speak of it.
    ///
    /// # Errors
    /// [`KafkaError::MetadataNotLoaded`] without any metadata.
    pub fn partitions(&self, topic: &str) -> Result<Vec<PartitionMetadata>, KafkaError> {
        let metadata = self.0.pool.metadata().ok_or(KafkaError::MetadataNotLoaded)?;
        Ok(metadata.topics.get(topic).cloned().unwrap_or_default())
    }

    /// Partitions by leader. Those of which the metadata does not speak are left out.
    ///
    /// # Errors
    /// As [`Cluster::partitions`].
    pub fn by_leader(
        &self,
        partitions: impl IntoIterator<Item = TopicPartition>,
    ) -> Result<BTreeMap<Option<BrokerId>, Vec<TopicPartition>>, KafkaError> {
        let metadata = self.0.pool.metadata().ok_or(KafkaError::MetadataNotLoaded)?;
        let mut leaders: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for partition in partitions {
            let topic = metadata.topics.get(&partition.topic);
            if let Some(known) = topic.and_then(|topic| topic.get(partition.partition as usize)) {
                leaders.entry(known.leader).or_default().push(partition);
            }
        }
        Ok(leaders)
    }

    /// The coordinator of a group, connected.
    ///
    /// # Errors
    /// When no broker can tell, or the coordinator stays out of reach through all attempts.
    pub async fn find_coordinator(&self, group: &Rc<str>) -> Result<Rc<Broker>, KafkaError> {
        self.0
            .retrier
            .run(async || match self.try_coordinator(group).await {
                Ok(broker) => Ok(broker),
                Err(error @ KafkaError::BrokerNotFound(_)) => self.refresh_and_throw(error).await,
                Err(error) if error.is_code(ErrorCode::CoordinatorNotAvailable) => self.refresh_and_throw(error).await,
                Err(error @ KafkaError::Connection(ConnectionFault::Refused)) => Err(Failure::Thrown(error)),
                Err(error) => Err(Failure::Bail(error)),
            })
            .await
    }

    async fn refresh_and_throw<T>(&self, error: KafkaError) -> Result<T, Failure> {
        self.refresh_metadata().await?;
        Err(Failure::Thrown(error))
    }

    async fn try_coordinator(&self, group: &Rc<str>) -> Result<Rc<Broker>, KafkaError> {
        let coordinator = self.ask_for_coordinator(group).await?;
        self.find_broker(Some(coordinator)).await
    }

    /// Asks one broker after the other, in random order. One that has no answer yet is asked again for a while; any other error
    /// passes to the next, but a broker that cannot be connected ends the search.
    async fn ask_for_coordinator(&self, group: &Rc<str>) -> Result<BrokerId, KafkaError> {
        let brokers = self.0.pool.shuffled();
        if brokers.is_empty() {
            return Err(KafkaError::BrokerNotFound(None));
        }
        for broker in brokers {
            self.0.pool.connect_to(&broker).await?;
            let asked = self.0.retrier.run(async || match broker.send(Request::FindCoordinator(group.clone())).await {
                Ok(Response::FindCoordinator(Ok(id))) => Ok(id),
                Ok(Response::FindCoordinator(Err(ErrorCode::CoordinatorNotAvailable))) => {
                    Err(Failure::Thrown(KafkaError::Protocol(ErrorCode::CoordinatorNotAvailable)))
                }
                Ok(Response::FindCoordinator(Err(code))) => Err(Failure::Bail(KafkaError::Protocol(code))),
                Ok(_) => Err(Failure::Bail(mismatch())),
                Err(error) => Err(Failure::Bail(error)),
            });
            if let Ok(id) = asked.await {
                return Ok(id);
            }
        }
        Err(KafkaError::CoordinatorNotFound)
    }

    /// Offsets at a position, asked of the leaders, all at once.
    ///
    /// # Errors
    /// Those of any leader or partition.
    pub async fn list_offsets(
        &self,
        partitions: Vec<TopicPartition>,
        position: Position,
        isolation: Isolation,
    ) -> Result<BTreeMap<TopicPartition, Offset>, KafkaError> {
        let found: Rc<RefCell<BTreeMap<TopicPartition, Offset>>> = Rc::default();
        let leaders = self.by_leader(partitions)?;
        let tasks = leaders.into_iter().map(|(leader, partitions)| {
            let (me, found) = (self.clone(), found.clone());
            self.0.process.spawn(async move {
                let broker = me.find_broker(leader).await?;
                let partitions = partitions.into_iter().map(|partition| (partition, position)).collect();
                let request = Request::ListOffsets { isolation, partitions };
                let Response::ListOffsets(answers) = broker.send(request).await? else {
                    return Err(mismatch());
                };
                answers.iter().try_for_each(|(_, error, _)| check(*error))?;
                found.borrow_mut().extend(answers.into_iter().map(|(partition, _, offset)| (partition, offset)));
                Ok(())
            })
        });
        all(tasks.collect()).await?;
        Ok(found.take())
    }
}
