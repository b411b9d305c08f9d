//! Which batches idempotent producers have sent, so that one sent again is not appended again (C4).
//!
//! A marker has no sequence number, and brings the epoch of its producer: if that is newer, what the older session sends is
//! refused from then on, and the newer one begins with zero (AK: ProducerAppendInfo.appendEndTxnMarker).
//!
//! **Never here:** producers without a stamp; they are appended as often as they ask.
//!
//! **Not modelled:** snapshots (state survives with the log).

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::engine::{SimDuration, SimTime};
use crate::kafka::record::{Batch, Stamp};
use crate::kafka::types::{ErrorCode, LeaderEpoch, Offset, ProducerId};

/// How many batches of a producer a broker remembers (C4).
const REMEMBERED: usize = 5;
/// Sequence numbers are 31 bits wide and start over (AK: DefaultRecordBatch.incrementSequence).
const SEQUENCE_MASK: u32 = 0x7fff_ffff;

/// A batch that was appended.
#[derive(Clone, Debug)]
struct Seen {
    first: u32,
    offsets: Range<Offset>,
}

impl Seen {
    /// The sequence number that follows.
    fn next(&self) -> u32 {
        let count = self.offsets.end.since(self.offsets.start);
        self.first.wrapping_add(count as u32) & SEQUENCE_MASK
    }
}

#[derive(Clone, Debug)]
struct Producer {
    epoch: u16,
    latest: SimTime,
    /// The newest last.
    seen: VecDeque<Seen>,
    /// Where its last marker lies, and the epoch of the coordinator that wrote it.
    marked: Option<(Offset, LeaderEpoch)>,
}

/// What is remembered of all producers of a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Producers(BTreeMap<ProducerId, Producer>);

impl Producers {
    /// Where this batch lies if it was appended before; nothing if it may be appended now. A producer nothing is known of
    /// may begin anywhere: its state may have expired (AK: ProducerAppendInfo.checkSequence).
    pub(super) fn check(&self, batch: &Batch) -> Result<Option<Range<Offset>>, ErrorCode> {
        let Some(stamp) = batch.stamp else { return Ok(None) };
        let Some(known) = self.0.get(&stamp.id) else { return Ok(None) };
        if stamp.epoch < known.epoch {
            return Err(ErrorCode::InvalidProducerEpoch);
        }
        if let Some(coordinator) = batch.coordinator() {
            let is_zombie = known.marked.is_some_and(|(_, newest)| coordinator < newest);
            return if is_zombie { Err(ErrorCode::TransactionCoordinatorFenced) } else { Ok(None) };
        }
        if stamp.epoch > known.epoch {
            return if stamp.sequence == 0 { Ok(None) } else { Err(ErrorCode::OutOfOrderSequenceNumber) };
        }
        known.check(stamp, batch.count())
    }

    /// A batch has been appended.
    pub(super) fn note(&mut self, batch: &Batch) {
        let Some(stamp) = batch.stamp else { return };
        let fresh = || Producer { epoch: stamp.epoch, latest: SimTime::ZERO, seen: VecDeque::new(), marked: None };
        let known = self.0.entry(stamp.id).or_insert_with(fresh);
        if known.epoch != stamp.epoch {
            *known = Producer { marked: known.marked, ..fresh() };
        }
        known.latest = known.latest.max(batch.max_timestamp());
        if let Some(coordinator) = batch.coordinator() {
            known.marked = Some((batch.base, coordinator));
            return;
        }
        known.seen.push_back(Seen { first: stamp.sequence, offsets: batch.base..batch.end() });
        if known.seen.len() > REMEMBERED {
            known.seen.pop_front();
        }
    }

    /// Forgets batches that lie at `offset` or behind it.
    pub(super) fn forget_from(&mut self, offset: Offset) {
        for producer in self.0.values_mut() {
            producer.seen.retain(|seen| seen.offsets.end <= offset);
            producer.marked = producer.marked.filter(|(at, _)| *at < offset);
        }
        self.0.retain(|_, producer| !producer.seen.is_empty() || producer.marked.is_some());
    }

    /// Forgets producers that have sent nothing for so long, but not the busy ones.
    pub(super) fn expire(&mut self, now: SimTime, after: SimDuration, is_busy: impl Fn(ProducerId) -> bool) {
        self.0.retain(|id, producer| now.since(producer.latest) <= after || is_busy(*id));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Producer {
    fn check(&self, stamp: Stamp, count: u64) -> Result<Option<Range<Offset>>, ErrorCode> {
        let same = |seen: &&Seen| seen.first == stamp.sequence && seen.offsets.end.since(seen.offsets.start) == count;
        if let Some(found) = self.seen.iter().find(same) {
            return Ok(Some(found.offsets.clone()));
        }
        match self.seen.back() {
            Some(last) if last.next() != stamp.sequence => Err(ErrorCode::OutOfOrderSequenceNumber),
            // Only its marker is known, so it has sent nothing yet.
            None if stamp.sequence != 0 => Err(ErrorCode::OutOfOrderSequenceNumber),
            _ => Ok(None),
        }
    }
}
