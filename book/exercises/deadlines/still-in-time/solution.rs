//! A guard that measures what one call costs.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(InTime { one: SimDuration::from_millis(10), last: SimTime::ZERO })
}

// ANCHOR: policy
/// What the gateway waits, less what order's own work takes of it, and room for an estimate that is too low.
const ROOM: SimDuration = SimDuration::from_millis(750);

/// Lets through what will be answered in time.
struct InTime {
    /// What one call has cost lately.
    one: SimDuration,
    /// When the last one ended.
    last: SimTime,
}

impl Guard for InTime {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight == 0 || self.one * (in_flight + 1) <= ROOM
    }

    fn ended(&mut self, now: SimTime, took: SimDuration, _code: Code) {
        // While others were waiting the distance is what one costs; a call that was alone took that by itself.
        let one = took.min(now.since(self.last));
        // Slowly: answers come in twos and threes.
        self.one = (self.one * 7 + one) / 8;
        self.last = now;
    }
}
// ANCHOR_END: policy
