//! All events in turn, whatever their key. Keep the promise of order.

use gridlock_sim::kafka::partitioner::Partitioner;

pub(crate) fn policy() -> Box<dyn Partitioner> {
    Box::new(InTurn { next: 0 })
}

// ANCHOR: policy
/// Forgets about keys.
struct InTurn {
    next: u32,
}

impl Partitioner for InTurn {
    fn partition(&mut self, _key: Option<&[u8]>, partitions: u32) -> u32 {
        self.next = (self.next + 1) % partitions;
        self.next
    }
}
// ANCHOR_END: policy
