//! Three attempts, whatever becomes of the others. Let them stop when they only do harm.

use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::retry::{Attempt, Retry};

pub(crate) fn policy() -> Box<dyn Retry> {
    Box::new(Plain)
}

// ANCHOR: policy
/// Three attempts, with waits that double.
struct Plain;

impl Retry for Plain {
    fn called(&mut self, _now: SimTime) {}

    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration> {
        let wait = 50 << (attempt.number - 1);
        (attempt.number < 3).then(|| SimDuration::from_millis(wait + draws.below(wait / 5)))
    }
}
// ANCHOR_END: policy
