//! A broker: keeps replicas, serves clients, follows other brokers, and obeys the controller (B2–B4).
//!
//! | where | what is decided there |
//! |---|---|
//! | this file | what comes in, in which order things are looked at afterwards |
//! | `config` | every constant |
//! | `disk` | what survives the death of the process |
//! | `lifecycle` | registering, heartbeats, stopping in good order |
//! | `roles` | what committed metadata means for the replicas here |
//! | `control` | what is asked of the controller: ISR changes, topics |
//! | `produce`, `fetch` | appends, markers of transactions and reads, and how long they wait (`purgatory`) |
//! | `sessions` | reads of followers: fetch sessions, and how long they wait |
//! | `replicas` | the replicas, and their numbers |
//! | `fetcher` | fetching from the leaders this broker follows |
//! | `lookup` | metadata, offsets by time, coordinators, producer ids |
//! | `seats` | what the coordinators of both kinds have in common: which are here, what becomes of their records |
//! | `transactions` | which transaction coordinators are here, what becomes of their records, and who writes their markers |
//! | `groups` | which group coordinators are here, and what becomes of their records |
//!
//! **Never here:** sockets, clocks and connections. That one connection carries one request at a time, and its answers in
//! order, is the driver's part (B2).
//!
//! **Not modelled:** quotas, ACLs, several listeners, several fetchers to one leader, moving replicas, preferred-leader
//! rebalancing, closing the connection after a failed acks=0 append.

mod config;
mod control;
mod disk;
mod fetch;
mod fetcher;
mod groups;
mod lifecycle;
mod lookup;
mod produce;
mod purgatory;
mod replicas;
mod roles;
mod seats;
mod sessions;
#[cfg(test)]
mod tests;
mod transactions;

use std::collections::{BTreeMap, BTreeSet};

pub use self::config::BrokerConfig;
pub use self::disk::Disk;

use self::control::{Creations, IsrChanges};
use self::disk::Checkpoints;
use self::fetch::ParkedFetch;
use self::fetcher::Fetcher;
use self::groups::Groups;
use self::lifecycle::Lifecycle;
use self::produce::ParkedProduce;
use self::purgatory::Purgatory;
use self::replicas::{Number, Replicas};
use self::sessions::Sessions;
use self::transactions::{Marked, Transactions};
use super::group::GroupConfig;
use super::machine::{Input, Lane, Output, Sent, Ticket};
use super::metadata::{MetadataImage, MetadataRecord};
use super::protocol::{Request, Response};
use super::replica::{PartitionView, Reader, Replica, Scene};
use super::types::{BrokerId, ErrorCode, TopicPartition};
use crate::engine::{SimDuration, SimTime};

/// How topics begin that coordinators keep.
const INTERNAL: &str = "__";

/// A running broker process.
#[derive(Debug)]
pub struct Broker {
    me: BrokerId,
    config: BrokerConfig,
    /// What the controller has decided, as far as it has come here.
    image: MetadataImage,
    controller: Option<BrokerId>,
    replicas: Replicas,
    lifecycle: Lifecycle,
    isr_changes: IsrChanges,
    creations: Creations,
    produces: Purgatory<ParkedProduce>,
    fetches: Purgatory<ParkedFetch>,
    sessions: Sessions,
    fetchers: BTreeMap<BrokerId, Fetcher>,
    groups: Groups,
    transactions: Transactions,
    checkpoints: Checkpoints,
    periodic: Periodic,
    /// Requests of its own that have no answer yet.
    awaited: BTreeMap<Sent, Awaited>,
    next_sent: u64,
    next_producer: u64,
    /// Replicas that have changed since those who wait were last looked at.
    dirty: BTreeSet<Number>,
}

/// What an answer will be about.
#[derive(Clone, Debug)]
enum Awaited {
    Registered,
    Alive,
    Altered,
    Created(std::rc::Rc<str>),
    Fetched(BrokerId),
    Marked(Marked),
}

/// When regular work is due next.
#[derive(Clone, Copy, Debug)]
struct Periodic {
    isr: SimTime,
    checkpoint: SimTime,
    retention: SimTime,
    compaction: SimTime,
}

