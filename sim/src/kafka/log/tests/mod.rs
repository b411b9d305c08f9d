//! One log alone: what is in it, and what is not any more.

mod cleanup;
mod epochs;
mod producers;
mod reads;
mod transactions;

use std::rc::Rc;

use super::{Appended, Log, ReadLimit};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::metadata::TopicConfig;
use crate::kafka::record::{Batch, Record, Stamp};
use crate::kafka::types::{ErrorCode, LeaderEpoch, Offset, ProducerId};
use crate::units::Bytes;

const ALL: ReadLimit = ReadLimit { bytes: u64::MAX, whole_first: true };

fn at(secs: u64) -> SimTime {
    SimTime::from_secs(secs)
}

/// Records of one byte each.
fn batch(values: &str, time: SimTime) -> Batch {
    Batch::new(values.bytes().map(|value| Record::new(None, &[value], time)).collect::<Vec<_>>(), None)
}

fn stamped(values: &str, epoch: u16, sequence: u32) -> Batch {
    Batch { stamp: Some(Stamp { id: ProducerId(7), epoch, sequence }), ..batch(values, at(0)) }
}

/// A log whose segments hold two batches of one record.
fn log(config: TopicConfig) -> Log {
    let two = 2 * batch("x", at(0)).bytes();
    Log::new(Rc::new(TopicConfig { segment_bytes: Bytes(two), ..config }))
}

fn append(log: &mut Log, values: &str, epoch: u32, time: SimTime) -> Offset {
    log.append(batch(values, time), LeaderEpoch(epoch)).expect("nobody stamps").base
}

fn values(batches: &[Batch]) -> String {
    let records = batches.iter().flat_map(|batch| batch.records.iter());
    records.map(|record| char::from(record.value.as_ref().map_or(b'-', |value| value[0]))).collect()
}

fn everything(log: &Log) -> String {
    values(&log.read(log.start()..log.end(), ALL))
}
