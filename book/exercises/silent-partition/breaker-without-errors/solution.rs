//! A breaker that counts silence.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Silence { heard: SimTime::ZERO, asked: SimTime::ZERO })
}

// ANCHOR: policy
/// Longer than any answer takes on a usual day.
const PATIENCE: SimDuration = SimDuration::from_secs(1);

/// Refuses while calls are in flight and none ends; one in a second asks whether it is over.
struct Silence {
    /// When a call last ended, or was the only one.
    heard: SimTime,
    /// When a call was last let through.
    asked: SimTime,
}

impl Guard for Silence {
    fn admit(&mut self, now: SimTime, in_flight: u64) -> bool {
        if in_flight == 0 {
            self.heard = now;
        }
        let silent = now.since(self.heard) >= PATIENCE;
        let admitted = !silent || now.since(self.asked) >= PATIENCE;
        if admitted {
            self.asked = now;
        }
        admitted
    }

    fn ended(&mut self, now: SimTime, _took: SimDuration, _code: Code) {
        self.heard = now;
    }
}
// ANCHOR_END: policy
