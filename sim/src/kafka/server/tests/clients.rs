//! Clients without I/O, as small as they can be: they ask one thing at a time and begin anew when something is wrong.

use std::cell::RefCell;
use std::rc::Rc;

use super::world::{Ask, Client};
use super::{millis, secs};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::protocol::{Request, Response, TopicMetadata};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::{Acks, BrokerId, TopicPartition};

/// How long a client waits before it tries again.
pub(super) const PAUSE: SimDuration = millis(50);
/// How long it waits for an answer. Less than kafkajs' 30 s, so that lost hosts do not hide what the cluster does.
pub(super) const PATIENCE: SimDuration = secs(1);

/// Asks one broker after the other, whoever answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bootstrap(u32);

impl Bootstrap {
    pub(super) fn next(&mut self) -> BrokerId {
        self.0 += 1;
        BrokerId(self.0 % 3 + 1)
    }
}

pub(super) fn leader_of(topics: &[TopicMetadata], partition: &TopicPartition) -> Option<BrokerId> {
    let topic = topics.iter().find(|topic| topic.topic == partition.topic)?;
    topic.partitions.get(partition.partition as usize)?.leader
}

/// Writes a numbered record every 50 ms, or as soon as the last one is acknowledged.
pub(super) struct Producer {
    partition: TopicPartition,
    acks: Acks,
    name: String,
    bootstrap: Bootstrap,
    leader: Option<BrokerId>,
    next: SimTime,
    count: u64,
    /// When each record was acknowledged.
    pub(super) acked: Vec<(SimTime, String)>,
    /// Errors and requests without an answer.
    pub(super) failures: u64,
}

impl Producer {
    pub(super) fn new(name: &str, partition: &TopicPartition, acks: Acks) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            partition: partition.clone(),
            acks,
            name: name.into(),
            bootstrap: Bootstrap::default(),
            leader: None,
            next: SimTime::ZERO,
            count: 0,
            acked: Vec::new(),
            failures: 0,
        }))
    }

    /// The longest time between two answers after `from`, or since the last one.
    pub(super) fn gap(&self, from: SimTime, now: SimTime) -> SimDuration {
        let times = self.acked.iter().map(|(at, _)| *at).filter(|at| *at >= from);
        let (mut gap, mut last) = (SimDuration::ZERO, from);
        for at in times.chain([now]) {
            gap = gap.max(at.since(last));
            last = at;
        }
        gap
    }

    fn value(&self) -> String {
        format!("{}-{}", self.name, self.count)
    }

    fn produce(&self, now: SimTime) -> Request {
        let batch = Batch::new([Record::new(None, self.value().as_bytes(), now)], None);
        Request::Produce { acks: self.acks, timeout: secs(30), batches: vec![(self.partition.clone(), batch)] }
    }

    fn hear(&mut self, now: SimTime, answer: Option<Response>) {
        match answer {
            Some(Response::Produce(all)) if all[0].error.is_ok() => {
                self.acked.push((now, self.value()));
                self.count += 1;
                self.next = now + PAUSE;
            }
            Some(Response::Metadata { topics, .. }) => {
                self.leader = leader_of(&topics, &self.partition);
                self.next = if self.leader.is_some() { now } else { now + PAUSE };
            }
            _ => {
                self.failures += 1;
                self.leader = None;
                self.next = now + PAUSE;
            }
        }
    }
}

impl Client for Producer {
    fn step(&mut self, now: SimTime, answer: Option<Option<Response>>) -> Option<Ask> {
        if let Some(answer) = answer {
            self.hear(now, answer);
        }
        if self.next > now {
            return None;
        }
        Some(match self.leader {
            Some(to) => Ask { to, timeout: secs(30), request: self.produce(now) },
            None => {
                let request = Request::Metadata { topics: Some(vec![self.partition.topic.clone()]), create: false };
                Ask { to: self.bootstrap.next(), timeout: PATIENCE, request }
            }
        })
    }

    fn next(&self) -> SimTime {
        self.next
    }
}

/// Asks one thing of one broker, once.
pub(super) struct Once {
    ask: Option<Ask>,
    pub(super) answer: Option<Response>,
}

impl Once {
    pub(super) fn new(to: BrokerId, request: Request) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self { ask: Some(Ask { to, timeout: secs(30), request }), answer: None }))
    }
}

impl Client for Once {
    fn step(&mut self, _now: SimTime, answer: Option<Option<Response>>) -> Option<Ask> {
        self.answer = self.answer.take().or(answer.flatten());
        self.ask.take()
    }

    fn next(&self) -> SimTime {
        if self.ask.is_some() { SimTime::ZERO } else { SimTime::MAX }
    }
}
