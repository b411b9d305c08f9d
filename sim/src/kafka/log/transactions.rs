//! Transactions as a log sees them: which are open, how far they let readers of committed records read, and which were aborted
//! (C4; AK: ProducerStateManager.java, TransactionIndex.java).
//!
//! All of it follows from the batches, so a follower knows it as its leader does, and truncation takes it back exactly.
//!
//! **Never here:** who ends a transaction, and when; see [`transaction`](crate::kafka::transaction).

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use crate::kafka::protocol::AbortedTransaction;
use crate::kafka::record::{Batch, BatchKind, TransactionResult};
use crate::kafka::types::{ErrorCode, Offset, ProducerId};

/// A transaction that has its marker.
#[derive(Clone, Copy, Debug)]
struct Ended {
    producer: ProducerId,
    /// Its first record.
    first: Offset,
    marker: Offset,
    result: TransactionResult,
    /// All that end later begin here or behind it: where a search may end.
    stable: Offset,
}

/// What is known of the transactions of a partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    /// A producer has at most one at a time: where it began.
    open: BTreeMap<ProducerId, Offset>,
    /// In the order of their markers. One for each marker in the log that ended something.
    ended: VecDeque<Ended>,
}

impl Transactions {
    /// While a transaction of a producer is open, it sends nothing beside it (AK: ProducerAppendInfo.appendDataBatch).
    pub(super) fn check(&self, batch: &Batch) -> Result<(), ErrorCode> {
        match (batch.kind, batch.stamp) {
            (BatchKind::Plain, Some(stamp)) if self.is_open(stamp.id) => Err(ErrorCode::InvalidTxnState),
            _ => Ok(()),
        }
    }

    /// A batch has been appended.
    pub(super) fn note(&mut self, batch: &Batch) {
        let Some(stamp) = batch.stamp.filter(|_| batch.kind != BatchKind::Plain) else { return };
        match batch.kind {
            BatchKind::Control(result) => self.end(stamp.id, batch.base, result),
            _ => drop(self.open.entry(stamp.id).or_insert(batch.base)),
        }
    }

    /// A marker ends what is open, if anything is.
    fn end(&mut self, producer: ProducerId, marker: Offset, result: TransactionResult) {
        let Some(first) = self.open.remove(&producer) else { return };
        let stable = self.open.values().min().copied().unwrap_or(marker.plus(1));
        self.ended.push_back(Ended { producer, first, marker, result, stable });
    }

    pub(super) fn is_open(&self, producer: ProducerId) -> bool {
        self.open.contains_key(&producer)
    }

    /// The first record that is not decided, else the high watermark. A transaction whose marker is not committed is not decided:
    /// the next leader may lack it.
    pub(super) fn last_stable(&self, high_watermark: Offset) -> Offset {
        let unreplicated = self.ended.iter().rev().take_while(|ended| ended.marker >= high_watermark);
        let undecided = unreplicated.map(|ended| ended.first).chain(self.open.values().copied());
        undecided.fold(high_watermark, Offset::min)
    }

    /// Aborted transactions with records in this span.
    pub(super) fn aborted(&self, span: &Range<Offset>) -> Vec<AbortedTransaction> {
        let mut aborted = Vec::new();
        let from = self.ended.partition_point(|ended| ended.marker < span.start);
        for ended in self.ended.range(from..) {
            if ended.result == TransactionResult::Abort && ended.first < span.end {
                aborted.push(AbortedTransaction { producer: ended.producer, first: ended.first });
            }
            if ended.stable >= span.end {
                break;
            }
        }
        aborted
    }

    /// Whether the batch belongs to a transaction that was aborted: the first of its producer that ends behind it.
    pub(super) fn is_aborted(&self, batch: &Batch) -> bool {
        let (BatchKind::Transactional, Some(stamp)) = (batch.kind, batch.stamp) else { return false };
        let from = self.ended.partition_point(|ended| ended.marker < batch.base);
        let its = self.ended.range(from..).find(|ended| ended.producer == stamp.id);
        its.is_some_and(|ended| ended.result == TransactionResult::Abort && ended.first <= batch.base)
    }

    /// Nothing at `end` or behind it is there any more: what ended there is open again, what began there never was.
    pub(super) fn truncate_end(&mut self, end: Offset) {
        let kept = self.ended.partition_point(|ended| ended.marker < end);
        for ended in self.ended.drain(kept..).rev() {
            self.open.insert(ended.producer, ended.first);
        }
        self.open.retain(|_, first| *first < end);
    }

    /// Nothing before `start` is there any more: what ended there is not asked for again.
    pub(super) fn truncate_start(&mut self, start: Offset) {
        let gone = self.ended.partition_point(|ended| ended.marker < start);
        self.ended.drain(..gone);
    }
}
