//! What leaves a log: by retention, by compaction, by truncation (B1, B2).
//!
//! **Never here:** when that is done. **Not modelled:** the age of tombstones and of transaction markers; a compacted log keeps the
//! last record of a key, also if it is a tombstone, and all markers, for ever.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::segment::Segment;
use super::{Log, Producers, Transactions};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::record::{Batch, Record, Stamp};
use crate::kafka::types::Offset;

/// Share of not yet compacted bytes from which compaction starts, in percent (B1: dirty ratio ≥ 0.5).
const DIRTY_PERCENT_MIN: u64 = 50;

impl Log {
    /// Takes away whole segments from the oldest on: those too old, then those too many. Never above the high watermark; the
    /// active segment goes too if all of it has expired. Compacted topics keep everything.
    pub fn retain(&mut self, now: SimTime, high_watermark: Offset) {
        if self.config.compact {
            return;
        }
        let retention = self.config.retention;
        self.drop_while(high_watermark, |segment| segment.latest().is_some_and(|latest| now.since(latest) > retention));
        let Some(limit) = self.config.retention_bytes else { return };
        // Only what leaves at least the limit behind (B1).
        let mut surplus = self.bytes().saturating_sub(limit.0);
        self.drop_while(high_watermark, |segment| {
            let gone = surplus >= segment.bytes();
            surplus -= if gone { segment.bytes() } else { 0 };
            gone
        });
    }

    fn drop_while(&mut self, high_watermark: Offset, mut gone: impl FnMut(&Segment) -> bool) {
        loop {
            let oldest = &self.segments[0];
            let bound = self.segments.get(1).map_or(self.end, Segment::base);
            if oldest.is_empty() || bound > high_watermark || !gone(oldest) {
                return;
            }
            self.segments.pop_front();
            if self.segments.is_empty() {
                self.segments.push_back(Segment::new(self.end));
            }
            self.start = self.start.max(bound);
            self.epochs.truncate_start(self.start);
            self.transactions.truncate_start(self.start);
        }
    }

    /// Everything before `offset` is gone: a follower learns it from its leader.
    pub fn advance_start(&mut self, offset: Offset) {
        if offset <= self.start || offset > self.end {
            return;
        }
        self.start = offset;
        self.epochs.truncate_start(offset);
        self.transactions.truncate_start(offset);
        while self.segments.get(1).is_some_and(|next| next.base() <= offset) {
            self.segments.pop_front();
        }
    }

    /// Forgets producers that have been silent for so long, unless a transaction of theirs is open.
    pub fn expire_producers(&mut self, now: SimTime, after: SimDuration) {
        let open = &self.transactions;
        self.producers.expire(now, after, |id| open.is_open(id));
    }

    /// Cuts the log back: nothing at `offset` or behind it stays. A batch that reaches across goes as a whole.
    pub fn truncate(&mut self, offset: Offset) {
        self.epochs.truncate_end(offset);
        if offset >= self.end {
            return;
        }
        if offset < self.start {
            return self.restart_at(offset);
        }
        while self.segments.len() > 1 && self.active().base() >= offset {
            self.segments.pop_back();
        }
        self.end = self.active_mut().truncate(offset).unwrap_or(offset);
        self.epochs.truncate_end(self.end);
        self.transactions.truncate_end(self.end);
        self.restore_producers();
    }

    /// Throws everything away and starts at `offset`.
    pub fn restart_at(&mut self, offset: Offset) {
        self.segments.clear();
        self.segments.push_back(Segment::new(offset));
        (self.start, self.end) = (offset, offset);
        self.epochs.clear();
        self.producers.clear();
        self.transactions = Transactions::default();
    }

    /// After a truncation: what is remembered of segments long gone stays, the rest is read from the log again.
    fn restore_producers(&mut self) {
        let mut producers = Producers::clone(&self.producers);
        producers.forget_from(self.start);
        for batch in self.segments.iter().flat_map(Segment::batches).filter(|batch| batch.base >= self.start) {
            producers.note(batch);
        }
        self.producers = producers;
    }

    /// Compacts if enough has come since the last time: of each key only the last record stays, offsets and order are kept. What
    /// was aborted goes, its marker stays. The active segment, and what is above the last stable offset, is neither read nor
    /// touched (AK: LogCleanerManager.cleanableOffsets). True if it did.
    pub fn compact(&mut self, high_watermark: Offset) -> bool {
        let closed = self.closed_below(self.last_stable(high_watermark));
        if !self.config.compact || !self.is_dirty(closed) {
            return false;
        }
        let last = self.last_of_each_key(closed);
        for segment in self.segments.range_mut(..closed) {
            let counts = segment.batches().filter(|batch| !self.transactions.is_aborted(batch));
            let kept = counts.flat_map(|batch| keep_last(batch, &last)).collect();
            *segment = Segment::holding(segment.base(), kept);
            segment.clean = true;
        }
        let active = self.active().base();
        self.segments.retain(|segment| !segment.is_empty() || segment.base() == active);
        true
    }

    fn closed_below(&self, high_watermark: Offset) -> usize {
        let bounds = self.segments.iter().skip(1).map(Segment::base);
        bounds.take_while(|bound| *bound <= high_watermark).count()
    }

    fn is_dirty(&self, closed: usize) -> bool {
        let all: u64 = self.segments.range(..closed).map(Segment::bytes).sum();
        let clean: u64 = self.segments.range(..closed).filter(|segment| segment.clean).map(Segment::bytes).sum();
        all > clean && (all - clean) * 100 >= all * DIRTY_PERCENT_MIN
    }

    fn last_of_each_key(&self, closed: usize) -> BTreeMap<Rc<[u8]>, Offset> {
        let batches = self.segments.range(..closed).flat_map(Segment::batches);
        let counts = batches.filter(|batch| !batch.is_control() && !self.transactions.is_aborted(batch));
        let records = counts.flat_map(Batch::numbered);
        records.filter_map(|(offset, record)| Some((record.key.clone()?, offset))).collect()
    }
}

/// What is left of a batch. Where records are missing in the middle it becomes several, so that all keep their offsets.
fn keep_last(batch: &Batch, last: &BTreeMap<Rc<[u8]>, Offset>) -> Vec<Batch> {
    if batch.is_control() {
        return vec![batch.clone()];
    }
    // Records without a key do not belong into a compacted topic; they are never the last of anything and go.
    let stays = |offset: Offset, record: &Record| record.key.as_ref().is_some_and(|key| last.get(key) == Some(&offset));
    let numbered: Vec<(Offset, &Record)> = batch.numbered().filter(|(offset, record)| stays(*offset, record)).collect();
    if numbered.len() as u64 == batch.count() {
        return vec![batch.clone()];
    }
    let runs = numbered.chunk_by(|(earlier, _), (later, _)| later.since(*earlier) == 1);
    runs.map(|run| part(batch, run)).collect()
}

fn part(batch: &Batch, run: &[(Offset, &Record)]) -> Batch {
    let base = run[0].0;
    let skipped = base.since(batch.base) as u32;
    Batch {
        base,
        leader_epoch: batch.leader_epoch,
        kind: batch.kind,
        stamp: batch.stamp.map(|stamp| Stamp { sequence: stamp.sequence.wrapping_add(skipped), ..stamp }),
        records: run.iter().map(|(_, record)| (*record).clone()).collect(),
    }
}
