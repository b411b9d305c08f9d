//! The transaction coordinators of a broker: one for each partition of `__transaction_state` that it leads (C4).
//!
//! Their records are appended and read as those of group coordinators are, see `groups`. Markers go to the leaders of their
//! partitions, this broker included, in one request for each leader and transaction.
//!
//! **Never here:** what a coordinator decides.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::replicas::Number;
use super::{Awaited, Broker, answer};
use crate::engine::SimTime;
use crate::kafka::group::partition_of;
use crate::kafka::log::ReadLimit;
use crate::kafka::machine::{Lane, Output, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::record::{Batch, Record};
use crate::kafka::transaction::{
    Coordinator, Decision, TRANSACTIONS_TOPIC, TransactionRequest, TransactionResponse, Write, WriteId, WriteTxnMarkers,
};
use crate::kafka::types::{Acks, BrokerId, ErrorCode, LeaderEpoch, Offset, TopicPartition};

/// All transaction coordinators of a broker, by partition.
#[derive(Debug, Default)]
pub(super) struct Transactions(BTreeMap<u32, Seat>);

/// A coordinator under one epoch of its partition's leader.
#[derive(Debug)]
struct Seat {
    coordinator: Coordinator,
    /// Which replica has its partition.
    number: Number,
    epoch: LeaderEpoch,
    loaded: bool,
    /// Its writes in the order of the log: the offset behind each, or why it was not appended.
    writes: VecDeque<(WriteId, Result<Offset, ErrorCode>)>,
    /// When the coordinator wants to be looked at, as of its last decision.
    due: Option<SimTime>,
}

/// Markers that a leader was asked for.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    /// The coordinator's partition, and its epoch.
    seat: (u32, LeaderEpoch),
    id: Rc<str>,
    partitions: Vec<TopicPartition>,
}

impl Transactions {
    pub(super) fn due(&self) -> Option<SimTime> {
        if self.0.is_empty() {
            return None; // most brokers have none, and are asked often
        }
        self.0.values().filter_map(|seat| seat.due).min()
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.0.values_mut().for_each(|seat| seat.coordinator.gone(ticket));
    }
}

impl Broker {
    /// The transaction coordinators here, with their partitions.
    pub fn transaction_coordinators(&self) -> impl Iterator<Item = (u32, &Coordinator)> {
        self.transactions.0.iter().map(|(partition, seat)| (*partition, &seat.coordinator))
    }

    pub(super) fn transaction(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        request: &TransactionRequest,
        out: &mut Vec<Output>,
    ) {
        let known = self.image.config(TRANSACTIONS_TOPIC).map(|topic| topic.partitions);
        let partition = partition_of(request.id(), known.unwrap_or(self.config.transactions.partitions));
        let fresh = self.producer_id().map(|(id, _)| id);
        let Some(seat) = self.transactions.0.get_mut(&partition) else {
            let error = TransactionResponse::Error(ErrorCode::NotCoordinator);
            return out.push(answer(ticket, Response::Transaction(error)));
        };
        let decision = seat.coordinator.handle(now, ticket, request, fresh);
        self.enact_transactions(now, partition, decision, out);
    }

    /// Does what is due by the clock.
    pub(super) fn run_transactions(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let is_due = |seat: &Seat| seat.due.is_some_and(|at| at <= now);
        let due: Vec<u32> = self.transactions.0.iter().filter(|(_, seat)| is_due(seat)).map(|(at, _)| *at).collect();
        for partition in due {
            let seat = self.transactions.0.get_mut(&partition).expect("it was there");
            let decision = seat.coordinator.timeout(now);
            self.enact_transactions(now, partition, decision, out);
        }
    }

    /// The role, the log or the high watermark of a partition has changed.
    pub(super) fn coordinate_transactions(&mut self, now: SimTime, number: Number, out: &mut Vec<Output>) {
        let replica = self.replicas.at(number);
        if *replica.name().topic != *TRANSACTIONS_TOPIC {
            return;
        }
        let (partition, led) = (replica.name().partition, replica.leads().then(|| replica.epoch()));
        let is_over = |seat: &Seat| Some(seat.epoch) != led;
        if self.transactions.0.get(&partition).is_some_and(is_over) {
            let seat = self.transactions.0.remove(&partition).expect("it was there");
            out.extend(answers(seat.coordinator.resign()));
        }
        if let Some(epoch) = led {
            self.load_transactions(now, number, epoch, out);
            self.conclude_transactions(now, number, partition, out);
        }
    }

