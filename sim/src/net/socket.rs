//! One end of a connection: its life, and what its owner can do. What arrives is in [`super::arrive`], timers in
//! [`super::timers`].
//!
//! A segment is an event fired at the socket that sent it, which then looks for its peer: payloads stay in the sender's
//! queue and are never copied, and a peer that is gone is noticed where a real kernel would notice, on arrival.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use super::conn::{ConnEvents, Keepalive};
use super::link::{HEADERS, Link};
use super::receiver::Receiver;
use super::sender::{Payload, Sender};
use super::signal::Signal;
use super::{HostId, Inner};
use crate::engine::{EventId, Lane, SimTime};
use crate::trace::{ConnChange, Event, Mark};

/// Where in its life a socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The client waits for a SYN-ACK.
    SynSent,
    /// The server waits for the acknowledgement of its SYN-ACK.
    SynReceived,
    /// Established, and owned.
    Open,
    /// The owner has closed it or was told that the peer has; the kernel still delivers what was sent, and a FIN.
    Closing,
    /// Unknown to its kernel.
    Gone,
}

/// What tells one socket from another.
pub(super) struct Address {
    /// Unique among the sockets of a host.
    pub(super) key: u64,
    pub(super) local: HostId,
    pub(super) remote: HostId,
    /// The server's port.
    pub(super) port: u16,
    /// This end has called `connect`.
    pub(super) connecting: bool,
}

/// One end of a connection.
pub(super) struct Socket {
    pub(super) net: Rc<Inner>,
    pub(super) key: u64,
    pub(super) local: HostId,
    pub(super) remote: HostId,
    pub(super) port: u16,
    pub(super) connecting: bool,
    pub(super) link: Rc<Link>,
    pub(super) peer: RefCell<Weak<Socket>>,
    pub(super) state: Cell<State>,
    pub(super) events: RefCell<Option<Rc<dyn ConnEvents>>>,
    pub(super) sender: RefCell<Sender>,
    pub(super) receiver: RefCell<Receiver>,
    /// The peer's FIN has arrived in order.
    pub(super) fin_received: Cell<bool>,
    /// Segments of one connection and direction do not overtake each other.
    wire: Lane,
    /// When the first SYN or SYN-ACK was sent, and how often it was sent again.
    pub(super) handshake_at: SimTime,
    pub(super) handshake_retries: Cell<u32>,
    /// The one pending timer of handshake, retransmission or lingering; it may fire early and look again.
    pub(super) timer: Cell<Option<(EventId, SimTime)>>,
    pub(super) keepalive: Option<Keepalive>,
    pub(super) keepalive_timer: Cell<Option<EventId>>,
    pub(super) probes_sent: Cell<u32>,
    pub(super) heard_at: Cell<SimTime>,
}

impl Socket {
    pub(super) fn new(net: &Rc<Inner>, address: Address, state: State, keepalive: Option<Keepalive>) -> Rc<Self> {
        let Address { key, local, remote, port, connecting } = address;
        Rc::new(Self {
            net: net.clone(),
            key,
            local,
            remote,
            port,
            connecting,
            link: net.link(local, remote),
            peer: RefCell::default(),
            state: Cell::new(state),
            events: RefCell::default(),
            sender: RefCell::default(),
            receiver: RefCell::default(),
            fin_received: Cell::new(false),
            wire: Lane::default(),
            handshake_at: net.sim.now(),
            handshake_retries: Cell::new(0),
            timer: Cell::new(None),
            keepalive,
            keepalive_timer: Cell::new(None),
            probes_sent: Cell::new(0),
            heard_at: Cell::new(net.sim.now()),
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.get() == State::Open
    }

    pub(super) fn unacked(&self) -> usize {
        self.sender.borrow().unacked()
    }

    /// Sends a message, if the connection is open.
    pub(super) fn send(self: &Rc<Self>, bytes: u32, body: Rc<dyn Any>) {
        if self.is_open() {
            self.push(Payload { bytes, body: Some(body) });
        }
    }

    /// The owner closes in order.
    pub(super) fn close(self: &Rc<Self>) {
        match self.state.get() {
            State::Open => {
                self.start_closing();
                self.emit(ConnChange::Closed);
            }
            State::SynSent => self.vanish(),
            State::SynReceived | State::Closing | State::Gone => {}
        }
    }

    /// The owner, or its dying process, forgets the connection.
    pub(super) fn abort(self: &Rc<Self>) {
        let state = self.state.get();
        if matches!(state, State::SynReceived | State::Open | State::Closing) {
            self.transmit(HEADERS, Signal::Rst);
        }
        self.vanish();
        if state == State::Open {
            self.emit(ConnChange::Closed);
        }
    }

    /// Sends a FIN behind everything else and lets the owner go; returns whom to tell.
    pub(super) fn start_closing(self: &Rc<Self>) -> Option<Rc<dyn ConnEvents>> {
        debug_assert!(self.is_open());
        self.push(Payload { bytes: 0, body: None });
        self.state.set(State::Closing);
        self.net.count_open(self.local, false);
        self.cancel_keepalive();
        self.events.take()
    }

    /// The connection ends and its owner is told why.
    pub(super) fn end(&self, why: ConnChange) {
        let events = self.events.take();
        self.vanish();
        self.emit(why);
        if let Some(events) = events {
            events.closed(why);
        }
    }

    /// The kernel forgets this socket; nobody is told.
    pub(super) fn vanish(&self) {
        if self.state.replace(State::Gone) == State::Open {
            self.net.count_open(self.local, false);
        }
        self.silence();
        self.net.remove_socket(self);
    }

    /// Cancels timers and drops the owner's handler.
    pub(super) fn silence(&self) {
        self.state.set(State::Gone);
        self.cancel_timer();
        self.cancel_keepalive();
        drop(self.events.take());
    }

    /// Says in the trace what became of the connection: once, at the end that connected.
    pub(super) fn emit(&self, change: ConnChange) {
        if self.connecting {
            let hosts = self.net.hosts.borrow();
            let (from, to) = (hosts[self.local.index()].name, hosts[self.remote.index()].name);
            drop(hosts);
            self.net.trace.emit(Event::Connection { from, to, change });
        }
    }

    fn push(self: &Rc<Self>, payload: Payload) {
        let size = HEADERS + u64::from(payload.bytes);
        let number = self.sender.borrow_mut().push(self.net.sim.now(), payload);
        if let Some(number) = number {
            self.transmit(size, Signal::Data { number, attempt: 0 });
        }
        self.watch_deadline();
    }

    /// Sends a segment that is still in the queue: again, or for the first time if it was held back.
    pub(super) fn resend(self: &Rc<Self>, number: u64) {
        let (bytes, attempt) = {
            let sender = self.sender.borrow();
            (sender.payload(number).map_or(0, |payload| payload.bytes), sender.attempt(number))
        };
        let (size, signal) = (HEADERS + u64::from(bytes), Signal::Data { number, attempt });
        if attempt == 0 { self.transmit(size, signal) } else { self.retransmit(size, signal) }
    }

    /// Sends something again, and says so.
    pub(super) fn retransmit(self: &Rc<Self>, size: u64, signal: Signal) {
        self.net.trace.mark(self.link.name, Mark::Retransmit);
        self.transmit(size, signal);
    }

    /// Gives a segment to the link: the hot path of everything.
    pub(super) fn transmit(self: &Rc<Self>, size: u64, signal: Signal) {
        if let Some(at) = self.link.carry(size) {
            self.net.sim.fire_in_lane(&self.wire, at, self.clone(), signal.token());
        }
    }
}
