//! A bulkhead with sixty-four places. Serve some orders as well.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Places)
}

// ANCHOR: policy
/// A quarter of the slots.
const PLACES: u64 = 64;

struct Places;

impl Guard for Places {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight < PLACES
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: Code) {}
}
// ANCHOR_END: policy
