//! Brokers, a controller and clients on a network in memory: every message takes a millisecond, or is lost in a cut.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::controller::Controller;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::broker::{Broker, BrokerConfig, Disk};
use crate::kafka::fetch_session::SessionFetch;
use crate::kafka::group::GroupConfig;
use crate::kafka::machine::{Input, Output, Sent, Ticket};
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::{NewTopic, Request, Response};
use crate::kafka::types::{BrokerId, ErrorCode, TopicPartition};

/// The controller's place on the network.
pub(super) const CONTROLLER: BrokerId = BrokerId(100);
pub(super) const DELAY: SimDuration = SimDuration::from_millis(1);

enum Node {
    Up(Box<Broker>),
    Down(Disk),
}

/// Who waits for the answer to a request.
#[derive(Clone, Copy)]
enum Asker {
    Client,
    /// A broker, in which life, with which request.
    Broker(BrokerId, u64, Sent),
}

enum Event {
    Ask { to: BrokerId, ticket: Ticket, request: Request },
    Answer { ticket: Ticket, response: Option<Response> },
    Metadata(BrokerId),
}

/// A cluster, and the clock it lives by.
pub(super) struct Cluster {
    pub(super) now: SimTime,
    pub(super) controller: Controller,
    config: BrokerConfig,
    nodes: BTreeMap<BrokerId, Node>,
    lives: BTreeMap<BrokerId, u64>,
    /// How many decisions each broker has been told.
    told: BTreeMap<BrokerId, usize>,
    events: BTreeMap<(SimTime, u64), Event>,
    seq: u64,
    open: BTreeMap<Ticket, (Asker, BrokerId)>,
    answers: BTreeMap<Ticket, (SimTime, Option<Response>)>,
    cuts: BTreeSet<(BrokerId, BrokerId)>,
    /// What followers have asked.
    pub(super) fetches: Vec<SessionFetch>,
}

impl Cluster {
    /// `count` brokers, numbered from 1, up and let in.
    pub(super) fn new(count: u32, config: BrokerConfig, session: SimDuration) -> Self {
        let ids = (1..=count).map(BrokerId);
        let mut cluster = Self {
            now: SimTime::ZERO,
            controller: Controller::new(session),
            config,
            nodes: ids.clone().map(|id| (id, Node::Down(Disk::default()))).collect(),
            lives: BTreeMap::new(),
            told: BTreeMap::new(),
            events: BTreeMap::new(),
            seq: 0,
            open: BTreeMap::new(),
            answers: BTreeMap::new(),
            cuts: BTreeSet::new(),
            fetches: Vec::new(),
        };
        ids.for_each(|id| cluster.start(id));
        cluster.run(SimDuration::from_millis(100));
        cluster
    }

    /// A topic of one partition, and its name.
    pub(super) fn topic(&mut self, config: TopicConfig) -> TopicPartition {
        let topic = NewTopic { topic: "orders".into(), config: Rc::new(config) };
        let ticket = self.ask(BrokerId(1), Request::CreateTopic(topic));
        self.run(SimDuration::from_millis(100));
        assert!(matches!(self.answer(ticket), Some(Response::CreateTopic(ErrorCode::None))));
        TopicPartition::new("orders", 0)
    }

    pub(super) fn start(&mut self, id: BrokerId) {
        let Some(Node::Down(disk)) = self.nodes.get_mut(&id) else { return };
        let broker = Broker::start(id, self.config.clone(), GroupConfig::default(), std::mem::take(disk), self.now);
        self.nodes.insert(id, Node::Up(Box::new(broker)));
        *self.lives.entry(id).or_default() += 1;
        self.told.insert(id, 0);
        self.step(id, |broker, now| broker.set_controller(now, Some(CONTROLLER)));
        self.push(DELAY, Event::Metadata(id));
    }

    /// The process dies: its connections are reset.
    pub(super) fn crash(&mut self, id: BrokerId) {
        let disk = match self.nodes.remove(&id) {
            Some(Node::Up(broker)) => broker.into_disk(),
            Some(Node::Down(disk)) => disk,
            None => Disk::default(),
        };
        self.nodes.insert(id, Node::Down(disk));
        let lost: Vec<Ticket> = self.open.iter().filter(|(_, (_, to))| *to == id).map(|(ticket, _)| *ticket).collect();
        for ticket in lost {
            self.push(DELAY, Event::Answer { ticket, response: None });
        }
    }

    /// Nothing passes between the two.
    pub(super) fn cut(&mut self, one: BrokerId, other: BrokerId) {
        self.cuts.insert((one.min(other), one.max(other)));
    }

    pub(super) fn heal(&mut self) {
        self.cuts.clear();
        let ids: Vec<BrokerId> = self.nodes.keys().copied().collect();
        ids.into_iter().for_each(|id| self.push(DELAY, Event::Metadata(id)));
    }

    fn is_cut(&self, one: BrokerId, other: BrokerId) -> bool {
        self.cuts.contains(&(one.min(other), one.max(other)))
    }

    pub(super) fn broker(&self, id: BrokerId) -> Option<&Broker> {
        match self.nodes.get(&id) {
            Some(Node::Up(broker)) => Some(broker),
            _ => None,
        }
    }

