//! A cluster in memory: whole nodes and their clients, and messages that take a fixed time. No tasks, no clock.
//!
//! On each connection the next request is handed over when the last one is answered (B2). A client has one request under way.

mod faults;
mod look;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::engine::{SimDuration, SimTime, Stream};
use crate::kafka::machine::{Input, Lane, Output, Sent, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::server::{Mode, Place, Server, ServerConfig, ServerDisk};
use crate::kafka::types::BrokerId;

/// The node of the ensemble, in ZooKeeper mode.
const ENSEMBLE: BrokerId = BrokerId(100);
/// How long a message is under way.
const DELAY: SimDuration = SimDuration::from_millis(1);
/// More than happens at one instant, unless somebody wants to be woken for ever.
const BUSY_MAX: u32 = 100_000;

/// A connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Route {
    Peer(BrokerId, BrokerId, Lane),
    Client(usize, BrokerId),
}

impl Route {
    fn to(self) -> BrokerId {
        match self {
            Route::Peer(_, to, _) | Route::Client(_, to) => to,
        }
    }

    fn from(self) -> Option<BrokerId> {
        match self {
            Route::Peer(from, ..) => Some(from),
            Route::Client(..) => None,
        }
    }
}

struct Call {
    route: Route,
    sent: Sent,
    request: Option<Request>,
    served: bool,
}

enum Event {
    Arrive(u64),
    Reply(u64, Option<Response>),
    Expire(u64),
}

/// A node of the cluster. Without a server its process is dead.
struct Node {
    server: Option<Server>,
    disk: ServerDisk,
    /// When the server wants to be woken.
    due: Option<SimTime>,
    /// What waits for a stopped process.
    frozen: Option<Vec<Event>>,
    /// The whole machine is gone: nobody even refuses connections.
    lost: bool,
    leaving: bool,
}

/// What a client asks next.
pub(super) struct Ask {
    pub(super) to: BrokerId,
    pub(super) timeout: SimDuration,
    pub(super) request: Request,
}

/// A client with one request at a time.
pub(super) trait Client {
    /// An answer has come (`Some(None)`: there will be none), or it is time: what to ask now.
    fn step(&mut self, now: SimTime, answer: Option<Option<Response>>) -> Option<Ask>;
    /// When to call again, while no answer is awaited.
    fn next(&self) -> SimTime;
}

struct Visitor {
    client: Rc<std::cell::RefCell<dyn Client>>,
    busy: bool,
    gone: bool,
}

/// The cluster.
pub(super) struct World {
    pub(super) now: SimTime,
    config: ServerConfig,
    nodes: BTreeMap<BrokerId, Node>,
    quorum: Rc<[BrokerId]>,
    visitors: Vec<Visitor>,
    cuts: BTreeSet<(BrokerId, BrokerId)>,
    events: BTreeMap<(SimTime, u64), Event>,
    calls: BTreeMap<u64, Call>,
    queues: BTreeMap<Route, VecDeque<u64>>,
    counter: u64,
    seed: u64,
    busy: u32,
}

impl World {
    /// Three nodes, started within two seconds of each other, and run until all are let in.
    pub(super) fn new(seed: u64, config: ServerConfig) -> Self {
        let ids: Vec<BrokerId> = (1..=3).map(BrokerId).collect();
        let quorum: Vec<BrokerId> = if config.mode == Mode::Kraft { ids.clone() } else { vec![ENSEMBLE] };
        let mut this = Self {
            now: SimTime::ZERO,
            nodes: ids.iter().chain(&quorum).map(|id| (*id, Node::down())).collect(),
            quorum: quorum.into(),
            config,
            visitors: Vec::new(),
            cuts: BTreeSet::new(),
            events: BTreeMap::new(),
            calls: BTreeMap::new(),
            queues: BTreeMap::new(),
            counter: 0,
            seed,
            busy: 0,
        };
        if this.config.mode == Mode::Zookeeper {
            this.start(ENSEMBLE);
        }
        let mut random = Stream::new(seed, "start");
        for id in ids {
            this.start(id);
            this.run(this.config.broker.heartbeat_interval.scale(random.below(1000)));
        }
        this.run_until("all are let in", |world| world.let_in() == 3);
        this
    }

    pub(super) fn run(&mut self, span: SimDuration) {
        let end = self.now + span;
        while self.step(end) {}
        self.now = end;
    }

    /// Runs until a condition holds, and returns when; panics if it does not within two minutes.
    pub(super) fn run_until(&mut self, what: &str, mut holds: impl FnMut(&World) -> bool) -> SimTime {
        let end = self.now + SimDuration::from_secs(120);
        while !holds(self) {
            assert!(self.step(end), "after two minutes still not: {what}");
        }
        self.now
    }

    /// Adds a client, which begins at once.
    pub(super) fn add(&mut self, client: Rc<std::cell::RefCell<dyn Client>>) -> usize {
        self.visitors.push(Visitor { client, busy: false, gone: false });
        self.visitors.len() - 1
    }

