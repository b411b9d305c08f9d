//! Which partition a record goes to: by its key, or in turn (MODEL-REFERENCE.md C1, C2).
//!
//! **Never here:** whether a partition can be reached. A key goes where it belongs, with or without a leader.
//!
//! **Not modelled:** librdkafka's crc32, the partitioner kafkajs had before 2.0, and what Java's
//! partitioner learns from the length of queues (KIP-794's adaptive part).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::protocol::PartitionMetadata;
use crate::engine::Stream;

/// Java's and kafkajs' seed of the hash (C2).
const SEED: u32 = 0x9747_b28c;

/// MurmurHash2, 32 bits, little-endian, as Java's `Utils.murmur2` gives it.
pub fn murmur2(data: &[u8]) -> i32 {
    const M: u32 = 0x5bd1_e995;
    let (words, tail) = data.as_chunks::<4>();
    let mut hash = SEED ^ data.len() as u32;
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(M);
        mixed = (mixed ^ (mixed >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ mixed;
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |last, byte| (last << 8) | u32::from(*byte));
        hash = (hash ^ last).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    (hash ^ (hash >> 15)).cast_signed()
}

/// A partitioner of one's own, as clients let applications bring one. One instance serves one producer, until its process dies.
pub trait Partitioner {
    /// The partition of the next record, below `partitions`.
    fn partition(&mut self, key: Option<&[u8]>, partitions: u32) -> u32;
}

/// Makes the partitioner of one producer, anew in each incarnation of its process.
pub type MakePartitioner = fn() -> Box<dyn Partitioner>;

/// Clears the sign: not the absolute value.
pub const fn to_positive(hash: i32) -> u32 {
    hash.cast_unsigned() & 0x7fff_ffff
}

/// The partition of a key among **all** partitions of the topic. The empty key is a key.
///
/// # Panics
/// When there are no partitions.
pub fn keyed(key: &[u8], partitions: u32) -> u32 {
    to_positive(murmur2(key)) % partitions
}

/// Records without key, as kafkajs spreads them: in turn for each topic, over the partitions that have a leader.
#[derive(Clone, Debug, Default)]
pub struct RoundRobin {
    counters: BTreeMap<Rc<str>, u32>,
}

impl RoundRobin {
    /// The partition of the next record of this topic. The first starts anywhere. Without any leader all partitions take turns.
    ///
    /// # Panics
    /// When there are no partitions.
    pub fn next(&mut self, topic: &Rc<str>, partitions: &[PartitionMetadata], draws: &mut Stream) -> u32 {
        let counter = self.counters.entry(topic.clone()).or_insert_with(|| draws.next_u64() as u32);
        *counter = counter.wrapping_add(1);
        let turn = to_positive(counter.cast_signed());
        let led = with_leader(partitions);
        match led.is_empty() {
            true => turn % partitions.len() as u32,
            false => led[turn as usize % led.len()],
        }
    }
}

/// Records without key, as Java spreads them: one random partition for as long as it takes to fill a batch (KIP-480), counted
/// in bytes (KIP-794).
#[derive(Clone, Debug)]
pub struct Sticky {
    batch_bytes: u64,
    /// By topic: the partition, and the bytes it has got since it was chosen.
    current: BTreeMap<Rc<str>, (u32, u64)>,
}

/// `batch.size` of the Java producer (C1).
pub const BATCH_SIZE: u64 = 16 * 1024;

impl Default for Sticky {
    fn default() -> Self {
        Self::new(BATCH_SIZE)
    }
}

impl Sticky {
    /// Changes the partition after this many bytes.
    pub fn new(batch_bytes: u64) -> Self {
        Self { batch_bytes, current: BTreeMap::new() }
    }

    /// The partition of the next record of this topic, which has so many bytes.
    ///
    /// # Panics
    /// When there are no partitions.
    pub fn next(&mut self, topic: &Rc<str>, bytes: u64, partitions: &[PartitionMetadata], draws: &mut Stream) -> u32 {
        let kept = self.current.get(topic).filter(|(_, filled)| *filled < self.batch_bytes);
        let (partition, filled) = kept.copied().unwrap_or_else(|| (anyone(partitions, draws), 0));
        self.current.insert(topic.clone(), (partition, filled + bytes));
        partition
    }
}

/// A partition with a leader, by chance; any, if none has.
fn anyone(partitions: &[PartitionMetadata], draws: &mut Stream) -> u32 {
    let led = with_leader(partitions);
    match led.is_empty() {
        true => draws.below(partitions.len() as u64) as u32,
        false => led[draws.below(led.len() as u64) as usize],
    }
}

fn with_leader(partitions: &[PartitionMetadata]) -> Vec<u32> {
    (0..).zip(partitions).filter(|(_, state)| state.leader.is_some()).map(|(nth, _)| nth).collect()
}
