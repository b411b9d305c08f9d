//! Coordinators of transactions in a cluster (C4): markers reach all partitions, whoever dies.

use super::*;
use crate::kafka::group::partition_of;
use crate::kafka::protocol::Position;
use crate::kafka::record::TransactionResult::{self, Abort, Commit};
use crate::kafka::transaction::{State, TRANSACTIONS_TOPIC, TransactionRequest, TransactionResponse};

const ID: &str = "t";

/// A cluster whose topic has a partition on each broker, and a producer with an open transaction in all of them.
struct Stage {
    cluster: Cluster,
    producer: (ProducerId, u16),
}

fn orders(nth: u32) -> TopicPartition {
    TopicPartition::new("orders", nth)
}

impl Stage {
    fn new() -> Self {
        let mut cluster = three();
        cluster.topic(TopicConfig { partitions: 3, ..kept(3, 2) });
        cluster.ask(ONE, Request::FindTransactionCoordinator(ID.into()));
        cluster.run(secs(1));
        let mut stage = Self { cluster, producer: (ProducerId(0), 0) };
        stage.producer = stage.begin();
        let partitions = (0..3).map(orders).collect();
        let add = TransactionRequest::AddPartitions { id: ID.into(), producer: stage.producer, partitions };
        assert_eq!(stage.ask(add), TransactionResponse::Done);
        (0..3).for_each(|nth| assert_eq!(stage.send(nth, 0), ErrorCode::None));
        stage
    }

    fn coordinator(&self) -> BrokerId {
        self.cluster.leader(&TopicPartition::new(TRANSACTIONS_TOPIC, partition_of(ID, 50))).expect("there is one")
    }

    fn ask(&mut self, request: TransactionRequest) -> TransactionResponse {
        let ticket = self.cluster.ask(self.coordinator(), Request::Transaction(request));
        self.cluster.run(millis(20));
        match self.cluster.answer(ticket) {
            Some(Response::Transaction(response)) => *response,
            other => panic!("not from a coordinator: {other:?}"),
        }
    }

    fn begin(&mut self) -> (ProducerId, u16) {
        loop {
            match self.ask(TransactionRequest::InitProducerId { id: ID.into(), timeout: secs(60) }) {
                TransactionResponse::Initialized(id, epoch) => return (id, epoch),
                TransactionResponse::Error(ErrorCode::ConcurrentTransactions) => self.cluster.run(millis(100)),
                other => panic!("{other:?}"),
            }
        }
    }

    fn end(&mut self, result: TransactionResult) -> TransactionResponse {
        self.ask(TransactionRequest::End { id: ID.into(), producer: self.producer, result })
    }

    fn send(&mut self, nth: u32, sequence: u32) -> ErrorCode {
        let (id, epoch) = self.producer;
        let batch = Batch::transactional(batch("x", None).records, Stamp { id, epoch, sequence });
        let leader = self.cluster.leader(&orders(nth)).expect("there is one");
        let ticket = self.cluster.send_batch(leader, &orders(nth), batch, Acks::All);
        self.cluster.run(millis(20));
        self.cluster.produced(ticket).expect("it is answered")
    }

    /// Last stable offsets of all partitions.
    fn stable(&mut self) -> [u64; 3] {
        [0, 1, 2].map(|nth| {
            let leader = self.cluster.leader(&orders(nth)).expect("there is one");
            let partitions = vec![(orders(nth), Position::Latest)];
            let request = Request::ListOffsets { isolation: Isolation::ReadCommitted, partitions };
            let ticket = self.cluster.ask(leader, request);
            self.cluster.run(millis(10));
            let Some(Response::ListOffsets(found)) = self.cluster.answer(ticket) else { panic!("no offsets") };
            found[0].2.0
        })
    }

    fn state(&self) -> Option<State> {
        let broker = self.cluster.broker(self.coordinator())?;
        broker.transaction_coordinators().find_map(|(_, coordinator)| Some(coordinator.stored(ID)?.state))
    }
}

#[test]
fn markers_reach_the_partitions_of_all_leaders() {
    let mut stage = Stage::new();
    assert_eq!([0, 1, 2].map(|nth| stage.cluster.leader(&orders(nth))), [ONE, TWO, THREE].map(Some));
    assert_eq!(stage.stable(), [0, 0, 0]);
    assert_eq!(stage.end(Commit), TransactionResponse::Done);
    stage.cluster.run(millis(100));
    assert_eq!((stage.stable(), stage.state()), ([2, 2, 2], Some(State::Complete(Commit))));
}

#[test]
fn a_zombie_is_refused_in_all_partitions() {
    let mut stage = Stage::new();
    let (zombie, successor) = (stage.producer, stage.begin());
    assert_eq!(successor, (zombie.0, zombie.1 + 2));
    assert_eq!(stage.stable(), [2, 2, 2], "what it left open is aborted");
    (0..3).for_each(|nth| assert_eq!(stage.send(nth, 1), ErrorCode::InvalidProducerEpoch));
    assert_eq!(stage.end(Commit), TransactionResponse::Error(ErrorCode::ProducerFenced));
}

#[test]
fn a_transaction_whose_producer_is_silent_is_aborted() {
    let mut stage = Stage::new();
    stage.cluster.run(secs(59));
    assert_eq!(stage.stable(), [0, 0, 0]);
    stage.cluster.run(secs(13));
    assert_eq!((stage.stable(), stage.state()), ([2, 2, 2], Some(State::Complete(Abort))));
}

/// Asks for the end, and stops at the moment at which that is decided: markers are on their way.
fn prepared() -> Stage {
    let mut stage = Stage::new();
    let request = TransactionRequest::End { id: ID.into(), producer: stage.producer, result: Commit };
    stage.cluster.ask(stage.coordinator(), Request::Transaction(request));
    while stage.state() != Some(State::Prepared(Commit)) {
        stage.cluster.run(SimDuration::from_micros(100));
    }
    stage
}

/// The leader of a partition dies before its marker comes: the next one gets it.
#[test]
fn a_marker_waits_for_a_leader() {
    let mut stage = prepared();
    let mut leaders = (0..3).filter_map(|nth| stage.cluster.leader(&orders(nth)));
    let dead = leaders.rfind(|leader| *leader != stage.coordinator()).expect("two others");
    stage.cluster.crash(dead);
    stage.cluster.run(secs(5));
    assert_eq!(stage.state(), Some(State::Prepared(Commit)));
    stage.cluster.run(secs(20));
    assert_eq!((stage.stable(), stage.state()), ([2, 2, 2], Some(State::Complete(Commit))));
}

/// It dies, too: the log says what was decided. Partitions that have their marker get it once more, which ends nothing.
#[test]
fn the_successor_of_a_coordinator_ends_what_was_prepared() {
    let mut stage = prepared();
    let coordinator = stage.coordinator();
    stage.cluster.crash(coordinator);
    stage.cluster.run(secs(15));
    assert_ne!(stage.coordinator(), coordinator);
    let mut stable = stage.stable();
    stable.sort_unstable();
    assert_eq!((stable, stage.state()), ([2, 3, 3], Some(State::Complete(Commit))));
}
