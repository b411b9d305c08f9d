//! A segment: a run of batches that is full by size or age, and leaves the log as a whole.
//!
//! **Never here:** which segment is taken away, and when.

use std::ops::Range;

use crate::engine::SimTime;
use crate::kafka::metadata::TopicConfig;
use crate::kafka::record::Batch;
use crate::kafka::types::Offset;

/// How many batches count as close to the end.
const NEAR: usize = 8;

/// A batch in its segment.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) batch: Batch,
    pub(super) bytes: u64,
    /// Bytes of the segment before it.
    position: u64,
}

/// Batches from `base` on.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    base: Offset,
    stored: Vec<Stored>,
    bytes: u64,
    /// Time of its first batch: from here its age is counted.
    first: Option<SimTime>,
    /// Largest timestamp: by it retention decides (B1).
    latest: Option<SimTime>,
    /// Compaction has seen it.
    pub(super) clean: bool,
}

impl Segment {
    pub(super) fn new(base: Offset) -> Self {
        Self { base, stored: Vec::new(), bytes: 0, first: None, latest: None, clean: false }
    }

    pub(super) fn base(&self) -> Offset {
        self.base
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn latest(&self) -> Option<SimTime> {
        self.latest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_empty()
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = &Batch> {
        self.stored.iter().map(|stored| &stored.batch)
    }

    /// Whether this batch belongs into a new segment. Age is counted between timestamps, not on a clock, as Kafka does
    /// (AK: LogSegment.shouldRoll).
    pub(super) fn is_full(&self, config: &TopicConfig, next: &Batch) -> bool {
        let old = self.first.is_some_and(|first| next.max_timestamp().since(first) > config.segment_age);
        !self.is_empty() && (old || self.bytes + next.bytes() > config.segment_bytes.0)
    }

    pub(super) fn push(&mut self, batch: Batch) {
        let (time, bytes) = (batch.max_timestamp(), batch.bytes());
        self.first = self.first.or(Some(time));
        self.latest = self.latest.max(Some(time));
        self.stored.push(Stored { batch, bytes, position: self.bytes });
        self.bytes += bytes;
    }

    /// Batches from the one that holds `offset`, or follows it, on.
    pub(super) fn stored_from(&self, offset: Offset) -> &[Stored] {
        &self.stored[self.ended_by(offset)..]
    }

    pub(super) fn bytes_between(&self, span: &Range<Offset>) -> u64 {
        let (from, until) = (self.ended_by(span.start), self.ended_by(span.end));
        self.position(until).saturating_sub(self.position(from))
    }

    /// How many batches end at `offset` or before. Readers are close to the end, mostly, so it is looked at first.
    fn ended_by(&self, offset: Offset) -> usize {
        let has_ended = |stored: &Stored| stored.batch.end() <= offset;
        let near = self.stored.len().saturating_sub(NEAR);
        match self.stored.get(near).is_some_and(has_ended) {
            true => near + self.stored[near..].partition_point(has_ended),
            false => self.stored.partition_point(has_ended),
        }
    }

    fn position(&self, nth: usize) -> u64 {
        self.stored.get(nth).map_or(self.bytes, |stored| stored.position)
    }

    /// Keeps what ends at `offset` or before. Says where a batch began that reached across, and went as a whole.
    pub(super) fn truncate(&mut self, offset: Offset) -> Option<Offset> {
        let keep = self.stored.partition_point(|stored| stored.batch.end() <= offset);
        let torn = self.stored.get(keep).map(|stored| stored.batch.base).filter(|base| *base < offset);
        let kept = self.stored.drain(..keep).map(|stored| stored.batch);
        *self = Self::holding(self.base, kept.collect());
        torn
    }

    /// A segment with these batches.
    pub(super) fn holding(base: Offset, batches: Vec<Batch>) -> Self {
        let mut segment = Self::new(base);
        for batch in batches {
            segment.push(batch);
        }
        segment
    }
}
