//! kafkajs' `ConsumerGroup`: a member of a group (KJ:consumer/consumerGroup.js).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use super::isolation::to_kafkajs;
use super::offsets::Offsets;
use super::{ConsumerEvent, Listener};
use crate::engine::SimTime;
use crate::kafka::assignor::{Assignor, Shares, Topic};
use crate::kafka::client::broker::{Broker, mismatch};
use crate::kafka::client::cluster::Cluster;
use crate::kafka::client::error::check;
use crate::kafka::client::retry::{Failure, Retries};
use crate::kafka::client::shared::Shared;
use crate::kafka::client::{ConsumerConfig, KafkaError};
use crate::kafka::protocol::*;
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};
use crate::process::Held;

/// One partition's part of a fetch response.
pub(super) struct Fetch {
    pub(super) partition: TopicPartition,
    pub(super) high_watermark: Offset,
    pub(super) messages: Vec<(Offset, Record)>,
    /// The last offset of what was fetched, if none of it is for the application.
    pub(super) filtered: Option<Offset>,
    /// It stays in the heap until it has been handled.
    pub(super) _held: Held,
}

/// A member, or who wants to be one.
pub(super) struct Group {
    cluster: Cluster,
    config: Rc<ConsumerConfig>,
    retrier: Retries,
    listener: Listener,
    group: Rc<str>,
    topics: Vec<Rc<str>>,
    coordinator: RefCell<Option<Rc<Broker>>>,
    /// Empty while it has none.
    id: RefCell<Rc<str>>,
    generation: Cell<Option<u32>>,
    /// How many partitions the topics had at the last sync.
    known: RefCell<Option<BTreeMap<Rc<str>, usize>>>,
    assigned: RefCell<Vec<TopicPartition>>,
    offsets: RefCell<Option<Rc<Offsets>>>,
    last_heartbeat: Cell<SimTime>,
    beating: Shared<Result<(), KafkaError>>,
}

impl Group {
    pub(super) fn new(
        cluster: &Cluster,
        config: &Rc<ConsumerConfig>,
        listener: &Listener,
        group: &Rc<str>,
        topics: Vec<Rc<str>>,
    ) -> Self {
        Self {
            cluster: cluster.clone(),
            config: config.clone(),
            retrier: cluster.retrier().clone(),
            listener: listener.clone(),
            group: group.clone(),
            topics,
            coordinator: RefCell::default(),
            id: RefCell::new(Rc::from("")),
            generation: Cell::new(None),
            known: RefCell::default(),
            assigned: RefCell::default(),
            offsets: RefCell::default(),
            last_heartbeat: Cell::new(cluster.process().sim().now()),
            beating: Shared::default(),
        }
    }

    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    pub(super) fn assigned(&self) -> Vec<TopicPartition> {
        self.assigned.borrow().clone()
    }

    pub(super) fn generation(&self) -> Option<u32> {
        self.generation.get()
    }

    /// The offsets of this generation.
    pub(super) fn offsets(&self) -> Rc<Offsets> {
        self.offsets.borrow().clone().expect("only members read")
    }

    pub(super) async fn connect(&self) -> Result<(), KafkaError> {
        self.cluster.connect().await?;
        self.cluster.refresh_metadata_if_necessary().await
    }

    /// The coordinator does not know this member any more: it needs a new id.
    pub(super) fn forget_id(&self) {
        *self.id.borrow_mut() = Rc::from("");
    }

    fn member(&self) -> Member {
        let id = self.id.borrow().clone();
        Member { group: self.group.clone(), id, instance: None, generation: self.generation.get() }
    }

    fn coordinator(&self) -> Result<Rc<Broker>, KafkaError> {
        self.coordinator.borrow().clone().ok_or(KafkaError::CoordinatorNotFound)
    }

    /// Joins the group and gets a share, again if the group goes on changing meanwhile.
    pub(super) async fn join_and_sync(&self) -> Result<(), KafkaError> {
        self.retrier
            .run(async || match self.try_join().await {
                Ok(()) => Ok(()),
                Err(KafkaError::Protocol(code @ ErrorCode::UnknownMemberId)) => {
                    self.forget_id();
                    Err(Failure::Thrown(KafkaError::JoinAgain(code)))
                }
                Err(error) => match error {
                    KafkaError::Protocol(code) if error.is_rebalancing() => {
                        Err(Failure::Thrown(KafkaError::JoinAgain(code)))
                    }
                    error => Err(Failure::Bail(error)),
                },
            })
            .await
    }

