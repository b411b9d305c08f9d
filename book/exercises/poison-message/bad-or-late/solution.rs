//! Sets aside what cannot be read, and comes back later to what may pass.

use gridlock_scenarios::stream::code::{Failure, Failures, Next};

pub(crate) fn policy() -> Box<dyn Failures> {
    Box::new(BadOrLate)
}

// ANCHOR: policy
/// Ten attempts, five seconds apart, cover three quarters of a minute.
const ATTEMPTS_MAX: u32 = 10;

struct BadOrLate;

impl Failures for BadOrLate {
    fn failed(&mut self, failure: &Failure) -> Next {
        if failure.malformed || failure.attempts >= ATTEMPTS_MAX { Next::Park } else { Next::Later }
    }
}
// ANCHOR_END: policy