    pub(super) fn up(&self) -> Vec<BrokerId> {
        self.nodes.keys().copied().filter(|id| self.broker(*id).is_some()).collect()
    }

    /// A client asks a broker.
    pub(super) fn ask(&mut self, to: BrokerId, request: Request) -> Ticket {
        let ticket = self.ticket(Asker::Client, to);
        self.push(DELAY, Event::Ask { to, ticket, request });
        ticket
    }

    /// What a client was answered; nothing yet, or nothing at all.
    pub(super) fn answer(&self, ticket: Ticket) -> Option<&Response> {
        self.answers.get(&ticket).and_then(|(_, response)| response.as_ref())
    }

    /// When it was.
    pub(super) fn answered_at(&self, ticket: Ticket) -> Option<SimTime> {
        self.answers.get(&ticket).map(|(at, _)| *at)
    }

    fn ticket(&mut self, asker: Asker, to: BrokerId) -> Ticket {
        self.seq += 1;
        self.open.insert(Ticket(self.seq), (asker, to));
        Ticket(self.seq)
    }

    fn push(&mut self, after: SimDuration, event: Event) {
        self.seq += 1;
        self.events.insert((self.now + after, self.seq), event);
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, span: SimDuration) {
        let until = self.now + span;
        self.tell_all();
        while let Some(at) = self.next().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.controller.expire(self.now);
            self.tell_all();
            match self.events.first_key_value().filter(|((time, _), _)| *time <= self.now) {
                Some(_) => {
                    let (_, event) = self.events.pop_first().expect("there is one");
                    self.happen(event);
                }
                None => self.time_out(),
            }
        }
        self.now = until;
    }

    fn next(&self) -> Option<SimTime> {
        let brokers = self.up().into_iter().filter_map(|id| self.broker(id)?.next_timeout());
        let event = self.events.first_key_value().map(|((at, _), _)| *at);
        brokers.chain(event).chain(self.controller.next_timeout()).min()
    }

    fn time_out(&mut self) {
        for id in self.up() {
            if self.broker(id).and_then(Broker::next_timeout).is_some_and(|at| at <= self.now) {
                self.step(id, |broker, now| broker.handle(now, Input::Timeout));
                let next = self.broker(id).and_then(Broker::next_timeout);
                assert!(next.is_none_or(|at| at > self.now), "{id:?} wants to be woken at once again, for ever");
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ask { to: CONTROLLER, ticket, request: Request::Control(request) } => {
                let response = Response::Control(self.controller.handle(self.now, request));
                self.push(DELAY, Event::Answer { ticket, response: Some(response) });
            }
            Event::Ask { to, ticket, request } => match self.broker(to) {
                Some(_) => self.step(to, |broker, now| broker.handle(now, Input::Request { ticket, request })),
                None => self.push(DELAY, Event::Answer { ticket, response: None }),
            },
            Event::Answer { ticket, response } => self.deliver(ticket, response),
            Event::Metadata(id) => self.tell(id),
        }
    }

    fn deliver(&mut self, ticket: Ticket, response: Option<Response>) {
        match self.open.get(&ticket).copied() {
            Some((Asker::Broker(id, ..), to)) if response.is_some() && self.is_cut(id, to) => {}
            Some((Asker::Broker(id, life, sent), _)) => {
                self.open.remove(&ticket);
                if self.lives[&id] == life && self.broker(id).is_some() {
                    self.step(id, |broker, now| broker.handle(now, Input::Answer { sent, answer: response }));
                }
            }
            Some((Asker::Client, _)) => {
                self.open.remove(&ticket);
                self.answers.insert(ticket, (self.now, response));
            }
            None => {}
        }
    }

    fn tell_all(&mut self) {
        for id in self.up() {
            if self.told[&id] < self.controller.log.len() {
                self.tell(id);
            }
        }
    }

    fn tell(&mut self, id: BrokerId) {
        if self.is_cut(id, CONTROLLER) || self.broker(id).is_none() {
            return;
        }
        let told = self.told.insert(id, self.controller.log.len()).unwrap_or_default();
        let news = self.controller.log[told..].to_vec();
        if !news.is_empty() {
            self.step(id, |broker, now| broker.apply(now, &news));
        }
    }

    pub(super) fn step(&mut self, id: BrokerId, act: impl FnOnce(&mut Broker, SimTime) -> Vec<Output>) {
        let Some(Node::Up(broker)) = self.nodes.get_mut(&id) else { panic!("{id:?} is down") };
        let outputs = act(broker, self.now);
        for output in outputs {
            match output {
                Output::Answer { ticket, response } => self.push(DELAY, Event::Answer { ticket, response }),
                Output::Send { sent, to, timeout, request, .. } => {
                    let ticket = self.ticket(Asker::Broker(id, self.lives[&id], sent), to);
                    self.push(timeout, Event::Answer { ticket, response: None });
                    if let Request::SessionFetch(fetch) = &request {
                        self.fetches.push(fetch.clone());
                    }
                    if !self.is_cut(id, to) {
                        self.push(DELAY, Event::Ask { to, ticket, request });
                    }
                }
            }
        }
    }
}