    async fn try_join(&self) -> Result<(), KafkaError> {
        let coordinator = self.cluster.find_coordinator(&self.group).await?;
        *self.coordinator.borrow_mut() = Some(coordinator.clone());
        let join = Join {
            member: Member { generation: None, ..self.member() },
            session_timeout: self.config.session_timeout,
            rebalance_timeout: self.config.rebalance_timeout,
            protocols: vec![Assignor::KafkaJs.name().into()],
            subscription: Subscription { topics: self.topics.clone(), ..Subscription::default() },
        };
        let GroupResponse::Joined { generation, leader, member, members, .. } = coordinator.join(join).await? else {
            return Err(mismatch());
        };
        self.generation.set(Some(generation));
        *self.id.borrow_mut() = member.clone();
        let leads = leader == member;
        let assignments = if leads { self.assign(&members).await? } else { Shares::new() };
        self.sync(&coordinator, assignments).await?;
        let partitions = self.assigned();
        (self.listener)(&ConsumerEvent::Joined { generation, member, leader: leads, partitions });
        Ok(())
    }

    /// Deals the partitions, with fresh metadata.
    async fn assign(&self, members: &[GroupMember]) -> Result<Shares, KafkaError> {
        self.cluster.refresh_metadata().await?;
        let count = |topic: &Rc<str>| Ok((topic.clone(), self.cluster.partitions(topic)?.len() as u32));
        let topics: Vec<Topic> = self.topics.iter().map(count).collect::<Result<_, KafkaError>>()?;
        Ok(match self.config.own_assignor {
            Some(own) => (own.0)(members, &topics),
            None => Assignor::KafkaJs.assign(members, &topics),
        })
    }

    async fn sync(&self, coordinator: &Rc<Broker>, shares: Shares) -> Result<(), KafkaError> {
        *self.known.borrow_mut() = Some(self.partition_counts()?);
        let member = self.member();
        let assignments = shares.into_iter().collect();
        let request = GroupRequest::Sync { member: member.clone(), assignments };
        let GroupResponse::Synced(mut share) = coordinator.group(request).await? else { return Err(mismatch()) };
        share.retain(|partition| self.topics.contains(&partition.topic));
        share.sort();
        if !self.is_aware_of(&share) {
            self.cluster.refresh_metadata().await?;
            *self.known.borrow_mut() = Some(self.partition_counts()?);
        }
        *self.assigned.borrow_mut() = share.clone();
        let offsets = Offsets::new(&self.cluster, &self.config, &self.listener, coordinator.clone(), member, share);
        *self.offsets.borrow_mut() = Some(Rc::new(offsets));
        Ok(())
    }

    fn partition_counts(&self) -> Result<BTreeMap<Rc<str>, usize>, KafkaError> {
        self.topics.iter().map(|topic| Ok((topic.clone(), self.cluster.partitions(topic)?.len()))).collect()
    }

    fn is_aware_of(&self, share: &[TopicPartition]) -> bool {
        let known = self.known.borrow();
        let count = |topic| known.as_ref().and_then(|known| known.get(topic)).copied().unwrap_or(0);
        share.iter().all(|partition| (partition.partition as usize) < count(&partition.topic))
    }

    /// Leaves the group, if it is a member.
    pub(super) async fn leave(&self) -> Result<(), KafkaError> {
        if !self.id.borrow().is_empty() {
            self.coordinator()?.group(GroupRequest::Leave(self.member())).await?;
            self.forget_id();
        }
        Ok(())
    }

    /// Sends a heartbeat if the last one is old enough (D2). Calls at the same time share one.
    pub(super) async fn heartbeat(self: &Rc<Self>) -> Result<(), KafkaError> {
        // Nothing to do takes no time, so it needs no task either.
        if self.beating.is_idle() && !self.is_beat_due() {
            return Ok(());
        }
        let me = self.clone();
        self.beating.run(self.cluster.process(), async move { me.beat().await }).await
    }

    fn is_beat_due(&self) -> bool {
        let due = self.last_heartbeat.get() + self.config.heartbeat_interval;
        !self.id.borrow().is_empty() && self.cluster.process().sim().now() >= due
    }

    async fn beat(&self) -> Result<(), KafkaError> {
        self.coordinator()?.group(GroupRequest::Heartbeat(self.member())).await?;
        (self.listener)(&ConsumerEvent::Heartbeat);
        self.last_heartbeat.set(self.cluster.process().sim().now());
        Ok(())
    }

