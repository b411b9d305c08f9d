//! How kafkajs tries again (MODEL-REFERENCE.md C3).
//!
//! **Never here:** what is tried, and waiting: `client::retry` does that.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::types::ErrorCode;
use crate::engine::{SimDuration, Stream};

/// The `retry` option of a kafkajs client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryConfig {
    /// `initialRetryTime`, before jitter.
    pub initial: SimDuration,
    /// `multiplier`, in percent: 200 doubles.
    pub multiplier_percent: u32,
    /// `factor`, in percent: 20 spreads a wait over ±20 %. More than 100 counts as 100.
    pub jitter_percent: u32,
    /// `maxRetryTime`: the longest wait.
    pub max: SimDuration,
    /// `retries`, the first attempt not included.
    pub retries: u32,
    /// `restartOnFailure`: whether a consumer that ran out of retries starts again (D5).
    pub restart_on_failure: bool,
}

impl Default for RetryConfig {
    /// KJ:retry/defaults.js (C0).
    fn default() -> Self {
        Self {
            initial: SimDuration::from_millis(300),
            multiplier_percent: 200,
            jitter_percent: 20,
            max: SimDuration::from_secs(30),
            retries: 5,
            restart_on_failure: true,
        }
    }
}

/// A millisecond in nanoseconds.
const MILLI: u64 = 1_000_000;

/// One operation that is tried again and again. Jitter compounds: each wait is drawn around the one before.
#[derive(Clone, Debug)]
pub struct Retrier {
    config: RetryConfig,
    retries: u32,
    next: SimDuration,
}

impl Retrier {
    /// Begins an operation.
    pub fn new(config: RetryConfig, draws: &mut Stream) -> Self {
        let next = spread(config.initial, &config, draws);
        Self { config, retries: 0, next }
    }

    /// The attempt has failed: how long to wait before the next, or none when all retries are used up
    /// (KafkaJSNumberOfRetriesExceeded).
    pub fn failed(&mut self, draws: &mut Stream) -> Option<SimDuration> {
        if self.retries == self.config.retries {
            return None;
        }
        self.retries += 1;
        let wait = self.next;
        let grown = spread(wait, &self.config, draws).scale(u64::from(self.config.multiplier_percent) * 10);
        self.next = grown.min(self.config.max);
        Some(wait)
    }

    /// Retries used so far.
    pub fn retries(&self) -> u32 {
        self.retries
    }

    /// The wait that would come next. After the last retry a consumer that restarts waits this long (D5).
    pub fn next_wait(&self) -> SimDuration {
        self.next
    }
}

/// `ceil(U(1 − factor, 1 + factor) · span)`, in whole milliseconds.
fn spread(span: SimDuration, config: &RetryConfig, draws: &mut Stream) -> SimDuration {
    let jitter = u64::from(config.jitter_percent.min(100)) * 10;
    let width = span.scale(2 * jitter).as_nanos();
    let nanos = span.scale(1000 - jitter).as_nanos() + draws.below(width + 1);
    SimDuration::from_nanos(nanos.div_ceil(MILLI) * MILLI)
}

/// What JavaScript code threw, as far as kafkajs tells errors apart (C3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Thrown {
    /// Any error without a special name.
    Error,
    /// A number out of range; too deep a recursion is one too.
    RangeError,
    /// An unknown variable.
    ReferenceError,
    /// `JSON.parse` of what is no JSON.
    SyntaxError,
    /// A property of `undefined`.
    TypeError,
}

impl Thrown {
    /// Whether kafkajs tries again. What looks like a mistake in the program is given up at once, and stops a consumer for good
    /// (D5).
    pub const fn is_retriable(self) -> bool {
        match self {
            Thrown::Error => true,
            Thrown::RangeError | Thrown::ReferenceError | Thrown::SyntaxError | Thrown::TypeError => false,
        }
    }
}

/// Whether kafkajs tries again after this answer of a broker: its errors carry Kafka's own mark.
pub const fn is_retriable(error: ErrorCode) -> bool {
    error.is_retriable()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seed: u64) -> Vec<SimDuration> {
        let mut draws = Stream::new(seed, "retry");
        let mut retrier = Retrier::new(RetryConfig::default(), &mut draws);
        std::iter::from_fn(|| retrier.failed(&mut draws)).collect()
    }

    /// EXP-9, 200 000 samples: total wait mean 9.3 s, p5 6.3, p50 9.1, p95 13.0. Here 20 000, each within a tenth of a second.
    #[test]
    fn five_retries_wait_as_long_as_measured() {
        let mut totals: Vec<u64> =
            (0..20_000).map(|seed| waits(seed).iter().map(|wait| wait.as_millis()).sum()).collect();
        totals.sort_unstable();
        let mean = totals.iter().sum::<u64>() / totals.len() as u64;
        let at = |percent: usize| totals[totals.len() * percent / 100];
        for (found, expected) in [(mean, 9_300), (at(5), 6_300), (at(50), 9_100), (at(95), 13_000)] {
            assert!(found.abs_diff(expected) <= 100, "{found} ms is not near {expected} ms");
        }
    }

    #[test]
    fn six_attempts_are_made() {
        assert_eq!(waits(1).len(), 5);
    }

    #[test]
    fn the_first_wait_is_spread_by_a_fifth() {
        let firsts: Vec<u64> = (0..1000).map(|seed| waits(seed)[0].as_millis()).collect();
        assert!(firsts.iter().all(|wait| (240..=360).contains(wait)));
        assert!(firsts.iter().any(|wait| *wait < 250) && firsts.iter().any(|wait| *wait > 350));
    }

    #[test]
    fn waits_grow_to_thirty_seconds_and_stay() {
        let mut draws = Stream::new(1, "retry");
        let config = RetryConfig { retries: 20, ..RetryConfig::default() };
        let mut retrier = Retrier::new(config, &mut draws);
        let waits: Vec<_> = std::iter::from_fn(|| retrier.failed(&mut draws)).collect();
        // From a wait of 30 s the next is at least 48 s before the limit.
        assert_eq!(waits[10..], [config.max; 10]);
        assert_eq!((retrier.retries(), retrier.next_wait()), (20, config.max));
    }

    #[test]
    fn mistakes_of_the_program_are_not_retried() {
        use Thrown::{Error, RangeError, ReferenceError, SyntaxError, TypeError};
        assert!(Error.is_retriable());
        assert!([RangeError, ReferenceError, SyntaxError, TypeError].iter().all(|thrown| !thrown.is_retriable()));
    }

    #[test]
    fn rebalances_are_not_retried_and_moved_coordinators_are() {
        assert!(is_retriable(ErrorCode::NotCoordinator) && is_retriable(ErrorCode::NotLeaderOrFollower));
        assert!(!is_retriable(ErrorCode::RebalanceInProgress) && !is_retriable(ErrorCode::UnknownMemberId));
    }
}
