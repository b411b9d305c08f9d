//! Goal: the rules of a coordinator (C4), state by state. Method: one coordinator, its log and the leaders of partitions played by
//! hand.

use super::*;
use crate::engine::SimDuration;
use crate::kafka::record::TransactionResult::{Abort, Commit};

const ID: &str = "t";

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

fn partition(nth: u32) -> TopicPartition {
    TopicPartition::new("orders", nth)
}

fn error(error: ErrorCode) -> Option<TransactionResponse> {
    Some(TransactionResponse::Error(error))
}

const DONE: Option<TransactionResponse> = Some(TransactionResponse::Done);

fn initialized(epoch: u16) -> Option<TransactionResponse> {
    Some(TransactionResponse::Initialized(ProducerId(7), epoch))
}

/// A coordinator with its log. Records are committed at once unless they are held back.
struct Stage {
    now: SimTime,
    coordinator: Coordinator,
    log: Vec<Record>,
    held: Option<Vec<Write>>,
    answers: BTreeMap<Ticket, TransactionResponse>,
    /// Not written yet.
    markers: Vec<WriteTxnMarkers>,
    tickets: u64,
}

impl Stage {
    fn new() -> Self {
        let mut coordinator = Coordinator::new(TransactionConfig::default());
        coordinator.load(at(0), LeaderEpoch(3), []);
        let (answers, log, markers) = Default::default();
        Self { now: at(0), coordinator, log, held: None, answers, markers, tickets: 0 }
    }

    fn take(&mut self, decision: Decision) {
        self.answers.extend(decision.answers);
        self.markers.extend(decision.markers.into_iter().map(|(_, markers)| markers));
        for write in decision.writes {
            match &mut self.held {
                Some(held) => held.push(write),
                None => self.commit(write),
            }
        }
    }

    fn commit(&mut self, write: Write) {
        self.log.push(write.record);
        let decision = self.coordinator.committed(self.now, write.id, Ok(()));
        self.take(decision);
    }

    fn ask(&mut self, request: &TransactionRequest) -> Option<TransactionResponse> {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let decision = self.coordinator.handle(self.now, ticket, request, Ok(ProducerId(7)));
        self.take(decision);
        self.answers.get(&ticket).copied()
    }

    fn init(&mut self) -> Option<TransactionResponse> {
        self.ask(&TransactionRequest::InitProducerId { id: ID.into(), timeout: SimDuration::from_secs(60) })
    }

    fn add(&mut self, epoch: u16, partitions: &[u32]) -> Option<TransactionResponse> {
        let partitions = partitions.iter().map(|nth| partition(*nth)).collect();
        self.ask(&TransactionRequest::AddPartitions { id: ID.into(), producer: (ProducerId(7), epoch), partitions })
    }

    fn end(&mut self, epoch: u16, result: crate::kafka::record::TransactionResult) -> Option<TransactionResponse> {
        self.ask(&TransactionRequest::End { id: ID.into(), producer: (ProducerId(7), epoch), result })
    }

    /// All leaders answer all markers with this.
    fn mark_all(&mut self, error: ErrorCode) {
        for markers in std::mem::take(&mut self.markers) {
            for partition in &markers.partitions {
                let decision = self.coordinator.marked(self.now, &ID.into(), partition, error);
                self.take(decision);
            }
        }
    }

    fn pass(&mut self, until: u64) {
        while let Some(due) = self.coordinator.next_timeout().filter(|due| *due <= at(until)) {
            self.now = self.now.max(due);
            let decision = self.coordinator.timeout(self.now);
            self.take(decision);
        }
        self.now = at(until);
    }

    fn state(&self) -> Option<State> {
        Some(self.coordinator.stored(ID)?.state)
    }

    /// The next coordinator, from the same log.
    fn succeed(&mut self) {
        let mut next = Coordinator::new(TransactionConfig::default());
        let decision = next.load(self.now, LeaderEpoch(4), &self.log.clone());
        self.coordinator = next;
        self.take(decision);
    }
}

/// A producer with two partitions in its open transaction.
fn open() -> Stage {
    let mut stage = Stage::new();
    assert_eq!((stage.init(), stage.add(0, &[0]), stage.add(0, &[1])), (initialized(0), DONE, DONE));
    stage
}

