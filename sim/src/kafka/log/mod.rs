//! The log of one partition on one broker (B1): batches in order, cut into segments.
//!
//! | where | what is decided there |
//! |---|---|
//! | this file | who assigns offsets, what a read returns |
//! | `segment` | how batches lie in a segment and are found, when a segment is full |
//! | `epochs` | which leader wrote which offsets, where two logs part |
//! | `producers` | which batch was sent before (C4) |
//! | `transactions` | which transactions are open, how far readers of committed records may read, what was aborted (C4) |
//! | `cleanup` | what retention and compaction take away, and what truncation does |
//!
//! **Never here:** who leads, who is in sync, how far consumers may see. A log does as it is told by a replica.
//!
//! **Not modelled:** files, indexes and the page cache (a log survives the death of its process, and no machine loses power:
//! Kafka does not flush either, B1); the 60 s for which a removed segment stays on disk; batches that are cut in the middle
//! when a read runs out of room; compression; the time to live that tombstones and transaction markers have of their own.

mod cleanup;
mod epochs;
mod producers;
mod segment;
#[cfg(test)]
mod tests;
mod transactions;

use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use self::epochs::Epochs;
use self::producers::Producers;
use self::segment::Segment;
use self::transactions::Transactions;
use super::metadata::TopicConfig;
use super::protocol::AbortedTransaction;
use super::record::{Batch, Record};
use super::types::{ErrorCode, LeaderEpoch, Offset};
use crate::engine::SimTime;

/// The log of one partition. Offsets below `start` are gone, the next record gets `end`; between them there may be gaps,
/// left by compaction.
#[derive(Clone, Debug)]
pub struct Log {
    config: Rc<TopicConfig>,
    /// Never empty. The last one is active: only it grows.
    segments: VecDeque<Segment>,
    start: Offset,
    end: Offset,
    epochs: Epochs,
    producers: Producers,
    transactions: Transactions,
}

/// Where a batch lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Offset of its first record.
    pub base: Offset,
    /// The offset behind its last record.
    pub end: Offset,
    /// It was there before: nothing was appended.
    pub repeated: bool,
}

/// How much a read returns at most.
#[derive(Clone, Copy, Debug)]
pub struct ReadLimit {
    /// Bytes in all.
    pub bytes: u64,
    /// Return the first batch even if it is larger: otherwise a reader could never pass it.
    pub whole_first: bool,
}

impl Log {
    /// An empty log.
    pub fn new(config: Rc<TopicConfig>) -> Self {
        Self {
            config,
            segments: VecDeque::from([Segment::new(Offset(0))]),
            start: Offset(0),
            end: Offset(0),
            epochs: Epochs::default(),
            producers: Producers::default(),
            transactions: Transactions::default(),
        }
    }

    /// The oldest offset that may still be there.
    pub fn start(&self) -> Offset {
        self.start
    }

    /// The offset of the next record: LEO.
    pub fn end(&self) -> Offset {
        self.end
    }

    /// How it is kept.
    pub fn config(&self) -> &TopicConfig {
        &self.config
    }

