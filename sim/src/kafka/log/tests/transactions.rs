//! Goal: transactions follow from the batches (C4): what is open, how far committed records may be read, what was aborted; also after
//! truncation, retention and compaction. Method: a few producers by hand.

use super::*;
use crate::kafka::protocol::AbortedTransaction;
use crate::kafka::record::TransactionResult::{self, Abort, Commit};

/// A log with a producer's sequence numbers.
struct Story {
    log: Log,
    next: std::collections::BTreeMap<u64, u32>,
}

impl Story {
    fn new(config: TopicConfig) -> Self {
        Self { log: log(config), next: Default::default() }
    }

    /// One transactional record.
    fn send(&mut self, producer: u64, key: &str) -> u64 {
        let sequence = self.next.entry(producer).or_default();
        let stamp = Stamp { id: ProducerId(producer), epoch: 0, sequence: *sequence };
        *sequence += 1;
        let record = Record::new(Some(key.as_bytes()), key.as_bytes(), at(0));
        self.log.append(Batch::transactional([record], stamp), LeaderEpoch(0)).expect("in order").base.0
    }

    fn end(&mut self, producer: u64, result: TransactionResult) -> u64 {
        self.mark((producer, 0), result, 0).expect("the newest epoch").base.0
    }

    fn mark(&mut self, (id, epoch): (u64, u16), how: TransactionResult, by: u32) -> Result<Appended, ErrorCode> {
        self.log.append(Batch::marker((ProducerId(id), epoch), how, LeaderEpoch(by), at(0)), LeaderEpoch(0))
    }

    /// LSO, if everything is replicated.
    fn stable(&self) -> u64 {
        self.log.last_stable(self.log.end()).0
    }

    fn aborted(&self, from: u64, until: u64) -> Vec<(u64, u64)> {
        let pair = |aborted: AbortedTransaction| (aborted.producer.0, aborted.first.0);
        self.log.aborted(&(Offset(from)..Offset(until))).into_iter().map(pair).collect()
    }
}

/// Producers 1 and 2 overlap: 1 from offset 0 to its ABORT at 4, 2 from 1 to its COMMIT at 3; then a plain record.
fn overlapping() -> Story {
    let mut story = Story::new(TopicConfig::default());
    assert_eq!([story.send(1, "a"), story.send(2, "b"), story.send(1, "c")], [0, 1, 2]);
    assert_eq!([story.end(2, Commit), story.end(1, Abort)], [3, 4]);
    append(&mut story.log, "p", 0, at(0));
    story
}

#[test]
fn the_oldest_open_transaction_holds_the_last_stable_offset() {
    let mut story = Story::new(TopicConfig::default());
    append(&mut story.log, "p", 0, at(0));
    assert_eq!(story.stable(), 1);
    story.send(1, "a");
    story.send(2, "b");
    assert_eq!(story.stable(), 1);
    story.end(2, Commit);
    assert_eq!(story.stable(), 1, "the other one is older");
    story.end(1, Abort);
    assert_eq!(story.stable(), 5, "nothing is open: up to the end");
}

#[test]
fn a_marker_that_is_not_replicated_decides_nothing() {
    let story = overlapping();
    let stable = |high_watermark| story.log.last_stable(Offset(high_watermark)).0;
    assert_eq!([0, 1, 3, 4, 5, 6].map(stable), [0, 0, 0, 0, 5, 6]);
}

#[test]
fn aborted_transactions_are_found_by_the_span_they_touch() {
    let mut story = overlapping();
    story.send(2, "d");
    story.end(2, Abort); // from 6 to 7
    assert_eq!(story.aborted(0, 8), [(1, 0), (2, 6)]);
    assert_eq!(story.aborted(0, 1), [(1, 0)]);
    assert_eq!(story.aborted(4, 6), [(1, 0)], "its marker lies here");
    assert_eq!(story.aborted(5, 6), []);
    assert_eq!(story.aborted(5, 7), [(2, 6)]);
}

#[test]
fn a_marker_of_a_producer_with_nothing_open_takes_an_offset_and_no_more() {
    let mut story = Story::new(TopicConfig::default());
    assert_eq!(story.end(1, Abort), 0);
    assert_eq!((story.stable(), story.aborted(0, 1)), (1, vec![]));
}

#[test]
fn truncation_opens_again_what_ended_behind_it() {
    let mut story = overlapping();
    story.log.truncate(Offset(4));
    assert_eq!((story.stable(), story.aborted(0, 9)), (0, vec![]), "1 has no marker any more");
    story.log.truncate(Offset(2));
    assert_eq!(story.stable(), 0);
    story.next = [(1, 1), (2, 1)].into();
    story.end(1, Commit);
    assert_eq!(story.stable(), 1, "2 is open again, too");
    story.end(2, Abort);
    assert_eq!((story.stable(), story.aborted(0, 9)), (4, vec![(2, 1)]));
}

#[test]
fn truncation_forgets_what_began_behind_it() {
    let mut story = overlapping();
    story.send(2, "d");
    story.log.truncate(Offset(6));
    assert_eq!(story.stable(), 6);
    story.log.truncate(Offset(0));
    assert_eq!((story.stable(), story.aborted(0, 9)), (0, vec![]));
}

