//! What a socket does with what arrives.

use std::rc::{Rc, Weak};

use super::conn::Conn;
use super::link::HEADERS;
use super::receiver::Arrival;
use super::sender::Payload;
use super::signal::Signal;
use super::socket::{Address, Socket, State};
use crate::engine::Actor;
use crate::trace::ConnChange;

impl Actor for Socket {
    fn fire(self: Rc<Self>, token: u64) {
        match Signal::of(token) {
            Signal::HandshakeTimer => self.handshake_timer(),
            Signal::RetransmitTimer => self.retransmit_timer(),
            Signal::KeepaliveTimer => self.keepalive_timer(),
            Signal::LingerTimer => self.vanish(),
            Signal::Rejected => self.reset(),
            Signal::Syn => self.syn_reaches_host(),
            wire => self.reaches_peer(wire),
        }
    }
}

impl Socket {
    /// A SYN of this socket has reached the other host.
    fn syn_reaches_host(self: &Rc<Self>) {
        let net = &self.net;
        let key = self.key + 1;
        if !net.is_up(self.remote) {
            return;
        }
        match net.socket(self.remote, key) {
            Some(server) if server.state.get() == State::SynReceived => server.retransmit(HEADERS, Signal::SynAck),
            Some(server) => server.acknowledge(None, 0),
            None if net.listener(self.remote, self.port).is_some() => self.enter_server(key),
            None => net.reject(self),
        }
    }

    /// The server's kernel makes its end of the connection and answers.
    fn enter_server(self: &Rc<Self>, key: u64) {
        let address = Address { key, local: self.remote, remote: self.local, port: self.port, connecting: false };
        let server = Socket::new(&self.net, address, State::SynReceived, None);
        *server.peer.borrow_mut() = Rc::downgrade(self);
        self.net.add_socket(&server);
        server.transmit(HEADERS, Signal::SynAck);
        server.watch_handshake();
    }

    /// Something of this socket has reached the other host: is there a counterpart?
    fn reaches_peer(self: &Rc<Self>, signal: Signal) {
        let peer = self.peer.borrow().upgrade().filter(|peer| peer.state.get() != State::Gone);
        match peer {
            Some(peer) => peer.receive(self, signal),
            None if signal == Signal::Rst => {}
            None => self.net.reject(self),
        }
    }

    fn receive(self: &Rc<Self>, from: &Rc<Self>, signal: Signal) {
        self.heard();
        match signal {
            Signal::SynAck => self.syn_ack(from),
            Signal::Rst => self.reset(),
            Signal::Data { number, attempt } if self.established() => self.data(from, number, attempt),
            Signal::Ack { next, sacked, attempt } if self.established() => self.acked(next, sacked, attempt),
            Signal::Probe if self.established() => self.acknowledge(None, 0),
            _ => {}
        }
    }

    fn syn_ack(self: &Rc<Self>, server: &Rc<Self>) {
        if self.state.get() == State::SynSent {
            *self.peer.borrow_mut() = Rc::downgrade(server);
            self.open();
            self.acknowledge(None, 0);
            self.emit(ConnChange::Opened);
            let events = self.events.borrow().clone();
            if let Some(events) = events {
                events.opened();
            }
        } else if Weak::ptr_eq(&self.peer.borrow(), &Rc::downgrade(server)) {
            self.acknowledge(None, 0);
        } else {
            self.net.reject(server);
        }
    }

    /// True if the connection is; for a server that waits, this very segment completes the handshake.
    fn established(self: &Rc<Self>) -> bool {
        match self.state.get() {
            State::SynReceived => self.accept(),
            State::Open | State::Closing => true,
            State::SynSent | State::Gone => false,
        }
    }

    fn accept(self: &Rc<Self>) -> bool {
        let Some(acceptor) = self.net.listener(self.local, self.port) else {
            self.abort();
            return false;
        };
        self.open();
        let events = acceptor.accept(Conn(self.clone()), self.remote);
        if self.is_open() {
            *self.events.borrow_mut() = Some(events);
        }
        self.state.get() != State::Gone
    }

    fn open(self: &Rc<Self>) {
        self.cancel_timer();
        if self.handshake_retries.get() == 0 {
            self.sender.borrow_mut().rto.sample(self.net.sim.now() - self.handshake_at);
        }
        self.state.set(State::Open);
        self.net.count_open(self.local, true);
        self.watch_idle();
    }

    fn data(self: &Rc<Self>, from: &Rc<Self>, number: u64, attempt: u64) {
        let arrival = self.receiver.borrow().classify(number);
        let payload = from.sender.borrow().payload(number).cloned();
        match (arrival, payload) {
            (Arrival::Duplicate, _) | (_, None) => self.acknowledge(None, attempt),
            (_, Some(payload)) if self.state.get() == State::Closing && payload.body.is_some() => self.abort(),
            (Arrival::Early, Some(payload)) => {
                self.receiver.borrow_mut().keep(number, payload);
                self.acknowledge(Some(number), attempt);
            }
            (Arrival::Next, Some(payload)) => {
                let behind = self.receiver.borrow_mut().fill();
                self.acknowledge(None, attempt);
                self.deliver(payload);
                behind.into_iter().for_each(|payload| self.deliver(payload));
            }
        }
    }

    fn deliver(self: &Rc<Self>, payload: Payload) {
        let Some(body) = payload.body else { return self.fin() };
        let events = self.events.borrow().clone();
        if let Some(events) = events {
            events.message(payload.bytes, body);
        }
    }

    /// The peer has closed. There is no half-open use of connections: this end closes at once as well.
    fn fin(self: &Rc<Self>) {
        self.fin_received.set(true);
        if !self.is_open() {
            return self.finish_closing();
        }
        let events = self.start_closing();
        self.emit(ConnChange::Closed);
        if let Some(events) = events {
            events.closed(ConnChange::Closed);
        }
    }

    /// Tells the peer what has arrived so far.
    fn acknowledge(self: &Rc<Self>, sacked: Option<u64>, attempt: u64) {
        let next = self.receiver.borrow().next();
        self.transmit(HEADERS, Signal::Ack { next, sacked, attempt });
    }

    fn acked(self: &Rc<Self>, next: u64, sacked: Option<u64>, attempt: u64) {
        let now = self.net.sim.now();
        let drained = {
            let mut sender = self.sender.borrow_mut();
            sender.acked(now, next, sacked, attempt);
            sender.drained()
        };
        loop {
            let lost = self.sender.borrow_mut().next_lost(now);
            let Some(number) = lost else { break };
            self.resend(number);
        }
        self.watch_deadline();
        self.finish_closing();
        if drained {
            let events = self.events.borrow().clone();
            if let Some(events) = events {
                events.drained();
            }
        }
    }

    /// Once the own FIN is acknowledged: gone if the peer has closed too, else it has some time to do so.
    fn finish_closing(self: &Rc<Self>) {
        if self.state.get() == State::Closing && self.unacked() == 0 {
            match self.fin_received.get() {
                true => self.vanish(),
                false => self.watch_linger(),
            }
        }
    }

    /// The peer says that there is no such connection.
    fn reset(self: &Rc<Self>) {
        match self.state.get() {
            State::SynSent => self.end(ConnChange::Refused),
            State::Open => self.end(ConnChange::Reset),
            State::SynReceived | State::Closing => self.vanish(),
            State::Gone => {}
        }
    }
}
