//! Guards of a client written in Rust, for what a bulkhead and a breaker cannot say as data: which calls are made at all.
//!
//! Decides nothing itself: [`Client`](super::Client) asks whoever was installed under its name, beside its policy's bulkhead.

use crate::engine::{SimDuration, SimTime};
use crate::trace::Code;

/// Lets calls through, or refuses them. One instance serves all calls of one client, until its process dies.
pub trait Guard {
    /// May a call be made, with so many of this client's under way? One that may not fails at once with `RESOURCE_EXHAUSTED`.
    fn admit(&mut self, now: SimTime, in_flight: u64) -> bool;

    /// A call that was let through has ended, after so long, with all its attempts.
    fn ended(&mut self, now: SimTime, took: SimDuration, code: Code);
}

/// Makes the guard of one client, anew in each incarnation of its process.
pub type MakeGuard = fn() -> Box<dyn Guard>;
