//! One address of a channel: its connectivity state and its backoff (MODEL-REFERENCE.md A2, A3).

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::Site;
use super::channel::Channel;
use super::policy::KeepalivePolicy;
use super::session::Session;
use crate::engine::{SimDuration, SimTime, Stream};
use crate::net::HostId;
use crate::process::ProcessTimer;
use crate::trace::Name;

/// First wait between connection attempts (A2).
const INITIAL: SimDuration = SimDuration::from_secs(1);
/// Longest wait before jitter (A2).
const MAX: SimDuration = SimDuration::from_secs(120);
/// Growth from attempt to attempt, in thousandths (A2: × 1.6).
const GROWTH: u64 = 1600;

/// Connectivity state of a subchannel or a channel (A3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is tried until a call comes.
    Idle = 0,
    /// An attempt is under way.
    Connecting = 1,
    /// Calls are sent at once.
    Ready = 2,
    /// Calls fail at once unless they wait for ready.
    TransientFailure = 3,
}

/// The waits between connection attempts: 1 s, then × 1.6 ± 20 % of the wait before, at most 120 s ± 20 %; the clock starts
/// with the attempt. The first wait has no jitter and later jitter adds up (GJ:backoff-timeout.ts; EXP-3 measured attempts
/// at 0, 1.0, 2.9, 5.5, 9.5, 16.6, 26.1, 38.7 s).
pub(crate) struct ConnectBackoff {
    next: SimDuration,
    draws: Stream,
}

impl ConnectBackoff {
    pub(crate) fn new(draws: Stream) -> Self {
        Self { next: INITIAL, draws }
    }

    pub(crate) fn reset(&mut self) {
        self.next = INITIAL;
    }

    /// The wait that begins with this attempt.
    pub(crate) fn advance(&mut self) -> SimDuration {
        let wait = self.next;
        let nominal = wait.scale(GROWTH).min(MAX);
        self.next = nominal.scale(800) + SimDuration::from_nanos(self.draws.below(nominal.scale(400).as_nanos() + 1));
        wait
    }
}

/// One address.
pub(crate) struct Subchannel {
    site: Site,
    name: Name,
    target: (HostId, u16),
    keepalive: Option<KeepalivePolicy>,
    me: Weak<Subchannel>,
    channel: Weak<Channel>,
    state: Cell<State>,
    session: RefCell<Option<Rc<Session>>>,
    backoff: RefCell<ConnectBackoff>,
    next_attempt: Cell<SimTime>,
    /// An attempt has failed since the last READY: such an address counts as failed even while it is tried again (A62).
    failed: Cell<bool>,
    timer: RefCell<Option<ProcessTimer>>,
}

impl Subchannel {
    pub(crate) fn new(
        site: &Site,
        name: Name,
        target: (HostId, u16),
        keepalive: Option<KeepalivePolicy>,
        channel: Weak<Channel>,
        draws: Stream,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            site: site.clone(),
            name,
            target,
            keepalive,
            me: me.clone(),
            channel,
            state: Cell::new(State::Idle),
            session: RefCell::new(None),
            backoff: RefCell::new(ConnectBackoff::new(draws)),
            next_attempt: Cell::new(SimTime::ZERO),
            failed: Cell::new(false),
            timer: RefCell::new(None),
        })
    }

    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// True from a failed attempt until the address is READY, or a new pass over all addresses begins.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// A new pass begins.
    pub(crate) fn forget_failure(&self) {
        self.failed.set(false);
    }

    /// The session to send calls on, when READY.
    pub(crate) fn session(&self) -> Option<Rc<Session>> {
        self.session.borrow().clone().filter(|_| self.state.get() == State::Ready)
    }

    /// Starts an attempt if the subchannel is idle.
    pub(crate) fn connect(&self) {
        if self.state.get() != State::Idle {
            return;
        }
        self.state.set(State::Connecting);
        let wait = self.backoff.borrow_mut().advance();
        self.next_attempt.set(self.site.process.sim().now() + wait);
        let session = Session::open(&self.site, self.name, self.me.clone(), self.target, self.keepalive);
        *self.session.borrow_mut() = Some(session);
    }

    /// Gives an address up that another one has made unnecessary.
    pub(crate) fn shut_down(&self) {
        self.state.set(State::Idle);
        self.timer.borrow_mut().take();
        if let Some(session) = self.session.borrow_mut().take() {
            session.shut_down();
        }
    }

    /// The server's SETTINGS have come.
    pub(crate) fn ready(&self) {
        self.state.set(State::Ready);
        self.failed.set(false);
        self.backoff.borrow_mut().reset();
        self.tell_channel();
    }

    /// The attempt has failed: wait out the backoff, then try again by itself.
    pub(crate) fn failed(&self) {
        self.session.borrow_mut().take();
        self.failed.set(true);
        self.state.set(State::TransientFailure);
        let me = self.me.clone();
        let timer = self.site.process.call_later(self.next_attempt.get(), move || {
            if let Some(me) = me.upgrade().filter(|s| s.state.get() == State::TransientFailure) {
                me.state.set(State::Idle);
                me.connect();
                me.tell_channel();
            }
        });
        *self.timer.borrow_mut() = Some(timer);
        self.tell_channel();
    }

    /// A ready connection is gone: IDLE, without backoff (A3).
    pub(crate) fn lost(&self) {
        self.session.borrow_mut().take();
        self.state.set(State::Idle);
        self.tell_channel();
    }

    fn tell_channel(&self) {
        if let Some(channel) = self.channel.upgrade() {
            channel.changed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Draws;

    #[test]
    fn backoff_grows_by_1_6_within_a_fifth_up_to_two_minutes() {
        let mut backoff = ConnectBackoff::new(Draws::new(1, "backoff").at(0));
        let mut last = backoff.advance();
        assert_eq!(last, INITIAL);
        for attempt in 1..30 {
            let (wait, nominal) = (backoff.advance(), last.scale(GROWTH).min(MAX));
            assert!(wait >= nominal.scale(800) && wait <= nominal.scale(1200), "attempt {attempt}: {wait}");
            last = wait;
        }
        assert!(last >= MAX.scale(800));
        backoff.reset();
        assert_eq!(backoff.advance(), INITIAL);
    }
}
