//! A circuit breaker: closed, open, half open. Time comes in, decisions go out.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::policy::BreakerPolicy;
use crate::engine::SimTime;

/// The state, as the gauge shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Circuit {
    Closed = 0,
    HalfOpen = 1,
    Open = 2,
}

/// The time between two changes of the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// Counts results in a sliding window.
pub(crate) struct Breaker {
    policy: BreakerPolicy,
    circuit: Cell<Circuit>,
    epoch: Cell<u64>,
    /// When an open circuit lets probes through.
    probe_at: Cell<SimTime>,
    probes_sent: Cell<u32>,
    probes_ok: Cell<u32>,
    results: RefCell<VecDeque<(SimTime, bool)>>,
    failures: Cell<usize>,
}

impl Breaker {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            circuit: Cell::new(Circuit::Closed),
            epoch: Cell::new(0),
            probe_at: Cell::new(SimTime::ZERO),
            probes_sent: Cell::new(0),
            probes_ok: Cell::new(0),
            results: RefCell::default(),
            failures: Cell::new(0),
        }
    }

    pub(crate) fn circuit(&self) -> Circuit {
        self.circuit.get()
    }

    /// May a call go out now, and in which epoch? In the half-open state this also counts it as a probe. A result counts only in the
    /// epoch of its admission: what was sent before the circuit opened says nothing about how things are now.
    pub(crate) fn admit(&self, now: SimTime) -> Option<Epoch> {
        if self.circuit.get() == Circuit::Open && now >= self.probe_at.get() {
            self.change(Circuit::HalfOpen);
            self.probes_sent.set(0);
            self.probes_ok.set(0);
        }
        let admitted = match self.circuit.get() {
            Circuit::Closed => true,
            Circuit::Open => false,
            Circuit::HalfOpen => {
                let sent = self.probes_sent.get();
                self.probes_sent.set((sent + 1).min(self.policy.probes));
                sent < self.policy.probes
            }
        };
        admitted.then_some(Epoch(self.epoch.get()))
    }

    /// An admitted call has ended.
    pub(crate) fn record(&self, now: SimTime, epoch: Epoch, ok: bool) {
        if epoch.0 != self.epoch.get() {
            return;
        }
        match self.circuit.get() {
            Circuit::Closed => self.count(now, ok),
            Circuit::HalfOpen if !ok => self.open(now),
            Circuit::HalfOpen => {
                self.probes_ok.set(self.probes_ok.get() + 1);
                if self.probes_ok.get() >= self.policy.probes {
                    self.change(Circuit::Closed);
                }
            }
            Circuit::Open => {} // nothing is admitted in this epoch
        }
    }

    /// An admitted call ended without a result, for instance because its caller left: its probe may be sent again.
    pub(crate) fn forget(&self, epoch: Epoch) {
        if epoch.0 == self.epoch.get() {
            self.probes_sent.set(self.probes_sent.get().saturating_sub(1));
        }
    }

    fn change(&self, circuit: Circuit) {
        self.circuit.set(circuit);
        self.epoch.set(self.epoch.get() + 1);
    }

    fn count(&self, now: SimTime, ok: bool) {
        let mut results = self.results.borrow_mut();
        results.push_back((now, ok));
        self.failures.set(self.failures.get() + usize::from(!ok));
        while let Some(&(at, was_ok)) = results.front().filter(|(at, _)| now.since(*at) > self.policy.window) {
            debug_assert!(at <= now);
            results.pop_front();
            self.failures.set(self.failures.get() - usize::from(!was_ok));
        }
        let enough = results.len() >= self.policy.min_calls as usize;
        if enough && self.failures.get() * 100 >= results.len() * self.policy.failure_percent as usize {
            drop(results);
            self.open(now);
        }
    }

    fn open(&self, now: SimTime) {
        self.change(Circuit::Open);
        self.probe_at.set(now + self.policy.open_for);
        self.results.borrow_mut().clear();
        self.failures.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::SimDuration;

    fn breaker() -> Breaker {
        Breaker::new(BreakerPolicy { min_calls: 4, probes: 2, ..BreakerPolicy::default() })
    }

    /// Lets a call through and ends it.
    fn call(breaker: &Breaker, at: SimTime, ok: bool) {
        let epoch = breaker.admit(at).expect("admitted");
        breaker.record(at, epoch, ok);
    }

    #[test]
    fn opens_at_its_failure_rate_and_closes_after_good_probes() {
        let (breaker, start) = (breaker(), SimTime::from_secs(1));
        [true, true, false, false].into_iter().for_each(|ok| call(&breaker, start, ok));
        assert_eq!(breaker.circuit(), Circuit::Open);
        assert_eq!(breaker.admit(start + SimDuration::from_millis(1999)), None);
        let later = start + SimDuration::from_secs(2);
        let probes = [breaker.admit(later), breaker.admit(later)];
        assert_eq!(breaker.admit(later), None, "only two probes");
        probes.into_iter().for_each(|probe| breaker.record(later, probe.expect("admitted"), true));
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let (breaker, start) = (breaker(), SimTime::from_secs(1));
        (0..4).for_each(|_| call(&breaker, start, false));
        let later = start + SimDuration::from_secs(2);
        call(&breaker, later, false);
        assert_eq!(breaker.circuit(), Circuit::Open);
        assert_eq!(breaker.admit(later + SimDuration::from_secs(1)), None);
    }

    #[test]
    fn what_was_sent_before_the_circuit_opened_is_no_probe() {
        let (breaker, start) = (breaker(), SimTime::from_secs(1));
        let early = breaker.admit(start).expect("admitted");
        (0..4).for_each(|_| call(&breaker, start, false));
        let later = start + SimDuration::from_secs(2);
        let probe = breaker.admit(later).expect("admitted");
        breaker.record(later, early, true);
        breaker.record(later, early, false);
        assert_eq!(breaker.circuit(), Circuit::HalfOpen);
        breaker.forget(probe);
        assert!(breaker.admit(later).is_some() && breaker.admit(later).is_some(), "a forgotten probe is sent again");
    }

    #[test]
    fn old_failures_leave_the_window() {
        let breaker = breaker();
        (0..3).for_each(|_| call(&breaker, SimTime::from_secs(1), false));
        (0..4).for_each(|_| call(&breaker, SimTime::from_secs(10), true));
        assert_eq!(breaker.circuit(), Circuit::Closed);
    }
}