    fn load_transactions(&mut self, now: SimTime, number: Number, epoch: LeaderEpoch, out: &mut Vec<Output>) {
        let (config, replica) = (&self.config.transactions, self.replicas.at(number));
        let partition = replica.name().partition;
        let fresh = || Seat {
            coordinator: Coordinator::new(config.clone()),
            number,
            epoch,
            loaded: false,
            writes: VecDeque::new(),
            due: None,
        };
        let seat = self.transactions.0.entry(partition).or_insert_with(fresh);
        let Some(end) = replica.inherited().filter(|_| !seat.loaded) else { return };
        let limit = ReadLimit { bytes: u64::MAX, whole_first: true };
        let batches = replica.log().read(replica.log().start()..end, limit);
        seat.loaded = true;
        let decision = seat.coordinator.load(now, epoch, batches.iter().flat_map(|batch| batch.records.iter()));
        self.enact_transactions(now, partition, decision, out);
    }

    /// Tells a coordinator what has become of its writes, in the order of the log.
    fn conclude_transactions(&mut self, now: SimTime, number: Number, partition: u32, out: &mut Vec<Output>) {
        let committed = self.replicas.at(number).high_watermark();
        loop {
            let seat = self.transactions.0.get_mut(&partition).expect("it is led");
            let is_concluded = |result: &Result<Offset, ErrorCode>| result.map_or(true, |end| end <= committed);
            if !seat.writes.front().is_some_and(|(_, result)| is_concluded(result)) {
                return;
            }
            let (write, result) = seat.writes.pop_front().expect("there is one");
            let decision = seat.coordinator.committed(now, write, result.map(|_| ()));
            self.enact_transactions(now, partition, decision, out);
        }
    }

    fn enact_transactions(&mut self, now: SimTime, partition: u32, mut decision: Decision, out: &mut Vec<Output>) {
        let seat = self.transactions.0.get_mut(&partition).expect("somebody decides");
        seat.due = seat.coordinator.next_timeout();
        let (number, epoch) = (seat.number, seat.epoch);
        for Write { id, record } in std::mem::take(&mut decision.writes) {
            let result = self.write_transaction(now, number, record);
            self.transactions.0.get_mut(&partition).expect("somebody writes").writes.push_back((id, result));
            self.dirty.insert(number);
        }
        for (id, markers) in std::mem::take(&mut decision.markers) {
            self.send_markers(now, (partition, epoch), &id, &markers, out);
        }
        out.extend(answers(decision));
    }

    fn write_transaction(&mut self, now: SimTime, number: Number, record: Record) -> Result<Offset, ErrorCode> {
        let (replica, scene) = self.stage(now, number);
        replica.append(&scene, Batch::new([record], None), Acks::All).map(|appended| appended.end)
    }

    /// Asks each leader. Partitions that nobody leads are told as such.
    fn send_markers(
        &mut self,
        now: SimTime,
        seat: (u32, LeaderEpoch),
        id: &Rc<str>,
        markers: &WriteTxnMarkers,
        out: &mut Vec<Output>,
    ) {
        let mut by_leader: BTreeMap<Option<BrokerId>, Vec<TopicPartition>> = BTreeMap::new();
        for partition in &markers.partitions {
            let leader = self.image.partition(partition).and_then(|state| state.leader);
            by_leader.entry(leader).or_default().push(partition.clone());
        }
        for (leader, partitions) in by_leader {
            let marked = Marked { seat, id: id.clone(), partitions: partitions.clone() };
            let Some(leader) = leader else {
                self.marked(now, &marked, None, out);
                continue;
            };
            let request = Request::WriteTxnMarkers(WriteTxnMarkers { partitions, ..markers.clone() });
            let timeout = self.config.request_timeout;
            out.push(self.send(Awaited::Marked(marked), (leader, Lane::Markers), timeout, request));
        }
    }

    /// A leader has answered, or will not.
    pub(super) fn marked(&mut self, now: SimTime, marked: &Marked, answer: Option<Response>, out: &mut Vec<Output>) {
        let results = match answer {
            Some(Response::WriteTxnMarkers(results)) => results,
            _ => marked.partitions.iter().map(|each| (each.clone(), ErrorCode::RequestTimedOut)).collect(),
        };
        let (partition, epoch) = marked.seat;
        for (of, error) in results {
            let Some(seat) = self.transactions.0.get_mut(&partition).filter(|seat| seat.epoch == epoch) else { return };
            let decision = seat.coordinator.marked(now, &marked.id, &of, error);
            self.enact_transactions(now, partition, decision, out);
        }
    }
}

fn answers(decision: Decision) -> impl Iterator<Item = Output> {
    decision.answers.into_iter().map(|(ticket, response)| answer(ticket, Response::Transaction(response)))
}
