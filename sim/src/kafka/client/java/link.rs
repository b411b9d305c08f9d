//! One connection of the Java profile: many requests in flight; one that takes too long ends the connection for all of them, as
//! `NetworkClient` does, because later answers would be late as well.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures_util::future::Either;

use crate::engine::{SimDuration, SimTime, Slot, SlotWriter, race, slot};
use crate::grpc::Site;
use crate::kafka::client::config::JavaConfig;
use crate::kafka::client::error::{ConnectionFault, KafkaError};
use crate::kafka::client::shared::Shared;
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::Acks;
use crate::kafka::wire::{Endpoint, Frame};
use crate::net::{Conn, ConnEvents, ConnectOptions};
use crate::trace::ConnChange;

type Reply = Result<Response, KafkaError>;

/// A connection, up or down.
pub(super) struct Link {
    me: Weak<Link>,
    site: Site,
    target: Endpoint,
    config: JavaConfig,
    connecting: Shared<Result<(), KafkaError>>,
    conn: RefCell<Option<Conn>>,
    /// Versions are known: requests may be sent.
    ready: Cell<bool>,
    /// Counts connections: what an old one says is not heard.
    round: Cell<u64>,
    opened: RefCell<Option<SlotWriter<Result<(), KafkaError>>>>,
    in_flight: RefCell<BTreeMap<u64, SlotWriter<Reply>>>,
    next_id: Cell<u64>,
    /// Failed connection attempts in a row, and when the next may begin.
    failures: Cell<u32>,
    not_before: Cell<SimTime>,
}

impl Link {
    pub(super) fn new(site: &Site, target: Endpoint, config: JavaConfig) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            site: site.clone(),
            target,
            config,
            connecting: Shared::default(),
            conn: RefCell::default(),
            ready: Cell::new(false),
            round: Cell::new(0),
            opened: RefCell::default(),
            in_flight: RefCell::default(),
            next_id: Cell::new(0),
            failures: Cell::new(0),
            not_before: Cell::new(SimTime::ZERO),
        })
    }

    pub(super) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// Sends a request and waits for its answer; with acks=0 there is none.
    pub(super) async fn call(
        self: &Rc<Self>,
        request: Request,
        timeout: SimDuration,
    ) -> Result<Option<Response>, KafkaError> {
        if !self.ready.get() {
            let me = self.clone();
            self.connecting.run(&self.site.process, async move { me.connect().await }).await?;
        }
        self.ask(request, timeout).await
    }

    async fn ask(&self, request: Request, timeout: SimDuration) -> Result<Option<Response>, KafkaError> {
        if matches!(request, Request::Produce { acks: Acks::None, .. }) {
            self.write(request);
            return Ok(None);
        }
        let reply = self.write(request);
        match race(reply, self.site.process.sim().sleep(timeout)).await {
            Either::Left(reply) => reply.unwrap_or(Err(KafkaError::ConnectionClosed(self.target))).map(Some),
            Either::Right(()) => {
                self.hang_up(&KafkaError::ConnectionClosed(self.target));
                Err(KafkaError::RequestTimeout)
            }
        }
    }

    fn write(&self, request: Request) -> Slot<Reply> {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let (writer, reply) = slot();
        let answered = !matches!(request, Request::Produce { acks: Acks::None, .. });
        if let (true, Some(_)) = (answered, &*self.conn.borrow()) {
            self.in_flight.borrow_mut().insert(id, writer);
        }
        let frame = Frame::Request { id, request };
        self.conn.borrow().iter().for_each(|conn| conn.send(frame.bytes(), Rc::new(frame.clone())));
        reply
    }

    /// Waits out the backoff, connects, and asks for the versions.
    async fn connect(self: &Rc<Self>) -> Result<(), KafkaError> {
        let sim = self.site.process.sim();
        sim.sleep_until(self.not_before.get()).await;
        let (writer, opened) = slot();
        *self.opened.borrow_mut() = Some(writer);
        self.round.set(self.round.get() + 1);
        let events = Rc::new(LinkEvents { link: self.me.clone(), round: self.round.get() });
        let (site, target) = (&self.site, self.target);
        let conn = site.net.connect(site.host, target.host, target.port, ConnectOptions::default(), events);
        *self.conn.borrow_mut() = Some(conn);
        let result = match race(opened, sim.sleep(self.config.connection_timeout)).await {
            Either::Left(result) => result.unwrap_or(Err(KafkaError::ConnectionClosed(target))),
            Either::Right(()) => Err(KafkaError::Connection(ConnectionFault::Timeout)),
        };
        let result = match result {
            Ok(()) => self.ask(Request::ApiVersions, self.config.request_timeout).await.map(drop),
            failed => failed,
        };
        match &result {
            Ok(()) => self.failures.set(0),
            Err(error) => self.failed(error),
        }
        self.ready.set(result.is_ok());
        result
    }

    /// The next attempt waits, longer each time (`reconnect.backoff.ms`; its jitter is left out).
    fn failed(&self, error: &KafkaError) {
        let nth = self.failures.replace(self.failures.get() + 1).min(16);
        let wait = (self.config.reconnect_backoff * (1 << nth)).min(self.config.retry_backoff_max);
        self.not_before.set(self.site.process.sim().now() + wait);
        self.hang_up(error);
    }

    /// The connection is no more: all that waits for it fails.
    fn hang_up(&self, error: &KafkaError) {
        self.ready.set(false);
        self.round.set(self.round.get() + 1);
        let conn = self.conn.borrow_mut().take();
        conn.iter().for_each(Conn::close);
        let opened = self.opened.borrow_mut().take();
        opened.into_iter().for_each(|opened| opened.set(Err(error.clone())));
        let in_flight = self.in_flight.take();
        in_flight.into_values().for_each(|reply| reply.set(Err(error.clone())));
    }

    fn received(&self, frame: &Frame) {
        let Frame::Response { id, response } = frame else { return };
        let waiting = self.in_flight.borrow_mut().remove(id);
        waiting.into_iter().for_each(|reply| reply.set(Ok(response.clone())));
    }
}

/// Hears what one connection of a link says.
struct LinkEvents {
    link: Weak<Link>,
    round: u64,
}

impl LinkEvents {
    fn link(&self) -> Option<Rc<Link>> {
        self.link.upgrade().filter(|link| link.round.get() == self.round)
    }
}

impl ConnEvents for LinkEvents {
    fn opened(&self) {
        let opened = self.link().and_then(|link| link.opened.borrow_mut().take());
        opened.into_iter().for_each(|opened| opened.set(Ok(())));
    }

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        if let (Some(link), Ok(frame)) = (self.link(), body.downcast::<Frame>()) {
            link.received(&frame);
        }
    }

    fn closed(&self, why: ConnChange) {
        if let Some(link) = self.link() {
            link.hang_up(&match why {
                ConnChange::Refused => KafkaError::Connection(ConnectionFault::Refused),
                ConnChange::TimedOut => KafkaError::Connection(ConnectionFault::TimedOut),
                _ => KafkaError::ConnectionClosed(link.target),
            });
        }
    }
}
