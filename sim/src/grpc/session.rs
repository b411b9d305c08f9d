//! The client's side of one HTTP/2 connection: streams, their limit, the window of their DATA, keepalive.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use super::attempt::{Attempt, Place};
use super::frame::Frame;
use super::message::{Message, Status};
use super::outbox::Outbox;
use super::policy::KeepalivePolicy;
use super::subchannel::Subchannel;
use super::window::SendWindow;
use super::{CLIENT_CPU_PER_CALL, Site};
use crate::engine::SimDuration;
use crate::net::{Conn, ConnEvents, ConnectOptions, HostId};
use crate::process::ProcessTimer;
use crate::trace::{Code, ConnChange, Gauge, Mark, Name};

const DROPPED: Status = Status::new(Code::Unavailable, "Connection dropped");
/// Unacknowledged bytes the socket takes before frames wait in the session: the order of what Linux lets a connection with its
/// initial window buffer (an assumption; `tcp_wmem` starts at 16 KiB and grows with the window).
const SEND_BUFFER: u64 = 64 << 10;
const FLOODED: Status = Status::new(Code::Internal, "Session closed with error");

/// One connection and the calls on it.
pub(crate) struct Session {
    site: Site,
    name: Name,
    me: Weak<Session>,
    owner: Weak<Subchannel>,
    keepalive: Option<KeepalivePolicy>,
    conn: RefCell<Option<Conn>>,
    ready: Cell<bool>,
    over: Cell<bool>,
    limit: Cell<u32>,
    next_stream: Cell<u32>,
    streams: RefCell<BTreeMap<u32, Rc<Attempt>>>,
    queue: RefCell<VecDeque<Rc<Attempt>>>,
    queued: Cell<u64>,
    window: SendWindow,
    /// Frames that wait for room in the socket's send buffer.
    outbox: RefCell<Outbox>,
    ping_timer: RefCell<Option<ProcessTimer>>,
    /// A ping is due and waits for a call.
    ping_due: Cell<bool>,
}

impl Session {
    /// Connects to `target`; `owner` hears how it went.
    pub(crate) fn open(
        site: &Site,
        name: Name,
        owner: Weak<Subchannel>,
        target: (HostId, u16),
        keepalive: Option<KeepalivePolicy>,
    ) -> Rc<Self> {
        let session = Rc::new_cyclic(|me: &Weak<Session>| Self {
            site: site.clone(),
            name,
            me: me.clone(),
            owner,
            keepalive,
            conn: RefCell::new(None),
            ready: Cell::new(false),
            over: Cell::new(false),
            limit: Cell::new(u32::MAX),
            next_stream: Cell::new(1),
            streams: RefCell::default(),
            queue: RefCell::default(),
            queued: Cell::new(0),
            window: SendWindow::new(0),
            outbox: RefCell::default(),
            ping_timer: RefCell::default(),
            ping_due: Cell::new(false),
        });
        let conn = site.net.connect(site.host, target.0, target.1, ConnectOptions::default(), session.clone());
        *session.conn.borrow_mut() = Some(conn);
        session
    }

    /// Puts an attempt on a stream, or behind those that wait for one.
    pub(crate) fn start(&self, attempt: Rc<Attempt>) {
        if attempt.is_over() {
            return;
        }
        if self.streams.borrow().len() < self.limit.get() as usize {
            self.open_stream(attempt);
        } else {
            attempt.moved_to(Place::Queue(self.me.clone()));
            self.queue.borrow_mut().push_back(attempt);
            self.set_queued(self.queued.get() + 1);
        }
    }

    /// A queued attempt was cancelled; its entry is skipped when its turn comes.
    pub(crate) fn left_queue(&self) {
        self.set_queued(self.queued.get() - 1);
    }

    /// Cancels a stream: RST_STREAM(CANCEL) to the server, room for the next.
    pub(crate) fn reset(&self, stream: u32) {
        let removed = self.streams.borrow_mut().remove(&stream);
        if removed.is_some() && self.site.process.is_up() {
            if !self.unsend(stream) {
                self.send(Frame::Reset { stream });
            }
            self.fill_streams();
        }
    }

    /// Takes back what has not left the process of a request; false if the server will hear of the stream.
    fn unsend(&self, stream: u32) -> bool {
        let taken = self.outbox.borrow_mut().take_back(stream);
        if let Some(bytes) = taken.message_bytes {
            self.window.give_back(bytes);
        }
        taken.unheard
    }

    /// Closes without telling the owner.
    pub(crate) fn shut_down(&self) {
        self.over.set(true);
        if let Some(conn) = self.conn.borrow_mut().take() {
            conn.abort();
        }
    }

    fn open_stream(&self, attempt: Rc<Attempt>) {
        let stream = self.next_stream.replace(self.next_stream.get() + 2); // clients use odd numbers
        let now = self.site.process.sim().now();
        let timeout = attempt.deadline.map(|at| at.since(now));
        attempt.moved_to(Place::Stream(self.me.clone(), stream));
        let (method, message) = (attempt.method, attempt.message.clone());
        self.streams.borrow_mut().insert(stream, attempt);
        self.ping_if_due();
        if self.window.is_open() {
            self.window.take(message.bytes);
            self.send(Frame::Request { stream, method, timeout, message });
        } else {
            self.window.wait(stream);
            self.send(Frame::Headers { stream, method, timeout });
        }
    }

    /// The server has consumed DATA: what waited for that leaves, as far as its call has not ended.
    fn window_updated(&self, consumed: u32) {
        self.window.update(consumed);
        while let Some(stream) = self.window.next() {
            let message = self.streams.borrow().get(&stream).map(|attempt| attempt.message.clone());
            if let Some(message) = message {
                self.window.take(message.bytes);
                self.send(Frame::Data { stream, message });
            }
        }
    }

