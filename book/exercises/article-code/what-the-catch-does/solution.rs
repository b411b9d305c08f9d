//! A catch block that keeps the event.

use gridlock_scenarios::stream::code::{Failure, Failures, Next};

pub(crate) fn policy() -> Box<dyn Failures> {
    Box::new(Keeps)
}

// ANCHOR: policy
/// Three attempts, and then somebody has to look at it.
struct Keeps;

impl Failures for Keeps {
    fn failed(&mut self, failure: &Failure) -> Next {
        if failure.attempts < 3 { Next::Later } else { Next::Park }
    }
}
// ANCHOR_END: policy