#[test]
fn a_transaction_is_prepared_marked_everywhere_and_complete() {
    let mut stage = open();
    assert_eq!(stage.end(0, Commit), DONE, "decided, so it is answered");
    assert_eq!(stage.state(), Some(State::Prepared(Commit)));
    let expected = WriteTxnMarkers {
        producer: (ProducerId(7), 0),
        result: Commit,
        coordinator: LeaderEpoch(3),
        partitions: vec![partition(0), partition(1)],
    };
    assert_eq!(stage.markers, [expected]);
    assert_eq!(stage.add(0, &[2]), error(ErrorCode::ConcurrentTransactions), "not before all have their marker");
    stage.mark_all(ErrorCode::None);
    assert_eq!(stage.state(), Some(State::Complete(Commit)));
    assert_eq!(stage.add(0, &[2]), DONE, "the next one");
    assert_eq!(stage.coordinator.stored(ID).expect("known").partitions, [partition(2)]);
}

#[test]
fn nothing_is_answered_before_it_is_committed() {
    let mut stage = open();
    stage.held = Some(Vec::new());
    assert_eq!(stage.end(0, Abort), None);
    assert_eq!((stage.state(), stage.markers.len()), (Some(State::Ongoing), 0));
    assert_eq!(stage.end(0, Abort), error(ErrorCode::ConcurrentTransactions));
    let held = stage.held.take().expect("one is held");
    held.into_iter().for_each(|write| stage.commit(write));
    assert_eq!((stage.state(), stage.markers.len()), (Some(State::Prepared(Abort)), 1));
}

