//! A circuit breaker moves closed → open → half open → closed or open, and no other way.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Gauge, Name, Names, Sink};

const CLOSED: u64 = 0;
const HALF_OPEN: u64 = 1;
const OPEN: u64 = 2;

/// `breaker_transitions`.
///
/// Breakers begin closed, also when their process begins anew: those named `<process>`, or `<process>` followed by `->`, `.` or `/`,
/// are forgotten when it exits or starts.
pub(super) struct BreakerTransitions {
    names: Rc<Names>,
    states: BTreeMap<Name, u64>,
    first: First,
}

impl BreakerTransitions {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { names: names.clone(), states: BTreeMap::new(), first: First::default() }
    }

    fn moved(&mut self, at: SimTime, breaker: Name, to: u64) {
        let from = self.states.insert(breaker, to).unwrap_or(CLOSED);
        let allowed = matches!((from, to), (CLOSED, OPEN) | (OPEN, HALF_OPEN) | (HALF_OPEN, CLOSED | OPEN));
        if !(allowed || from == to && to <= OPEN) {
            let name = self.names.text(breaker);
            self.first.note(at, || format!("the breaker of {name} went from {} to {}", word(from), word(to)));
        }
    }

    fn forget(&mut self, process: Name) {
        let process = self.names.text(process);
        let is_inside = |name: &str| {
            let rest = name.strip_prefix(&*process);
            rest.is_some_and(|rest| rest.is_empty() || ["->", ".", "/"].iter().any(|mark| rest.starts_with(mark)))
        };
        self.states.retain(|breaker, _| !is_inside(&self.names.text(*breaker)));
    }
}

fn word(state: u64) -> &'static str {
    match state {
        CLOSED => "closed",
        HALF_OPEN => "half open",
        OPEN => "open",
        _ => "a state that does not exist",
    }
}

impl Sink for BreakerTransitions {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Gauged { of, gauge: Gauge::Breaker, value } => self.moved(at, of, value),
            Event::Started { process, .. } | Event::Exited { process, .. } => self.forget(process),
            _ => {}
        }
    }
}

impl Check for BreakerTransitions {
    fn name(&self) -> &'static str {
        "breaker_transitions"
    }

    fn kinds(&self) -> Kinds {
        Kinds::GAUGES.and(Kinds::PROCESSES)
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;
    use crate::trace::Exit;

    fn set(names: &Names, value: u64) -> (u64, Event) {
        (1, Event::Gauged { of: names.intern("gateway->order"), gauge: Gauge::Breaker, value })
    }

    fn violation(states: &[u64]) -> Option<String> {
        first_violation(BreakerTransitions::new, |names| states.iter().map(|&state| set(names, state)).collect())
    }

    #[test]
    fn the_known_circle_is_quiet() {
        assert_eq!(violation(&[CLOSED, OPEN, HALF_OPEN, OPEN, HALF_OPEN, HALF_OPEN, CLOSED, OPEN]), None);
    }

    #[test]
    fn every_shortcut_fires() {
        let told = violation(&[CLOSED, OPEN, CLOSED]);
        assert_eq!(told.as_deref(), Some("at 1 s: the breaker of gateway->order went from open to closed"));
        assert!(violation(&[HALF_OPEN]).is_some());
        assert!(violation(&[3]).is_some());
    }

    #[test]
    fn a_new_process_has_a_new_breaker() {
        let restarted = |process: &'static str| {
            first_violation(BreakerTransitions::new, move |names| {
                let exit = Event::Exited { process: names.intern(process), why: Exit::Crashed };
                vec![set(names, OPEN), (1, exit), set(names, CLOSED)]
            })
        };
        assert_eq!(restarted("gateway"), None);
        assert!(restarted("gate").is_some());
    }
}
