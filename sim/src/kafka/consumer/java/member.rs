//! The group membership of a Java consumer: coordinator, a heartbeat thread, commits. Joining is `join`'s.

use std::rc::Rc;

use super::Inner;
use crate::kafka::client::KafkaError;
use crate::kafka::client::broker::mismatch;
use crate::kafka::client::java::Purpose;
use crate::kafka::consumer::ConsumerEvent;
use crate::kafka::protocol::*;
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};

impl Inner {
    pub(super) fn member(&self) -> Member {
        let state = self.state.borrow();
        let instance = self.config.instance.as_deref().map(Rc::from);
        Member { group: self.group.clone(), id: state.id.clone(), instance, generation: state.generation }
    }

    async fn coordinator(&self) -> BrokerId {
        let mut failures = 0;
        loop {
            if let Some(known) = self.state.borrow().coordinator {
                return known;
            }
            let (node, timeout) = (self.network.any_node(), self.config.client.request_timeout);
            let request = Request::FindCoordinator(self.group.clone());
            let answer = self.network.call(node, Purpose::Data, request, timeout).await;
            if let Ok(Some(Response::FindCoordinator(Ok(id)))) = answer {
                self.state.borrow_mut().coordinator = Some(id);
            } else {
                failures += 1;
                self.network.sim().sleep(self.network.backoff(failures)).await;
            }
        }
    }

    /// Asks the coordinator; one that is not any more, or is out of reach, is looked for again next time.
    pub(super) async fn ask(&self, request: GroupRequest) -> Result<GroupResponse, KafkaError> {
        use ErrorCode as E;
        let coordinator = self.coordinator().await;
        let timeout = match &request {
            GroupRequest::Join(join) => join.rebalance_timeout + self.config.client.request_timeout,
            _ => self.config.client.request_timeout,
        };
        let answer = self.network.call(coordinator, Purpose::Coordinator, Request::Group(request), timeout).await;
        let lost = match &answer {
            Ok(Some(Response::Group(GroupResponse::Error { error, .. }))) => {
                matches!(error, E::NotCoordinator | E::CoordinatorNotAvailable)
            }
            Ok(_) => false,
            Err(_) => true,
        };
        if lost {
            self.state.borrow_mut().coordinator = None;
        }
        match answer? {
            Some(Response::Group(response)) => Ok(response),
            _ => Err(mismatch()),
        }
    }

    /// What an error of the coordinator means for the membership.
    pub(super) fn note(&self, error: &KafkaError) -> Result<(), KafkaError> {
        use ErrorCode as E;
        let mut state = self.state.borrow_mut();
        match error {
            KafkaError::Protocol(E::UnknownMemberId) => {
                (state.id, state.generation, state.rejoin) = (Rc::from(""), None, true);
            }
            KafkaError::Protocol(E::IllegalGeneration | E::RebalanceInProgress) => state.rejoin = true,
            KafkaError::Protocol(E::FencedInstanceId | E::InvalidSessionTimeout | E::InconsistentGroupProtocol) => {
                return Err(error.clone());
            }
            _ => {}
        }
        drop(state);
        self.wake.notify_all();
        Ok(())
    }

    /// The heartbeat thread: beats whatever the handler does, but leaves when no poll has come for too long (D2).
    pub(super) async fn beat_loop(self: &Rc<Self>) {
        let sim = self.network.sim().clone();
        while !self.over.get() {
            sim.sleep(self.config.heartbeat_interval).await;
            let (member, stable) = (self.member(), !self.state.borrow().rejoin);
            if member.id.is_empty() || member.generation.is_none() || !stable || self.over.get() {
                continue;
            }
            if sim.now().since(self.state.borrow().last_poll) > self.config.max_poll_interval {
                self.leave().await;
                self.state.borrow_mut().rejoin = true;
                continue;
            }
            match self.ask(GroupRequest::Heartbeat(member)).await {
                Ok(GroupResponse::Error { error, .. }) => {
                    if error == ErrorCode::RebalanceInProgress {
                        self.emit(&ConsumerEvent::Rebalancing);
                    }
                    let _ = self.note(&KafkaError::Protocol(error)); // what is fatal, the next join tells the application
                }
                Ok(_) => self.emit(&ConsumerEvent::Heartbeat),
                Err(_) => {}
            }
        }
    }

