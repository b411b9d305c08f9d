//! Records and record batches: the unit on the wire and on disk (B1). Control batches say how a transaction has ended (C4).

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

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionResult {
    /// Its records count.
    Commit,
    /// They never do, though they stay in the log.
    Abort,
}

/// What a batch has to do with a transaction (AK: DefaultRecordBatch.java, the attributes `isTransactional` and `isControl`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchKind {
    /// Nothing.
    #[default]
    Plain,
    /// Its records belong to the open transaction of its producer.
    Transactional,
    /// A control batch, the marker: its one record ends the transaction of its producer. It takes an offset as others do, and
    /// no application ever gets it.
    Control(TransactionResult),
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
    /// What it has to do with a transaction. Other than plain only with a stamp.
    pub kind: BatchKind,
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
        Self { base: Offset(0), leader_epoch: LeaderEpoch(0), stamp, kind: BatchKind::Plain, records }
    }

    /// A batch of a transaction, as its producer sends it.
    ///
    /// # Panics
    /// Without records.
    pub fn transactional(records: impl Into<Rc<[Record]>>, stamp: Stamp) -> Self {
        Self { kind: BatchKind::Transactional, ..Self::new(records, Some(stamp)) }
    }

    /// The marker that ends a producer's transaction. Its key and value are as long as Kafka's: version and kind, version and
    /// epoch of the coordinator (AK: EndTransactionMarker.java). It has no sequence number.
    pub fn marker(
        (id, epoch): (ProducerId, u16),
        result: TransactionResult,
        coordinator: LeaderEpoch,
        at: SimTime,
    ) -> Self {
        let kind = u8::from(result == TransactionResult::Commit);
        let [a, b, c, d] = coordinator.0.to_be_bytes();
        let record = Record::new(Some(&[0, 0, 0, kind]), &[0, 0, a, b, c, d], at);
        let stamp = Stamp { id, epoch, sequence: 0 };
        Self { kind: BatchKind::Control(result), ..Self::new([record], Some(stamp)) }
    }

    /// The epoch of the coordinator that wrote this marker; none for other batches.
    pub fn coordinator(&self) -> Option<LeaderEpoch> {
        let BatchKind::Control(_) = self.kind else { return None };
        let epoch = self.records[0].value.as_deref()?.get(2..6)?;
        Some(LeaderEpoch(u32::from_be_bytes(epoch.try_into().ok()?)))
    }

    /// It is a marker, which no application gets.
    pub fn is_control(&self) -> bool {
        matches!(self.kind, BatchKind::Control(_))
    }

    /// Number of records.
    pub fn count(&self) -> u64 {
        self.records.len() as u64
    }

    /// The offset behind its last record.
    pub fn end(&self) -> Offset {
        self.base.plus(self.count())
    }

    /// The offset of its last record.
    pub fn last(&self) -> Offset {
        Offset(self.end().0 - 1)
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
