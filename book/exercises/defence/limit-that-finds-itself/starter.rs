//! A limit that somebody computed for one fault. Let it find itself.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Fixed)
}

// ANCHOR: policy
/// Four places.
struct Fixed;

impl Guard for Fixed {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight < 4
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: Code) {}
}
// ANCHOR_END: policy
