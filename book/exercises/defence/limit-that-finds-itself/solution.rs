//! A limit that grows while answers are quick, and is halved when they are not.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Adaptive { hundredths: 64 * 100, halved: SimTime::ZERO })
}

// ANCHOR: policy
/// Answers within this are quick: well below the deadline of 900 ms.
const QUICK: SimDuration = SimDuration::from_millis(600);

/// Adds slowly, halves quickly.
struct Adaptive {
    /// The limit, in hundredths of a call.
    hundredths: u64,
    /// When it was last halved.
    halved: SimTime,
}

impl Guard for Adaptive {
    fn admit(&mut self, _now: SimTime, in_flight: u64) -> bool {
        in_flight * 100 < self.hundredths
    }

    fn ended(&mut self, now: SimTime, took: SimDuration, code: Code) {
        if code == Code::Ok && took <= QUICK {
            self.hundredths = (self.hundredths + 5_000 / self.hundredths.max(1) + 5).min(64 * 100);
        } else if now.since(self.halved) >= QUICK {
            // Once for all that were under way: they tell of the same line.
            self.hundredths = (self.hundredths / 2).max(200);
            self.halved = now;
        }
    }
}
// ANCHOR_END: policy