impl Broker {
    /// A process starts on what its predecessor left on disk. It does nothing before it knows a controller.
    pub fn start(id: BrokerId, config: BrokerConfig, groups: GroupConfig, disk: Disk, now: SimTime) -> Self {
        let periodic = Periodic {
            isr: now + config.replica_lag_max / 2,
            checkpoint: now + config.checkpoint_interval,
            retention: now + config.retention_check,
            compaction: now + config.compaction_check,
        };
        let (replicas, checkpoints) = disk.restore(id);
        Self {
            me: id,
            image: MetadataImage::default(),
            controller: None,
            replicas,
            lifecycle: Lifecycle::new(now),
            isr_changes: IsrChanges::default(),
            creations: Creations::default(),
            produces: Purgatory::default(),
            fetches: Purgatory::default(),
            sessions: Sessions::default(),
            fetchers: BTreeMap::new(),
            groups: Groups::new(groups),
            transactions: Transactions::default(),
            checkpoints,
            periodic,
            awaited: BTreeMap::new(),
            next_sent: 0,
            next_producer: 0,
            dirty: BTreeSet::new(),
            config,
        }
    }

    /// The process is dead; this is what remains.
    pub fn into_disk(self) -> Disk {
        Disk::keep(self.replicas, self.checkpoints)
    }

    /// Who it is.
    pub fn id(&self) -> BrokerId {
        self.me
    }

