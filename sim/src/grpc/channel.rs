//! The channel: addresses, balancing, and the queue of calls that wait for a connection (MODEL-REFERENCE.md A1, A3).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::Site;
use super::attempt::{Attempt, Place};
use super::message::Status;
use super::policy::{Balancing, ClientPolicy};
use super::session::Session;
use super::subchannel::{State, Subchannel};
use crate::engine::SimDuration;
use crate::net::HostId;
use crate::process::ProcessTimer;
use crate::trace::{Code, Gauge, Name};

/// Wait before the next address is tried beside a slow one (A2: Happy Eyeballs).
const HAPPY_EYEBALLS: SimDuration = SimDuration::from_millis(250);
const NO_CONNECTION: Status = Status::new(Code::Unavailable, "No connection established");

/// The connections of one client to one service.
pub(crate) struct Channel {
    site: Site,
    pub(crate) name: Name,
    me: Weak<Channel>,
    balancing: Balancing,
    subchannels: Vec<Rc<Subchannel>>,
    /// Calls that wait for a connection. Unbounded, as in grpc-js; their deadlines run.
    waiting: RefCell<VecDeque<Rc<Attempt>>>,
    /// The address in use (pick_first) or the one used last (round_robin).
    picked: Cell<usize>,
    /// How many addresses this pass has tried (pick_first).
    tried: Cell<usize>,
    /// All addresses have failed since the last READY: stays TRANSIENT_FAILURE until one succeeds (sticky, A3).
    sticky: Cell<bool>,
    state: Cell<State>,
    eyeballs: RefCell<Option<ProcessTimer>>,
}

impl Channel {
    /// A channel to `targets`, idle until the first call.
    pub(crate) fn new(site: &Site, name: Name, targets: &[(HostId, u16)], policy: &ClientPolicy) -> Rc<Self> {
        assert!(!targets.is_empty(), "a channel needs an address");
        let process = &site.process;
        Rc::new_cyclic(|me: &Weak<Channel>| Self {
            site: site.clone(),
            name,
            me: me.clone(),
            balancing: policy.balancing,
            subchannels: targets
                .iter()
                .enumerate()
                .map(|(n, &target)| {
                    let label = format!("{}/backoff-{n}", process.trace().text(name));
                    let draws = process.sim().draws(&label).at(process.incarnation());
                    Subchannel::new(site, name, target, policy.keepalive, me.clone(), draws)
                })
                .collect(),
            waiting: RefCell::default(),
            picked: Cell::new(0),
            tried: Cell::new(0),
            sticky: Cell::new(false),
            state: Cell::new(State::Idle),
            eyeballs: RefCell::default(),
        })
    }

    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// Sends an attempt, queues it or fails it, as the state demands.
    pub(crate) fn start(&self, attempt: Rc<Attempt>) {
        match self.state.get() {
            State::Ready => match self.pick() {
                Some(session) => session.start(attempt),
                None => self.queue(attempt),
            },
            State::TransientFailure if !attempt.wait_for_ready => attempt.finish(Err(NO_CONNECTION)),
            State::TransientFailure | State::Connecting => self.queue(attempt),
            State::Idle => {
                self.queue(attempt);
                self.connect();
            }
        }
    }

    /// A waiting attempt was cancelled.
    pub(crate) fn left_queue(&self) {
        self.waiting.borrow_mut().retain(|attempt| !attempt.is_over());
        self.gauge_waiting();
    }

    fn queue(&self, attempt: Rc<Attempt>) {
        attempt.moved_to(Place::Channel(self.me.clone()));
        self.waiting.borrow_mut().push_back(attempt);
        self.gauge_waiting();
    }

    fn gauge_waiting(&self) {
        let waiting = self.waiting.borrow().len() as u64;
        self.site.process.trace().gauge(self.name, Gauge::ConnectionWaiting, waiting);
    }

    /// A subchannel has a new state.
    pub(crate) fn changed(&self) {
        match self.balancing {
            Balancing::PickFirst => self.update_pick_first(),
            Balancing::RoundRobin => self.update_round_robin(),
        }
        match self.state.get() {
            State::Ready => self.send_waiting(),
            State::TransientFailure => self.fail_waiting(),
            State::Idle | State::Connecting => {}
        }
    }

