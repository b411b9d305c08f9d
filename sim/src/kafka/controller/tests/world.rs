//! A cluster in memory: members with brokers that only beat, and messages that take a fixed time. No tasks, no clock.
//!
//! On each connection (from, to, lane, part) the next request is delivered when the last one is answered, as brokers do (B2).

mod faults;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::beater::Beater;
use super::watch::Witness;
use crate::engine::{SimDuration, SimTime, Stream};
use crate::kafka::controller::quorum::QuorumDisk;
use crate::kafka::controller::zookeeper::ZooKeeperEnsemble;
use crate::kafka::controller::{ControlRequest, ControllerConfig, Member};
use crate::kafka::machine::{Input, Lane, Output, Sent, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::BrokerId;

/// The node of the ensemble, in ZooKeeper mode.
pub(super) const ENSEMBLE: BrokerId = BrokerId(100);
/// How long a message is under way.
pub(super) const DELAY: SimDuration = SimDuration::from_millis(1);

/// Who on a node has sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Member,
    Beater,
    Client,
}

type Route = (BrokerId, BrokerId, Lane, Part);

#[derive(Debug)]
struct Call {
    route: Route,
    sent: Sent,
    request: Option<Request>,
    /// Whether the callee has it in hand.
    served: bool,
}

enum Event {
    Arrive(u64),
    Reply(u64, Option<Response>),
    Expire(u64),
    Beat(BrokerId, u32),
}

/// A node of the cluster. Without a member it is dead.
pub(super) struct Node {
    pub(super) member: Option<Member>,
    pub(super) beater: Beater,
    disk: QuorumDisk,
    life: u32,
    frozen: Option<Vec<Event>>,
}

/// The cluster.
pub(super) struct World {
    pub(super) now: SimTime,
    pub(super) nodes: BTreeMap<BrokerId, Node>,
    pub(super) witness: Witness,
    /// Answers to requests of [`World::ask`].
    pub(super) answers: Vec<Option<Response>>,
    pub(super) random: Stream,
    config: ControllerConfig,
    voters: Option<Vec<BrokerId>>,
    cuts: BTreeSet<(BrokerId, BrokerId)>,
    events: BTreeMap<(SimTime, u64), Event>,
    calls: BTreeMap<u64, Call>,
    queues: BTreeMap<Route, VecDeque<u64>>,
    counter: u64,
    seed: u64,
}

impl World {
    /// `voters` combined KRaft nodes, and `observers` brokers beside them, numbered from one.
    pub(super) fn kraft(seed: u64, voters: u32, observers: u32) -> Self {
        Self::new(seed, (1..=voters + observers).collect(), Some((1..=voters).map(BrokerId).collect()))
    }

    /// Brokers around a ZooKeeper ensemble.
    pub(super) fn zookeeper(seed: u64, brokers: u32) -> Self {
        let mut this = Self::new(seed, (1..=brokers).collect(), None);
        let member = Member::Ensemble(Box::new(ZooKeeperEnsemble::start(this.config.zookeeper.clone())));
        this.nodes.insert(ENSEMBLE, Node::new(ENSEMBLE, Some(member)));
        this
    }

    fn new(seed: u64, ids: Vec<u32>, voters: Option<Vec<BrokerId>>) -> Self {
        let mut this = Self {
            now: SimTime::ZERO,
            nodes: ids.iter().map(|id| (BrokerId(*id), Node::new(BrokerId(*id), None))).collect(),
            witness: Witness::default(),
            answers: Vec::new(),
            random: Stream::new(seed, "world"),
            config: ControllerConfig::default(),
            voters,
            cuts: BTreeSet::new(),
            events: BTreeMap::new(),
            calls: BTreeMap::new(),
            queues: BTreeMap::new(),
            counter: 0,
            seed,
        };
        ids.into_iter().for_each(|id| this.start(BrokerId(id)));
        this
    }

    /// Asks a node something; the answer will be the last of `answers`.
    pub(super) fn ask(&mut self, to: BrokerId, request: ControlRequest) {
        let request = Request::Control(request);
        let (lane, timeout) = (Lane::Control, SimDuration::from_secs(30));
        self.send(to, Part::Client, Output::Send { sent: Sent(0), to, lane, timeout, request });
    }

