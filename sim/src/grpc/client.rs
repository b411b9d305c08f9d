//! The client an application holds: a channel with its guards.
//!
//! From the outside in: bulkhead and guard in Rust, retry loop with its budget, adaptive throttling, circuit breaker, one gRPC call.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::adaptive::Adaptive;
use super::breaker::{Breaker, Circuit, Epoch};
use super::call::Caller;
use super::channel::Channel;
use super::guard::Guard;
use super::message::{Context, Message, Status};
use super::policy::{ClientPolicy, RetryLoop, Waits, earlier};
use super::retry::{ATTEMPTS_MAX, Attempt, Retry};
use super::subchannel::State;
use super::throttle::{Budget, Throttle};
use super::{CLIENT_BYTES_PER_CALL, Site};
use crate::engine::{SimDuration, SimTime, Stream};
use crate::net::HostId;
use crate::trace::{Code, Event, Gauge, Mark};

const OPEN: Status = Status::new(Code::Unavailable, "Circuit breaker is open");
const THROTTLED: Status = Status::new(Code::Unavailable, "Kept back by adaptive throttling");
const FULL: Status = Status::new(Code::ResourceExhausted, "Bulkhead is full");

/// Calls one service. Cheap to clone; belongs to one incarnation of its process.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    caller: Caller,
    policy: Rc<ClientPolicy>,
    /// With a stream of its own, which only it draws from.
    adaptive: Option<(Adaptive, RefCell<Stream>)>,
    breaker: Option<Breaker>,
    budget: Option<Budget>,
    /// Decides in place of the policy's loop and budget.
    code: Option<RefCell<Box<dyn Retry>>>,
    /// Refuses calls, beside the policy's bulkhead.
    guard: Option<RefCell<Box<dyn Guard>>>,
    pending: Cell<u64>,
}

impl Client {
    /// A client called `name` (say `order->inventory`) for the service at `targets`. Connects at the first call.
    pub fn new(site: &Site, name: &str, targets: &[(HostId, u16)], policy: ClientPolicy) -> Self {
        let process = &site.process;
        let policy = Rc::new(policy);
        let draws = process.sim().draws(&format!("{name}/retry")).at(process.incarnation());
        let caller = Caller {
            site: site.clone(),
            channel: Channel::new(site, process.trace().name(name), targets, &policy),
            policy: policy.clone(),
            throttle: policy.throttling.map(Throttle::new),
            draws: RefCell::new(draws),
        };
        let adaptive = policy.adaptive_throttling.clone().map(|policy| {
            let draws = process.sim().draws(&format!("{name}/throttle")).at(process.incarnation());
            (Adaptive::new(policy), RefCell::new(draws))
        });
        let breaker = policy.breaker.clone().map(Breaker::new);
        let budget = policy.budget.map(Budget::new);
        let code = site.retries.of(name).map(|make| RefCell::new(make()));
        let guard = site.guards.of(name).map(|make| RefCell::new(make()));
        Self(Rc::new(Inner { caller, policy, adaptive, breaker, budget, code, guard, pending: Cell::new(0) }))
    }

    /// Makes one call. `parent` is the call being served, for propagation (used only if the policy says so).
    ///
    /// # Errors
    /// The status with which the call ended, from the server or from this side.
    pub async fn call(
        &self,
        method: &'static str,
        message: Message,
        parent: Option<&Context>,
    ) -> Result<Message, Status> {
        let inner = &*self.0;
        let began = inner.now();
        let admitted = inner.admits();
        let result = if admitted {
            let _pending = InFlight::new(&self.0);
            let _held = inner.caller.site.process.hold(CLIENT_BYTES_PER_CALL + u64::from(message.bytes));
            inner.looped(method, message, parent).await
        } else {
            inner.caller.mark(Mark::Shed);
            Err(FULL)
        };
        let code = result.as_ref().map_or_else(|status| status.code, |_| Code::Ok);
        let (channel, took) = (inner.caller.channel.name, inner.now().since(began));
        if let Some(guard) = inner.guard.as_ref().filter(|_| admitted) {
            guard.borrow_mut().ended(inner.now(), took, code);
        }
        inner.caller.site.process.trace().emit(Event::CallEnded { channel, code, took });
        result
    }

    /// The channel's connectivity state.
    pub fn state(&self) -> State {
        self.0.caller.channel.state()
    }

    /// Calls that have not ended.
    pub fn pending(&self) -> u64 {
        self.0.pending.get()
    }
}

impl Inner {
    fn now(&self) -> SimTime {
        self.caller.site.process.sim().now()
    }

    /// Whether there is room for one more call, and the guard lets it through.
    fn admits(&self) -> bool {
        let in_flight = self.pending.get();
        let has_room = self.policy.bulkhead.is_none_or(|limit| in_flight < u64::from(limit));
        has_room && self.guard.as_ref().is_none_or(|guard| guard.borrow_mut().admit(self.now(), in_flight))
    }

