//! Time never goes back.

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Sink};

/// `clock_monotone`.
#[derive(Default)]
pub(super) struct ClockMonotone {
    last: SimTime,
    first: First,
}

impl Sink for ClockMonotone {
    fn record(&mut self, at: SimTime, event: &Event) {
        let last = self.last;
        if at < last {
            self.first.note(at, || format!("the event `{}` follows one of {last}", event.fields().kind));
        }
        self.last = at;
    }
}

impl Check for ClockMonotone {
    fn name(&self) -> &'static str {
        "clock_monotone"
    }

    fn kinds(&self) -> Kinds {
        Kinds::ALL
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{fact, first_violation};
    use super::*;

    fn violation(seconds: &[u64]) -> Option<String> {
        first_violation(
            |_| ClockMonotone::default(),
            |names| seconds.iter().map(|&second| (second, fact(names, "tick", second))).collect(),
        )
    }

    #[test]
    fn one_instant_may_hold_many_events() {
        assert_eq!(violation(&[0, 1, 1, 2]), None);
    }

    #[test]
    fn going_back_fires() {
        assert_eq!(violation(&[0, 2, 1]).as_deref(), Some("at 1 s: the event `fact` follows one of 2 s"));
    }
}
