//! One unary call through a channel: deadline, cancellation, gRPC's own retries and hedging (MODEL-REFERENCE.md A4, A6).

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::future::Either;

use super::Site;
use super::attempt::{Attempt, Outcome, Pending};
use super::channel::Channel;
use super::message::{Context, Message, Pushback, Status};
use super::policy::{ATTEMPTS_CAP, ClientPolicy, HedgingPolicy, RetryPolicy, Waits};
use super::throttle::Throttle;
use crate::engine::{SimDuration, SimTime, Stream, race};
use crate::trace::{Code, Mark};

const EXPIRED: Status = Status::new(Code::DeadlineExceeded, "Deadline exceeded");
const CANCELLED: Status = Status::new(Code::Cancelled, "Cancelled by the caller's caller");

/// What all calls of one client share.
pub(crate) struct Caller {
    pub(crate) site: Site,
    pub(crate) channel: Rc<Channel>,
    pub(crate) policy: Rc<ClientPolicy>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) draws: RefCell<Stream>,
}

impl Caller {
    /// One call as grpc-js makes it: everything below happens within the deadline.
    pub(crate) async fn unary(
        &self,
        method: &'static str,
        message: Message,
        deadline: Option<SimTime>,
        parent: Option<&Context>,
    ) -> Result<Message, Status> {
        let parent = parent.filter(|_| self.policy.propagate);
        if parent.is_some_and(Context::is_cancelled) {
            return Err(CANCELLED);
        }
        if deadline.is_some_and(|at| at <= self.site.process.sim().now()) {
            return Err(EXPIRED); // grpc-js ends such a call before anything is sent
        }
        let attempts = async {
            match (&self.policy.hedging, &self.policy.retry) {
                (Some(hedging), _) => self.hedged(hedging, method, message, deadline).await,
                (None, retry) => self.retried(retry.as_ref(), method, message, deadline).await,
            }
        };
        let limited = async {
            match deadline {
                None => attempts.await,
                Some(at) => match race(attempts, self.site.process.timer_at(at)).await {
                    Either::Left(result) => result,
                    Either::Right(()) => Err(EXPIRED),
                },
            }
        };
        match parent {
            None => limited.await,
            Some(parent) => match race(limited, parent.cancelled()).await {
                Either::Left(result) => result,
                Either::Right(()) => Err(CANCELLED),
            },
        }
    }

    fn send(&self, method: &'static str, message: &Message, deadline: Option<SimTime>) -> Pending {
        let (attempt, pending) = Attempt::new(method, message.clone(), deadline, self.policy.wait_for_ready);
        self.mark(Mark::Attempt);
        self.channel.start(attempt);
        pending
    }

    /// Attempts one after the other, as `retry` allows.
    async fn retried(
        &self,
        retry: Option<&RetryPolicy>,
        method: &'static str,
        message: Message,
        deadline: Option<SimTime>,
    ) -> Result<Message, Status> {
        let (mut attempt, mut waits) = (1, None);
        loop {
            let status = match self.send(method, &message, deadline).await {
                Ok(reply) => {
                    self.throttle.iter().for_each(Throttle::succeeded);
                    return Ok(reply);
                }
                Err(status) => status,
            };
            let Some(policy) = retry else { return Err(status) };
            let wait = self.backoff(policy, &status, attempt, &mut waits);
            let Some(wait) = wait else { return Err(status) };
            self.sleep(wait).await;
            if self.throttle.as_ref().is_some_and(|throttle| !throttle.allows()) {
                self.mark(Mark::RetrySuppressed);
                return Err(status); // grpc-js looks at its bucket after the wait
            }
            attempt += 1;
            self.mark(Mark::Retry);
        }
    }

    /// How long to wait before the next attempt, if there may be one.
    fn backoff(
        &self,
        policy: &RetryPolicy,
        status: &Status,
        attempt: u32,
        waits: &mut Option<Waits>,
    ) -> Option<SimDuration> {
        let retryable = policy.codes.contains(&status.code);
        let stop = status.pushback == Pushback::Stop;
        if retryable || stop {
            self.throttle.iter().for_each(Throttle::failed);
        }
        if !retryable || stop || attempt >= policy.max_attempts.min(ATTEMPTS_CAP) {
            return None;
        }
        if let Pushback::After(millis) = status.pushback {
            *waits = None; // what comes next begins anew
            return Some(SimDuration::from_millis(millis.into()));
        }
        let waits = waits.get_or_insert_with(|| policy.backoff.waits());
        Some(waits.next(&mut self.draws.borrow_mut()))
    }

    /// Copies at intervals; the first good answer wins and the rest is cancelled.
    async fn hedged(
        &self,
        policy: &HedgingPolicy,
        method: &'static str,
        message: Message,
        deadline: Option<SimTime>,
    ) -> Result<Message, Status> {
        let copies = policy.max_attempts.clamp(1, ATTEMPTS_CAP);
        let mut sent = 1;
        let mut flying = vec![self.send(method, &message, deadline)];
        let mut last = Status::new(Code::Unavailable, "No hedged attempt answered");
        loop {
            let more = sent < copies && self.throttle.as_ref().is_none_or(Throttle::allows);
            if flying.is_empty() && !more {
                return Err(last);
            }
            let wait = if more && !flying.is_empty() { Some(policy.delay) } else { None };
            if !flying.is_empty() {
                match self.first_of(&mut flying, wait).await {
                    Some(Ok(reply)) => {
                        self.throttle.iter().for_each(Throttle::succeeded);
                        return Ok(reply);
                    }
                    Some(Err(status)) if !policy.non_fatal.contains(&status.code) => return Err(status),
                    Some(Err(status)) => {
                        self.throttle.iter().for_each(Throttle::failed);
                        last = status;
                    }
                    None => {}
                }
            }
            if more {
                sent += 1;
                self.mark(Mark::Hedge);
                flying.push(self.send(method, &message, deadline));
            }
        }
    }

    /// The first outcome of those in flight (the oldest if several are ready), or `None` after `wait`.
    async fn first_of(&self, flying: &mut Vec<Pending>, wait: Option<SimDuration>) -> Option<Outcome> {
        let first = poll_fn(|cx| {
            for n in 0..flying.len() {
                if let Poll::Ready(outcome) = Pin::new(&mut flying[n]).poll(cx) {
                    drop(flying.remove(n));
                    return Poll::Ready(outcome);
                }
            }
            Poll::Pending
        });
        match wait {
            None => Some(first.await),
            Some(span) => match race(first, self.sleep(span)).await {
                Either::Left(outcome) => Some(outcome),
                Either::Right(()) => None,
            },
        }
    }

    pub(crate) fn sleep(&self, span: SimDuration) -> impl Future<Output = ()> + '_ {
        self.site.process.timer_at(self.site.process.sim().now() + span)
    }

    pub(crate) fn mark(&self, mark: Mark) {
        self.site.process.trace().mark(self.channel.name, mark);
    }
}
