//! kafkajs' retry engine (MODEL-REFERENCE.md C3): waits that double with jitter on jitter, and a count that gives up.

use std::cell::RefCell;
use std::rc::Rc;

use super::config::RetryConfig;
use super::error::KafkaError;
use crate::engine::{SimDuration, Stream};
use crate::process::Process;

const MILLI: u64 = 1_000_000;

/// How an attempt went wrong.
#[derive(Clone, Debug)]
pub enum Failure {
    /// Thrown: tried again if it may be.
    Thrown(KafkaError),
    /// `bail(e)`: the caller gets it as it is.
    Bail(KafkaError),
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Failure::Thrown(error)
    }
}

/// Tries things again. Cheap to clone; clones draw from one stream.
#[derive(Clone)]
pub struct Retrier {
    process: Process,
    config: RetryConfig,
    draws: Rc<RefCell<Stream>>,
}

impl Retrier {
    /// A retrier that waits on the event loop of `process`.
    pub fn new(process: &Process, config: RetryConfig, draws: Stream) -> Self {
        Self { process: process.clone(), config, draws: Rc::new(RefCell::new(draws)) }
    }

    /// Runs `attempt` until it succeeds, bails out, fails for good, or has failed once more than there are retries. Counting and
    /// waiting begin anew with each call, not with each success inside (D5).
    ///
    /// # Errors
    /// What it bailed out with; [`KafkaError::RetriesExceeded`]; [`KafkaError::NonRetriable`].
    pub async fn run<T>(&self, mut attempt: impl AsyncFnMut() -> Result<T, Failure>) -> Result<T, KafkaError> {
        let mut wait = spread(&self.config, self.config.initial, &mut self.draws.borrow_mut());
        let mut count = 0;
        loop {
            let error = match attempt().await {
                Ok(value) => return Ok(value),
                Err(Failure::Bail(error)) => return Err(error),
                Err(Failure::Thrown(error)) => error,
            };
            if !error.is_retriable() {
                return Err(KafkaError::NonRetriable(Rc::new(error)));
            }
            if count >= self.config.retries {
                return Err(KafkaError::RetriesExceeded { cause: Rc::new(error), retry_time: wait });
            }
            self.process.sleep(wait).await;
            wait = next(&self.config, wait, &mut self.draws.borrow_mut());
            count += 1;
        }
    }
}

/// `ceil(U(0.8, 1.2) · time)`, in whole milliseconds.
fn spread(config: &RetryConfig, time: SimDuration, draws: &mut Stream) -> SimDuration {
    let delta = time.as_nanos() * u64::from(config.factor_percent) / 100;
    let nanos = time.as_nanos() - delta + draws.below(2 * delta + 1);
    SimDuration::from_nanos(nanos.div_ceil(MILLI) * MILLI)
}

/// The wait after this one.
fn next(config: &RetryConfig, wait: SimDuration, draws: &mut Stream) -> SimDuration {
    let spread = spread(config, wait, draws).as_nanos().saturating_mul(u64::from(config.multiplier));
    SimDuration::from_nanos(spread).min(config.max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Draws;

    /// Goal: the waits of C3. Method: sum the five waits of 20 000 sends and look at mean and quantiles (EXP-9: mean 9.3 s,
    /// p5 6.3, p50 9.1, p95 13.0).
    #[test]
    fn five_waits_add_up_as_measured() {
        let (config, draws) = (RetryConfig::default(), Draws::new(1, "retry"));
        let mut sums: Vec<u64> = (0..20_000)
            .map(|key| {
                let mut draws = draws.at(key);
                let mut wait = spread(&config, config.initial, &mut draws);
                let mut sum = SimDuration::ZERO;
                for _ in 0..config.retries {
                    sum += wait;
                    wait = next(&config, wait, &mut draws);
                }
                sum.as_millis()
            })
            .collect();
        sums.sort_unstable();
        let mean = sums.iter().sum::<u64>() / 20_000;
        assert!((9_200..9_500).contains(&mean), "mean {mean} ms");
        let near = |quantile: usize, expected: u64| {
            let at = sums[quantile * 200];
            assert!(at.abs_diff(expected) < 150, "p{quantile} is {at} ms, not {expected}");
        };
        near(5, 6_300);
        near(50, 9_100);
        near(95, 13_000);
    }

    #[test]
    fn no_wait_is_longer_than_the_longest() {
        let (config, mut draws) = (RetryConfig::default(), Draws::new(2, "retry").at(0));
        let mut wait = config.initial;
        for _ in 0..20 {
            wait = next(&config, wait, &mut draws);
            assert!(wait <= config.max);
        }
        assert_eq!(wait, config.max);
    }
}
