//! Records and record batches: the unit on the wire and on disk (B1).

use std::rc::Rc;

use super::types::{LeaderEpoch, Offset, ProducerId};
use crate::engine::SimTime;

/// Bytes of a record batch v2 before its records.
pub const BATCH_OVERHEAD: u64 = 61;
/// Bytes of a record around its key and value: length, attributes, deltas and sizes as varints, rounded.
const RECORD_OVERHEAD: u64 = 8;

/// What a record says. Brokers never look inside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Decides the partition, if there is one.
    pub key: Option<Rc<[u8]>>,
    /// `None` is a tombstone.
    pub value: Option<Rc<[u8]>>,
    /// Names and values beside the value, such as the cause of a dead letter.
    pub headers: Rc<[(String, String)]>,
    /// When the producer made it.
    pub timestamp: SimTime,
}

impl Record {
    /// A record without headers.
    pub fn new(key: Option<&[u8]>, value: &[u8], timestamp: SimTime) -> Self {
        Self { key: key.map(Rc::from), value: Some(value.into()), headers: Rc::from([]), timestamp }
    }

    /// Bytes on the wire.
    pub fn bytes(&self) -> u64 {
        let len = |part: &Option<Rc<[u8]>>| part.as_ref().map_or(0, |part| part.len() as u64);
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        RECORD_OVERHEAD + len(&self.key) + len(&self.value) + headers as u64
    }
}

/// By which a broker recognises a batch that a producer sends again (C4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The producer's session.
    pub id: ProducerId,
    /// Raised when a newer session of the same transactional id begins.
    pub epoch: u16,
    /// Sequence number of the first record, per partition.
    pub sequence: u32,
}

/// Records of one producer for one partition, appended together or not at all. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Offset of the first record: zero until the leader has assigned it.
    pub base: Offset,
    /// The leader under which it was appended.
    pub leader_epoch: LeaderEpoch,
    /// Only from idempotent producers.
    pub stamp: Option<Stamp>,
    /// At least one record.
    pub records: Rc<[Record]>,
}

impl Batch {
    /// A batch as a producer sends it.
    ///
    /// # Panics
    /// Without records.
    pub fn new(records: impl Into<Rc<[Record]>>, stamp: Option<Stamp>) -> Self {
        let records = records.into();
        assert!(!records.is_empty(), "a batch has at least one record");
        Self { base: Offset(0), leader_epoch: LeaderEpoch(0), stamp, records }
    }

    /// Number of records.
    pub fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// The offset behind its last record.
    pub fn end(&self) -> Offset {
        self.base.plus(self.count())
    }

    /// Bytes on the wire and on disk.
    pub fn bytes(&self) -> u64 {
        BATCH_OVERHEAD + self.records.iter().map(Record::bytes).sum::<u64>()
    }

    /// The latest timestamp among its records: what retention by time looks at (B1).
    pub fn max_timestamp(&self) -> SimTime {
        self.records.iter().map(|record| record.timestamp).max().unwrap_or(SimTime::ZERO)
    }

    /// Its records with their offsets.
    pub fn numbered(&self) -> impl Iterator<Item = (Offset, &Record)> {
        (0..).zip(self.records.iter()).map(|(nth, record)| (self.base.plus(nth), record))
    }
}
