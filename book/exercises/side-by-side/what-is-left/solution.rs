//! A bulkhead with eight places.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Places)
}

// ANCHOR: policy
/// What inventory does in two seconds, at its worst.
const PLACES: u64 = 8;

struct Places;

impl Guard for Places {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight < PLACES
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: Code) {}
}
// ANCHOR_END: policy