#[test]
fn a_record_that_cannot_be_appended_changes_nothing() {
    let mut stage = open();
    stage.held = Some(Vec::new());
    stage.end(0, Commit);
    let write = stage.held.take().expect("one is held").remove(0);
    let decision = stage.coordinator.committed(at(1), write.id, Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(decision.answers[0].1, TransactionResponse::Error(ErrorCode::CoordinatorNotAvailable));
    assert_eq!((stage.state(), stage.end(0, Commit)), (Some(State::Ongoing), DONE));
}

/// The record that says "complete" could not be appended: it is written later, and the markers are not.
#[test]
fn completion_is_written_again_until_it_is_committed() {
    let mut stage = open();
    stage.end(0, Commit);
    stage.held = Some(Vec::new());
    stage.mark_all(ErrorCode::None);
    let write = stage.held.take().expect("one is held").remove(0);
    let decision = stage.coordinator.committed(stage.now, write.id, Err(ErrorCode::NotEnoughReplicas));
    assert_eq!(decision, Decision::default());
    stage.pass(1);
    assert_eq!((stage.state(), stage.markers.len()), (Some(State::Complete(Commit)), 0));
}

#[test]
fn each_answer_to_an_end_follows_from_the_state() {
    let mut stage = Stage::new();
    assert_eq!(stage.end(0, Commit), error(ErrorCode::InvalidProducerIdMapping), "nobody has this id");
    stage.init();
    assert_eq!(stage.end(0, Commit), error(ErrorCode::InvalidTxnState), "nothing is open");
    stage.add(0, &[0]);
    stage.end(0, Commit);
    assert_eq!(stage.end(0, Commit), error(ErrorCode::ConcurrentTransactions));
    assert_eq!(stage.end(0, Abort), error(ErrorCode::InvalidTxnState));
    stage.mark_all(ErrorCode::None);
    assert_eq!(stage.end(0, Commit), DONE, "asked again");
    assert_eq!(stage.end(0, Abort), error(ErrorCode::InvalidTxnState));
}

/// The zombie's transaction is aborted under an epoch that nobody is given; the new producer asks again, and gets the next.
#[test]
fn a_new_producer_fences_the_old_one_and_aborts_what_it_left_open() {
    let mut stage = open();
    assert_eq!(stage.init(), error(ErrorCode::ConcurrentTransactions));
    assert_eq!(stage.markers[0].producer, (ProducerId(7), 1));
    assert_eq!(stage.markers[0].result, Abort);
    assert_eq!(stage.init(), error(ErrorCode::ConcurrentTransactions), "markers are on their way");
    stage.mark_all(ErrorCode::None);
    assert_eq!(stage.init(), initialized(2));
    assert_eq!(stage.add(0, &[0]), error(ErrorCode::ProducerFenced));
    assert_eq!(stage.end(0, Commit), error(ErrorCode::ProducerFenced));
    assert_eq!(stage.add(2, &[0]), DONE);
}

/// `transaction.timeout.ms` of 60 s, looked at every 10 s.
#[test]
fn a_transaction_that_takes_too_long_is_aborted() {
    let mut stage = open();
    stage.pass(60);
    assert_eq!(stage.state(), Some(State::Ongoing));
    stage.pass(71);
    assert_eq!(stage.state(), Some(State::Prepared(Abort)));
    assert_eq!(stage.markers[0].producer, (ProducerId(7), 1));
    assert_eq!(stage.end(0, Commit), error(ErrorCode::ProducerFenced), "too late");
    stage.mark_all(ErrorCode::None);
    assert_eq!((stage.state(), stage.coordinator.next_timeout()), (Some(State::Complete(Abort)), None));
}

#[test]
fn a_timeout_beyond_the_maximum_is_refused() {
    let request = TransactionRequest::InitProducerId { id: ID.into(), timeout: SimDuration::from_secs(901) };
    assert_eq!(Stage::new().ask(&request), error(ErrorCode::InvalidTransactionTimeout));
}

#[test]
fn a_marker_that_nobody_wrote_is_asked_for_again_alone() {
    let mut stage = open();
    stage.end(0, Commit);
    stage.markers.clear();
    let id = Rc::from(ID);
    stage.coordinator.marked(stage.now, &id, &partition(0), ErrorCode::None);
    stage.coordinator.marked(stage.now, &id, &partition(1), ErrorCode::NotLeaderOrFollower);
    stage.pass(1);
    assert_eq!(stage.markers.iter().map(|each| each.partitions.clone()).collect::<Vec<_>>(), [[partition(1)]]);
    stage.mark_all(ErrorCode::None);
    assert_eq!(stage.state(), Some(State::Complete(Commit)));
}

#[test]
fn a_coordinator_that_somebody_has_overtaken_stops_marking() {
    let mut stage = open();
    stage.end(0, Commit);
    stage.mark_all(ErrorCode::TransactionCoordinatorFenced);
    stage.pass(5);
    assert_eq!((stage.state(), stage.markers.len()), (Some(State::Prepared(Commit)), 0));
}

#[test]
fn a_successor_goes_on_where_the_log_ends() {
    let mut stage = open();
    stage.end(0, Commit);
    stage.markers.clear();
    stage.succeed();
    assert_eq!((stage.markers.len(), stage.markers[0].coordinator), (1, LeaderEpoch(4)));
    stage.mark_all(ErrorCode::None);
    assert_eq!((stage.state(), stage.add(0, &[5])), (Some(State::Complete(Commit)), DONE));
    stage.succeed();
    assert_eq!(stage.state(), Some(State::Ongoing));
    stage.pass(200);
    assert_eq!(stage.state(), Some(State::Prepared(Abort)), "it times out under the successor, too");
}

#[test]
fn whoever_waits_when_a_coordinator_resigns_is_told() {
    let mut stage = open();
    stage.held = Some(Vec::new());
    stage.end(0, Commit);
    let last = stage.coordinator.resign();
    assert_eq!(
        last.answers.iter().map(|(_, answer)| *answer).collect::<Vec<_>>(),
        [TransactionResponse::Error(ErrorCode::NotCoordinator)]
    );
}

#[test]
fn an_exhausted_epoch_gets_a_new_producer_id() {
    let mut stage = Stage::new();
    stage.init();
    let mut last = stage.coordinator.stored(ID).expect("known").clone();
    last.epoch = i16::MAX as u16 - 1;
    stage.log.push(record::encode(&ID.into(), &Stored { producer: ProducerId(6), ..last }, at(0)));
    stage.succeed();
    assert_eq!(stage.init(), initialized(0));
}
