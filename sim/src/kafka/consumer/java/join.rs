//! How a Java consumer joins its group and takes on its share (MODEL-REFERENCE.md D1, D3).
//!
//! Eagerly, `poll` gives everything up and waits until there is a new share. Cooperatively, the join is under way beside it and `poll` goes
//! on returning records of what the member owns (KIP-429; AK: ConsumerCoordinator.java); the share is taken on by the next `poll`, so
//! never in the middle of what the last one has returned.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::Inner;
use crate::kafka::assignor::{Assignor, Shares, Topic};
use crate::kafka::client::KafkaError;
use crate::kafka::client::broker::mismatch;
use crate::kafka::consumer::ConsumerEvent;
use crate::kafka::protocol::*;
use crate::kafka::types::{ErrorCode, Offset, TopicPartition};

/// A join of a cooperative member, beside its polls.
#[derive(Default)]
pub(super) enum Beside {
    /// None.
    #[default]
    Idle,
    /// It is under way.
    Joining,
    /// Its outcome waits for the next poll: a share, or nothing if the consumer is closing.
    Done(Result<Option<Grant>, KafkaError>),
}

impl Beside {
    fn take_outcome(&mut self) -> Option<Result<Option<Grant>, KafkaError>> {
        match std::mem::take(self) {
            Beside::Done(outcome) => Some(outcome),
            other => {
                *self = other;
                None
            }
        }
    }
}

/// A share of a generation.
pub(super) struct Grant {
    generation: u32,
    leader: bool,
    /// What the member had when it asked.
    owned: Vec<TopicPartition>,
    share: BTreeSet<TopicPartition>,
}

impl Inner {
    /// The part of `poll` that joins, if need be.
    pub(super) async fn join_if_needed(self: &Rc<Self>) -> Result<(), KafkaError> {
        let outcome = self.state.borrow_mut().beside.take_outcome();
        if let Some(grant) = outcome.transpose()?.flatten() {
            self.adopt(grant);
        }
        if !self.state.borrow().rejoin {
            return Ok(());
        }
        if self.is_cooperative() {
            self.join_beside();
            return Ok(());
        }
        self.commit_before_joining(self.uncommitted()).await;
        self.give_up_everything();
        if let Some(grant) = self.join().await? {
            self.adopt(grant);
        }
        Ok(())
    }

    /// Begins to join, unless that is under way.
    fn join_beside(self: &Rc<Self>) {
        if matches!(self.state.borrow().beside, Beside::Joining) {
            return;
        }
        self.state.borrow_mut().beside = Beside::Joining;
        if self.state.borrow().generation.is_none() {
            self.give_up_everything(); // whoever is not a member any more has lost it
        }
        let (me, handled) = (self.clone(), self.uncommitted()); // before this poll returns more
        self.network.site().process.spawn(async move {
            me.commit_before_joining(handled).await;
            let outcome = me.join().await;
            me.state.borrow_mut().beside = Beside::Done(outcome);
            me.wake.notify_all();
        });
    }

    /// What a cooperative member handles between this and its new share is not committed if it loses the partition by that (AK: as above;
    /// only eager members stop reading here).
    async fn commit_before_joining(&self, offsets: Vec<(TopicPartition, Offset)>) {
        if self.config.auto_commit {
            let _ = self.commit_these(offsets).await; // a commit that fails delays nothing
        }
    }

    fn give_up_everything(&self) {
        let mut state = self.state.borrow_mut();
        state.positions.clear();
        state.buffer.clear();
    }

    /// Asks until there is a share; nothing when the consumer is closed meanwhile.
    async fn join(&self) -> Result<Option<Grant>, KafkaError> {
        let mut failures = 0;
        while !self.closing.get() {
            match self.try_join().await {
                Ok(Some(grant)) => return Ok(Some(grant)),
                Ok(None) => failures = 0,
                Err(error) => {
                    self.note(&error)?;
                    failures += 1;
                    self.network.sim().sleep(self.network.backoff(failures)).await;
                }
            }
        }
        Ok(None)
    }

