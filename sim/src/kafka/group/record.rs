//! What a coordinator writes down, and how it looks as a record of an ordinary compacted log: the key names a group, or a
//! group and a partition; the last value of a key counts; no value is a tombstone.
//!
//! **Never here:** decisions. **Not modelled:** Kafka's own layout of these bytes; ours is as compact, so sizes are close.

pub(in crate::kafka) mod codec;
#[cfg(test)]
mod tests;

use std::rc::Rc;

use self::codec::{Reader, Writer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::protocol::Subscription;
use crate::kafka::record::Record;
use crate::kafka::types::{Offset, TopicPartition};

/// A stored offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The next record to read.
    pub offset: Offset,
    /// When it was committed.
    pub at: SimTime,
}

/// A member as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredMember {
    /// Its id.
    pub id: Rc<str>,
    /// Its `group.instance.id`, if it is static.
    pub instance: Option<Rc<str>>,
    /// Its session timeout.
    pub session_timeout: SimDuration,
    /// Its rebalance timeout.
    pub rebalance_timeout: SimDuration,
    /// What it wants to read.
    pub subscription: Subscription,
    /// Its share.
    pub assignment: Vec<TopicPartition>,
}

/// A group as it is written down when a generation has its assignment, and when it becomes empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGroup {
    /// The generation.
    pub generation: u32,
    /// The assignor it has agreed on; none without members.
    pub protocol: Option<Rc<str>>,
    /// The member that assigns; none without members.
    pub leader: Option<Rc<str>>,
    /// Since when it is in its state.
    pub since: SimTime,
    /// Its members, the first to join first.
    pub members: Vec<StoredMember>,
}

/// A record of [`OFFSETS_TOPIC`](super::OFFSETS_TOPIC).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord {
    /// An offset was committed, or has expired.
    Offset {
        /// The group.
        group: Rc<str>,
        /// Of which partition.
        partition: TopicPartition,
        /// The offset; none is a tombstone.
        stored: Option<Stored>,
    },
    /// A group has a new assignment, is empty, or is gone.
    Group {
        /// The group.
        group: Rc<str>,
        /// What it is now; none is a tombstone.
        stored: Option<StoredGroup>,
    },
}

/// First byte of a key: what it names.
const OFFSET: u8 = 1;
const GROUP: u8 = 2;

impl GroupRecord {
    /// The record as the log keeps it.
    pub fn encode(&self, timestamp: SimTime) -> Record {
        let (key, value) = match self {
            GroupRecord::Offset { group, partition, stored } => {
                (Writer::new(OFFSET).text(group).partition(partition), stored.map(write_offset))
            }
            GroupRecord::Group { group, stored } => (Writer::new(GROUP).text(group), stored.as_ref().map(write_group)),
        };
        let value = value.map(|value| value.finish().into());
        Record { key: Some(key.finish().into()), value, headers: Rc::from([]), timestamp }
    }

    /// Reads a record of the log.
    ///
    /// # Panics
    /// When no coordinator has written it.
    pub fn decode(record: &Record) -> Self {
        let key = record.key.as_deref().expect("coordinators write keys");
        let (kind, mut key) = Reader::new(key);
        let group = key.text();
        let value = record.value.as_deref().map(|bytes| Reader::new(bytes).1);
        match kind {
            OFFSET => GroupRecord::Offset { group, partition: key.partition(), stored: value.map(read_offset) },
            GROUP => GroupRecord::Group { group, stored: value.map(read_group) },
            other => panic!("no coordinator writes keys of kind {other}"),
        }
    }
}

/// Version of the values.
const VERSION: u8 = 0;

fn write_offset(stored: Stored) -> Writer {
    Writer::new(VERSION).number(stored.offset.0).number(stored.at.as_nanos())
}

fn read_offset(mut value: Reader<'_>) -> Stored {
    Stored { offset: Offset(value.number()), at: SimTime::from_nanos(value.number()) }
}

fn write_group(group: &StoredGroup) -> Writer {
    Writer::new(VERSION)
        .number(group.generation.into())
        .optional(&group.protocol)
        .optional(&group.leader)
        .number(group.since.as_nanos())
        .list(&group.members, write_member)
}

fn read_group(mut value: Reader<'_>) -> StoredGroup {
    StoredGroup {
        generation: value.small(),
        protocol: value.optional(),
        leader: value.optional(),
        since: SimTime::from_nanos(value.number()),
        members: value.list(read_member),
    }
}

fn write_member(to: Writer, member: &StoredMember) -> Writer {
    let subscription = &member.subscription;
    to.text(&member.id)
        .optional(&member.instance)
        .number(member.session_timeout.as_nanos())
        .number(member.rebalance_timeout.as_nanos())
        .list(&subscription.topics, |to, topic| to.text(topic))
        .list(&subscription.owned, Writer::partition)
        .number(subscription.generation.map_or(0, |generation| u64::from(generation) + 1))
        .list(&member.assignment, Writer::partition)
}

fn read_member(from: &mut Reader<'_>) -> StoredMember {
    StoredMember {
        id: from.text(),
        instance: from.optional(),
        session_timeout: SimDuration::from_nanos(from.number()),
        rebalance_timeout: SimDuration::from_nanos(from.number()),
        subscription: Subscription {
            topics: from.list(Reader::text),
            owned: from.list(Reader::partition),
            generation: from.number().checked_sub(1).map(|generation| generation as u32),
        },
        assignment: from.list(Reader::partition),
    }
}
