//! A breaker as it stands in most libraries: it opens after ten errors in a row. Let it notice a silence.

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::grpc::guard::Guard;
use gridlock_sim::trace::Code;

pub(crate) fn policy() -> Box<dyn Guard> {
    Box::new(Breaker { errors: 0, last: SimTime::ZERO })
}

// ANCHOR: policy
/// Open after ten errors in a row; then one call in a second asks whether it is over.
struct Breaker {
    errors: u32,
    last: SimTime,
}

impl Guard for Breaker {
    fn admit(&mut self, now: SimTime, _in_flight: u64) -> bool {
        let admitted = self.errors < 10 || now.since(self.last) >= SimDuration::from_secs(1);
        if admitted {
            self.last = now;
        }
        admitted
    }

    fn ended(&mut self, _now: SimTime, _took: SimDuration, code: Code) {
        self.errors = if code == Code::Ok { 0 } else { self.errors + 1 };
    }
}
// ANCHOR_END: policy
