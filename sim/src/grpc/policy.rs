//! Every policy of a channel and a server, as data. Defaults are those of grpc-js 1.14 (MODEL-REFERENCE.md A2, A6): nothing
//! is limited, nothing has a deadline, nothing is retried.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{SimDuration, SimTime, Stream};
use crate::trace::Code;
use crate::units::Bytes;

/// How a client calls one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClientPolicy {
    /// Time allowed for one call, all gRPC retries included. Without it a call waits for ever (A2).
    pub deadline: Option<SimDuration>,
    /// Pass the caller's own deadline and cancellation on (`parent: call` in grpc-js, A4). Opt-in there, so off here.
    pub propagate: bool,
    /// Queue instead of failing while the channel is in transient failure (A3).
    pub wait_for_ready: bool,
    /// gRPC's own retries, from the service config (A6).
    pub retry: Option<RetryPolicy>,
    /// The retry throttle of the service config (A6).
    pub throttling: Option<RetryThrottling>,
    /// Hedging; excludes `retry` (A6).
    pub hedging: Option<HedgingPolicy>,
    /// A loop around the call, as application code writes it: every attempt has a deadline of its own.
    pub retry_loop: Option<RetryLoop>,
    /// Limits the retries of `retry_loop` to a share of the calls (MODEL-REFERENCE.md G5).
    pub budget: Option<RetryBudget>,
    /// Fails some calls at once while the service refuses more than it takes (MODEL-REFERENCE.md G5).
    pub adaptive_throttling: Option<AdaptiveThrottling>,
    /// Fails calls at once while most calls fail.
    pub breaker: Option<BreakerPolicy>,
    /// Calls in flight at most; one more fails at once with RESOURCE_EXHAUSTED.
    pub bulkhead: Option<u32>,
    /// HTTP/2 pings.
    pub keepalive: Option<KeepalivePolicy>,
    /// How addresses are used.
    pub balancing: Balancing,
}

impl ClientPolicy {
    /// What cannot be, each as a path from here and a message, with an advice behind `; `.
    pub fn problems(&self) -> Vec<(String, String)> {
        let adaptive = self.adaptive_throttling.iter().flat_map(AdaptiveThrottling::problems);
        adaptive.map(|(field, message)| (format!("adaptive_throttling.{field}"), message)).collect()
    }
}

/// The balancing policy of a channel (A1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Balancing {
    /// One address takes all calls.
    #[default]
    PickFirst,
    /// Calls rotate over all connected addresses.
    RoundRobin,
}

/// `retryPolicy` of a gRPC service config (A6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. More than five count as five.
    pub max_attempts: u32,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Codes that may be retried.
    pub codes: Vec<Code>,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 4, backoff: Backoff::default(), codes: vec![Code::Unavailable] }
    }
}

/// A loop of attempts in application code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetryLoop {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Waits between attempts.
    pub backoff: Backoff,
    /// Codes that may be retried.
    pub codes: Vec<Code>,
}

impl Default for RetryLoop {
    fn default() -> Self {
        Self {
            attempts: 4,
            backoff: Backoff::default(),
            codes: vec![Code::Unavailable, Code::DeadlineExceeded, Code::Internal, Code::ResourceExhausted],
        }
    }
}

/// Waits that grow: the n-th is `initial · multiplier^(n−1)`, at most `max`, with jitter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// First wait.
    pub initial: SimDuration,
    /// Growth from wait to wait, in percent: 200 doubles.
    pub multiplier_percent: u32,
    /// Longest wait before jitter.
    pub max: SimDuration,
    /// How waits are spread.
    pub jitter: Jitter,
}

impl Default for Backoff {
    /// The waits of the measured run of MODEL-REFERENCE.md G16: 50 · 2ⁿ ms ± 20 %.
    fn default() -> Self {
        Self {
            initial: SimDuration::from_millis(50),
            multiplier_percent: 200,
            max: SimDuration::from_secs(5),
            jitter: Jitter::Fifth,
        }
    }
}

/// How a wait `v` is spread (names after Brooker 2015, MODEL-REFERENCE.md G6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Exactly `v`: clients that failed together retry together.
    None,
    /// `v · U(0.8, 1.2)`, as gRPC does (A6).
    Fifth,
    /// `v/2 + U(0, v/2)`.
    Equal,
    /// `U(0, v)`.
    Full,
    /// `U(initial, 3 · previous wait)`, at most `max`; the wait before the first counts as `initial`. The multiplier is not used.
    Decorrelated,
}

