//! Transactions in the logs of a cluster: who sees what, and when (C4).

use super::*;
use crate::kafka::protocol::{Fetched, Position};
use crate::kafka::record::TransactionResult::{self, Abort, Commit};
use crate::kafka::transaction::WriteTxnMarkers;
use crate::kafka::types::LeaderEpoch;

const COMMITTED: Isolation = Isolation::ReadCommitted;

impl Cluster {
    /// A record in a transaction of producer 7.
    fn send_in_transaction(&mut self, to: BrokerId, partition: &TopicPartition, value: &str, sequence: u32) -> Ticket {
        let batch = batch(value, Some((7, sequence)));
        let batch = Batch::transactional(batch.records, batch.stamp.expect("it is stamped"));
        self.send_batch(to, partition, batch, Acks::All)
    }

    fn mark(&mut self, to: BrokerId, partition: &TopicPartition, result: TransactionResult) -> Ticket {
        let partitions = vec![partition.clone()];
        let producer = (ProducerId(7), 0);
        let markers = WriteTxnMarkers { producer, result, coordinator: LeaderEpoch(0), partitions };
        self.ask(to, Request::WriteTxnMarkers(markers))
    }

    fn marked(&self, ticket: Ticket) -> Option<ErrorCode> {
        match self.answer(ticket)? {
            Response::WriteTxnMarkers(all) => Some(all[0].1),
            other => panic!("not the answer to markers: {other:?}"),
        }
    }

    fn fetched(&self, ticket: Ticket) -> Option<&Fetched> {
        match self.answer(ticket)? {
            Response::Fetch(all) => Some(&all[0]),
            other => panic!("not the answer to a Fetch: {other:?}"),
        }
    }

    fn latest(&mut self, at: BrokerId, partition: &TopicPartition, isolation: Isolation) -> Offset {
        let partitions = vec![(partition.clone(), Position::Latest)];
        let ticket = self.ask(at, Request::ListOffsets { isolation, partitions });
        self.run(millis(10));
        let Some(Response::ListOffsets(found)) = self.answer(ticket) else { panic!("no offsets") };
        found[0].2
    }
}

#[test]
fn an_open_transaction_hides_all_that_follows_from_committed_readers_alone() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.send_in_transaction(ONE, &orders, "open", 0);
    cluster.send(ONE, &orders, "plain", Acks::All);
    cluster.run(millis(100));
    let (at_once, waiting) = (fetch(&orders, UNCOMMITTED, secs(5)), fetch(&orders, COMMITTED, secs(5)));
    let (at_once, waiting) = (cluster.ask(ONE, at_once), cluster.ask(ONE, waiting));
    cluster.run(secs(1));
    assert_eq!(cluster.fetched(at_once).map(|fetched| fetched.batches.len()), Some(2));
    assert_eq!(cluster.fetched(waiting), None);
    assert_eq!(
        (cluster.latest(ONE, &orders, UNCOMMITTED), cluster.latest(ONE, &orders, COMMITTED)),
        (Offset(2), Offset(0))
    );
    let marked = cluster.mark(ONE, &orders, Commit);
    cluster.run(millis(100));
    assert_eq!(cluster.marked(marked), Some(ErrorCode::None));
    let fetched = cluster.fetched(waiting).expect("the marker lets it through");
    assert_eq!((fetched.batches.len(), fetched.aborted.len()), (3, 0));
    assert_eq!(cluster.latest(ONE, &orders, COMMITTED), Offset(3));
}

#[test]
fn only_committed_readers_are_told_what_was_aborted() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.send_in_transaction(ONE, &orders, "void", 0);
    cluster.mark(ONE, &orders, Abort);
    cluster.run(millis(100));
    for (isolation, count) in [(UNCOMMITTED, 0), (COMMITTED, 1)] {
        let ticket = cluster.ask(ONE, fetch(&orders, isolation, secs(5)));
        cluster.run(millis(10));
        assert_eq!(cluster.fetched(ticket).map(|fetched| fetched.aborted.len()), Some(count));
    }
}

#[test]
fn a_marker_counts_when_it_is_replicated() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.send_in_transaction(ONE, &orders, "a", 0);
    cluster.run(millis(100));
    [TWO, THREE].into_iter().for_each(|other| cluster.cut(ONE, other));
    let marked = cluster.mark(ONE, &orders, Commit);
    cluster.run(secs(1));
    assert_eq!((cluster.marked(marked), cluster.latest(ONE, &orders, COMMITTED)), (None, Offset(0)));
    cluster.heal();
    cluster.run(secs(40));
    assert_eq!(cluster.latest(ONE, &orders, COMMITTED), Offset(2));
}

#[test]
fn a_new_leader_knows_what_is_open() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.send_in_transaction(ONE, &orders, "a", 0);
    cluster.run(secs(1));
    cluster.crash(ONE);
    cluster.run(secs(12));
    let leader = cluster.leader(&orders).expect("there is one");
    assert_ne!(leader, ONE);
    assert_eq!(cluster.latest(leader, &orders, COMMITTED), Offset(0));
    let marked = cluster.mark(leader, &orders, Abort);
    cluster.run(secs(1));
    assert_eq!(
        (cluster.marked(marked), cluster.latest(leader, &orders, COMMITTED)),
        (Some(ErrorCode::None), Offset(2))
    );
}

#[test]
fn a_client_cannot_write_a_marker() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let marker = Batch::marker((ProducerId(7), 0), Commit, LeaderEpoch(0), SimTime::ZERO);
    let sent = cluster.send_batch(ONE, &orders, marker, Acks::All);
    cluster.run(millis(100));
    assert_eq!(cluster.produced(sent), Some(ErrorCode::InvalidRecord));
}