    pub(super) fn run_for(&mut self, span: SimDuration) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until a condition holds, and returns when; panics if it does not within a minute.
    pub(super) fn run_until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) -> SimTime {
        let end = self.now + SimDuration::from_secs(60);
        while !holds(self) {
            assert!(self.step(end), "after a minute still not: {what}");
        }
        self.now
    }

    /// The node whose controller is active, of those that live.
    pub(super) fn active(&self) -> Option<BrokerId> {
        let active = |node: &Node| node.frozen.is_none() && node.member.as_ref().is_some_and(Member::is_active);
        self.nodes.iter().find(|(_, node)| active(node)).map(|(id, _)| *id)
    }

    pub(super) fn is_up(&self, id: BrokerId) -> bool {
        self.nodes[&id].member.is_some()
    }

    /// Does the next thing, unless it comes after `end`.
    fn step(&mut self, end: SimTime) -> bool {
        let running = self.nodes.iter().filter(|(_, node)| node.frozen.is_none());
        let timer = running.filter_map(|(id, node)| Some((node.member.as_ref()?.next_timeout()?, *id))).min();
        let event = self.events.keys().next().copied();
        let next = timer.map(|(at, _)| at).into_iter().chain(event.map(|(at, _)| at)).min();
        let Some(at) = next.filter(|at| *at <= end) else { return false };
        self.now = self.now.max(at);
        match event.filter(|(due, _)| *due <= at) {
            Some(key) => {
                let event = self.events.remove(&key).expect("just seen");
                self.happen(event);
            }
            None => self.handle(timer.expect("a timer, as it is no event").1, Input::Timeout),
        }
        true
    }

    fn at(&mut self, at: SimTime, event: Event) {
        self.counter += 1;
        self.events.insert((at, self.counter), event);
    }

    fn happen(&mut self, event: Event) {
        let concerned = match &event {
            Event::Arrive(call) => self.calls.get(call).map(|call| call.route.1),
            Event::Reply(call, _) | Event::Expire(call) => self.calls.get(call).map(|call| call.route.0),
            Event::Beat(id, life) => Some(*id).filter(|id| self.nodes[id].life == *life),
        };
        let Some(concerned) = concerned else { return };
        if let Some(waiting) = &mut self.nodes.get_mut(&concerned).expect("a known node").frozen {
            return waiting.push(event);
        }
        match event {
            Event::Arrive(call) => self.arrive(call),
            Event::Reply(call, answer) => self.reply(call, answer),
            Event::Expire(call) => self.close(self.calls[&call].route),
            Event::Beat(id, _) => self.beat(id),
        }
    }

    fn arrive(&mut self, id: u64) {
        let route = self.calls[&id].route;
        if self.is_cut(route) {
            return;
        }
        if !self.is_up(route.1) {
            return self.at(self.now + DELAY, Event::Reply(id, None));
        }
        self.queues.entry(route).or_default().push_back(id);
        self.serve(route);
    }

    /// Hands the first request of a connection over, if none is in hand.
    fn serve(&mut self, route: Route) {
        let Some(id) = self.queues.get(&route).and_then(|queue| queue.front().copied()) else { return };
        let call = self.calls.get_mut(&id).expect("queued calls are known");
        if !std::mem::replace(&mut call.served, true) {
            let request = call.request.take().expect("served once");
            self.handle(route.1, Input::Request { ticket: Ticket(id), request });
        }
    }

    fn reply(&mut self, id: u64, answer: Option<Response>) {
        let route = self.calls[&id].route;
        if !self.is_cut(route) {
            self.give(id, answer);
        }
    }

    /// Gives an answer to who asked.
    fn give(&mut self, id: u64, answer: Option<Response>) {
        let Some(call) = self.calls.remove(&id) else { return };
        let (from, _, _, part) = call.route;
        match part {
            _ if !self.is_up(from) => {}
            Part::Member => self.handle(from, Input::Answer { sent: call.sent, answer }),
            Part::Client => self.answers.push(answer),
            Part::Beater => {
                let node = self.nodes.get_mut(&from).expect("a known node");
                let (pause, life) = (node.beater.answered(answer), node.life);
                self.at(self.now + pause, Event::Beat(from, life));
            }
        }
    }

    /// Ends a connection: nobody waits any longer, on either side.
    fn close(&mut self, route: Route) {
        self.queues.remove(&route);
        let calls: Vec<u64> = self.calls.iter().filter(|(_, call)| call.route == route).map(|(id, _)| *id).collect();
        for id in calls {
            if self.calls[&id].served && self.is_up(route.1) && !self.is_cut(route) {
                self.handle(route.1, Input::Gone(Ticket(id)));
            }
            self.give(id, None);
        }
    }

    fn beat(&mut self, id: BrokerId) {
        let node = &self.nodes[&id];
        let Some(member) = &node.member else { return };
        match member.leader() {
            Some(to) => {
                let request = Request::Control(node.beater.request());
                let (lane, timeout) = (Lane::Control, SimDuration::from_secs(5));
                self.send(id, Part::Beater, Output::Send { sent: Sent(0), to, lane, timeout, request });
            }
            None => self.at(self.now + super::beater::PAUSE, Event::Beat(id, node.life)),
        }
    }

    fn send(&mut self, from: BrokerId, part: Part, output: Output) {
        let Output::Send { sent, to, lane, timeout, request } = output else { return };
        self.counter += 1;
        let (id, route) = (self.counter, (from, to, lane, part));
        self.calls.insert(id, Call { route, sent, request: Some(request), served: false });
        self.at(self.now + if from == to { SimDuration::ZERO } else { DELAY }, Event::Arrive(id));
        self.at(self.now + timeout, Event::Expire(id));
    }

    fn handle(&mut self, id: BrokerId, input: Input) {
        let now = self.now;
        let node = self.nodes.get_mut(&id).expect("a known node");
        let outputs = node.member.as_mut().expect("alive").handle(now, input);
        self.perform(id, outputs);
    }

    /// Does what a member wants, and looks at what has become known on its node.
    fn perform(&mut self, id: BrokerId, outputs: Vec<Output>) {
        let node = self.nodes.get_mut(&id).expect("a known node");
        let member = node.member.as_mut().expect("alive");
        let records = member.take_committed();
        self.witness.look(self.now, id, member, &records);
        node.beater.apply(&records);
        for output in outputs {
            match output {
                Output::Answer { ticket, response } => self.answered(ticket.0, response),
                send => self.send(id, Part::Member, send),
            }
        }
    }

    fn answered(&mut self, id: u64, response: Option<Response>) {
        let Some(route) = self.calls.get(&id).map(|call| call.route) else { return };
        let delay = if route.0 == route.1 { SimDuration::ZERO } else { DELAY };
        self.at(self.now + delay, Event::Reply(id, response));
        if let Some(queue) = self.queues.get_mut(&route) {
            queue.retain(|each| *each != id);
            self.serve(route);
        }
    }

    fn is_cut(&self, route: Route) -> bool {
        self.cuts.contains(&(route.0, route.1))
    }
}

impl Node {
    fn new(id: BrokerId, member: Option<Member>) -> Self {
        Self { member, beater: Beater::new(id), disk: QuorumDisk::default(), life: 0, frozen: None }
    }
}
