//! The ensemble: sessions, the seat of the controller, and what controllers have written.

use std::collections::BTreeMap;

use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::config::ZooKeeperConfig;
use crate::kafka::controller::member::answer;
use crate::kafka::controller::messages::{
    ControlRequest, ControlResponse, ZooKeeperRequest, ZooKeeperResponse, ZooKeeperState,
};
use crate::kafka::machine::{Input, Output, Ticket};
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::Request;
use crate::kafka::types::BrokerId;

#[derive(Debug)]
struct Watch {
    ticket: Ticket,
    version: u64,
    until: SimTime,
}

/// A ZooKeeper ensemble, as one node that never fails.
#[derive(Debug)]
pub struct ZooKeeperEnsemble {
    config: ZooKeeperConfig,
    state: ZooKeeperState,
    /// When each session was last heard of.
    heard: BTreeMap<u64, SimTime>,
    sessions: u64,
    records: Vec<MetadataRecord>,
    watches: Vec<Watch>,
}

impl ZooKeeperEnsemble {
    /// An empty ensemble.
    pub fn start(config: ZooKeeperConfig) -> Self {
        let (state, heard) = (ZooKeeperState::default(), BTreeMap::new());
        Self { config, state, heard, sessions: 0, records: Vec::new(), watches: Vec::new() }
    }

    /// What everybody may see.
    pub fn state(&self) -> &ZooKeeperState {
        &self.state
    }

    /// Something happens.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        let mut outputs = Vec::new();
        self.expire(now);
        match input {
            Input::Request { ticket, request: Request::Control(ControlRequest::ZooKeeper(request)) } => {
                let response = self.request(now, ticket, request);
                outputs.extend(response.map(|response| answer(ticket, ControlResponse::ZooKeeper(response))));
            }
            Input::Request { request, .. } => unreachable!("{request:?} is not for ZooKeeper"),
            Input::Gone(ticket) => self.watches.retain(|watch| watch.ticket != ticket),
            Input::Answer { .. } | Input::Timeout => {}
        }
        self.fire(now, &mut outputs);
        outputs
    }

    /// When it wants [`Input::Timeout`] if nothing happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let ends = self.heard.values().map(|heard| self.end(*heard));
        ends.chain(self.watches.iter().map(|watch| watch.until)).min()
    }

    fn request(&mut self, now: SimTime, ticket: Ticket, request: ZooKeeperRequest) -> Option<ZooKeeperResponse> {
        match request {
            ZooKeeperRequest::Open(broker) => Some(self.open(now, broker)),
            ZooKeeperRequest::Write { epoch, offset, records } => Some(self.write(epoch, offset, records)),
            ZooKeeperRequest::Ping(session)
            | ZooKeeperRequest::Watch { session, .. }
            | ZooKeeperRequest::Claim(session)
            | ZooKeeperRequest::Load(session)
                if !self.heard.contains_key(&session) =>
            {
                Some(ZooKeeperResponse::Expired)
            }
            ZooKeeperRequest::Close(session) => {
                self.end_session(session);
                Some(ZooKeeperResponse::Closed)
            }
            ZooKeeperRequest::Ping(session) => {
                self.heard.insert(session, now);
                Some(ZooKeeperResponse::Alive)
            }
            ZooKeeperRequest::Watch { version, .. } => {
                self.watches.push(Watch { ticket, version, until: now + self.config.request_timeout / 2 });
                None
            }
            ZooKeeperRequest::Claim(session) => {
                self.heard.insert(session, now);
                Some(self.claim(session))
            }
            ZooKeeperRequest::Load(session) => {
                self.heard.insert(session, now);
                Some(ZooKeeperResponse::Loaded(self.records.clone()))
            }
        }
    }

    fn open(&mut self, now: SimTime, broker: BrokerId) -> ZooKeeperResponse {
        if self.state.live.contains_key(&broker) {
            return ZooKeeperResponse::Exists;
        }
        self.sessions += 1;
        self.state.live.insert(broker, self.sessions);
        self.heard.insert(self.sessions, now);
        self.state.version += 1;
        ZooKeeperResponse::Opened(self.sessions)
    }

    fn claim(&mut self, session: u64) -> ZooKeeperResponse {
        if self.state.controller.is_none() {
            self.state.controller = self.holder(session);
            self.state.epoch += 1;
            self.state.version += 1;
        }
        ZooKeeperResponse::State(self.state.clone())
    }

    /// Writes what is new. A controller that had no answer sends the same again, and nobody else has written in between.
    fn write(&mut self, epoch: u32, offset: u64, records: Vec<MetadataRecord>) -> ZooKeeperResponse {
        if epoch != self.state.epoch || self.state.controller.is_none() {
            return ZooKeeperResponse::Fenced;
        }
        let known = self.records.len() as u64;
        assert!(offset <= known, "a controller writes without gaps");
        self.records.extend(records.into_iter().skip((known - offset) as usize));
        ZooKeeperResponse::Written
    }

    fn holder(&self, session: u64) -> Option<BrokerId> {
        self.state.live.iter().find(|(_, each)| **each == session).map(|(broker, _)| *broker)
    }

    /// A session ends at the first whole tick after its time is over (ExpiryQueue.java, roundToNextInterval).
    fn end(&self, heard: SimTime) -> SimTime {
        let tick = self.config.tick.as_nanos().max(1);
        let over = (heard + self.config.session_timeout).as_nanos();
        SimTime::ZERO + SimDuration::from_nanos(tick) * (over / tick + 1)
    }

    /// Ends sessions, and with them what they held.
    fn expire(&mut self, now: SimTime) {
        let ended: Vec<u64> =
            self.heard.iter().filter(|(_, heard)| self.end(**heard) <= now).map(|(id, _)| *id).collect();
        ended.into_iter().for_each(|session| self.end_session(session));
    }

    fn end_session(&mut self, session: u64) {
        let Some(broker) = self.holder(session) else { return };
        self.heard.remove(&session);
        self.state.live.remove(&broker);
        self.state.controller = self.state.controller.filter(|controller| *controller != broker);
        self.state.version += 1;
    }

    fn fire(&mut self, now: SimTime, outputs: &mut Vec<Output>) {
        let version = self.state.version;
        let due = self.watches.extract_if(.., |watch| watch.version != version || watch.until <= now);
        let tickets: Vec<Ticket> = due.map(|watch| watch.ticket).collect();
        let state = || ControlResponse::ZooKeeper(ZooKeeperResponse::State(self.state.clone()));
        outputs.extend(tickets.into_iter().map(|ticket| answer(ticket, state())));
    }
}
