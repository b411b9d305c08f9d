//! The part of a broker that speaks to ZooKeeper: it keeps the broker's session, and takes the controller's seat when it is free.
//!
//! | where | what is decided there |
//! |---|---|
//! | `errands` | what is asked of whom, when |
//! | `office` | what the holder of the seat does |

mod errands;
mod office;

use std::collections::{BTreeMap, VecDeque};

use self::errands::{Errand, Task};
use self::office::Office;
use crate::engine::SimTime;
use crate::kafka::controller::config::ControllerConfig;
use crate::kafka::controller::member::{Promise, answer};
use crate::kafka::controller::messages::{
    ControlRequest, ControlResponse, LogEntry, ZooKeeperRequest, ZooKeeperResponse, ZooKeeperState,
};
use crate::kafka::machine::{Input, Output, Sent, Ticket};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::{BrokerId, ErrorCode};

/// A fetch of metadata that waits for more.
#[derive(Debug)]
struct Parked {
    ticket: Ticket,
    offset: u64,
    until: SimTime,
}

/// A broker's side of ZooKeeper mode. It keeps nothing on disk: what matters is in the ensemble.
#[derive(Debug)]
pub struct ZooKeeperMember {
    id: BrokerId,
    ensemble: BrokerId,
    config: ControllerConfig,
    session: Option<u64>,
    /// What was last seen of the ensemble; of version zero before anything was.
    state: ZooKeeperState,
    office: Option<Office>,
    /// What is written in the ensemble, as far as it is known here.
    log: Vec<LogEntry>,
    handed: usize,
    parked: Vec<Parked>,
    promises: VecDeque<Promise>,
    errands: BTreeMap<Task, Errand>,
    asked: BTreeMap<Sent, Task>,
    sends: u64,
    outputs: Vec<Output>,
}

impl ZooKeeperMember {
    /// A member as it starts, for the first time or after a crash. `ensemble` names the node of the ensemble.
    pub fn start(id: BrokerId, ensemble: BrokerId, config: ControllerConfig) -> Self {
        Self {
            id,
            ensemble,
            config,
            session: None,
            state: ZooKeeperState::default(),
            office: None,
            log: Vec::new(),
            handed: 0,
            parked: Vec::new(),
            promises: VecDeque::new(),
            errands: Task::ALL.into_iter().map(|task| (task, Errand::default())).collect(),
            asked: BTreeMap::new(),
            sends: 0,
            outputs: Vec::new(),
        }
    }