    /// Does the next thing, unless it comes after `end`.
    fn step(&mut self, end: SimTime) -> bool {
        let timers = self.nodes.iter().filter(|(_, node)| node.frozen.is_none());
        let timer = timers.filter_map(|(id, node)| Some((node.due?, *id))).min();
        let visitors = self.visitors.iter().zip(0..).filter(|(visitor, _)| !visitor.busy && !visitor.gone);
        let visitor = visitors.map(|(visitor, nth)| (visitor.client.borrow().next(), nth)).min();
        let event = self.events.keys().next().copied();
        let times = [timer.map(|(at, _)| at), visitor.map(|(at, _)| at), event.map(|(at, _)| at)];
        let Some(at) = times.into_iter().flatten().min().filter(|at| *at <= end) else { return false };
        self.advance(at);
        match (event.filter(|(due, _)| *due <= at), timer.filter(|(due, _)| *due <= at)) {
            (Some(key), _) => {
                let event = self.events.remove(&key).expect("just seen");
                self.happen(event);
            }
            (None, Some((_, id))) => self.handle(id, Input::Timeout),
            (None, None) => self.visit(visitor.expect("it is neither event nor timer").1, None),
        }
        true
    }

    fn advance(&mut self, at: SimTime) {
        self.busy = if at > self.now { 0 } else { self.busy + 1 };
        assert!(self.busy < BUSY_MAX, "at {:?} somebody wants to be woken for ever", self.now);
        self.now = self.now.max(at);
    }

    fn at(&mut self, at: SimTime, event: Event) {
        self.counter += 1;
        self.events.insert((at, self.counter), event);
    }

    fn happen(&mut self, event: Event) {
        let concerned = match &event {
            Event::Arrive(call) => self.calls.get(call).map(|call| Some(call.route.to())),
            Event::Reply(call, _) | Event::Expire(call) => self.calls.get(call).map(|call| call.route.from()),
        };
        let Some(concerned) = concerned else { return };
        let frozen = concerned.and_then(|id| self.nodes.get_mut(&id).expect("a known node").frozen.as_mut());
        if let Some(waiting) = frozen {
            return waiting.push(event);
        }
        match event {
            Event::Arrive(call) => self.arrive(call),
            Event::Reply(call, answer) if !self.is_cut(self.calls[&call].route) => self.give(call, answer),
            Event::Reply(..) => {}
            Event::Expire(call) => self.close(self.calls[&call].route),
        }
    }

    fn arrive(&mut self, id: u64) {
        let route = self.calls[&id].route;
        if self.is_cut(route) || self.nodes[&route.to()].lost {
            return;
        }
        if self.nodes[&route.to()].server.is_none() {
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
            self.handle(route.to(), Input::Request { ticket: Ticket(id), request });
        }
    }

    /// Gives an answer to who asked.
    fn give(&mut self, id: u64, answer: Option<Response>) {
        let Some(call) = self.calls.remove(&id) else { return };
        match call.route {
            Route::Client(nth, _) => self.visit(nth, Some(answer)),
            Route::Peer(from, ..) if self.is_up(from) => {
                self.handle(from, Input::Answer { sent: call.sent, answer });
            }
            Route::Peer(..) => {}
        }
    }

    fn visit(&mut self, nth: usize, answer: Option<Option<Response>>) {
        let visitor = &mut self.visitors[nth];
        visitor.busy = false;
        if visitor.gone {
            return;
        }
        let ask = visitor.client.borrow_mut().step(self.now, answer);
        if let Some(Ask { to, timeout, request }) = ask {
            self.visitors[nth].busy = true;
            self.send(Route::Client(nth, to), Sent(0), timeout, request);
        }
    }

    fn send(&mut self, route: Route, sent: Sent, timeout: SimDuration, request: Request) {
        self.counter += 1;
        let id = self.counter;
        self.calls.insert(id, Call { route, sent, request: Some(request), served: false });
        self.at(self.now + delay(route), Event::Arrive(id));
        self.at(self.now + timeout, Event::Expire(id));
    }

    fn handle(&mut self, id: BrokerId, input: Input) {
        self.act(id, |server, now| server.handle(now, input));
    }

    /// Does what a node wants.
    fn act(&mut self, id: BrokerId, act: impl FnOnce(&mut Server, SimTime) -> Vec<Output>) {
        let node = self.nodes.get_mut(&id).expect("a known node");
        let server = node.server.as_mut().expect("alive");
        let outputs = act(server, self.now);
        node.due = server.next_timeout();
        let leaves = node.leaving && server.may_stop();
        for output in outputs {
            match output {
                Output::Answer { ticket, response } => self.answered(ticket.0, response),
                Output::Send { sent, to, lane, timeout, request } => {
                    self.send(Route::Peer(id, to, lane), sent, timeout, request);
                }
            }
        }
        if leaves {
            self.crash(id);
        }
    }

    fn answered(&mut self, id: u64, response: Option<Response>) {
        let Some(route) = self.calls.get(&id).map(|call| call.route) else { return };
        self.at(self.now + delay(route), Event::Reply(id, response));
        if let Some(queue) = self.queues.get_mut(&route) {
            queue.retain(|each| *each != id);
            self.serve(route);
        }
    }

    fn is_cut(&self, route: Route) -> bool {
        route.from().is_some_and(|from| self.cuts.contains(&(from, route.to())))
    }
}

fn delay(route: Route) -> SimDuration {
    if route.from() == Some(route.to()) { SimDuration::ZERO } else { DELAY }
}

impl Node {
    fn down() -> Self {
        Self { server: None, disk: ServerDisk::default(), due: None, frozen: None, lost: false, leaving: false }
    }
}