    /// The retry loop of the application, if it has one.
    async fn looped(
        &self,
        method: &'static str,
        message: Message,
        parent: Option<&Context>,
    ) -> Result<Message, Status> {
        self.begin();
        let mut attempt = 1;
        let mut waits = self.policy.retry_loop.as_ref().map(|policy| policy.backoff.waits());
        loop {
            let result = self.throttled(method, message.clone(), parent).await;
            let Err(status) = &result else { return result };
            if [OPEN, THROTTLED].contains(status) {
                return result; // this side refused; to ask again at once changes nothing
            }
            let Some(wait) = self.wait(status, attempt, &mut waits, parent) else { return result };
            self.caller.sleep(wait).await;
            attempt += 1;
            self.caller.mark(Mark::Retry);
        }
    }

    fn begin(&self) {
        match &self.code {
            Some(code) => code.borrow_mut().called(self.now()),
            None => self.budget.iter().for_each(Budget::earn),
        }
    }

    /// How long to wait before the next attempt; none if there is to be none.
    fn wait(
        &self,
        status: &Status,
        attempt: u32,
        waits: &mut Option<Waits>,
        parent: Option<&Context>,
    ) -> Option<SimDuration> {
        let mut draws = self.caller.draws.borrow_mut();
        if let Some(code) = &self.code {
            let failed = Attempt { number: attempt, code: status.code, at: self.now() };
            return code.borrow_mut().failed(&failed, &mut draws).filter(|_| attempt < ATTEMPTS_MAX);
        }
        let (policy, waits) = self.policy.retry_loop.as_ref().zip(waits.as_mut())?;
        self.may_retry(policy, status, attempt, parent).then(|| waits.next(&mut draws))
    }

    fn may_retry(&self, policy: &RetryLoop, status: &Status, attempt: u32, parent: Option<&Context>) -> bool {
        let caller_gone = self.policy.propagate && parent.is_some_and(Context::is_cancelled);
        if attempt >= policy.attempts || !policy.codes.contains(&status.code) || caller_gone {
            return false;
        }
        let allowed = self.budget.as_ref().is_none_or(Budget::spend);
        if !allowed {
            self.caller.mark(Mark::RetrySuppressed);
        }
        allowed
    }

    /// One attempt, if adaptive throttling lets it out.
    async fn throttled(
        &self,
        method: &'static str,
        message: Message,
        parent: Option<&Context>,
    ) -> Result<Message, Status> {
        let Some((adaptive, draws)) = &self.adaptive else { return self.guarded(method, message, parent).await };
        if !adaptive.admit(self.now(), &mut draws.borrow_mut()) {
            self.caller.mark(Mark::Throttled);
            return Err(THROTTLED);
        }
        let result = self.guarded(method, message, parent).await;
        if !result.as_ref().is_err_and(|status| adaptive.refuses(status.code)) {
            adaptive.accepted(self.now());
        }
        result
    }

    /// One attempt behind the circuit breaker.
    async fn guarded(
        &self,
        method: &'static str,
        message: Message,
        parent: Option<&Context>,
    ) -> Result<Message, Status> {
        let own = self.policy.deadline.map(|span| self.now() + span);
        let parents = parent.filter(|_| self.policy.propagate).and_then(Context::deadline);
        let deadline = earlier(own, parents);
        let Some((breaker, policy)) = self.breaker.as_ref().zip(self.policy.breaker.as_ref()) else {
            return self.caller.unary(method, message, deadline, parent).await;
        };
        let Some(epoch) = self.watch(breaker, || breaker.admit(self.now())) else {
            self.caller.mark(Mark::BreakerRefused);
            return Err(OPEN);
        };
        let mut probe = Probe { breaker, epoch: Some(epoch) };
        let result = self.caller.unary(method, message, deadline, parent).await;
        let code = result.as_ref().map_or_else(|status| status.code, |_| Code::Ok);
        if code != Code::Cancelled {
            probe.epoch = None; // a result; a cancelled call says nothing about the service
            self.watch(breaker, || breaker.record(self.now(), epoch, !policy.codes.contains(&code)));
        }
        result
    }

    /// Does something to the breaker and shows its state if that changed.
    fn watch<T>(&self, breaker: &Breaker, act: impl FnOnce() -> T) -> T {
        let before: Circuit = breaker.circuit();
        let result = act();
        if breaker.circuit() != before {
            let value = breaker.circuit() as u64;
            self.caller.site.process.trace().gauge(self.caller.channel.name, Gauge::Breaker, value);
        }
        result
    }
}

/// Gives a probe back when its call ends without a result.
struct Probe<'a> {
    breaker: &'a Breaker,
    epoch: Option<Epoch>,
}

impl Drop for Probe<'_> {
    fn drop(&mut self) {
        self.epoch.into_iter().for_each(|epoch| self.breaker.forget(epoch));
    }
}

/// Counts a call as pending for as long as it lives.
struct InFlight(Rc<Inner>);

impl InFlight {
    fn new(inner: &Rc<Inner>) -> Self {
        let guard = Self(inner.clone());
        guard.change(inner.pending.get() + 1);
        guard
    }

    fn change(&self, pending: u64) {
        self.0.pending.set(pending);
        let caller = &self.0.caller;
        caller.site.process.trace().gauge(caller.channel.name, Gauge::CallsPending, pending);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.change(self.0.pending.get() - 1);
    }
}
