//! Which partition a message goes to: murmur2 of the key, or the next partition in turn (MODEL-REFERENCE.md C1, C2).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::Message;
use crate::engine::Stream;
use crate::kafka::protocol::PartitionMetadata;

/// kafkajs' `DefaultPartitioner`: keyed messages as Java does, others round robin over partitions that have a leader, from a
/// random start for each topic.
pub(crate) struct Partitioner {
    counters: BTreeMap<Rc<str>, u32>,
    draws: Stream,
}

impl Partitioner {
    pub(crate) fn new(draws: Stream) -> Self {
        Self { counters: BTreeMap::new(), draws }
    }

    /// The partition for a message. `partitions` must not be empty.
    pub(crate) fn pick(&mut self, topic: &Rc<str>, message: &Message, partitions: &[PartitionMetadata]) -> u32 {
        if let Some(partition) = message.partition {
            return partition;
        }
        match &message.record.key {
            Some(key) => keyed(key, partitions.len()),
            None => self.next(topic, partitions),
        }
    }

    fn next(&mut self, topic: &Rc<str>, partitions: &[PartitionMetadata]) -> u32 {
        let draws = &mut self.draws;
        let counter = self.counters.entry(topic.clone()).or_insert_with(|| draws.next_u64() as u32);
        *counter = counter.wrapping_add(1);
        let turn = (*counter & 0x7fff_ffff) as usize;
        let led: Vec<usize> = (0..partitions.len()).filter(|&nth| partitions[nth].leader.is_some()).collect();
        let nth = if led.is_empty() { turn % partitions.len() } else { led[turn % led.len()] };
        nth as u32
    }
}

/// The partition of a key among `count`, leaderless ones included.
pub(crate) fn keyed(key: &[u8], count: usize) -> u32 {
    (murmur2(key) & 0x7fff_ffff) % count as u32
}

/// Kafka's murmur2 (AK: clients/…/utils/Utils.java).
fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k = (k ^ (k >> 24)).wrapping_mul(M);
        hash = hash.wrapping_mul(M) ^ k;
    }
    let rest = words.remainder();
    for (nth, byte) in rest.iter().enumerate() {
        hash ^= u32::from(*byte) << (8 * nth);
    }
    if !rest.is_empty() {
        hash = hash.wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the vectors of C2. Method: hash the article's ids and Kafka's own test words.
    #[test]
    fn murmur2_gives_kafkas_numbers() {
        let vectors =
            [("12345", -1_188_365_604), ("67890", -1_338_094_217), ("A123", 1_863_851_429), ("21", -973_932_308)];
        for (key, expected) in vectors.into_iter().chain([("foobar", -790_332_482), ("abc", 479_470_107)]) {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), expected, "{key}");
        }
        assert_eq!([3, 6, 12].map(|count| keyed(b"12345", count)), [2, 2, 8]);
        assert_eq!(keyed(b"", 3), 0);
    }
}
