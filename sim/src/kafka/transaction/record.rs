//! What a coordinator writes down, as a record of an ordinary compacted log: the key is a transactional id, its last value counts.
//!
//! **Never here:** decisions. **Not modelled:** Kafka's own layout of these bytes; ours is as compact, so sizes are close.

use std::rc::Rc;

use crate::engine::{SimDuration, SimTime};
use crate::kafka::group::record::codec::{Reader, Writer};
use crate::kafka::record::{Record, TransactionResult};
use crate::kafka::types::{ProducerId, TopicPartition};

/// Where a transactional id stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its producer has not begun a transaction.
    Empty,
    /// Partitions are part of it.
    Ongoing,
    /// How it ends is decided; not all markers are written.
    Prepared(TransactionResult),
    /// All markers are written.
    Complete(TransactionResult),
}

/// A transactional id as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The producer id.
    pub producer: ProducerId,
    /// The epoch of the newest producer that has it, or the one that fences it.
    pub epoch: u16,
    /// `transaction.timeout.ms` of its producer.
    pub timeout: SimDuration,
    /// Where it stands.
    pub state: State,
    /// The partitions of the transaction, in order, until it is complete.
    pub partitions: Vec<TopicPartition>,
    /// When it began, if it has.
    pub began: SimTime,
}

/// First byte of key and value: their version.
const VERSION: u8 = 0;

pub(super) fn encode(id: &Rc<str>, stored: &Stored, timestamp: SimTime) -> Record {
    let value = Writer::new(VERSION)
        .number(stored.producer.0)
        .number(stored.epoch.into())
        .number(stored.timeout.as_nanos())
        .number(number_of(stored.state))
        .list(&stored.partitions, Writer::partition)
        .number(stored.began.as_nanos());
    Record::new(Some(&Writer::new(VERSION).text(id).finish()), &value.finish(), timestamp)
}

/// Reads a record of the log.
///
/// # Panics
/// When no coordinator has written it.
pub(super) fn decode(record: &Record) -> (Rc<str>, Stored) {
    let (_, mut key) = Reader::new(record.key.as_deref().expect("coordinators write keys"));
    let (_, mut value) = Reader::new(record.value.as_deref().expect("coordinators write values"));
    let stored = Stored {
        producer: ProducerId(value.number()),
        epoch: u16::try_from(value.number()).expect("written from 16 bits"),
        timeout: SimDuration::from_nanos(value.number()),
        state: state_of(value.number()),
        partitions: value.list(Reader::partition),
        began: SimTime::from_nanos(value.number()),
    };
    (key.text(), stored)
}

const STATES: [State; 6] = [
    State::Empty,
    State::Ongoing,
    State::Prepared(TransactionResult::Commit),
    State::Prepared(TransactionResult::Abort),
    State::Complete(TransactionResult::Commit),
    State::Complete(TransactionResult::Abort),
];

fn number_of(state: State) -> u64 {
    STATES.iter().position(|each| *each == state).expect("all are listed") as u64
}

fn state_of(number: u64) -> State {
    STATES[usize::try_from(number).expect("written from a position")]
}
