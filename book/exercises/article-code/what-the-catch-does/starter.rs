//! The article's catch block: `console.error(error)`. Lose nothing.

use gridlock_scenarios::stream::code::{Failure, Failures, Next};

pub(crate) fn policy() -> Box<dyn Failures> {
    Box::new(Logs)
}

// ANCHOR: policy
/// Logs it, and goes on.
struct Logs;

impl Failures for Logs {
    fn failed(&mut self, _failure: &Failure) -> Next {
        Next::Skip
    }
}
// ANCHOR_END: policy
