//! Where a member reads on and what it has committed (KJ:consumer/offsetManager), for one generation of its group.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{ConsumerEvent, Listener};
use crate::engine::SimTime;
use crate::kafka::client::broker::{Broker, mismatch};
use crate::kafka::client::cluster::Cluster;
use crate::kafka::client::{ConsumerConfig, KafkaError};
use crate::kafka::protocol::{GroupRequest, GroupResponse, Member, Position};
use crate::kafka::types::{ErrorCode, Offset, TopicPartition};

/// Offsets of one generation.
pub(super) struct Offsets {
    cluster: Cluster,
    config: Rc<ConsumerConfig>,
    listener: Listener,
    coordinator: RefCell<Rc<Broker>>,
    member: Member,
    assigned: Vec<TopicPartition>,
    /// The next record to read, as the coordinator knows it, or where reading began.
    committed: RefCell<BTreeMap<TopicPartition, Offset>>,
    /// The record behind the last one handled.
    resolved: RefCell<BTreeMap<TopicPartition, Offset>>,
    /// Partitions whose committed offset is out of range.
    reset: RefCell<BTreeSet<TopicPartition>>,
    last_commit: Cell<SimTime>,
}

impl Offsets {
    pub(super) fn new(
        cluster: &Cluster,
        config: &Rc<ConsumerConfig>,
        listener: &Listener,
        coordinator: Rc<Broker>,
        member: Member,
        assigned: Vec<TopicPartition>,
    ) -> Self {
        Self {
            cluster: cluster.clone(),
            config: config.clone(),
            listener: listener.clone(),
            coordinator: RefCell::new(coordinator),
            member,
            assigned,
            committed: RefCell::default(),
            resolved: RefCell::default(),
            reset: RefCell::default(),
            last_commit: Cell::new(cluster.process().sim().now()),
        }
    }

    /// The next record to read; none before the start is known.
    pub(super) fn next(&self, partition: &TopicPartition) -> Option<Offset> {
        let committed = self.committed.borrow().get(partition).copied()?;
        Some(self.resolved.borrow().get(partition).copied().unwrap_or(committed))
    }

    /// A record has been handled.
    pub(super) fn resolve(&self, partition: &TopicPartition, offset: Offset) {
        self.resolved.borrow_mut().insert(partition.clone(), offset.plus(1));
    }

    /// Forgets where a partition is read: it starts where `fromBeginning` says (D4, OFFSET_OUT_OF_RANGE).
    pub(super) fn start_over(&self, partition: &TopicPartition) {
        self.reset.borrow_mut().insert(partition.clone());
        self.committed.borrow_mut().remove(partition);
        self.resolved.borrow_mut().remove(partition);
    }

    /// Finds out where partitions start that were not read yet: at their committed offsets, else where `fromBeginning` says.
    pub(super) async fn find_starts(&self) -> Result<(), KafkaError> {
        let unknown = |partition: &&TopicPartition| !self.committed.borrow().contains_key(partition);
        let pending: Vec<TopicPartition> = self.assigned.iter().filter(unknown).cloned().collect();
        if pending.is_empty() {
            return Ok(());
        }
        let request = GroupRequest::OffsetFetch { group: self.member.group.clone(), partitions: pending };
        let GroupResponse::Offsets(stored) = self.coordinator().await?.group(request).await? else {
            return Err(mismatch());
        };
        let mut starts = BTreeMap::new();
        let mut without = Vec::new();
        for (partition, offset) in stored {
            match offset.filter(|_| !self.reset.borrow().contains(&partition)) {
                Some(offset) => drop(starts.insert(partition, offset)),
                None => without.push(partition),
            }
        }
        if !without.is_empty() {
            let position = if self.config.from_beginning { Position::Earliest } else { Position::Latest };
            starts.append(&mut self.cluster.list_offsets(without, position, self.config.isolation()).await?);
        }
        self.committed.borrow_mut().append(&mut starts);
        Ok(())
    }

    /// Commits if an interval or threshold is set and reached.
    pub(super) async fn commit_if_necessary(&self) -> Result<(), KafkaError> {
        let since = self.cluster.process().sim().now().since(self.last_commit.get());
        let due = self.config.auto_commit_interval.is_some_and(|interval| since >= interval);
        let many = self.config.auto_commit_threshold.is_some_and(|threshold| self.count_resolved() >= threshold);
        if due || many { self.commit().await } else { Ok(()) }
    }

    fn count_resolved(&self) -> u64 {
        self.uncommitted().iter().map(|(partition, offset)| offset.since(self.committed.borrow()[partition])).sum()
    }

    fn uncommitted(&self) -> Vec<(TopicPartition, Offset)> {
        let committed = self.committed.borrow();
        let resolved = self.resolved.borrow();
        let changed = resolved.iter().filter(|(partition, offset)| committed.get(*partition) != Some(*offset));
        changed.map(|(partition, offset)| (partition.clone(), *offset)).collect()
    }

    /// Commits what has been handled since the last commit.
    pub(super) async fn commit(&self) -> Result<(), KafkaError> {
        let offsets = self.uncommitted();
        if !offsets.is_empty() {
            let committed = self.ask_to_commit(offsets.clone()).await;
            if committed.as_ref().is_err_and(|error| error.is_code(ErrorCode::NotCoordinator)) {
                self.cluster.refresh_metadata().await?;
            }
            committed?;
            self.committed.borrow_mut().extend(offsets.iter().cloned());
            (self.listener)(&ConsumerEvent::Committed(offsets));
        }
        self.last_commit.set(self.cluster.process().sim().now());
        Ok(())
    }

    async fn ask_to_commit(&self, offsets: Vec<(TopicPartition, Offset)>) -> Result<(), KafkaError> {
        let request = GroupRequest::OffsetCommit { member: self.member.clone(), offsets };
        self.coordinator().await?.group(request).await.map(drop)
    }

    async fn coordinator(&self) -> Result<Rc<Broker>, KafkaError> {
        let known = self.coordinator.borrow().clone();
        if known.is_connected() {
            return Ok(known);
        }
        let found = self.cluster.find_broker(known.id.get()).await?;
        *self.coordinator.borrow_mut() = found.clone();
        Ok(found)
    }
}
