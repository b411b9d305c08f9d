//! What of a fetch its application gets: no markers, and nothing of a transaction that the broker has named as aborted (C4).
//!
//! A broker names transactions, with their first offsets, in the order of their markers; which records belong to them is for the
//! client to find out. The two clients differ in that, as read from their code.
//!
//! **Never here:** how far a fetch reads. That is the broker's part, see [`Isolation`](crate::kafka::protocol::Isolation).

use std::collections::BTreeSet;

use crate::kafka::protocol::{AbortedTransaction, Fetched};
use crate::kafka::record::{Batch, BatchKind, Record, TransactionResult};
use crate::kafka::types::{Offset, ProducerId};

/// What a Java consumer hands out: a producer's batches are dropped from where its transaction began up to its marker (AK:
/// CompletedFetch.java, which keeps what was aborted in a queue ordered by first offset).
pub(super) fn to_java(fetched: &Fetched) -> impl Iterator<Item = (Offset, &Record)> {
    let mut begun: Vec<AbortedTransaction> = fetched.aborted.clone();
    begun.sort_by_key(|aborted| std::cmp::Reverse(aborted.first));
    let mut ignored: BTreeSet<ProducerId> = BTreeSet::new();
    let is_handed_out = move |batch: &&Batch| {
        while let Some(aborted) = begun.pop_if(|aborted| aborted.first < batch.end()) {
            ignored.insert(aborted.producer);
        }
        is_visible(batch, &mut ignored)
    };
    fetched.batches.iter().filter(is_handed_out).flat_map(Batch::numbered)
}

/// What a kafkajs consumer hands out, of the records from `from` on (KJ:consumer/batch.js, filterAbortedMessages.js of 2.2.4).
///
/// It takes what was aborted in the order in which the broker names it, which is not that of first offsets, and at most one
/// transaction for each record. So where transactions of several producers overlap in one partition, records of an aborted one
/// may come through.
pub(super) fn to_kafkajs(fetched: &Fetched, from: Offset) -> impl Iterator<Item = (Offset, &Record)> {
    let mut named = fetched.aborted.iter().peekable();
    let mut ignored: BTreeSet<ProducerId> = BTreeSet::new();
    let records =
        fetched.batches.iter().flat_map(|batch| batch.numbered().map(move |(at, record)| (batch, at, record)));
    let within = records.filter(move |(_, offset, _)| *offset >= from);
    let handed_out = within.filter(move |(batch, offset, _)| {
        if let Some(aborted) = named.next_if(|aborted| *offset >= aborted.first) {
            ignored.insert(aborted.producer);
        }
        is_visible(batch, &mut ignored)
    });
    handed_out.map(|(_, offset, record)| (offset, record))
}

/// Whether a batch is none of those to be ignored, nor a marker. One that says ABORT ends the ignoring of its producer.
fn is_visible(batch: &Batch, ignored: &mut BTreeSet<ProducerId>) -> bool {
    match (batch.kind, batch.stamp) {
        (BatchKind::Plain, _) => true,
        (BatchKind::Transactional, stamp) => stamp.is_none_or(|stamp| !ignored.contains(&stamp.id)),
        (BatchKind::Control(result), stamp) => {
            if let Some(stamp) = stamp.filter(|_| result == TransactionResult::Abort) {
                ignored.remove(&stamp.id);
            }
            false
        }
    }
}