    /// Bytes in all segments.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().map(Segment::bytes).sum()
    }

    /// Number of segments, the active one included.
    pub fn segments(&self) -> usize {
        self.segments.len()
    }

    /// Epoch of the newest record, or of the leader that has begun since.
    pub fn last_epoch(&self) -> Option<LeaderEpoch> {
        self.epochs.latest()
    }

    /// The largest epoch up to `epoch` that the log knows, and where it ends. Nothing if the log knows no epoch that late.
    pub fn end_of_epoch(&self, epoch: LeaderEpoch) -> Option<(LeaderEpoch, Offset)> {
        self.epochs.end_of(epoch, self.end)
    }

    /// The last stable offset (LSO) below a high watermark: no record of an open transaction lies before it, nor one whose end is
    /// not committed itself.
    pub fn last_stable(&self, high_watermark: Offset) -> Offset {
        self.transactions.last_stable(high_watermark).max(self.start)
    }

    /// Aborted transactions with records in this span.
    pub fn aborted(&self, span: &Range<Offset>) -> Vec<AbortedTransaction> {
        self.transactions.aborted(span)
    }

    /// A leader begins: what it appends belongs to this epoch, even if that is nothing.
    pub fn begin_epoch(&mut self, epoch: LeaderEpoch) {
        self.epochs.assign(epoch, self.end);
    }

    /// Appends as the leader of `epoch`: assigns offsets. A batch that was appended before is found and left where it is.
    ///
    /// # Errors
    /// What an idempotent producer did wrong (C4).
    pub fn append(&mut self, mut batch: Batch, epoch: LeaderEpoch) -> Result<Appended, ErrorCode> {
        if let Some(found) = self.producers.check(&batch)? {
            return Ok(Appended { base: found.start, end: found.end, repeated: true });
        }
        self.transactions.check(&batch)?;
        (batch.base, batch.leader_epoch) = (self.end, epoch);
        let appended = Appended { base: batch.base, end: batch.end(), repeated: false };
        self.push(batch);
        Ok(appended)
    }

    /// Appends as a follower: the leader has assigned offsets and epoch.
    ///
    /// # Panics
    /// When the batch begins before the end of the log: a follower asks for what comes behind it.
    pub fn append_fetched(&mut self, batch: Batch) {
        assert!(batch.base >= self.end, "a follower appends behind its end");
        self.push(batch);
    }

    fn push(&mut self, batch: Batch) {
        self.epochs.assign(batch.leader_epoch, batch.base);
        self.producers.note(&batch);
        self.transactions.note(&batch);
        if self.active().is_full(&self.config, &batch) {
            self.segments.push_back(Segment::new(batch.base));
        }
        self.end = batch.end();
        self.active_mut().push(batch);
    }

    /// Whole batches from the one that holds `span.start` on, none that reaches beyond `span.end`. The first may begin before
    /// `span.start`: readers skip what they did not ask for.
    pub fn read(&self, span: Range<Offset>, limit: ReadLimit) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut left = limit.bytes;
        for stored in self.stored_from(span.start).take_while(|stored| stored.batch.end() <= span.end) {
            if stored.bytes > left && !(limit.whole_first && batches.is_empty()) {
                break;
            }
            left = left.saturating_sub(stored.bytes);
            batches.push(stored.batch.clone());
        }
        batches
    }

    /// Bytes that an unlimited read of this span would return; counting ends at `enough`.
    pub fn bytes_between(&self, span: Range<Offset>, enough: u64) -> u64 {
        let mut sum = 0;
        for segment in self.segments.range(self.segment_of(span.start)..) {
            if sum >= enough || segment.base() >= span.end {
                break;
            }
            sum += segment.bytes_between(&span);
        }
        sum
    }

    /// The first record of this time or later.
    pub fn find(&self, time: SimTime) -> Option<Offset> {
        let segments = self.segments.iter().filter(|segment| segment.latest().is_some_and(|latest| latest >= time));
        segments.flat_map(Segment::batches).find_map(|batch| {
            let later = |(offset, record): &(Offset, &Record)| *offset >= self.start && record.timestamp >= time;
            batch.numbered().find(later).map(|(offset, _)| offset)
        })
    }

    fn stored_from(&self, offset: Offset) -> impl Iterator<Item = &segment::Stored> {
        self.segments.range(self.segment_of(offset)..).flat_map(move |segment| segment.stored_from(offset))
    }

    fn segment_of(&self, offset: Offset) -> usize {
        self.segments.partition_point(|segment| segment.base() <= offset).saturating_sub(1)
    }

    fn active(&self) -> &Segment {
        self.segments.back().expect("there is always an active segment")
    }

    fn active_mut(&mut self) -> &mut Segment {
        self.segments.back_mut().expect("there is always an active segment")
    }
}