impl Backoff {
    /// The waits of one call, from the first on.
    pub fn waits(&self) -> Waits {
        Waits { backoff: self.clone(), base: self.initial.min(self.max), last: self.initial.min(self.max) }
    }
}

/// The waits of one call, one after the other.
#[derive(Clone, Debug)]
pub struct Waits {
    backoff: Backoff,
    /// The next wait without jitter.
    base: SimDuration,
    /// The last wait.
    last: SimDuration,
}

impl Waits {
    /// Draws the next wait.
    pub fn next(&mut self, draws: &mut Stream) -> SimDuration {
        let Backoff { initial, multiplier_percent, max, jitter } = self.backoff;
        let base = self.base;
        self.base = SimDuration::from_nanos(grown(base.as_nanos(), multiplier_percent).min(max.as_nanos()));
        self.last = match jitter {
            Jitter::None => base,
            Jitter::Fifth => base.scale(800) + up_to(base.scale(400), draws),
            Jitter::Equal => base / 2 + up_to(base / 2, draws),
            Jitter::Full => up_to(base, draws),
            Jitter::Decorrelated => (initial + up_to((self.last * 3).saturating_sub(initial), draws)).min(max),
        };
        self.last
    }
}

fn grown(nanos: u64, percent: u32) -> u64 {
    u64::try_from(u128::from(nanos) * u128::from(percent) / 100).unwrap_or(u64::MAX)
}

/// `U(0, span)`.
fn up_to(span: SimDuration, draws: &mut Stream) -> SimDuration {
    SimDuration::from_nanos(draws.below(span.as_nanos() + 1))
}

/// `retryThrottling` of a gRPC service config (A6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryThrottling {
    /// Size of the bucket, at most 1000. Retries stop while half or less is left.
    pub max_tokens: u32,
    /// Thousandths of a token that a success puts back.
    pub token_permille: u32,
}

/// `hedgingPolicy` of a gRPC service config (A6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HedgingPolicy {
    /// Copies in all, the first included. More than five count as five.
    pub max_attempts: u32,
    /// Wait before each further copy.
    pub delay: SimDuration,
    /// Codes that do not end the call but send the next copy at once.
    #[serde(default)]
    pub non_fatal: Vec<Code>,
}

/// A budget of retries: each call earns a share of a retry (MODEL-REFERENCE.md G5: 10 % keep the load at 1.1 times).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryBudget {
    /// Retries for a hundred calls.
    pub percent: u32,
    /// Retries that can be saved up.
    pub burst: u32,
}

/// Client-side adaptive throttling, after the SRE book, chapter 21: of the attempts of a window some never leave the client, with
/// probability max(0, (requests − K · accepts) / (requests + 1)). Requests are all attempts, also those kept back; accepts are those the
/// service took. An attempt kept back ends its call with UNAVAILABLE: to try again at once would change nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AdaptiveThrottling {
    /// Width of the window, from one second to an hour.
    pub window: SimDuration,
    /// K in percent, from 100 to 10 000: 200 lets two attempts out for each one accepted.
    pub multiplier_percent: u32,
    /// Codes with which a service refuses. Any other answer is an accept: a service that finds an error has done its work.
    pub codes: Vec<Code>,
}

impl Default for AdaptiveThrottling {
    /// Two minutes and K = 2, as in the SRE book.
    fn default() -> Self {
        Self {
            window: SimDuration::from_secs(120),
            multiplier_percent: 200,
            codes: vec![Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted],
        }
    }
}

impl AdaptiveThrottling {
    /// What cannot be, each as a field and a message.
    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut problems = Vec::new();
        let (least, most) = (SimDuration::from_secs(1), SimDuration::from_secs(3600));
        if !(least..=most).contains(&self.window) {
            let say = format!("the window must lie between {least} and {most}; two minutes are usual");
            problems.push(("window", say));
        }
        if !(100..=10_000).contains(&self.multiplier_percent) {
            let say = "K must lie between 100 and 10000 percent; below 100 a healthy service would be throttled, and 200 is usual";
            problems.push(("multiplier_percent", say.to_owned()));
        }
        problems
    }
}

