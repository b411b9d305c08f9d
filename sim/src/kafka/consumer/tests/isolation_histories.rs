//! Goal: a reader of committed records sees no record of a transaction that is open or aborted, and all others, once and in order.
//! Method: random short histories of a leader's log and a follower's, with producers whose transactions overlap, a high watermark
//! that lags, failovers that cut off what was not replicated, and a reader of small bites.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::engine::{SimTime, Stream};
use crate::kafka::consumer::isolation::to_java;
use crate::kafka::log::{Log, ReadLimit};
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::Fetched;
use crate::kafka::record::{Batch, BatchKind, Record, Stamp, TransactionResult};
use crate::kafka::types::{ErrorCode, LeaderEpoch, Offset, ProducerId, TopicPartition};

const HISTORIES: u64 = 1000;
const STEPS: usize = 100;
const PRODUCERS: u64 = 3;

struct History {
    draws: Stream,
    log: Log,
    follower: Log,
    high_watermark: Offset,
    epoch: u32,
    /// Where the reader is, and what it was given.
    position: Offset,
    given: Vec<Offset>,
}

impl History {
    fn new(seed: u64) -> Self {
        let log = Log::new(Rc::new(TopicConfig::default()));
        let (draws, follower) = (Stream::new(seed, "isolation-histories"), log.clone());
        let (high_watermark, position) = (Offset(0), Offset(0));
        Self { draws, log, follower, high_watermark, epoch: 0, position, given: Vec::new() }
    }

    fn step(&mut self) {
        let producer = ProducerId(self.draws.below(PRODUCERS));
        match self.draws.below(20) {
            0..=5 => self.send(Some(producer)),
            6..=7 => self.send(None),
            8..=10 => self.mark(producer, TransactionResult::Commit),
            11..=13 => self.mark(producer, TransactionResult::Abort),
            14..=16 => self.replicate(),
            17..=18 => self.read(),
            _ => self.fail_over(),
        }
    }

    fn send(&mut self, producer: Option<ProducerId>) {
        let count = 1 + self.draws.below(3);
        let records: Vec<Record> = (0..count).map(|_| Record::new(None, b"x", SimTime::ZERO)).collect();
        let batch = match producer {
            Some(id) => Batch::transactional(records, Stamp { id, epoch: 0, sequence: self.next_sequence(id) }),
            None => Batch::new(records, None),
        };
        self.log.append(batch, LeaderEpoch(self.epoch)).expect("it is in sequence");
    }

    fn next_sequence(&self, id: ProducerId) -> u32 {
        let all = self.batches(&self.log);
        let own = all.iter().filter(|batch| batch.kind == BatchKind::Transactional);
        own.filter(|batch| batch.stamp.is_some_and(|stamp| stamp.id == id)).map(|batch| batch.count() as u32).sum()
    }

    fn mark(&mut self, id: ProducerId, result: TransactionResult) {
        let marker = Batch::marker((id, 0), result, LeaderEpoch(0), SimTime::ZERO);
        self.log.append(marker, LeaderEpoch(self.epoch)).expect("nobody is newer");
    }

    fn batches(&self, log: &Log) -> Vec<Batch> {
        log.read(Offset(0)..log.end(), ReadLimit { bytes: u64::MAX, whole_first: true })
    }

    /// The follower gets some batches more, and what it has is committed.
    fn replicate(&mut self) {
        let missing = self.log.read(self.follower.end()..self.log.end(), ReadLimit { bytes: 600, whole_first: true });
        missing.into_iter().for_each(|batch| self.follower.append_fetched(batch));
        self.high_watermark = self.follower.end();
    }

    /// The follower leads; the old leader cuts off what only it had.
    fn fail_over(&mut self) {
        self.log.truncate(self.follower.end());
        std::mem::swap(&mut self.log, &mut self.follower);
        self.epoch += 1;
    }

    fn read(&mut self) {
        let until = self.log.last_stable(self.high_watermark);
        let bytes = 70 + self.draws.below(300);
        let batches = self.log.read(self.position..until.max(self.position), ReadLimit { bytes, whole_first: true });
        let Some(end) = batches.last().map(Batch::end) else { return };
        let fetched = Fetched {
            partition: TopicPartition::new("t", 0),
            error: ErrorCode::None,
            high_watermark: self.high_watermark,
            log_start: Offset(0),
            diverging: None,
            aborted: self.log.aborted(&(self.position..end)),
            batches,
        };
        self.given.extend(to_java(&fetched).map(|(offset, _)| offset).filter(|offset| *offset >= self.position));
        self.position = end;
    }

    /// What a reader should have been given up to its position, read off the log: batches wait for the marker of their producer.
    fn expected(&self) -> Vec<Offset> {
        let mut open: BTreeMap<ProducerId, Vec<Offset>> = BTreeMap::new();
        let mut expected = Vec::new();
        for batch in self.batches(&self.log) {
            let offsets = batch.numbered().map(|(offset, _)| offset);
            match (batch.kind, batch.stamp) {
                (BatchKind::Transactional, Some(stamp)) => open.entry(stamp.id).or_default().extend(offsets),
                (BatchKind::Control(result), Some(stamp)) => {
                    let ended = open.remove(&stamp.id).filter(|_| result == TransactionResult::Commit);
                    expected.extend(ended.into_iter().flatten());
                }
                _ => expected.extend(offsets),
            }
        }
        expected.sort();
        expected.retain(|offset| *offset < self.position);
        expected
    }
}

#[test]
fn committed_readers_see_what_was_committed_and_nothing_else() {
    let mut given = 0;
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        for _ in 0..STEPS {
            history.step();
            assert_eq!(history.given, history.expected(), "seed {seed}");
        }
        given += history.given.len();
    }
    assert!(given > 5 * HISTORIES as usize, "the reader gets somewhere: {given}");
}