    fn connect(&self) {
        self.set_state(State::Connecting);
        match self.balancing {
            Balancing::PickFirst => {
                self.subchannels.iter().for_each(|s| s.forget_failure());
                self.tried.set(0);
                self.try_next();
            }
            Balancing::RoundRobin => self.subchannels.iter().for_each(|s| s.connect()),
        }
    }

    /// Tries the next address of this pass, and the one after it if this one is slow.
    fn try_next(&self) {
        let n = self.tried.get();
        let Some(subchannel) = self.subchannels.get(n) else { return };
        self.tried.set(n + 1);
        subchannel.connect();
        if n + 1 < self.subchannels.len() {
            let (process, me) = (&self.site.process, self.me.clone());
            let timer = process.call_later(process.sim().now() + HAPPY_EYEBALLS, move || {
                if let Some(me) = me.upgrade().filter(|c| c.state.get() == State::Connecting) {
                    me.try_next();
                }
            });
            *self.eyeballs.borrow_mut() = Some(timer);
        }
    }

    fn update_pick_first(&self) {
        let ready = self.subchannels.iter().position(|s| s.state() == State::Ready);
        if let Some(ready) = ready {
            if self.state.get() != State::Ready {
                self.picked.set(ready);
                self.sticky.set(false);
                self.eyeballs.borrow_mut().take();
                let others = self.subchannels.iter().enumerate().filter(|(n, _)| *n != ready);
                others.for_each(|(_, s)| s.shut_down());
            }
            return self.set_state(State::Ready);
        }
        if self.state.get() == State::Ready {
            return self.set_state(State::Idle); // lost: the next call reconnects without delay
        }
        if self.subchannels.iter().all(|s| s.has_failed()) {
            self.sticky.set(true);
            self.set_state(State::TransientFailure);
        } else if !self.sticky.get()
            && self.tried.get().checked_sub(1).is_some_and(|n| self.subchannels[n].has_failed())
        {
            self.try_next(); // the address tried last has failed: no need to wait out Happy Eyeballs
        }
    }

    fn update_round_robin(&self) {
        let count = |state| self.subchannels.iter().filter(|s| s.state() == state).count();
        if count(State::Ready) > 0 {
            self.sticky.set(false);
            self.set_state(State::Ready);
        } else if self.subchannels.iter().all(|s| s.has_failed()) {
            self.sticky.set(true);
            self.set_state(State::TransientFailure);
        } else if !self.sticky.get() {
            self.set_state(State::Connecting);
        }
        self.subchannels.iter().for_each(|s| s.connect()); // idle ones only: round_robin keeps all connected
    }

    fn pick(&self) -> Option<Rc<Session>> {
        match self.balancing {
            Balancing::PickFirst => self.subchannels[self.picked.get()].session(),
            Balancing::RoundRobin => {
                let count = self.subchannels.len();
                let next = (1..=count).map(|step| (self.picked.get() + step) % count);
                let ready = next.into_iter().find(|&n| self.subchannels[n].state() == State::Ready)?;
                self.picked.set(ready);
                self.subchannels[ready].session()
            }
        }
    }

    fn send_waiting(&self) {
        for attempt in self.waiting.take() {
            match self.pick() {
                Some(session) => session.start(attempt),
                None => self.queue(attempt),
            }
        }
        self.gauge_waiting();
    }

    fn fail_waiting(&self) {
        let (stay, fail): (VecDeque<_>, VecDeque<_>) =
            self.waiting.take().into_iter().filter(|a| !a.is_over()).partition(|a| a.wait_for_ready);
        *self.waiting.borrow_mut() = stay;
        self.gauge_waiting();
        for attempt in fail {
            attempt.finish(Err(NO_CONNECTION));
        }
    }

    fn set_state(&self, state: State) {
        if self.state.replace(state) != state {
            self.site.process.trace().gauge(self.name, Gauge::Channel, state as u64);
        }
    }
}
