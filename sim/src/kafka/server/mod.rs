//! One node of the cluster: a broker, a controller, or both side by side in one process (combined mode), and in ZooKeeper mode
//! a broker or the ensemble.
//!
//! Responsible for: giving each part what is meant for it, telling the broker who the controller is and what has been decided, and
//! stopping in good order. A request to the node itself is sent like any other.
//!
//! **Never here:** decisions of either part.
//!
//! **Not modelled:** the time between SIGTERM and the first heartbeat that says so; what a stop waits for beside the
//! controller's word, namely the closing of logs.

mod config;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use self::config::{Mode, Place, ServerConfig};

use super::broker::{Broker, Disk};
use super::controller::quorum::QuorumDisk;
use super::controller::zookeeper::{ZooKeeperEnsemble, ZooKeeperMember};
use super::controller::{ControlRequest, Member, QuorumMember, ZooKeeperRequest};
use super::machine::{Input, Output, Sent, earlier};
use super::protocol::Request;
use super::types::BrokerId;
use crate::engine::{SimTime, Stream};

/// What survives the death of a node's process.
#[derive(Clone, Debug, Default)]
pub struct ServerDisk {
    /// The broker's logs.
    pub broker: Disk,
    /// The metadata log, the vote and the epoch.
    pub quorum: QuorumDisk,
}

/// Which part of a node has sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Broker,
    Member,
}

#[derive(Debug)]
enum Stop {
    No,
    /// The broker gives its leaderships away.
    Leaving,
    /// The member has said farewell; answers to this are awaited.
    Farewell(BTreeSet<Sent>),
}

/// A running node.
#[derive(Debug)]
pub struct Server {
    broker: Option<Broker>,
    member: Member,
    /// Requests of the node, and whose they are: both parts count from zero.
    calls: BTreeMap<Sent, (Part, Sent)>,
    sends: u64,
    stop: Stop,
}

impl Server {
    /// A node as it starts on what its last life has left. Hand it [`Input::Timeout`] once at the start. `random` decides how long
    /// elections last; no two lives should get the same.
    ///
    /// # Panics
    /// When a ZooKeeper cluster names no node for the ensemble.
    pub fn start(place: &Place, config: &ServerConfig, disk: ServerDisk, random: Stream, now: SimTime) -> Self {
        let id = place.id;
        let member = member(place, config, disk.quorum, random, now);
        let serves = place.broker && !matches!(member, Member::Ensemble(_));
        let start = || Broker::start(id, config.broker.clone(), config.groups.clone(), disk.broker, now);
        Self { broker: serves.then(start), member, calls: BTreeMap::new(), sends: 0, stop: Stop::No }
    }

    /// The process is dead; this is what remains. A ZooKeeper ensemble keeps nothing: it is a node that never fails.
    pub fn into_disk(self) -> ServerDisk {
        ServerDisk { broker: self.broker.map(Broker::into_disk).unwrap_or_default(), quorum: self.member.into_disk() }
    }

    /// The broker, if the node has one.
    pub fn broker(&self) -> Option<&Broker> {
        self.broker.as_ref()
    }

    /// The voter, observer, or part of ZooKeeper mode.
    pub fn member(&self) -> &Member {
        &self.member
    }

    /// The active controller, as far as this node knows.
    pub fn controller(&self) -> Option<BrokerId> {
        self.member.leader()
    }

