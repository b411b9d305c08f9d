//! A member of the cluster's brain: a voter with its controller, or the observer beside a broker.
//!
//! Responsible for: letting only the active controller decide, writing its decisions to the metadata log, and answering when they
//! are committed. Never here: the rules of the quorum (`quorum`) and of the controller (`cluster`).

use std::collections::VecDeque;

use super::cluster::ClusterController;
use super::config::ControllerConfig;
use super::messages::{ControlRequest, ControlResponse};
use super::quorum::{Quorum, QuorumDisk};
use super::zookeeper::{ZooKeeperEnsemble, ZooKeeperMember};
use crate::engine::{SimTime, Stream};
use crate::kafka::machine::{Input, Output, Ticket, earlier};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::{BrokerId, ErrorCode};

/// An answer that waits for the log to be committed up to `end`.
#[derive(Debug)]
pub(super) struct Promise {
    pub(super) end: u64,
    pub(super) ticket: Ticket,
    pub(super) response: ControlResponse,
}

/// A voter or an observer. Which of them it is follows from the list of voters.
#[derive(Debug)]
pub struct QuorumMember {
    id: BrokerId,
    config: ControllerConfig,
    quorum: Quorum,
    controller: Option<ClusterController>,
    promises: VecDeque<Promise>,
    /// Number of entries handed out by `take_committed`.
    handed: u64,
}

impl QuorumMember {
    /// A member as it starts, with an empty disk or, after a crash, with what [`QuorumMember::into_disk`] gave. `random` decides
    /// how long elections last.
    pub fn start(
        id: BrokerId,
        voters: &[BrokerId],
        config: ControllerConfig,
        disk: QuorumDisk,
        random: Stream,
        now: SimTime,
    ) -> Self {
        let quorum = Quorum::start(id, voters, config.quorum.clone(), disk, random, now);
        Self { id, config, quorum, controller: None, promises: VecDeque::new(), handed: 0 }
    }

    /// What survives when the process ends.
    pub fn into_disk(self) -> QuorumDisk {
        self.quorum.into_disk()
    }

    /// Something happens.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        match input {
            Input::Request { ticket, request: Request::Control(request) } => {
                self.request(now, ticket, request, &mut outputs);
            }
            Input::Request { request, .. } => unreachable!("{request:?} is for a broker"),
            Input::Gone(ticket) => {
                self.quorum.gone(ticket);
                self.promises.retain(|promise| promise.ticket != ticket);
            }
            Input::Answer { sent, answer } => {
                let answer = answer.and_then(|answer| match answer {
                    Response::Control(response) => Some(response),
                    _ => None,
                });
                self.quorum.answered(now, sent, answer);
            }
            Input::Timeout => {}
        }
        self.settle(now, &mut outputs);
        outputs
    }

    /// When it wants [`Input::Timeout`] if nothing happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        earlier(self.quorum.next_timeout(), self.controller.as_ref().map(ClusterController::next_timeout))
    }

    /// Who leads the quorum, as far as this member knows.
    pub fn leader(&self) -> Option<BrokerId> {
        self.quorum.leader()
    }

    /// Whether the controller here is the active one, as far as it knows.
    pub fn is_active(&self) -> bool {
        self.controller.is_some()
    }

    /// The member of the quorum in it.
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// Records that have been committed since the last call, in order: for the broker beside it.
    pub fn take_committed(&mut self) -> Vec<MetadataRecord> {
        let from = std::mem::replace(&mut self.handed, self.quorum.committed());
        self.quorum.records(from, self.handed).cloned().collect()
    }

    /// The process is about to end of its own will: if it leads the quorum, another voter takes over without waiting.
    pub fn stop(&mut self, now: SimTime) -> Vec<Output> {
        self.quorum.abdicate(now);
        let mut outputs = Vec::new();
        self.settle(now, &mut outputs);
        outputs
    }

    fn request(&mut self, now: SimTime, ticket: Ticket, request: ControlRequest, outputs: &mut Vec<Output>) {
        if request.is_among_members() {
            return self.quorum.request(now, ticket, request);
        }
        let Some(controller) = &mut self.controller else {
            let refused = ControlResponse::Refused { error: ErrorCode::NotController, leader: self.leader() };
            return outputs.push(answer(ticket, refused));
        };
        let decision = controller.decide(now, request);
        self.write(now, decision.records);
        self.promises.push_back(Promise { end: self.quorum.end(), ticket, response: decision.response });
    }

    fn write(&mut self, now: SimTime, records: Vec<MetadataRecord>) {
        let controller = self.controller.as_mut().expect("only the active controller writes");
        controller.replay(now, &records);
        if !records.is_empty() {
            self.quorum.append(now, records);
        }
    }

    /// Does what is due, and what follows from it.
    fn settle(&mut self, now: SimTime, outputs: &mut Vec<Output>) {
        self.quorum.advance(now);
        self.change_office(now, outputs);
        while self.controller.as_ref().is_some_and(|controller| controller.next_timeout() <= now) {
            let records = self.controller.as_mut().expect("asked above").tick(now);
            self.write(now, records);
        }
        self.keep_promises(outputs);
        outputs.append(&mut self.quorum.take_outputs());
    }

    /// The controller becomes active when all records of its predecessors are committed, and is gone with its leadership.
    fn change_office(&mut self, now: SimTime, outputs: &mut Vec<Output>) {
        match (self.quorum.is_active(), self.controller.is_some()) {
            (true, false) => {
                let mut image = MetadataImage::default();
                self.quorum.records(0, self.quorum.end()).for_each(|record| image.apply(record));
                self.controller = Some(ClusterController::activate(self.id, &self.config, image, now));
            }
            (false, true) => {
                self.controller = None;
                let (error, leader) = (ErrorCode::NotController, self.leader());
                let refused = || ControlResponse::Refused { error, leader };
                outputs.extend(self.promises.drain(..).map(|promise| answer(promise.ticket, refused())));
            }
            _ => {}
        }
    }

    fn keep_promises(&mut self, outputs: &mut Vec<Output>) {
        let kept = self.promises.partition_point(|promise| promise.end <= self.quorum.committed());
        outputs.extend(self.promises.drain(..kept).map(|promise| answer(promise.ticket, promise.response)));
    }
}

