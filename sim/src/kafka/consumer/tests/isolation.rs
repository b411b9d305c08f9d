//! Goal: which records of a fetch an application gets (C4), from either client. Method: batches and the broker's list of what was
//! aborted, by hand.

use crate::engine::SimTime;
use crate::kafka::consumer::isolation::{to_java, to_kafkajs};
use crate::kafka::protocol::{AbortedTransaction, Fetched};
use crate::kafka::record::TransactionResult::{self, Abort, Commit};
use crate::kafka::record::{Batch, Record, Stamp};
use crate::kafka::types::{ErrorCode, LeaderEpoch, Offset, ProducerId, TopicPartition};

/// A log under construction.
#[derive(Default)]
struct Batches(Vec<Batch>);

impl Batches {
    fn push(mut self, batch: Batch) -> Self {
        let base = self.0.last().map_or(Offset(0), Batch::end);
        self.0.push(Batch { base, ..batch });
        self
    }

    /// Records of one letter each, in a transaction of this producer.
    fn send(self, producer: u64, values: &str) -> Self {
        let stamp = Stamp { id: ProducerId(producer), epoch: 0, sequence: 0 };
        let records: Vec<Record> = values.bytes().map(|value| Record::new(None, &[value], SimTime::ZERO)).collect();
        self.push(Batch::transactional(records, stamp))
    }

    fn plain(self, value: &str) -> Self {
        self.push(Batch::new([Record::new(None, value.as_bytes(), SimTime::ZERO)], None))
    }

    fn end(self, producer: u64, result: TransactionResult) -> Self {
        self.push(Batch::marker((ProducerId(producer), 0), result, LeaderEpoch(0), SimTime::ZERO))
    }

    /// What a fetch gets, with aborted transactions in the order of their markers, as a broker gives them.
    fn fetched(self, aborted: &[(u64, u64)]) -> Fetched {
        let end = self.0.last().map_or(Offset(0), Batch::end);
        let aborted = aborted
            .iter()
            .map(|(producer, first)| AbortedTransaction { producer: ProducerId(*producer), first: Offset(*first) });
        Fetched {
            partition: TopicPartition::new("t", 0),
            error: ErrorCode::None,
            high_watermark: end,
            log_start: Offset(0),
            diverging: None,
            aborted: aborted.collect(),
            batches: self.0,
        }
    }
}

fn java(fetched: &Fetched) -> String {
    text(to_java(fetched))
}

fn kafkajs(fetched: &Fetched, from: u64) -> String {
    text(to_kafkajs(fetched, Offset(from)))
}

fn text<'a>(records: impl Iterator<Item = (Offset, &'a Record)>) -> String {
    records.map(|(_, record)| char::from(record.value.as_ref().expect("no tombstone")[0])).collect()
}

#[test]
fn markers_are_never_handed_out_and_uncommitted_readers_get_the_rest() {
    let log = Batches::default().send(1, "ab").end(1, Abort).plain("c").send(1, "d").end(1, Commit);
    let fetched = log.fetched(&[]);
    assert_eq!((java(&fetched), kafkajs(&fetched, 0)), ("abcd".into(), "abcd".into()));
}

#[test]
fn what_was_aborted_ends_with_its_marker() {
    let log = Batches::default().send(1, "ab").plain("c").end(1, Abort).send(1, "de").end(1, Commit);
    let fetched = log.fetched(&[(1, 0)]);
    assert_eq!((java(&fetched), kafkajs(&fetched, 0)), ("cde".into(), "cde".into()));
}

#[test]
fn a_fetch_may_begin_within_what_was_aborted() {
    let log = Batches::default().send(1, "abc").end(1, Abort).plain("d");
    let fetched = log.fetched(&[(1, 0)]);
    assert_eq!((java(&fetched), kafkajs(&fetched, 2)), ("d".into(), "d".into()));
}

#[test]
fn a_producer_with_another_transaction_is_not_confused() {
    let log = Batches::default().send(1, "a").send(2, "b").end(2, Commit).send(1, "c").send(2, "d").end(1, Abort);
    let fetched = log.end(2, Commit).fetched(&[(1, 0)]);
    assert_eq!((java(&fetched), kafkajs(&fetched, 0)), ("bd".into(), "bd".into()));
}

/// The broker names 2 before 1, since its marker comes first. kafkajs waits for the first record of 2 before it looks at 1.
#[test]
fn kafkajs_lets_an_aborted_record_through_where_transactions_overlap() {
    let log = Batches::default().send(1, "a").send(2, "b").end(2, Abort).end(1, Abort).plain("c");
    let fetched = log.fetched(&[(2, 1), (1, 0)]);
    assert_eq!((java(&fetched), kafkajs(&fetched, 0)), ("c".into(), "ac".into()));
}