/// A circuit breaker over a sliding window of call results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BreakerPolicy {
    /// Width of the window.
    pub window: SimDuration,
    /// Results needed in the window before the breaker may open.
    pub min_calls: u32,
    /// Share of failures at which it opens, in percent.
    pub failure_percent: u32,
    /// How long it stays open before it lets probes through.
    pub open_for: SimDuration,
    /// Probes that must all succeed to close it. Without a deadline a probe can hang, and the circuit with it.
    pub probes: u32,
    /// Codes that count as failures. RESOURCE_EXHAUSTED is none of them: a service that sheds load is doing what it should, and to
    /// cut it off would turn a part of its capacity into nothing. CANCELLED counts neither way.
    pub codes: Vec<Code>,
}

impl Default for BreakerPolicy {
    /// Half of at least 20 calls in 5 s, 2 s open, 5 probes: the order of magnitude of common libraries' examples.
    fn default() -> Self {
        Self {
            window: SimDuration::from_secs(5),
            min_calls: 20,
            failure_percent: 50,
            open_for: SimDuration::from_secs(2),
            probes: 5,
            codes: vec![Code::Unavailable, Code::DeadlineExceeded, Code::Internal, Code::Unknown],
        }
    }
}

/// HTTP/2 keepalive of a client (A2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepalivePolicy {
    /// Time between pings.
    pub time: SimDuration,
    /// How long to wait for the answer before the connection is dropped.
    #[serde(default = "keepalive_timeout")]
    pub timeout: SimDuration,
    /// Ping without calls too.
    #[serde(default)]
    pub without_calls: bool,
}

/// 20 s, on client and server (A2).
fn keepalive_timeout() -> SimDuration {
    SimDuration::from_secs(20)
}

/// How a server takes calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerPolicy {
    /// `grpc.max_concurrent_streams`: calls beyond it wait in the client (A1). None by default.
    pub max_concurrent_streams: Option<u32>,
    /// Handlers at work at most; one more is refused with RESOURCE_EXHAUSTED. grpc-js has no such thing built in (A5).
    pub concurrency_limit: Option<u32>,
    /// Refuse calls with RESOURCE_EXHAUSTED while the event loop lags by more than this: load shedding. The lag is what a timer of
    /// the process measures, as libraries do; how long a call has waited in its socket no process can know.
    pub shed_after: Option<SimDuration>,
    /// CPU to read a call, start its handler and write its answer. To refuse a call costs the same: it must be read first.
    pub cpu_per_call: SimDuration,
    /// Token bucket against floods of stream resets (EXP-19; Node documents burst 1000 and rate 33/s as the defaults of its
    /// http2 options `streamResetBurst` and `streamResetRate`).
    pub reset_burst: u32,
    /// Tokens that come back in a second.
    pub reset_rate: u32,
    /// DATA of one connection that may be on its way or unread, in bytes, from 1 B to 2147483647 B: the flow control of HTTP/2 (A2).
    pub window: Bytes,
}

impl Default for ServerPolicy {
    /// No limits (A1, A2). CPU: of the order of 10 000 small calls a second on one core, an assumption of this model.
    fn default() -> Self {
        Self {
            max_concurrent_streams: None,
            concurrency_limit: None,
            shed_after: None,
            cpu_per_call: SimDuration::from_micros(100),
            reset_burst: 1000,
            reset_rate: 33,
            window: Bytes(WINDOW),
        }
    }
}

impl ServerPolicy {
    /// What cannot be, each as a path from here and a message.
    pub fn problems(&self) -> Vec<(String, String)> {
        let say = || format!("the window must lie between {} and {}, as in HTTP/2", Bytes(1), Bytes(WINDOW_MAX));
        let odd = !(1..=WINDOW_MAX).contains(&self.window.0);
        odd.then(|| ("window".to_owned(), say())).into_iter().collect()
    }
}

/// The initial window of HTTP/2 (A2, RFC 9113), which grpc-js servers leave as it is.
const WINDOW: u64 = 65_535;
/// The largest window (RFC 9113, section 6.9.1).
const WINDOW_MAX: u64 = (1 << 31) - 1;

/// `maxAttempts` above this counts as this (A2: `grpc-node.retry_max_attempts_limit`).
pub(crate) const ATTEMPTS_CAP: u32 = 5;

/// The earlier of two optional deadlines.
pub(crate) fn earlier(a: Option<SimTime>, b: Option<SimTime>) -> Option<SimTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