    /// Joins and syncs. Without a share the member was given an id, and asks once more.
    async fn try_join(&self) -> Result<Option<Grant>, KafkaError> {
        self.network.refresh().await;
        let owned = self.owned();
        let join = Join {
            member: Member { generation: None, ..self.member() },
            session_timeout: self.config.session_timeout,
            rebalance_timeout: self.config.max_poll_interval,
            protocols: self.config.assignors.iter().map(|assignor| assignor.name().into()).collect(),
            subscription: self.subscription(),
        };
        let (generation, protocol, leader, member, members) = match self.ask(GroupRequest::Join(join)).await? {
            GroupResponse::Joined { generation, protocol, leader, member, members } => {
                (generation, protocol, leader, member, members)
            }
            GroupResponse::Error { error: ErrorCode::MemberIdRequired, member: Some(id) } => {
                self.state.borrow_mut().id = id;
                return Ok(None);
            }
            GroupResponse::Error { error, .. } => return Err(KafkaError::Protocol(error)),
            _ => return Err(mismatch()),
        };
        (self.state.borrow_mut().id, self.state.borrow_mut().generation) = (member.clone(), Some(generation));
        let leads = leader == member;
        let assignments = if leads { self.assign(&protocol, &members)? } else { Shares::new() };
        let assignments = assignments.into_iter().collect();
        match self.ask(GroupRequest::Sync { member: self.member(), assignments }).await? {
            GroupResponse::Synced(share) => {
                Ok(Some(Grant { generation, leader: leads, owned, share: share.into_iter().collect() }))
            }
            GroupResponse::Error { error, .. } => Err(KafkaError::Protocol(error)),
            _ => Err(mismatch()),
        }
    }

    /// What it has; nothing, if it is no member any more.
    fn owned(&self) -> Vec<TopicPartition> {
        let state = self.state.borrow();
        let is_member = state.generation.is_some();
        state.positions.keys().filter(|_| is_member).cloned().collect()
    }

    /// Whether it keeps its partitions while it joins: if each of its assignors allows that.
    fn is_cooperative(&self) -> bool {
        self.config.assignors.iter().all(|assignor| assignor.is_cooperative())
    }

    /// What it wants, and what it had: an eager member has given that up, and still says so for a sticky assignor.
    fn subscription(&self) -> Subscription {
        let state = self.state.borrow();
        let (generation, owned) = state.had.clone();
        Subscription { topics: self.topics.clone(), owned, generation }
    }

    fn assign(&self, protocol: &str, members: &[GroupMember]) -> Result<Shares, KafkaError> {
        let metadata = self.network.metadata();
        let count = |topic: &Rc<str>| metadata.topics.get(topic).map_or(0, Vec::len) as u32;
        let topics: Vec<Topic> = self.topics.iter().map(|topic| (topic.clone(), count(topic))).collect();
        let assignor = Assignor::named(protocol).ok_or(KafkaError::Protocol(ErrorCode::InconsistentGroupProtocol))?;
        Ok(match self.config.own_assignor {
            Some(own) => (own.0)(members, &topics),
            None => assignor.assign(members, &topics),
        })
    }

    /// Takes a share on. What it owned and has lost is given up now, and the group joined again so that somebody else gets it.
    fn adopt(&self, Grant { generation, leader, owned, share }: Grant) {
        let mut state = self.state.borrow_mut();
        state.rejoin = owned.iter().any(|partition| !share.contains(partition));
        let kept = |partition: &TopicPartition| share.contains(partition) && owned.contains(partition);
        state.positions.retain(|partition, _| kept(partition));
        state.buffer.retain(|fetched| kept(&fetched.partition));
        for partition in &share {
            state.positions.entry(partition.clone()).or_insert(None);
        }
        let member = state.id.clone();
        let partitions: Vec<TopicPartition> = share.into_iter().collect();
        state.had = (Some(generation), partitions.clone());
        drop(state);
        self.emit(&ConsumerEvent::Joined { generation, member, leader, partitions });
    }
}
