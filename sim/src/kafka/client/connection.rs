//! kafkajs' `Connection`: many requests in flight, each with a timeout, over one socket at a time (KJ:network/connection.js,
//! network/requestQueue).
//!
//! A request that times out does not end the connection; its late answer is ignored. `maxInFlightRequests` is null in kafkajs, so
//! there is no limit here either: what bounds the requests in flight are their callers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use super::config::ClientConfig;
use super::error::{ConnectionFault, KafkaError};
use super::socket::Socket;
use crate::engine::{Notify, SimDuration, SimTime, SlotWriter, slot};
use crate::grpc::Site;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::Acks;
use crate::kafka::wire::{Endpoint, Frame};
use crate::process::ProcessTimer;

/// How often kafkajs looks for requests that have timed out (C0).
const CHECK_INTERVAL: SimDuration = SimDuration::from_millis(100);

/// kafkajs' states; while disconnecting it still counts as connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Connected,
    Disconnecting,
    Disconnected,
}

struct InFlight {
    /// It has timed out when a check finds this to be past.
    deadline: SimTime,
    reply: SlotWriter<Result<Response, KafkaError>>,
}

/// A connection to a broker, up or down.
pub struct Connection {
    me: Weak<Connection>,
    pub(super) site: Site,
    pub(super) target: Endpoint,
    pub(super) config: Rc<ClientConfig>,
    status: Cell<Status>,
    socket: RefCell<Option<Rc<Socket>>>,
    next_id: Cell<u64>,
    in_flight: RefCell<BTreeMap<u64, InFlight>>,
    /// Tells when nothing is in flight any more.
    empty: Notify,
    /// When the checks for timed out requests began.
    checks_since: Cell<SimTime>,
    check: RefCell<Option<ProcessTimer>>,
}

impl Connection {
    /// A connection that is down.
    pub fn new(site: &Site, target: Endpoint, config: &Rc<ClientConfig>) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            site: site.clone(),
            target,
            config: config.clone(),
            status: Cell::new(Status::Disconnected),
            socket: RefCell::default(),
            next_id: Cell::new(0),
            in_flight: RefCell::default(),
            empty: Notify::new(),
            checks_since: Cell::new(SimTime::ZERO),
            check: RefCell::default(),
        })
    }

    /// True also while it disconnects.
    pub fn is_connected(&self) -> bool {
        self.status.get() != Status::Disconnected
    }

    /// Connects, unless it is connected. Two callers at once open two sockets, as in kafkajs; the later one is used.
    ///
    /// # Errors
    /// [`KafkaError::Connection`].
    pub async fn connect(self: &Rc<Self>) -> Result<(), KafkaError> {
        if self.is_connected() {
            return Ok(());
        }
        let (writer, opened) = slot();
        let socket = Socket::open(self, writer);
        *self.socket.borrow_mut() = Some(socket);
        opened.await.unwrap_or(Err(KafkaError::Connection(ConnectionFault::NotConnected)))
    }

    /// Waits for the requests in flight and ends the socket. Does not wait for the other side.
    pub async fn disconnect(&self) {
        self.status.set(Status::Disconnecting);
        let empty = self.empty.notified();
        if !self.in_flight.borrow().is_empty() {
            empty.await;
        }
        self.hang_up();
    }

    /// Sends a request; with acks=0 there is no answer to wait for. `timeout` counts if it is longer than the configured one.
    ///
    /// # Errors
    /// Whatever happens to the connection, or [`KafkaError::RequestTimeout`].
    pub async fn send(&self, request: Request, timeout: Option<SimDuration>) -> Result<Option<Response>, KafkaError> {
        if !self.is_connected() {
            return Err(KafkaError::Connection(ConnectionFault::NotConnected));
        }
        let id = self.next_id.replace(self.next_id.get() + 1);
        let waits = !matches!(request, Request::Produce { acks: Acks::None, .. });
        let reply = waits.then(|| self.expect(id, timeout));
        let socket = self.socket.borrow().clone();
        if let Some(socket) = socket {
            socket.write(Frame::Request { id, request });
        }
        match reply {
            Some(reply) => reply.await.unwrap_or(Err(KafkaError::RequestTimeout)).map(Some),
            None => Ok(None),
        }
    }

    fn expect(&self, id: u64, timeout: Option<SimDuration>) -> crate::engine::Slot<Result<Response, KafkaError>> {
        let timeout = timeout.unwrap_or_default().max(self.config.request_timeout);
        let (writer, reply) = slot();
        let deadline = self.site.process.sim().now() + timeout;
        self.in_flight.borrow_mut().insert(id, InFlight { deadline, reply: writer });
        if self.check.borrow().is_none() {
            self.schedule_check();
        }
        reply
    }

    /// The socket is connected.
    pub(super) fn connected(&self) {
        self.status.set(Status::Connected);
        self.checks_since.set(self.site.process.sim().now());
    }

    /// A frame has been parsed.
    pub(super) fn received(&self, frame: &Frame) {
        let Frame::Response { id, response } = frame else { return };
        let known = self.in_flight.borrow_mut().remove(id);
        if let Some(waiting) = known {
            waiting.reply.set(Ok(response.clone()));
            self.note_if_empty();
        }
    }

    /// Some socket of this connection was ended by the other side.
    pub(super) fn ended(&self) {
        if self.is_connected() {
            self.reject_all(&KafkaError::ConnectionClosed(self.target));
        }
        self.hang_up();
    }

    /// Some socket of this connection is broken, or did not connect in time.
    pub(super) fn broken(&self, error: &KafkaError) {
        self.reject_all(error);
        self.hang_up();
    }

    fn reject_all(&self, error: &KafkaError) {
        let rejected = self.in_flight.take();
        for waiting in rejected.into_values() {
            waiting.reply.set(Err(error.clone()));
        }
        self.note_if_empty();
    }

    /// Ends the current socket, whichever that is.
    fn hang_up(&self) {
        self.check.take();
        let socket = self.socket.borrow().clone();
        socket.iter().for_each(|socket| socket.end());
        self.status.set(Status::Disconnected);
    }

    fn note_if_empty(&self) {
        if self.in_flight.borrow().is_empty() {
            self.empty.notify_all();
        }
    }

    /// Sets the timer to the check that will find the next timeout. (kafkajs looks every 100 ms; checks that find nothing are
    /// left out.)
    fn schedule_check(&self) {
        let Some(deadline) = self.in_flight.borrow().values().map(|waiting| waiting.deadline).min() else { return };
        let since = self.checks_since.get();
        let checks = deadline.since(since).as_nanos() / CHECK_INTERVAL.as_nanos() + 1;
        let at = since + CHECK_INTERVAL * checks;
        let me = self.me.clone();
        let timer = self.site.process.call_later(at, move || me.upgrade().into_iter().for_each(|me| me.check()));
        *self.check.borrow_mut() = Some(timer);
    }

    fn check(&self) {
        self.check.take();
        let now = self.site.process.sim().now();
        let mut late = Vec::new();
        self.in_flight.borrow_mut().retain(|_, waiting| {
            let keep = waiting.deadline >= now;
            if !keep {
                late.push(std::mem::replace(&mut waiting.reply, slot().0));
            }
            keep
        });
        for reply in late {
            reply.set(Err(KafkaError::RequestTimeout));
        }
        self.note_if_empty();
        self.schedule_check();
    }
}