    /// Something happens.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        match input {
            Input::Request { ticket, request: Request::Control(request) } => self.request(now, ticket, request),
            Input::Request { request, .. } => unreachable!("{request:?} is for a broker"),
            Input::Gone(ticket) => {
                self.parked.retain(|parked| parked.ticket != ticket);
                self.promises.retain(|promise| promise.ticket != ticket);
            }
            Input::Answer { sent, answer } => self.answered(now, sent, answer),
            Input::Timeout => {}
        }
        self.run_office(now);
        self.answer_parked(now);
        self.run_errands(now);
        std::mem::take(&mut self.outputs)
    }

    /// When it wants [`Input::Timeout`] if nothing happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let office = self.office.as_ref().map(Office::due);
        let parked = self.parked.iter().map(|parked| parked.until);
        self.errands_due().chain(office).chain(parked).min()
    }

    /// Who holds the controller's seat, as far as is known here. A broker without a session takes no part in the cluster, so
    /// it knows of no controller.
    pub fn leader(&self) -> Option<BrokerId> {
        self.session.and(self.state.controller)
    }

    /// Whether the controller here holds the seat and has loaded everything.
    pub fn is_active(&self) -> bool {
        matches!(self.office, Some(Office::Active(_)))
    }

    /// Records that have been written since the last call, in order: for the broker beside it.
    pub fn take_committed(&mut self) -> Vec<MetadataRecord> {
        let from = std::mem::replace(&mut self.handed, self.log.len());
        self.log[from..].iter().filter_map(|entry| entry.record.clone()).collect()
    }

    /// The process is about to end of its own will: the session is closed, so that nobody waits for its end.
    pub fn stop(&mut self, now: SimTime) -> Vec<Output> {
        if let Some(session) = self.session {
            let close = ControlRequest::ZooKeeper(ZooKeeperRequest::Close(session));
            self.send(Task::Session, self.ensemble, close);
        }
        self.lose_session(now);
        Task::ALL.into_iter().for_each(|task| self.pause(task, SimTime::MAX));
        std::mem::take(&mut self.outputs)
    }

    fn request(&mut self, now: SimTime, ticket: Ticket, request: ControlRequest) {
        match request {
            ControlRequest::FetchMetadata { offset, epoch, .. } => self.on_fetch(now, ticket, epoch, offset),
            request if !request.is_among_members() => self.on_control(now, ticket, request),
            other => unreachable!("{other:?} is not for a broker in ZooKeeper mode"),
        }
    }

    fn answered(&mut self, now: SimTime, sent: Sent, answer: Option<Response>) {
        let Some(task) = self.asked.remove(&sent) else { return };
        if !self.finish(task, sent) {
            return;
        }
        match answer {
            Some(Response::Control(ControlResponse::ZooKeeper(response))) => self.on_ensemble(now, task, response),
            Some(Response::Control(ControlResponse::Metadata { epoch, leader, entries, .. }))
                if epoch == self.state.epoch && leader == self.state.controller =>
            {
                self.log.extend(entries.iter().cloned());
            }
            _ => self.pause(task, now + self.config.zookeeper.retry_backoff),
        }
    }

    fn on_ensemble(&mut self, now: SimTime, task: Task, response: ZooKeeperResponse) {
        match response {
            ZooKeeperResponse::Opened(session) => {
                self.session = Some(session);
                self.pause(task, now + self.ping_interval());
            }
            ZooKeeperResponse::Exists => self.pause(task, now + self.config.zookeeper.retry_backoff),
            ZooKeeperResponse::Alive => self.pause(task, now + self.ping_interval()),
            ZooKeeperResponse::Expired => self.lose_session(now),
            ZooKeeperResponse::Closed => self.pause(task, SimTime::MAX),
            ZooKeeperResponse::State(state) => self.on_state(now, state),
            ZooKeeperResponse::Loaded(records) => self.on_loaded(now, records),
            ZooKeeperResponse::Written => self.on_written(),
            ZooKeeperResponse::Fenced => self.leave_office(),
        }
    }

    /// A third of the session (B3): a client pings when a third of its session time has passed in silence.
    fn ping_interval(&self) -> crate::engine::SimDuration {
        self.config.zookeeper.session_timeout / 3
    }

    fn lose_session(&mut self, now: SimTime) {
        self.session = None;
        self.state = ZooKeeperState::default();
        self.leave_office();
        Task::ALL.into_iter().for_each(|task| self.forget(task, now));
    }

    /// Takes a newer state over. Answers of two connections may overtake each other.
    fn on_state(&mut self, now: SimTime, state: ZooKeeperState) {
        if state.version < self.state.version {
            return;
        }
        let before = std::mem::replace(&mut self.state, state);
        if (before.controller, before.epoch) != (self.state.controller, self.state.epoch) {
            self.forget(Task::Fetch, now);
            self.leave_office_unless_mine();
        }
        let ended = before.live.into_iter().filter(|(broker, session)| self.state.live.get(broker) != Some(session));
        let ended: Vec<BrokerId> = ended.map(|(broker, _)| broker).collect();
        ended.into_iter().for_each(|broker| self.fence(now, broker));
    }

    /// Brokers fetch what the controller has had written; everybody else says who the controller is.
    fn on_fetch(&mut self, now: SimTime, ticket: Ticket, epoch: u32, offset: u64) {
        if !self.is_active() || epoch != self.state.epoch || offset > self.log.len() as u64 {
            let (leader, epoch) = (self.leader().filter(|leader| *leader != self.id), self.state.epoch);
            let response =
                ControlResponse::Metadata { epoch, leader, committed: 0, entries: [].into(), diverging: None };
            return self.outputs.push(answer(ticket, response));
        }
        let until = now + self.config.zookeeper.request_timeout / 2;
        self.parked.push(Parked { ticket, offset, until });
    }

    fn answer_parked(&mut self, now: SimTime) {
        let end = self.log.len() as u64;
        let due = self.parked.extract_if(.., |parked| parked.offset < end || parked.until <= now);
        for parked in due {
            let entries = self.log[parked.offset as usize..].into();
            let (epoch, leader) = (self.state.epoch, Some(self.id));
            let response = ControlResponse::Metadata { epoch, leader, committed: end, entries, diverging: None };
            self.outputs.push(answer(parked.ticket, response));
        }
    }

    fn refuse(&mut self, ticket: Ticket, error: ErrorCode) {
        let refused = ControlResponse::Refused { error, leader: self.leader() };
        self.outputs.push(answer(ticket, refused));
    }
}