    /// What it knows of the cluster.
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// Its replicas, for gauges.
    pub fn partitions(&self) -> impl Iterator<Item = PartitionView<'_>> {
        self.replicas.iter().map(|(_, replica)| replica.view())
    }

    /// One of its replicas.
    pub fn replica(&self, partition: &TopicPartition) -> Option<&Replica> {
        self.replicas.get(partition)
    }

    /// Requests that wait for replicas, and for data.
    pub fn parked(&self) -> (usize, usize) {
        (self.produces.len(), self.fetches.len() + self.sessions.parked())
    }

    /// Something has happened.
    pub fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Request { ticket, request } => self.serve(now, ticket, request, &mut out),
            Input::Gone(ticket) => self.forget(ticket),
            Input::Answer { sent, answer } => self.answered(now, sent, answer, &mut out),
            Input::Timeout => self.work(now, &mut out),
        }
        self.settle(now, &mut out);
        out
    }

    /// When [`Input::Timeout`] is wanted.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let periodic = [self.periodic.isr, self.periodic.checkpoint, self.periodic.retention, self.periodic.compaction];
        let parked = [self.produces.next_deadline(), self.fetches.next_deadline(), self.sessions.due()];
        let waits = [self.lifecycle.due(), self.isr_changes.due()].into_iter().chain(parked);
        let fetchers = self.fetchers.values().filter_map(Fetcher::due);
        let coordinators = self.groups.due().into_iter().chain(self.transactions.due());
        periodic.into_iter().chain(waits.flatten()).chain(fetchers).chain(coordinators).min()
    }

    /// Another controller is active, or none is known. What the old one was asked is asked again.
    pub fn set_controller(&mut self, now: SimTime, controller: Option<BrokerId>) -> Vec<Output> {
        let mut out = Vec::new();
        if self.controller != controller {
            self.controller = controller;
            self.abandon_control(now, &mut out);
            self.live(now, &mut out);
            self.settle(now, &mut out);
        }
        out
    }

    /// Metadata that is committed, in order.
    pub fn apply(&mut self, now: SimTime, records: &[MetadataRecord]) -> Vec<Output> {
        let mut out = Vec::new();
        self.learn(now, records);
        self.live(now, &mut out);
        self.settle(now, &mut out);
        out
    }

    fn serve(&mut self, now: SimTime, ticket: Ticket, request: Request, out: &mut Vec<Output>) {
        let response = match request {
            Request::Produce { acks, timeout, batches } => {
                return self.produce(now, ticket, (acks, timeout), batches, out);
            }
            Request::Fetch { replica, isolation, max_wait, min_bytes, max_bytes, partitions } => {
                let reader = replica.map_or(Reader::Consumer(isolation), |(id, epoch)| Reader::Follower(id, epoch));
                let fetch = ParkedFetch { reader, min_bytes, max_bytes, wants: self.found(partitions) };
                return self.fetch(now, ticket, fetch, max_wait, out);
            }
            Request::WriteTxnMarkers(markers) => return self.write_markers(now, ticket, markers, out),
            Request::SessionFetch(fetch) => return self.fetch_in_session(now, ticket, fetch, out),
            Request::CreateTopic(topic) => return self.forward_creation(ticket, topic, out),
            Request::Group(request) => return self.group(now, ticket, request, out),
            Request::Transaction(request) => return self.transaction(now, ticket, &request, out),
            Request::ApiVersions => Response::ApiVersions,
            Request::Metadata { topics, create } => self.metadata(topics, create, out),
            Request::ListOffsets { isolation, partitions } => self.list_offsets(isolation, partitions),
            Request::FindCoordinator(group) => Response::FindCoordinator(self.find_coordinator(&group, out)),
            Request::FindTransactionCoordinator(id) => {
                Response::FindCoordinator(self.find_transaction_coordinator(&id, out))
            }
            Request::InitProducerId => Response::InitProducerId(self.producer_id()),
            Request::Control(_) => self.not_the_controller(),
        };
        out.push(answer(ticket, response));
    }

    /// A client's connection is gone: nobody waits for the answer any more. What was appended stays.
    fn forget(&mut self, ticket: Ticket) {
        self.produces.remove(ticket);
        self.fetches.remove(ticket);
        self.sessions.forget(ticket);
        self.creations.forget(ticket);
        self.groups.forget(ticket);
        self.transactions.forget(ticket);
    }

    fn answered(&mut self, now: SimTime, sent: Sent, answer: Option<Response>, out: &mut Vec<Output>) {
        match self.awaited.remove(&sent) {
            None => {}
            Some(Awaited::Registered) => self.registered(now, answer),
            Some(Awaited::Alive) => self.heard(now, answer),
            Some(Awaited::Altered) => self.isr_answered(now, answer),
            Some(Awaited::Created(topic)) => self.created(&topic, answer, out),
            Some(Awaited::Fetched(leader)) => self.fetched(now, leader, answer),
            Some(Awaited::Marked(marked)) => self.marked(now, &marked, answer, out),
        }
        self.live(now, out);
    }

    /// Does what is due by the clock.
    fn work(&mut self, now: SimTime, out: &mut Vec<Output>) {
        self.live(now, out);
        self.expire_produces(now, out);
        self.expire_fetches(now, out);
        self.expire_sessions(now, out);
        self.run_groups(now, out);
        self.run_transactions(now, out);
        let due = |at: &mut SimTime, every: SimDuration| {
            let is_due = *at <= now;
            *at = if is_due { now + every } else { *at };
            is_due
        };
        if due(&mut self.periodic.isr, self.config.replica_lag_max / 2) {
            self.shrink_isrs(now);
        }
        if due(&mut self.periodic.checkpoint, self.config.checkpoint_interval) {
            self.checkpoints.take(&self.replicas);
        }
        if due(&mut self.periodic.retention, self.config.retention_check) {
            let expiry = self.config.producer_expiry;
            self.replicas.iter_mut().for_each(|replica| replica.clean(now, expiry));
        }
        if due(&mut self.periodic.compaction, self.config.compaction_check) {
            self.replicas.iter_mut().for_each(Replica::compact);
        }
    }

    /// Looks at everybody who waits for a partition that has changed, then asks on: leaders for data, the controller for ISRs.
    fn settle(&mut self, now: SimTime, out: &mut Vec<Output>) {
        // A coordinator may append when it looks, and so have something looked at once more.
        while let Some(number) = self.dirty.pop_first() {
            if self.replicas.at(number).name().topic.starts_with(INTERNAL) {
                self.coordinate(now, number, out);
                self.coordinate_transactions(now, number, out);
            }
            self.complete_produces(number, out);
            self.complete_fetches(number, out);
            self.complete_sessions(number, out);
            self.note_isr_change(number);
        }
        self.pump_isr_changes(now, out);
        self.pump_fetchers(now, out);
    }

    /// A replica, and what it looks at.
    fn stage(&mut self, now: SimTime, number: Number) -> (&mut Replica, Scene<'_>) {
        (self.replicas.at_mut(number), self.config.scene(now, &self.image))
    }

    /// The error for a partition that is not here: known elsewhere, or not at all.
    fn absent(&self, partition: &TopicPartition) -> ErrorCode {
        sessions::absent(&self.image, partition)
    }

    fn send(&mut self, about: Awaited, (to, lane): (BrokerId, Lane), timeout: SimDuration, request: Request) -> Output {
        let sent = Sent(self.next_sent);
        self.next_sent += 1;
        self.awaited.insert(sent, about);
        Output::Send { sent, to, lane, timeout, request }
    }
}

fn answer(ticket: Ticket, response: Response) -> Output {
    Output::Answer { ticket, response: Some(response) }
}