pub(super) fn answer(ticket: Ticket, response: ControlResponse) -> Output {
    Output::Answer { ticket, response: Some(Response::Control(response)) }
}

/// Whatever stands beside a broker, or alone, and knows what controllers decide. Drivers treat all alike.
#[derive(Debug)]
pub enum Member {
    /// A voter or an observer of the KRaft quorum.
    Kraft(Box<QuorumMember>),
    /// A broker in ZooKeeper mode.
    ZooKeeper(Box<ZooKeeperMember>),
    /// The ZooKeeper ensemble, on a node without a broker.
    Ensemble(Box<ZooKeeperEnsemble>),
}

impl Member {
    /// Something happens.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        match self {
            Member::Kraft(member) => member.handle(now, input),
            Member::ZooKeeper(member) => member.handle(now, input),
            Member::Ensemble(ensemble) => ensemble.handle(now, input),
        }
    }

    /// When it wants [`Input::Timeout`] if nothing happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        match self {
            Member::Kraft(member) => member.next_timeout(),
            Member::ZooKeeper(member) => member.next_timeout(),
            Member::Ensemble(ensemble) => ensemble.next_timeout(),
        }
    }

    /// Who the active controller is, as far as this member knows.
    pub fn leader(&self) -> Option<BrokerId> {
        match self {
            Member::Kraft(member) => member.leader(),
            Member::ZooKeeper(member) => member.leader(),
            Member::Ensemble(ensemble) => ensemble.state().controller,
        }
    }

    /// Whether the controller here is the active one, as far as it knows.
    pub fn is_active(&self) -> bool {
        match self {
            Member::Kraft(member) => member.is_active(),
            Member::ZooKeeper(member) => member.is_active(),
            Member::Ensemble(_) => false,
        }
    }

    /// Records that have been committed since the last call, in order: for the broker beside it.
    pub fn take_committed(&mut self) -> Vec<MetadataRecord> {
        match self {
            Member::Kraft(member) => member.take_committed(),
            Member::ZooKeeper(member) => member.take_committed(),
            Member::Ensemble(_) => Vec::new(),
        }
    }

    /// The process is about to end of its own will. In ZooKeeper mode the closed session would end at once as well.
    pub fn stop(&mut self, now: SimTime) -> Vec<Output> {
        match self {
            Member::Kraft(member) => member.stop(now),
            Member::ZooKeeper(member) => member.stop(now),
            Member::Ensemble(_) => Vec::new(),
        }
    }

    /// What survives when the process ends. In ZooKeeper mode a broker keeps nothing of it.
    pub fn into_disk(self) -> QuorumDisk {
        match self {
            Member::Kraft(member) => member.into_disk(),
            Member::ZooKeeper(_) | Member::Ensemble(_) => QuorumDisk::default(),
        }
    }
}