    fn fill_streams(&self) {
        while self.streams.borrow().len() < self.limit.get() as usize {
            let Some(next) = self.queue.borrow_mut().pop_front() else { return };
            if !next.is_over() {
                self.set_queued(self.queued.get() - 1);
                self.open_stream(next);
            }
        }
    }

    fn set_queued(&self, value: u64) {
        self.queued.set(value);
        self.site.process.trace().gauge(self.name, Gauge::StreamsWaiting, value);
    }

    fn send(&self, frame: Frame) {
        let Some(conn) = self.conn.borrow().clone() else { return };
        if conn.unacked_bytes() >= SEND_BUFFER {
            self.outbox.borrow_mut().push(frame);
            conn.tell_when_below(SEND_BUFFER);
        } else {
            conn.send(frame.bytes(), Rc::new(frame));
        }
    }

    /// A frame has been parsed by the event loop.
    fn handle(&self, frame: &Frame) {
        if self.over.get() {
            return;
        }
        match frame {
            Frame::Settings { max_streams, window } => {
                self.window.set(*window);
                self.settings(*max_streams);
            }
            Frame::Response { stream, result, consumed } => {
                self.window_updated(*consumed);
                self.answered(*stream, result);
            }
            Frame::WindowUpdate { consumed } => self.window_updated(*consumed),
            Frame::Ping => self.send(Frame::Pong),
            Frame::Pong => self.schedule_ping(),
            Frame::Flooded => self.lost(FLOODED),
            Frame::Request { .. } | Frame::Headers { .. } | Frame::Data { .. } | Frame::Reset { .. } => {}
        }
    }

    fn settings(&self, max_streams: Option<u32>) {
        self.limit.set(max_streams.unwrap_or(u32::MAX));
        if !self.ready.replace(true) {
            self.schedule_ping();
            if let Some(owner) = self.owner.upgrade() {
                owner.ready();
            }
        }
    }

    fn answered(&self, stream: u32, result: &Result<Message, Status>) {
        let attempt = self.streams.borrow_mut().remove(&stream);
        match attempt {
            Some(attempt) => {
                attempt.finish(result.clone());
                self.fill_streams();
            }
            // Its call has ended: the server did not know in time and did the work for nobody (A4).
            None if result.is_ok() => self.site.process.trace().mark(self.name, Mark::Stale),
            None => {}
        }
    }

    /// The connection is gone, and with it all its calls: those on streams and those that wait for one. (grpc-js hands both to
    /// Node's HTTP/2 session at once, so neither is retried transparently.) Node closes the socket in order: what its kernel
    /// has not delivered it goes on sending for a while, and a server that hears it does the work.
    fn lost(&self, why: Status) {
        if self.over.replace(true) {
            return;
        }
        self.ping_timer.borrow_mut().take();
        self.outbox.borrow_mut().clear();
        if let Some(conn) = self.conn.borrow_mut().take() {
            conn.close();
        }
        let (streams, queue) = (self.streams.take(), self.queue.take());
        if let Some(owner) = self.owner.upgrade() {
            if self.ready.get() { owner.lost() } else { owner.failed() }
        }
        for attempt in streams.into_values() {
            attempt.finish(Err(why));
        }
        for attempt in queue.into_iter().filter(|a| !a.is_over()) {
            self.set_queued(self.queued.get() - 1);
            attempt.finish(Err(why));
        }
    }

    fn schedule_ping(&self) {
        if let Some(policy) = self.keepalive {
            self.after(policy.time, move |session| session.ping(policy));
        }
    }

    /// The time between pings is over: ping, or remember to do so as soon as there is a call (GJ:transport.ts).
    fn ping(&self, policy: KeepalivePolicy) {
        if self.streams.borrow().is_empty() && !policy.without_calls {
            self.ping_timer.borrow_mut().take();
            return self.ping_due.set(true);
        }
        self.send(Frame::Ping);
        self.after(policy.timeout, |session| session.lost(DROPPED));
    }

    fn ping_if_due(&self) {
        if let Some(policy) = self.keepalive.filter(|_| self.ping_due.take()) {
            self.ping(policy);
        }
    }

    fn after(&self, span: SimDuration, then: impl FnOnce(&Session) + 'static) {
        let (process, me) = (&self.site.process, self.me.clone());
        let timer = process.call_later(process.sim().now() + span, move || {
            if let Some(session) = me.upgrade().filter(|s| !s.over.get()) {
                then(&session);
            }
        });
        *self.ping_timer.borrow_mut() = Some(timer);
    }
}

impl ConnEvents for Session {
    fn opened(&self) {}

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        let Ok(frame) = body.downcast::<Frame>() else { return };
        let cpu = if matches!(*frame, Frame::Response { .. }) { CLIENT_CPU_PER_CALL } else { SimDuration::ZERO };
        if let Some(me) = self.me.upgrade() {
            self.site.process.readable(cpu, move || me.handle(&frame));
        }
    }

    /// The socket has room again.
    fn drained(&self) {
        let Some(conn) = self.conn.borrow().clone() else { return };
        while conn.unacked_bytes() < SEND_BUFFER {
            let Some(frame) = self.outbox.borrow_mut().pop() else { return };
            conn.send(frame.bytes(), Rc::new(frame));
        }
        if !self.outbox.borrow().is_empty() {
            conn.tell_when_below(SEND_BUFFER);
        }
    }

    fn closed(&self, _why: ConnChange) {
        if let Some(me) = self.me.upgrade() {
            self.site.process.readable(SimDuration::ZERO, move || me.lost(DROPPED));
        }
    }
}
