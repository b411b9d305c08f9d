//! The consumer of the Java client 3.9 (MODEL-REFERENCE.md D2, D3), with the classic group protocol: a poll loop, a heartbeat thread
//! beside it, and fetches ahead of the handler.
//!
//! The application is the documented loop: poll, handle every record, poll again; when a handler throws, the consumer is closed.
//! **Auto-commit** commits in `poll` what earlier polls have returned, and closing commits what the last one has returned, handled
//! or not.
//!
//! | where | what |
//! |---|---|
//! | here | the loop, and what a poll does |
//! | `member` | coordinator, heartbeats, commits |
//! | `join` | join and sync, eagerly or beside the polls |
//! | `fetch` | fetching ahead |
//!
//! **Not modelled:** `commitSync` by the application, pause and seek, rebalance listeners, fetch sessions, rack awareness, the new
//! consumer of KIP-848.

mod fetch;
mod join;
mod member;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use self::join::Beside;
use super::{ConsumerEvent, Delivery, Handler, Listener};
use crate::engine::{Notify, SimDuration, SimTime, race};
use crate::kafka::client::KafkaError;
use crate::kafka::client::config::JavaConsumerConfig;
use crate::kafka::client::java::{JavaClient, Network};
use crate::kafka::record::Record;
use crate::kafka::types::{BrokerId, Offset, TopicPartition};

/// How long one `poll` waits for records: what examples pass to it, an assumption.
const POLL_TIMEOUT: SimDuration = SimDuration::from_secs(1);

/// Java's `KafkaConsumer` in its usual loop. Cheap to clone; belongs to one incarnation of its process.
#[derive(Clone)]
pub struct JavaConsumer(Rc<Inner>);

struct Inner {
    network: Network,
    config: JavaConsumerConfig,
    group: Rc<str>,
    topics: Vec<Rc<str>>,
    listeners: RefCell<Vec<Listener>>,
    state: RefCell<State>,
    /// Something has come that a poll may wait for.
    wake: Notify,
    closing: Cell<bool>,
    closed: Notify,
    over: Cell<bool>,
}

/// What changes while it runs.
struct State {
    coordinator: Option<BrokerId>,
    id: Rc<str>,
    generation: Option<u32>,
    /// Its last share, and the generation that gave it.
    had: (Option<u32>, Vec<TopicPartition>),
    /// The group must be joined at the next poll.
    rejoin: bool,
    beside: Beside,
    /// Assigned partitions, with the next record a poll returns; none before that is known.
    positions: BTreeMap<TopicPartition, Option<Offset>>,
    committed: BTreeMap<TopicPartition, Offset>,
    /// Where a reset must not look at the committed offset.
    reset: BTreeSet<TopicPartition>,
    buffer: VecDeque<Fetched>,
    /// Brokers with a fetch under way.
    fetching: BTreeSet<BrokerId>,
    last_poll: SimTime,
    last_commit: SimTime,
}

/// A record that was fetched ahead.
struct Fetched {
    partition: TopicPartition,
    offset: Offset,
    record: Record,
    high_watermark: Offset,
    /// Where to read on behind it.
    next: Offset,
}

impl JavaConsumer {
    /// A consumer of topics in a group, not running.
    pub fn new(client: &JavaClient, group: &str, topics: &[&str], config: JavaConsumerConfig) -> Self {
        let label = format!("{}/{}/java-consumer", client.name, client.site.process.incarnation());
        let network = Network::new(client, config.client, true, &label);
        let topics: Vec<Rc<str>> = topics.iter().map(|topic| Rc::from(*topic)).collect();
        topics.iter().for_each(|topic| network.add_topic(topic));
        let now = network.sim().now();
        Self(Rc::new(Inner {
            network,
            config,
            group: group.into(),
            topics,
            listeners: RefCell::default(),
            state: RefCell::new(State {
                coordinator: None,
                id: Rc::from(""),
                generation: None,
                had: (None, Vec::new()),
                rejoin: true,
                beside: Beside::default(),
                positions: BTreeMap::new(),
                committed: BTreeMap::new(),
                reset: BTreeSet::new(),
                buffer: VecDeque::new(),
                fetching: BTreeSet::new(),
                last_poll: now,
                last_commit: now,
            }),
            wake: Notify::new(),
            closing: Cell::new(false),
            closed: Notify::new(),
            over: Cell::new(false),
        }))
    }