    /// Leaves the group; a static member does not, and keeps its partitions until its session ends (KIP-345).
    pub(super) async fn leave(&self) {
        let member = self.member();
        if member.id.is_empty() || self.config.instance.is_some() {
            return;
        }
        let _ = self.ask(GroupRequest::Leave(member)).await; // nothing to do about a failure
        let mut state = self.state.borrow_mut();
        (state.id, state.generation) = (Rc::from(""), None);
    }

    /// Commits all positions that have moved.
    pub(super) async fn commit(&self) -> Result<(), KafkaError> {
        self.commit_these(self.uncommitted()).await
    }

    /// Positions that have moved since they were committed.
    pub(super) fn uncommitted(&self) -> Vec<(TopicPartition, Offset)> {
        let state = self.state.borrow();
        let known = state.positions.iter().filter_map(|(partition, at)| Some((partition.clone(), (*at)?)));
        known.filter(|(partition, at)| state.committed.get(partition) != Some(at)).collect()
    }

    pub(super) async fn commit_these(&self, offsets: Vec<(TopicPartition, Offset)>) -> Result<(), KafkaError> {
        if offsets.is_empty() || self.state.borrow().generation.is_none() {
            return Ok(());
        }
        let request = GroupRequest::OffsetCommit { member: self.member(), offsets: offsets.clone() };
        let result = match self.ask(request).await? {
            GroupResponse::Committed(codes) => codes.iter().find(|(_, code)| !code.is_ok()).map(|(_, code)| *code),
            GroupResponse::Error { error, .. } => Some(error),
            _ => return Err(mismatch()),
        };
        if let Some(code) = result {
            self.note(&KafkaError::Protocol(code))?;
            return Err(KafkaError::Protocol(code));
        }
        self.state.borrow_mut().committed.extend(offsets.iter().cloned());
        self.emit(&ConsumerEvent::Committed(offsets));
        Ok(())
    }

    /// Finds out where newly assigned partitions start. What cannot be found out yet is asked for at the next poll.
    pub(super) async fn find_positions(&self) {
        let unknown: Vec<TopicPartition> = {
            let state = self.state.borrow();
            state.positions.iter().filter(|(_, at)| at.is_none()).map(|(partition, _)| partition.clone()).collect()
        };
        if unknown.is_empty() {
            return;
        }
        let request = GroupRequest::OffsetFetch { group: self.group.clone(), partitions: unknown };
        let Ok(GroupResponse::Offsets(stored)) = self.ask(request).await else { return };
        for (partition, offset) in stored {
            let offset = offset.filter(|_| !self.state.borrow().reset.contains(&partition));
            let offset = match offset {
                Some(offset) => Some(offset),
                None => self.reset_position(&partition).await,
            };
            let mut state = self.state.borrow_mut();
            if let (Some(position @ None), Some(offset)) = (state.positions.get_mut(&partition), offset) {
                *position = Some(offset);
            }
        }
    }

    async fn reset_position(&self, partition: &TopicPartition) -> Option<Offset> {
        let position = if self.config.from_beginning { Position::Earliest } else { Position::Latest };
        let leader = self.leader_of(partition)?;
        let (isolation, timeout) = (self.config.isolation, self.config.client.request_timeout);
        let request = Request::ListOffsets { isolation, partitions: vec![(partition.clone(), position)] };
        match self.network.call(leader, Purpose::Data, request, timeout).await {
            Ok(Some(Response::ListOffsets(found))) => {
                found.into_iter().find(|(_, error, _)| error.is_ok()).map(|(_, _, offset)| offset)
            }
            _ => {
                self.network.refresh().await;
                None
            }
        }
    }

    pub(super) fn leader_of(&self, partition: &TopicPartition) -> Option<BrokerId> {
        let metadata = self.network.metadata();
        metadata.topics.get(&partition.topic)?.get(partition.partition as usize)?.leader
    }
}
