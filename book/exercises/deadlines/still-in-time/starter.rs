//! A guard with a number from a good day. Let it find out by itself what is still in time.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(InTime)
}

// ANCHOR: policy
/// What one reservation takes on a good day.
const ONE: SimDuration = SimDuration::from_millis(10);
/// What the gateway waits.
const DEADLINE: SimDuration = SimDuration::from_secs(1);

struct InTime;

impl Guard for InTime {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        ONE * (in_flight + 1) <= DEADLINE
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: Code) {}
}
// ANCHOR_END: policy