/// Segments hold two batches here.
#[test]
fn retention_forgets_what_was_aborted_when_its_marker_goes() {
    let mut story = overlapping();
    let stable = |story: &Story| (story.log.start().0, story.stable());
    story.log.advance_start(Offset(4));
    assert_eq!((stable(&story), story.aborted(0, 9)), ((4, 6), vec![(1, 0)]));
    story.log.advance_start(Offset(5));
    assert_eq!((stable(&story), story.aborted(0, 9)), ((5, 6), vec![]));
    story.send(3, "x");
    append(&mut story.log, "p", 0, at(0));
    story.log.advance_start(Offset(7));
    assert_eq!(
        stable(&story),
        (7, 7),
        "an open transaction whose records are gone holds nothing back but what is left"
    );
}

#[test]
fn compaction_drops_what_was_aborted_and_keeps_markers() {
    let mut story = Story::new(TopicConfig { compact: true, ..TopicConfig::default() });
    story.send(1, "k"); // 0: committed
    story.end(1, Commit);
    story.send(2, "k"); // 2: aborted, and not the last of its key
    story.end(2, Abort);
    story.send(1, "o"); // 4: open, so nothing from here on is touched
    for offset in 5..9 {
        assert_eq!(story.send(3, "k"), offset);
    }
    assert!(story.log.compact(story.log.end()));
    let left = story.log.read(Offset(0)..story.log.end(), ALL);
    assert_eq!(left.iter().map(|batch| batch.base.0).collect::<Vec<_>>(), [0, 1, 3, 4, 5, 6, 7, 8]);
    assert_eq!(story.aborted(0, 9), [(2, 2)], "the index knows it yet");
}

#[test]
fn a_follower_knows_what_its_leader_knows() {
    let story = overlapping();
    let mut follower = log(TopicConfig::default());
    for batch in story.log.read(Offset(0)..story.log.end(), ALL) {
        follower.append_fetched(batch);
    }
    for high_watermark in (0..7).map(Offset) {
        assert_eq!(follower.last_stable(high_watermark), story.log.last_stable(high_watermark));
    }
    assert_eq!(follower.aborted(&(Offset(0)..Offset(9))), story.log.aborted(&(Offset(0)..Offset(9))));
}

#[test]
fn a_marker_with_a_newer_epoch_fences_the_zombie() {
    let mut story = Story::new(TopicConfig::default());
    story.send(1, "a");
    story.mark((1, 1), Abort, 0).expect("a newer epoch");
    let send = |story: &mut Story, epoch, sequence| {
        let stamp = Stamp { id: ProducerId(1), epoch, sequence };
        let record = Record::new(None, b"z", at(0));
        story.log.append(Batch::transactional([record], stamp), LeaderEpoch(0)).map(|appended| appended.base.0)
    };
    assert_eq!(send(&mut story, 0, 1), Err(ErrorCode::InvalidProducerEpoch));
    assert_eq!(send(&mut story, 1, 1), Err(ErrorCode::OutOfOrderSequenceNumber), "the newer one begins with zero");
    assert_eq!(send(&mut story, 1, 0), Ok(2));
    assert_eq!(story.mark((1, 0), Commit, 0), Err(ErrorCode::InvalidProducerEpoch), "a late marker of the older one");
    story.log.truncate(Offset(2));
    assert_eq!(send(&mut story, 0, 1), Err(ErrorCode::InvalidProducerEpoch), "its marker is remembered after a cut");
}

#[test]
fn a_marker_of_an_older_coordinator_is_refused() {
    let mut story = Story::new(TopicConfig::default());
    story.send(1, "a");
    story.mark((1, 0), Commit, 5).expect("the first");
    story.send(1, "b");
    assert_eq!(story.mark((1, 0), Abort, 4), Err(ErrorCode::TransactionCoordinatorFenced));
    assert_eq!(story.stable(), 2);
}

#[test]
fn sequence_numbers_go_on_from_one_transaction_to_the_next() {
    let mut story = Story::new(TopicConfig::default());
    story.send(1, "a");
    story.end(1, Commit);
    assert_eq!(story.send(1, "b"), 2);
}

#[test]
fn nothing_is_sent_beside_an_open_transaction() {
    let mut story = Story::new(TopicConfig::default());
    story.send(1, "a");
    let stamp = Stamp { id: ProducerId(1), epoch: 0, sequence: 1 };
    let beside = Batch { stamp: Some(stamp), ..batch("x", at(0)) };
    assert_eq!(story.log.append(beside, LeaderEpoch(0)), Err(ErrorCode::InvalidTxnState));
}

#[test]
fn a_producer_with_an_open_transaction_does_not_expire() {
    let mut story = Story::new(TopicConfig::default());
    story.send(1, "a");
    story.log.expire_producers(at(1000), SimDuration::from_secs(1));
    let stamp = Stamp { id: ProducerId(1), epoch: 0, sequence: 7 };
    let gap = Batch::transactional([Record::new(None, b"x", at(0))], stamp);
    assert_eq!(story.log.append(gap, LeaderEpoch(0)), Err(ErrorCode::OutOfOrderSequenceNumber));
}
