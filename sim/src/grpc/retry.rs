//! Retry loops written in Rust, for what [`RetryLoop`](super::policy::RetryLoop) cannot say as data.
//!
//! Decides nothing itself: [`Client`](super::Client) asks whoever was installed under its name, in the place of its policy's
//! loop and budget.

use crate::engine::{SimDuration, SimTime, Stream};
use crate::trace::Code;

/// Attempts of one call at most, whatever a policy says: every retry has a bound.
pub const ATTEMPTS_MAX: u32 = 100;

/// What a client does about attempts that failed. One instance serves all calls of one client, until its process dies.
pub trait Retry {
    /// A call begins: its first attempt is about to be made.
    fn called(&mut self, now: SimTime);

    /// An attempt has failed. Some wait, and the call is tried again after it; none, and it fails as the attempt did. `draws` belongs to
    /// this client: two runs of one seed draw the same.
    fn failed(&mut self, attempt: &Attempt, draws: &mut Stream) -> Option<SimDuration>;
}

/// An attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    /// How it failed.
    pub code: Code,
    /// When.
    pub at: SimTime,
}

/// Makes the policy of one client, anew in each incarnation of its process.
pub type MakeRetry = fn() -> Box<dyn Retry>;
