//! Retries as most teams write them: three attempts, with growing waits. Make the shop come back.

use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::retry::{Attempt, Retry};
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Retry> {
    Box::new(Plain)
}

// ANCHOR: policy
/// Three attempts, whatever the last minute was like.
struct Plain;

impl Retry for Plain {
    fn called(&mut self, _now: SimTime) {}

    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration> {
        let temporary = matches!(attempt.code, Code::Unavailable | Code::DeadlineExceeded);
        if !temporary || attempt.number >= 3 {
            return None;
        }
        // 50 ms, then 100 ms, each up to a fifth longer.
        let wait = 50 << (attempt.number - 1);
        Some(SimDuration::from_millis(wait + draws.below(wait / 5)))
    }
}
// ANCHOR_END: policy
