//! A door that counts how many go through in a second. Let the process survive, whatever the callee's latency is.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Door { since: SimTime::ZERO, admitted: 0 })
}

// ANCHOR: policy
/// At most 150 calls in a second.
struct Door {
    since: SimTime,
    admitted: u32,
}

impl Guard for Door {
    fn admit(&mut self, now: SimTime, _in_flight: u64) -> bool {
        if now.since(self.since) >= SimDuration::from_secs(1) {
            (self.since, self.admitted) = (now, 0);
        }
        self.admitted += 1;
        self.admitted <= 150
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, _code: Code) {}
}
// ANCHOR_END: policy
