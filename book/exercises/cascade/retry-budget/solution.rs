//! Retries on a budget: each call earns a twentieth of one, and five can be saved up.

use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::retry::{Attempt, Retry};
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Retry> {
    Box::new(Budgeted { twentieths: SAVED_MAX })
}

// ANCHOR: policy
/// Five retries, in twentieths.
const SAVED_MAX: u32 = 100;

/// Three attempts, as long as there is a budget for them.
struct Budgeted {
    /// Twentieths of a retry that are left.
    twentieths: u32,
}

impl Retry for Budgeted {
    fn called(&mut self, _now: SimTime) {
        self.twentieths = (self.twentieths + 1).min(SAVED_MAX);
    }

    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration> {
        let temporary = matches!(attempt.code, Code::Unavailable | Code::DeadlineExceeded);
        if !temporary || attempt.number >= 3 || self.twentieths < 20 {
            return None;
        }
        self.twentieths -= 20;
        let wait = 50 << (attempt.number - 1);
        Some(SimDuration::from_millis(wait + draws.below(wait / 5)))
    }
}
// ANCHOR_END: policy
