//! The transaction coordinators of a broker: one for each partition of `__transaction_state` that it leads (C4).
//!
//! Their records are appended and read as those of group coordinators are, see `seats`. Markers go to the leaders of their
//! partitions, this broker included, in one request for each leader and transaction.
//!
//! **Never here:** what a coordinator decides.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::replicas::Number;
use super::seats::{Seat, Seats, inherited, led};
use super::{Awaited, Broker, answer};
use crate::engine::SimTime;
use crate::kafka::group::partition_of;
use crate::kafka::machine::{Lane, Output, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::transaction::{
    Coordinator, Decision, TRANSACTIONS_TOPIC, TransactionRequest, TransactionResponse, Write, WriteId, WriteTxnMarkers,
};
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch, TopicPartition};

/// All transaction coordinators of a broker, by partition.
pub(super) type Transactions = Seats<Coordinator, WriteId>;

/// Markers that a leader was asked for.
#[derive(Clone, Debug)]
pub(super) struct Marked {
    /// The coordinator's partition, and its epoch.
    seat: (u32, LeaderEpoch),
    id: Rc<str>,
    partitions: Vec<TopicPartition>,
}

impl Transactions {
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.all_mut().for_each(|seat| seat.coordinator.gone(ticket));
    }
}

impl Broker {
    /// The transaction coordinators here, with their partitions.
    pub fn transaction_coordinators(&self) -> impl Iterator<Item = (u32, &Coordinator)> {
        self.transactions.coordinators()
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
        let Some(seat) = self.transactions.get_mut(partition) else {
            let error = TransactionResponse::Error(ErrorCode::NotCoordinator);
            return out.push(answer(ticket, Response::Transaction(error)));
        };
        let decision = seat.coordinator.handle(now, ticket, request, fresh);
        self.enact_transactions(now, partition, decision, out);
    }

    /// Does what is due by the clock.
    pub(super) fn run_transactions(&mut self, now: SimTime, out: &mut Vec<Output>) {
        for partition in self.transactions.due_by(now) {
            let decision = self.transactions.taken(partition).coordinator.timeout(now);
            self.enact_transactions(now, partition, decision, out);
        }
    }

    /// The role, the log or the high watermark of a partition has changed.
    pub(super) fn coordinate_transactions(&mut self, now: SimTime, number: Number, out: &mut Vec<Output>) {
        let Some((partition, led)) = led(self.replicas.at(number), TRANSACTIONS_TOPIC) else { return };
        if let Some(seat) = self.transactions.leave(partition, led) {
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
        let fresh = || Seat::new(Coordinator::new(config.clone()), number, epoch);
        let seat = self.transactions.take(partition, fresh);
        if seat.loaded {
            return;
        }
        let Some(batches) = inherited(replica) else { return };
        seat.loaded = true;
        let decision = seat.coordinator.load(now, epoch, batches.iter().flat_map(|batch| batch.records.iter()));
        self.enact_transactions(now, partition, decision, out);
    }

    /// Tells a coordinator what has become of its writes, in the order of the log.
    fn conclude_transactions(&mut self, now: SimTime, number: Number, partition: u32, out: &mut Vec<Output>) {
        let committed = self.replicas.at(number).high_watermark();
        while let Some((write, result)) = self.transactions.next_concluded(partition, committed) {
            let decision = self.transactions.taken(partition).coordinator.committed(now, write, result);
            self.enact_transactions(now, partition, decision, out);
        }
    }

    fn enact_transactions(&mut self, now: SimTime, partition: u32, mut decision: Decision, out: &mut Vec<Output>) {
        let seat = self.transactions.taken(partition);
        seat.due = seat.coordinator.next_timeout();
        let (number, epoch) = (seat.number, seat.epoch);
        for Write { id, record } in std::mem::take(&mut decision.writes) {
            let result = self.append_for_coordinator(now, number, [record]);
            self.transactions.taken(partition).writes.push_back((id, result));
            self.dirty.insert(number);
        }
        for (id, markers) in std::mem::take(&mut decision.markers) {
            self.send_markers(now, (partition, epoch), &id, &markers, out);
        }
        out.extend(answers(decision));
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
            let Some(seat) = self.transactions.get_mut(partition).filter(|seat| seat.epoch == epoch) else { return };
            let decision = seat.coordinator.marked(now, &marked.id, &of, error);
            self.enact_transactions(now, partition, decision, out);
        }
    }
}

fn answers(decision: Decision) -> impl Iterator<Item = Output> {
    decision.answers.into_iter().map(|(ticket, response)| answer(ticket, Response::Transaction(response)))
}
