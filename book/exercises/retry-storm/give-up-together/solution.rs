//! Retries while a failure is an exception.

use gridlock_sim::engine::{SimDuration, SimTime, Stream};
use gridlock_sim::grpc::retry::{Attempt, Retry};

pub(crate) fn policy() -> Box<dyn Retry> {
    Box::new(Together { failing: 0 })
}

// ANCHOR: policy
/// More than so many failures beyond a tenth of the calls, and a failure is the rule.
const TOLERATED: u32 = 30;

/// Counts failures that calls have not yet made up for.
struct Together {
    /// In tenths: a failure adds ten, a call takes one away.
    failing: u32,
}

impl Retry for Together {
    fn called(&mut self, _now: SimTime) {
        self.failing = self.failing.saturating_sub(1);
    }

    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration> {
        self.failing = (self.failing + 10).min(20 * TOLERATED);
        let is_exception = self.failing <= 10 * TOLERATED;
        // Long enough for a short stop to be over.
        let wait = 200 * u64::from(attempt.number);
        (is_exception && attempt.number < 3).then(|| SimDuration::from_millis(wait + draws.below(wait / 5)))
    }
}
// ANCHOR_END: policy
