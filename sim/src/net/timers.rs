//! The timers of a socket. They are lazy: one event is pending, and when it fires it looks whether its time has really come,
//! so that a message on a healthy connection schedules none.

use std::rc::Rc;

use super::link::HEADERS;
use super::rto::GIVE_UP_ORPHAN;
use super::sender::Expiry;
use super::signal::Signal;
use super::socket::{Socket, State};
use super::syn::{syn_wait, synack_wait};
use crate::engine::{SimDuration, SimTime};
use crate::trace::ConnChange;

/// Linux `tcp_fin_timeout`: how long a closed socket waits for the peer's FIN.
const FIN_TIMEOUT: SimDuration = SimDuration::from_secs(60);

impl Socket {
    fn set_timer(self: &Rc<Self>, at: SimTime, signal: Signal) {
        let id = self.net.sim.fire_at(at, self.clone(), signal.token());
        self.timer.set(Some((id, at)));
    }

    pub(super) fn cancel_timer(&self) {
        if let Some((id, _)) = self.timer.take() {
            self.net.sim.cancel(id);
        }
    }

    pub(super) fn cancel_keepalive(&self) {
        if let Some(id) = self.keepalive_timer.take() {
            self.net.sim.cancel(id);
        }
    }

    /// Waits for the answer to the SYN or SYN-ACK; false if the budget is used up.
    pub(super) fn watch_handshake(self: &Rc<Self>) -> bool {
        let sent = self.handshake_retries.get();
        let wait = if self.connecting { syn_wait(sent, self.net.tcp.syn_retries) } else { synack_wait(sent) };
        if let Some(wait) = wait {
            self.set_timer(self.net.sim.now() + wait, Signal::HandshakeTimer);
        }
        wait.is_some()
    }

    pub(super) fn handshake_timer(self: &Rc<Self>) {
        self.timer.set(None);
        self.handshake_retries.set(self.handshake_retries.get() + 1);
        if !self.watch_handshake() {
            return self.end(ConnChange::TimedOut);
        }
        self.retransmit(HEADERS, if self.connecting { Signal::Syn } else { Signal::SynAck });
    }

    /// Makes sure that the timer fires no later than the sender's deadline. Firing early is cheaper than moving it.
    pub(super) fn watch_deadline(self: &Rc<Self>) {
        let Some(deadline) = self.sender.borrow().deadline() else { return };
        match self.timer.get() {
            Some((_, pending)) if pending <= deadline => return,
            _ => self.cancel_timer(),
        }
        self.set_timer(deadline, Signal::RetransmitTimer);
    }

    pub(super) fn retransmit_timer(self: &Rc<Self>) {
        self.timer.set(None);
        let give_up = if self.is_open() { self.net.give_up } else { GIVE_UP_ORPHAN };
        let expiry = self.sender.borrow_mut().expire(self.net.sim.now(), give_up);
        match expiry {
            Expiry::Idle => {}
            Expiry::NotYet(at) => self.set_timer(at, Signal::RetransmitTimer),
            Expiry::Resend(number) => {
                self.resend(number);
                self.watch_deadline();
            }
            Expiry::GiveUp if self.is_open() => self.end(ConnChange::TimedOut),
            Expiry::GiveUp => self.vanish(),
        }
    }

    /// Waits for the peer's FIN.
    pub(super) fn watch_linger(self: &Rc<Self>) {
        self.cancel_timer();
        self.set_timer(self.net.sim.now() + FIN_TIMEOUT, Signal::LingerTimer);
    }

    /// The peer lives: something of it has arrived.
    pub(super) fn heard(&self) {
        self.heard_at.set(self.net.sim.now());
        self.probes_sent.set(0);
    }

    /// Starts keepalive, if it was asked for.
    pub(super) fn watch_idle(self: &Rc<Self>) {
        if let Some(keepalive) = self.keepalive {
            self.look_again(self.net.sim.now() + keepalive.idle);
        }
    }

    fn look_again(self: &Rc<Self>, at: SimTime) {
        let id = self.net.sim.fire_at(at, self.clone(), Signal::KeepaliveTimer.token());
        self.keepalive_timer.set(Some(id));
    }

    /// Probes a silent peer. While data is outstanding its retransmission is the probe, as in Linux.
    pub(super) fn keepalive_timer(self: &Rc<Self>) {
        self.keepalive_timer.set(None);
        let Some(keepalive) = self.keepalive.filter(|_| self.state.get() == State::Open) else { return };
        let now = self.net.sim.now();
        let idle_until = self.heard_at.get() + keepalive.idle;
        if self.unacked() > 0 {
            self.look_again(now + keepalive.idle);
        } else if idle_until > now {
            self.look_again(idle_until);
        } else if self.probes_sent.get() >= keepalive.probes {
            self.transmit(HEADERS, Signal::Rst);
            self.end(ConnChange::TimedOut);
        } else {
            self.probes_sent.set(self.probes_sent.get() + 1);
            self.transmit(HEADERS, Signal::Probe);
            self.look_again(now + keepalive.interval);
        }
    }
}