    /// Something has happened.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Request { request: Request::Control(_), .. } => self.tell_member(now, input, &mut out),
            Input::Request { ticket, .. } if self.broker.is_none() => {
                out.push(Output::Answer { ticket, response: None });
            }
            Input::Request { .. } => self.tell_broker(now, input, &mut out),
            Input::Gone(_) => {
                self.tell_broker(now, input.clone(), &mut out);
                self.tell_member(now, input, &mut out);
            }
            Input::Answer { sent, answer } => match self.calls.remove(&sent) {
                Some((Part::Broker, sent)) => self.tell_broker(now, Input::Answer { sent, answer }, &mut out),
                Some((Part::Member, mine)) => {
                    if let Stop::Farewell(awaited) = &mut self.stop {
                        awaited.remove(&sent);
                    }
                    self.tell_member(now, Input::Answer { sent: mine, answer }, &mut out);
                }
                None => {}
            },
            Input::Timeout => {
                self.tell_member(now, Input::Timeout, &mut out);
                self.tell_broker(now, Input::Timeout, &mut out);
            }
        }
        self.settle(now, &mut out);
        out
    }

    /// When [`Input::Timeout`] is wanted; what is past means now.
    pub fn next_timeout(&self) -> Option<SimTime> {
        earlier(self.member.next_timeout(), self.broker.as_ref().and_then(Broker::next_timeout))
    }

    /// SIGTERM: first the broker gives its leaderships away, then the member says farewell (AK: KafkaRaftServer.shutdown).
    pub fn want_stop(&mut self, now: SimTime) -> Vec<Output> {
        let mut out = Vec::new();
        if matches!(self.stop, Stop::No) {
            self.stop = Stop::Leaving;
            if let Some(broker) = &mut self.broker {
                let outputs = broker.want_stop(now);
                self.post(Part::Broker, outputs, &mut out);
            }
            self.settle(now, &mut out);
        }
        out
    }

    /// The process may end now.
    pub fn may_stop(&self) -> bool {
        matches!(&self.stop, Stop::Farewell(awaited) if awaited.is_empty())
    }

    fn tell_member(&mut self, now: SimTime, input: Input, out: &mut Vec<Output>) {
        let outputs = self.member.handle(now, input);
        self.post(Part::Member, outputs, out);
    }

    fn tell_broker(&mut self, now: SimTime, input: Input, out: &mut Vec<Output>) {
        if let Some(broker) = &mut self.broker {
            let outputs = broker.handle(now, input);
            self.post(Part::Broker, outputs, out);
        }
    }

    /// The broker hears what the member has come to know.
    fn settle(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let records = self.member.take_committed();
        if let Some(broker) = &mut self.broker {
            let mut outputs = broker.set_controller(now, self.member.leader());
            if !records.is_empty() {
                outputs.extend(broker.apply(now, &records));
            }
            self.post(Part::Broker, outputs, out);
        }
        if matches!(self.stop, Stop::Leaving) && self.broker.as_ref().is_none_or(Broker::may_stop) {
            self.say_farewell(now, out);
        }
    }

    /// A controller that leaves has told the others when its answers have come; they need not miss it first.
    fn say_farewell(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let outputs = self.member.stop(now);
        let from = out.len();
        self.post(Part::Member, outputs, out);
        self.stop = Stop::Farewell(out[from..].iter().filter_map(farewell).collect());
    }

    /// Numbers the requests of both parts anew.
    fn post(&mut self, part: Part, outputs: Vec<Output>, out: &mut Vec<Output>) {
        for mut output in outputs {
            if let Output::Send { sent, .. } = &mut output {
                let theirs = std::mem::replace(sent, Sent(self.sends));
                self.calls.insert(Sent(self.sends), (part, theirs));
                self.sends += 1;
            }
            out.push(output);
        }
    }
}

fn farewell(output: &Output) -> Option<Sent> {
    match output {
        Output::Send {
            sent,
            request:
                Request::Control(ControlRequest::EndEpoch { .. } | ControlRequest::ZooKeeper(ZooKeeperRequest::Close(_))),
            ..
        } => Some(*sent),
        _ => None,
    }
}

fn member(place: &Place, config: &ServerConfig, disk: QuorumDisk, random: Stream, now: SimTime) -> Member {
    let (id, controller) = (place.id, config.controller.clone());
    match config.mode {
        Mode::Kraft => Member::Kraft(Box::new(QuorumMember::start(id, &place.quorum, controller, disk, random, now))),
        Mode::Zookeeper => {
            let ensemble = *place.quorum.first().expect("a ZooKeeper cluster has an ensemble");
            match ensemble == id {
                true => Member::Ensemble(Box::new(ZooKeeperEnsemble::start(controller.zookeeper))),
                false => Member::ZooKeeper(Box::new(ZooKeeperMember::start(id, ensemble, controller))),
            }
        }
    }
}
