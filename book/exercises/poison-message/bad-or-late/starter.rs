//! Tries again in the same place, for as long as it takes. Let nobody else wait.

use gridlock_scenarios::stream::code::{Failure, Failures, Next};
use gridlock_sim::engine::SimDuration;

pub(crate) fn policy() -> Box<dyn Failures> {
    Box::new(Patient)
}

// ANCHOR: policy
/// Thirty attempts, a second apart.
struct Patient;

impl Failures for Patient {
    fn failed(&mut self, failure: &Failure) -> Next {
        if failure.attempts < 30 { Next::Again(SimDuration::from_secs(1)) } else { Next::Park }
    }
}
// ANCHOR_END: policy