    /// Adds somebody who hears what happens.
    pub fn on(&self, listener: impl Fn(&ConsumerEvent) + 'static) {
        self.0.listeners.borrow_mut().push(Rc::new(listener));
    }

    /// Starts the poll loop and the heartbeat thread.
    pub fn run(&self, handler: Handler) {
        let (polling, beating) = (self.0.clone(), self.0.clone());
        let process = self.0.network.site().process.clone();
        process.spawn(async move { polling.poll_loop(handler).await });
        process.spawn(async move { beating.beat_loop().await });
    }

    /// Ends the loop after the records of the current poll, commits, and leaves the group unless the membership is static.
    pub async fn close(&self) {
        self.0.closing.set(true);
        self.0.wake.notify_all();
        let closed = self.0.closed.notified();
        if !self.0.over.get() {
            closed.await;
        }
    }

    /// The partitions it reads now.
    pub fn assigned(&self) -> Vec<TopicPartition> {
        self.0.state.borrow().positions.keys().cloned().collect()
    }
}

impl Inner {
    fn emit(&self, event: &ConsumerEvent) {
        let listeners = self.listeners.borrow().clone();
        listeners.iter().for_each(|listener| listener(event));
    }

    async fn poll_loop(self: &Rc<Self>, handler: Handler) {
        while !self.closing.get() {
            if let Err(error) = self.poll_and_handle(&handler).await {
                self.emit(&ConsumerEvent::Crashed { error, restart: false });
                break;
            }
        }
        if self.config.auto_commit {
            let _ = self.commit().await; // close() logs what goes wrong
        }
        self.leave().await;
        self.over.set(true);
        self.closed.notify_all();
        self.emit(&ConsumerEvent::Stopped);
    }

    async fn poll_and_handle(self: &Rc<Self>, handler: &Handler) -> Result<(), KafkaError> {
        let records = self.poll().await?;
        for Fetched { partition, offset, record, high_watermark, .. } in records {
            let heart = Rc::new(|| Box::pin(async { Ok(()) }) as std::pin::Pin<Box<dyn Future<Output = _>>>);
            handler(Delivery { partition, offset, record, high_watermark, heart }).await?;
        }
        Ok(())
    }

    /// `poll`: joins if need be, commits if it is time, and returns what has been fetched, waiting for it a while.
    async fn poll(self: &Rc<Self>) -> Result<Vec<Fetched>, KafkaError> {
        let sim = self.network.sim().clone();
        self.state.borrow_mut().last_poll = sim.now();
        let until = sim.now() + POLL_TIMEOUT;
        loop {
            let woken = self.wake.notified();
            self.join_if_needed().await?;
            self.commit_if_due();
            self.find_positions().await;
            let records = self.take();
            self.fetch_ahead();
            if !records.is_empty() || self.closing.get() || sim.now() >= until {
                return Ok(records);
            }
            race(woken, sim.sleep_until(until)).await;
        }
    }

    /// Takes records out of the buffer and moves the positions behind them.
    fn take(&self) -> Vec<Fetched> {
        let mut state = self.state.borrow_mut();
        let count = state.buffer.len().min(self.config.max_poll_records as usize);
        let taken: Vec<Fetched> = state.buffer.drain(..count).collect();
        for fetched in &taken {
            state.positions.insert(fetched.partition.clone(), Some(fetched.next));
        }
        taken
    }

    /// Commits in the background what earlier polls have returned, every five seconds (D2), unless it is joining.
    fn commit_if_due(self: &Rc<Self>) {
        let now = self.network.sim().now();
        let due = self.state.borrow().last_commit + self.config.auto_commit_interval;
        let joining = matches!(self.state.borrow().beside, Beside::Joining);
        if self.config.auto_commit && now >= due && !joining {
            self.state.borrow_mut().last_commit = now;
            let (me, offsets) = (self.clone(), self.uncommitted()); // before this poll returns more
            self.network.site().process.spawn(async move { me.commit_these(offsets).await });
        }
    }
}
