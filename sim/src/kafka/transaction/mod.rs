//! Transactions on the side of the broker: one [`Coordinator`] for one partition of `__transaction_state`, many transactional ids
//! (MODEL-REFERENCE.md C4; AK: TransactionCoordinator.scala, TransactionMetadata.scala).
//!
//! **Decide, then apply.** A request that changes a transaction becomes a record; it counts when that is committed, and only then it
//! is answered. Until then the transaction is busy, and whoever asks hears CONCURRENT_TRANSACTIONS. So a successor that reads the log
//! goes on where this one has stopped: what was prepared gets its markers, what was open times out.
//!
//! A transaction ends in three steps: *prepared* in this log, which decides it, marked in all its partitions, *complete* in this log.
//! An open one whose producer begins anew, or is silent for too long, is aborted under an epoch of its own: from its markers on
//! the older producer, the zombie, is refused everywhere.
//!
//! Who drives a coordinator appends each [`Write`] to the partition and calls [`Coordinator::committed`] in the order of the log; has
//! each of [`Decision::markers`] written by the leaders of its partitions, and calls [`Coordinator::marked`] for each partition once.
//!
//! | where | what is decided there |
//! |---|---|
//! | this file | when which answer, record and marker leaves |
//! | `transition` | what a request makes of a transaction in which state |
//! | [`record`] | what is written down |
//! | `messages` | what producers ask, what leaders are told |
//! | `marking` | which partitions lack their marker, and when they are asked again |
//!
//! **Never here:** records of a transaction, and who may read them: that is the business of the logs they lie in.
//!
//! **Not modelled:** offsets committed within a transaction, the leaders' question whether a partition is part of a transaction
//! (KIP-890), an epoch for each transaction (4.0), the expiry of transactional ids after seven days, and a limit for how long a
//! record of the coordinator may take to be committed.

mod config;
mod marking;
mod messages;
pub mod record;
#[cfg(test)]
mod tests;
mod transition;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use self::config::{TRANSACTIONS_TOPIC, TransactionConfig};
pub use self::messages::{TransactionRequest, TransactionResponse, WriteTxnMarkers};
pub use self::record::{State, Stored};

use self::marking::Marking;
use self::transition::{Step, initialize};
use super::machine::Ticket;
use super::record::Record;
use super::types::{ErrorCode, LeaderEpoch, ProducerId, TopicPartition};
use crate::engine::SimTime;

/// Names a record that a coordinator wants committed. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// A record for the coordinator's partition, to be appended with acks=all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Comes back with [`Coordinator::committed`].
    pub id: WriteId,
    /// What to append.
    pub record: Record,
}

/// What a coordinator has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// To be sent now.
    pub answers: Vec<(Ticket, TransactionResponse)>,
    /// To be appended, in order.
    pub writes: Vec<Write>,
    /// To be written by the leaders of their partitions, each for a transactional id.
    pub markers: Vec<(Rc<str>, WriteTxnMarkers)>,
}

/// A transactional id.
#[derive(Clone, Debug)]
struct Transaction {
    /// Nothing before its first producer id is committed.
    stored: Option<Stored>,
    /// A record of it is on its way.
    busy: bool,
    /// Prepared, and not all partitions have their marker.
    marking: Option<Marking>,
}

/// What is on its way into the log.
#[derive(Clone, Debug)]
struct Pending {
    id: Rc<str>,
    next: Stored,
    answer: Option<(Ticket, TransactionResponse)>,
}

/// The coordinator of all transactional ids that fall to one partition of [`TRANSACTIONS_TOPIC`].
#[derive(Debug)]
pub struct Coordinator {
    config: TransactionConfig,
    /// Of the partition's leader, once the log has been read.
    epoch: Option<LeaderEpoch>,
    transactions: BTreeMap<Rc<str>, Transaction>,
    pending: BTreeMap<WriteId, Pending>,
    writes: u64,
    /// When transactions are next looked through for those that take too long.
    next_check: SimTime,
}

impl Coordinator {
    /// A coordinator that has not read its log: requests hear COORDINATOR_LOAD_IN_PROGRESS.
    pub fn new(config: TransactionConfig) -> Self {
        let (transactions, pending) = Default::default();
        Self { config, epoch: None, transactions, pending, writes: 0, next_check: SimTime::ZERO }
    }

