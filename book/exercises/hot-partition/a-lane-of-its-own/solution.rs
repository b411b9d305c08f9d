//! The first partition for one key, the others for all others by their hash.

use gridlock_sim::kafka::partitioner::{Partitioner, keyed};

pub(crate) fn policy() -> Box<dyn Partitioner> {
    Box::new(OwnLane)
}

// ANCHOR: policy
/// The large customer.
const LARGE: &[u8] = b"67890";

struct OwnLane;

impl Partitioner for OwnLane {
    fn partition(&mut self, key: Option<&[u8]>, partitions: u32) -> u32 {
        match key {
            Some(key) if key != LARGE && partitions > 1 => 1 + keyed(key, partitions - 1),
            _ => 0,
        }
    }
}
// ANCHOR_END: policy
