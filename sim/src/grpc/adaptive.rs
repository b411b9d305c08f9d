//! Client-side adaptive throttling: a client whose calls are refused keeps some of them to itself. Time and draws come in, decisions go out.

use std::cell::RefCell;
use std::collections::VecDeque;

use super::policy::AdaptiveThrottling;
use crate::engine::{SimDuration, SimTime, Stream};
use crate::trace::Code;

/// The window moves in this many steps, so that it need not remember each call. It is up to one step shorter than asked for.
const STEPS: u64 = 24;

/// What happened in one step of the window.
struct Step {
    number: u64,
    requests: u64,
    accepts: u64,
}

/// Counts requests and accepts over a sliding window.
pub(crate) struct Adaptive {
    policy: AdaptiveThrottling,
    steps: RefCell<VecDeque<Step>>,
}

impl Adaptive {
    pub(crate) fn new(policy: AdaptiveThrottling) -> Self {
        Self { policy, steps: RefCell::default() }
    }

    /// Whether the policy counts this code as refused.
    pub(crate) fn refuses(&self, code: Code) -> bool {
        self.policy.codes.contains(&code)
    }

    /// One more request wants to go out: whether it may. Refused with probability max(0, (requests − K · accepts) / (requests + 1)) over
    /// what came before it in the window (MODEL-REFERENCE.md G5). Draws only when that is not zero.
    pub(crate) fn admit(&self, now: SimTime, draws: &mut Stream) -> bool {
        let (requests, accepts) = self.counts(now);
        self.at(now, |step| step.requests += 1);
        // In hundredths of a request, as K is given.
        let too_many = (requests * 100).saturating_sub(accepts * u64::from(self.policy.multiplier_percent));
        too_many == 0 || draws.below((requests + 1) * 100) >= too_many
    }

    /// The service took a request.
    pub(crate) fn accepted(&self, now: SimTime) {
        self.at(now, |step| step.accepts += 1);
    }

    fn counts(&self, now: SimTime) -> (u64, u64) {
        let oldest = (self.number(now) + 1).saturating_sub(STEPS);
        let mut steps = self.steps.borrow_mut();
        while steps.front().is_some_and(|step| step.number < oldest) {
            steps.pop_front();
        }
        steps.iter().fold((0, 0), |(requests, accepts), step| (requests + step.requests, accepts + step.accepts))
    }

    fn at(&self, now: SimTime, count: impl FnOnce(&mut Step)) {
        let number = self.number(now);
        let mut steps = self.steps.borrow_mut();
        if steps.back().is_none_or(|step| step.number < number) {
            steps.push_back(Step { number, requests: 0, accepts: 0 });
        }
        count(steps.back_mut().expect("there is one"));
    }

    fn number(&self, now: SimTime) -> u64 {
        let step = (self.policy.window / STEPS).max(SimDuration::from_nanos(1));
        now.since(SimTime::ZERO).as_nanos() / step.as_nanos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    /// How many of `asked` requests at `at` may go, when `accepts` of those before them were accepted.
    fn admitted(adaptive: &Adaptive, when: SimTime, asked: u64, draws: &mut Stream) -> u64 {
        (0..asked).filter(|_| adaptive.admit(when, draws)).count() as u64
    }

    fn with_draws<T: Send + 'static>(test: impl FnOnce(&mut Stream) -> T + Send + 'static) -> T {
        engine::run(7, at(1), |sim| {
            let mut draws = sim.stream("draws");
            let result = test(&mut draws);
            move || result
        })
    }

    #[test]
    fn nothing_is_refused_while_half_is_accepted() {
        let refused = with_draws(|draws| {
            let adaptive = Adaptive::new(AdaptiveThrottling::default());
            let mut refused = 0;
            for n in 0..1000 {
                refused += u64::from(!adaptive.admit(at(n / 100), draws));
                adaptive.accepted(at(n / 100)); // ahead by one, so chance has no part in it
                refused += u64::from(!adaptive.admit(at(n / 100), draws));
            }
            refused
        });
        assert_eq!(refused, 0);
    }

    /// A hundred accepts, then none of ten thousand requests: 2 · 100 of n + 1 may still go, on average.
    #[test]
    fn what_may_go_is_k_times_what_was_accepted() {
        let admitted = with_draws(|draws| {
            let adaptive = Adaptive::new(AdaptiveThrottling::default());
            (0..100).for_each(|_| adaptive.accepted(at(0)));
            admitted(&adaptive, at(0), 10_000, draws)
        });
        // The first 200 all, then the sum of 201 / (n + 1) for n from 200 to 10 000: 200 + 201 ln(10 000 / 200) = 986, ± 3 deviations.
        assert!((900..1075).contains(&admitted), "{admitted}");
    }

    #[test]
    fn what_lies_behind_the_window_is_forgotten() {
        let (within, behind) = with_draws(|draws| {
            let adaptive = Adaptive::new(AdaptiveThrottling::default());
            admitted(&adaptive, at(0), 1000, draws);
            (
                admitted(&adaptive, at(114), 100, draws),
                admitted(&Adaptive::new(AdaptiveThrottling::default()), at(0), 1, draws),
            )
        });
        assert!(within < 10 && behind == 1, "{within} {behind}");
        let after = with_draws(|draws| {
            let adaptive = Adaptive::new(AdaptiveThrottling::default());
            admitted(&adaptive, at(0), 1000, draws);
            adaptive.admit(at(120), draws)
        });
        assert!(after);
    }
}