    /// The committed records have been read: from now on it acts. What was prepared gets its markers, perhaps once more.
    pub fn load<'a>(
        &mut self,
        now: SimTime,
        epoch: LeaderEpoch,
        records: impl IntoIterator<Item = &'a Record>,
    ) -> Decision {
        for record in records {
            let (id, stored) = record::decode(record);
            self.transactions.insert(id, Transaction { stored: Some(stored), busy: false, marking: None });
        }
        (self.epoch, self.next_check) = (Some(epoch), now + self.config.timeout_check);
        let mut decision = Decision::default();
        let ids: Vec<Rc<str>> = self.transactions.keys().cloned().collect();
        ids.iter().for_each(|id| self.mark_if_prepared(now, id, &mut decision));
        decision
    }

    /// This broker does not lead the partition any more: everyone who waits hears NOT_COORDINATOR.
    pub fn resign(self) -> Decision {
        let waiting = self.pending.into_values().filter_map(|pending| pending.answer);
        let refused = |(ticket, _)| (ticket, TransactionResponse::Error(ErrorCode::NotCoordinator));
        Decision { answers: waiting.map(refused).collect(), ..Decision::default() }
    }

    /// A request has come. `fresh` is a producer id nobody has, should one be needed.
    pub fn handle(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        request: &TransactionRequest,
        fresh: Result<ProducerId, ErrorCode>,
    ) -> Decision {
        let step = match self.epoch {
            Some(_) => self.decide(now, request, fresh),
            None => Err(ErrorCode::CoordinatorLoadInProgress),
        };
        let mut decision = Decision::default();
        match step {
            Err(error) => decision.answers.push((ticket, TransactionResponse::Error(error))),
            Ok(Step::Answer(response)) => decision.answers.push((ticket, response)),
            Ok(Step::Become(next, response)) => {
                self.write(now, request.id(), next, Some((ticket, response)), &mut decision);
            }
        }
        decision
    }

    fn decide(
        &self,
        now: SimTime,
        request: &TransactionRequest,
        fresh: Result<ProducerId, ErrorCode>,
    ) -> Result<Step, ErrorCode> {
        let known = self.transactions.get(request.id());
        let busy = known.is_some_and(|known| known.busy);
        let stored = known.and_then(|known| known.stored.as_ref());
        match request {
            TransactionRequest::InitProducerId { timeout, .. } if *timeout > self.config.timeout_max => {
                Err(ErrorCode::InvalidTransactionTimeout)
            }
            TransactionRequest::InitProducerId { .. } if busy => Err(ErrorCode::ConcurrentTransactions),
            TransactionRequest::InitProducerId { timeout, .. } => initialize(stored, *timeout, fresh),
            TransactionRequest::AddPartitions { producer, partitions, .. } => {
                let stored = stored.ok_or(ErrorCode::InvalidProducerIdMapping)?.of(*producer)?;
                if busy { Err(ErrorCode::ConcurrentTransactions) } else { stored.add(now, partitions) }
            }
            TransactionRequest::End { producer, result, .. } => {
                let stored = stored.ok_or(ErrorCode::InvalidProducerIdMapping)?.of(*producer)?;
                if busy { Err(ErrorCode::ConcurrentTransactions) } else { stored.end(*result) }
            }
        }
    }

    fn write(
        &mut self,
        now: SimTime,
        id: &Rc<str>,
        next: Stored,
        answer: Option<(Ticket, TransactionResponse)>,
        decision: &mut Decision,
    ) {
        let fresh = || Transaction { stored: None, busy: true, marking: None };
        self.transactions.entry(id.clone()).or_insert_with(fresh).busy = true;
        self.writes += 1;
        let write = WriteId(self.writes);
        decision.writes.push(Write { id: write, record: record::encode(id, &next, now) });
        self.pending.insert(write, Pending { id: id.clone(), next, answer });
    }

    /// A record is committed, or could not be appended, and why: then nothing has changed.
    pub fn committed(&mut self, now: SimTime, write: WriteId, result: Result<(), ErrorCode>) -> Decision {
        let mut decision = Decision::default();
        let Some(Pending { id, next, answer }) = self.pending.remove(&write) else { return decision };
        let transaction = self.transactions.get_mut(&id).expect("what is written is known");
        transaction.busy = false;
        match result {
            Ok(()) => {
                transaction.stored = Some(next);
                decision.answers.extend(answer);
                self.mark_if_prepared(now, &id, &mut decision);
            }
            Err(error) => {
                let refused = |(ticket, _)| (ticket, TransactionResponse::Error(told_as(error)));
                decision.answers.extend(answer.map(refused));
                let again = now + self.config.marker_backoff;
                transaction.marking.iter_mut().for_each(|marking| marking.complete_at = Some(again));
            }
        }
        decision
    }

    fn mark_if_prepared(&mut self, now: SimTime, id: &Rc<str>, decision: &mut Decision) {
        let transaction = self.transactions.get_mut(id).expect("it was looked at");
        let stored = transaction.stored.as_ref().expect("it is written down");
        transaction.marking = match stored.state {
            State::Prepared(_) => Some(Marking::of(&stored.partitions)),
            _ => return transaction.marking = None,
        };
        decision.markers.extend(self.epoch.and_then(|epoch| Some((id.clone(), stored.markers(epoch)?))));
        self.complete_if_marked(now, id, decision); // one without partitions is done
    }

    /// A leader has written the marker for a partition, or has not, and why.
    pub fn marked(&mut self, now: SimTime, id: &Rc<str>, partition: &TopicPartition, error: ErrorCode) -> Decision {
        let mut decision = Decision::default();
        let Some(transaction) = self.transactions.get_mut(id) else { return decision };
        let Some(marking) = &mut transaction.marking else { return decision };
        match error {
            ErrorCode::None => marking.done(partition),
            // Somebody newer is at work, and it is not for this one to end it any more.
            ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced => transaction.marking = None,
            _ => marking.again(partition, now + self.config.marker_backoff),
        }
        self.complete_if_marked(now, id, &mut decision);
        decision
    }

    fn complete_if_marked(&mut self, now: SimTime, id: &Rc<str>, decision: &mut Decision) {
        let transaction = self.transactions.get(id).expect("it was looked at");
        let is_done = transaction.marking.as_ref().is_some_and(Marking::is_done) && !transaction.busy;
        if let Some(next) = transaction.stored.as_ref().filter(|_| is_done).and_then(Stored::completed) {
            self.write(now, id, next, None, decision);
        }
    }

    /// The connection is gone on which this answer was awaited. What was asked stands.
    pub fn gone(&mut self, ticket: Ticket) {
        for pending in self.pending.values_mut() {
            pending.answer = pending.answer.take().filter(|(waiting, _)| *waiting != ticket);
        }
    }

    /// When [`timeout`](Self::timeout) is to be called if nothing else happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let is_open = |known: &Transaction| known.stored.as_ref().is_some_and(|stored| stored.state == State::Ongoing);
        let check = self.transactions.values().any(is_open).then_some(self.next_check);
        let again = self.transactions.values().filter_map(|known| known.marking.as_ref()?.due());
        again.chain(check).min()
    }

    /// Does what is due: transactions that take too long are aborted, markers that nobody wrote are asked for again.
    pub fn timeout(&mut self, now: SimTime) -> Decision {
        let mut decision = Decision::default();
        let is_check = self.next_check <= now;
        if is_check {
            self.next_check = now + self.config.timeout_check;
        }
        let ids: Vec<Rc<str>> = self.transactions.keys().cloned().collect();
        for id in &ids {
            self.mark_again(now, id, &mut decision);
            if is_check {
                self.abort_if_late(now, id, &mut decision);
            }
        }
        decision
    }

    fn mark_again(&mut self, now: SimTime, id: &Rc<str>, decision: &mut Decision) {
        let transaction = self.transactions.get_mut(id).expect("it was looked at");
        let (Some(marking), Some(stored)) = (&mut transaction.marking, &transaction.stored) else { return };
        let late = marking.take_due(now);
        if let Some(markers) = self.epoch.and_then(|epoch| stored.markers(epoch)).filter(|_| !late.is_empty()) {
            decision.markers.push((id.clone(), WriteTxnMarkers { partitions: late, ..markers }));
        }
        self.complete_if_marked(now, id, decision);
    }

    fn abort_if_late(&mut self, now: SimTime, id: &Rc<str>, decision: &mut Decision) {
        let transaction = &self.transactions[id];
        let open = transaction.stored.as_ref().filter(|stored| stored.state == State::Ongoing && !transaction.busy);
        let late = open.filter(|stored| now.since(stored.began) > stored.timeout);
        if let Some(next) = late.map(Stored::fenced) {
            self.write(now, id, next, None, decision);
        }
    }

    /// What is committed of a transactional id.
    pub fn stored(&self, id: &str) -> Option<&Stored> {
        self.transactions.get(id)?.stored.as_ref()
    }
}

/// How a failed append is told to clients (AK: TransactionStateManager.appendTransactionToLog).
const fn told_as(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::NotLeaderOrFollower => ErrorCode::NotCoordinator,
        _ => ErrorCode::CoordinatorNotAvailable,
    }
}