    /// Fetches what this member reads from one broker. Without anything to read there it sleeps as long as a fetch may wait.
    pub(super) async fn fetch(&self, node: BrokerId) -> Result<Vec<Fetch>, KafkaError> {
        match self.try_fetch(node).await {
            Ok(fetches) => Ok(fetches),
            Err(error) => self.recover(error).await.map(|()| Vec::new()),
        }
    }

    async fn try_fetch(&self, node: BrokerId) -> Result<Vec<Fetch>, KafkaError> {
        self.cluster.refresh_metadata_if_necessary().await?;
        if self.has_grown()? {
            return Err(KafkaError::StaleAssignment);
        }
        let own = self.cluster.by_leader(self.assigned())?.remove(&Some(node)).unwrap_or_default();
        let offsets = self.offsets();
        offsets.find_starts().await?;
        let wanted = |partition: TopicPartition| {
            let offset = offsets.next(&partition)?;
            let max_bytes = self.config.max_bytes_per_partition.0;
            Some(FetchPartition { partition, offset, leader_epoch: None, last_epoch: None, max_bytes })
        };
        let wanted: Vec<FetchPartition> = own.into_iter().filter_map(wanted).collect();
        if wanted.is_empty() {
            self.cluster.process().sleep(self.config.max_wait).await;
            return Ok(Vec::new());
        }
        let broker = self.cluster.find_broker(Some(node)).await?;
        let request = Request::Fetch {
            replica: None,
            isolation: self.config.isolation(),
            max_wait: self.config.max_wait,
            min_bytes: self.config.min_bytes.0,
            max_bytes: self.config.max_bytes.0,
            partitions: wanted.clone(),
        };
        let Response::Fetch(fetched) = broker.send(request).await? else { return Err(mismatch()) };
        self.unpack(&wanted, fetched)
    }

    /// The first partition with an error makes the whole fetch one (KJ:protocol/requests/fetch).
    fn unpack(&self, wanted: &[FetchPartition], fetched: Vec<Fetched>) -> Result<Vec<Fetch>, KafkaError> {
        for partition in &fetched {
            if partition.error == ErrorCode::OffsetOutOfRange {
                return Err(KafkaError::OffsetOutOfRange(partition.partition.clone()));
            }
            check(partition.error)?;
        }
        let unpack = |fetched: Fetched| {
            let from = wanted.iter().find(|wanted| wanted.partition == fetched.partition)?.offset;
            let records = to_kafkajs(&fetched, from);
            let messages: Vec<_> = records.map(|(offset, record)| (offset, record.clone())).collect();
            let last = fetched.batches.last().filter(|_| messages.is_empty()).map(Batch::last);
            let filtered = last.map(|last| last.max(from));
            let held = self.cluster.process().hold(messages.iter().map(|(_, record)| record.bytes()).sum());
            let Fetched { partition, high_watermark, .. } = fetched;
            Some(Fetch { partition, high_watermark, messages, filtered, _held: held })
        };
        Ok(fetched.into_iter().filter_map(unpack).collect())
    }

    /// A topic has more partitions than at the last sync.
    fn has_grown(&self) -> Result<bool, KafkaError> {
        let now = self.partition_counts()?;
        let known = self.known.borrow();
        Ok(known.as_ref().is_some_and(|known| now.iter().any(|(topic, count)| *count > known[topic])))
    }

    /// What a failed fetch leads to. Errors of leadership make the member re-join its group, though nothing is wrong with that (D4).
    async fn recover(&self, error: KafkaError) -> Result<(), KafkaError> {
        use ErrorCode as E;
        match error {
            KafkaError::MetadataNotLoaded
            | KafkaError::Protocol(
                E::LeaderNotAvailable
                | E::NotLeaderOrFollower
                | E::FencedLeaderEpoch
                | E::UnknownLeaderEpoch
                | E::UnknownTopicOrPartition,
            ) => {
                self.cluster.refresh_metadata().await?;
                self.join_and_sync().await
            }
            KafkaError::StaleAssignment => self.join_and_sync().await,
            KafkaError::OffsetOutOfRange(partition) => {
                self.offsets().start_over(&partition);
                Ok(())
            }
            KafkaError::ConnectionClosed(endpoint) => {
                self.cluster.remove_broker(endpoint);
                Ok(())
            }
            KafkaError::BrokerNotFound(_) => self.cluster.refresh_metadata().await,
            error => Err(error),
        }
    }
}
