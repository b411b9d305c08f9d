//! The server's side of one HTTP/2 connection.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use super::Site;
use super::frame::Frame;
use super::message::{Context, Message, Status};
use super::policy::ServerPolicy;
use super::server;
use super::window::Consumed;
use crate::engine::{SimDuration, SimTime};
use crate::net::{Conn, ConnEvents};
use crate::process::ProcessTimer;
use crate::trace::{Code, ConnChange, Mark};

const EXPIRED: Status = Status::new(Code::DeadlineExceeded, "Deadline exceeded");

/// A call being served.
struct Serving {
    context: Context,
    /// What is asked, until its DATA has come and the handler starts.
    awaits: Option<&'static str>,
    /// Expires the call at its deadline.
    _expiry: Option<ProcessTimer>,
}

/// One connection of a client.
pub(crate) struct ServerSession {
    server: Weak<server::Inner>,
    site: Site,
    conn: Conn,
    me: Weak<ServerSession>,
    calls: RefCell<BTreeMap<u32, Serving>>,
    over: Cell<bool>,
    resets: ResetGuard,
    consumed: Consumed,
}

/// nghttp2's guard against floods of RST_STREAM (EXP-19): a token bucket, empty means the session is torn down.
struct ResetGuard {
    burst: u64,
    rate: u64,
    nanotokens: Cell<u128>,
    last: Cell<SimTime>,
}

const NANO: u128 = 1_000_000_000;

impl ResetGuard {
    fn new(policy: &ServerPolicy) -> Self {
        let (burst, rate) = (u64::from(policy.reset_burst), u64::from(policy.reset_rate));
        Self { burst, rate, nanotokens: Cell::new(u128::from(burst) * NANO), last: Cell::new(SimTime::ZERO) }
    }

    /// Takes a token; false when there is none.
    fn admit(&self, now: SimTime) -> bool {
        let earned = u128::from(now.since(self.last.replace(now)).as_nanos()) * u128::from(self.rate);
        let tokens = (self.nanotokens.get() + earned).min(u128::from(self.burst) * NANO);
        let enough = tokens >= NANO;
        self.nanotokens.set(if enough { tokens - NANO } else { tokens });
        enough
    }
}

impl ServerSession {
    pub(crate) fn new(server: Weak<server::Inner>, site: Site, policy: &ServerPolicy, conn: Conn) -> Rc<Self> {
        let window = u32::try_from(policy.window.0).unwrap_or(u32::MAX);
        let session = Rc::new_cyclic(|me| Self {
            server,
            site,
            conn,
            me: me.clone(),
            calls: RefCell::default(),
            over: Cell::new(false),
            resets: ResetGuard::new(policy),
            consumed: Consumed::new(window),
        });
        let (me, max_streams) = (session.clone(), policy.max_concurrent_streams);
        // The kernel accepts; SETTINGS wait for the event loop. A stopped process never sends them (A7).
        session.site.process.readable(SimDuration::ZERO, move || me.send(Frame::Settings { max_streams, window }));
        session
    }

    fn send(&self, frame: Frame) {
        if !self.over.get() {
            self.conn.send(frame.bytes(), Rc::new(frame));
        }
    }

    fn handle(self: &Rc<Self>, frame: &Frame) {
        if self.over.get() {
            return; // unread requests of a torn-down session are discarded (EXP-19)
        }
        match frame {
            Frame::Request { stream, method, timeout, message } => {
                self.headers(*stream, method, *timeout);
                self.data(*stream, message.clone());
            }
            Frame::Headers { stream, method, timeout } => self.headers(*stream, method, *timeout),
            Frame::Data { stream, message } => self.data(*stream, message.clone()),
            Frame::Reset { stream } => self.reset(*stream),
            Frame::Ping => self.send(Frame::Pong),
            _ => {}
        }
    }

    fn headers(self: &Rc<Self>, stream: u32, method: &'static str, timeout: Option<SimDuration>) {
        let Some(server) = self.server.upgrade() else { return };
        if let Some(status) = server.refusal(method) {
            return self.answer(stream, Err(status));
        }
        let now = self.site.process.sim().now();
        // The wire carries a relative time-out (A1), so the server's deadline lags the client's by the time in between.
        let deadline = timeout.map(|span| now + span);
        let context = Context::new(now, deadline);
        let expiry = deadline.map(|at| self.expire_at(stream, at));
        self.calls.borrow_mut().insert(stream, Serving { context, awaits: Some(method), _expiry: expiry });
    }

    /// The handler starts when the message is there; a call that has ended by then has none.
    fn data(self: &Rc<Self>, stream: u32, message: Message) {
        if self.consumed.add(message.bytes) {
            self.tell_consumed();
        }
        let Some(server) = self.server.upgrade() else { return };
        let starting = self.calls.borrow_mut().get_mut(&stream).and_then(|call| {
            let method = call.awaits.take()?;
            Some((method, call.context.clone()))
        });
        if let Some((method, context)) = starting {
            let me = self.clone();
            server.start(method, context, message, move |result| me.finished(stream, result));
        }
    }

    /// An update leaves with the answers of this turn, or alone if there are none.
    fn tell_consumed(&self) {
        let me = self.me.clone();
        self.site.process.late(move || {
            if let Some(me) = me.upgrade().filter(|me| me.consumed.is_due()) {
                me.send(Frame::WindowUpdate { consumed: me.consumed.take() });
            }
        });
    }

    fn expire_at(&self, stream: u32, at: SimTime) -> ProcessTimer {
        let me = self.me.clone();
        self.site.process.call_later(at, move || {
            let Some(me) = me.upgrade() else { return };
            let expired = me.calls.borrow_mut().remove(&stream);
            if let Some(call) = expired {
                call.context.cancel();
                me.answer(stream, Err(EXPIRED));
            }
        })
    }

    /// The handler's result; dropped when the call has ended before (A4).
    fn finished(&self, stream: u32, result: Result<Message, Status>) {
        let serving = self.calls.borrow_mut().remove(&stream);
        if serving.is_some() {
            self.answer(stream, result);
        }
    }

    /// Answers leave one turn of the event loop late (EXP-17).
    fn answer(&self, stream: u32, result: Result<Message, Status>) {
        let me = self.me.clone();
        self.site.process.late(move || {
            if let Some(me) = me.upgrade() {
                let consumed = me.consumed.take();
                me.send(Frame::Response { stream, result, consumed });
            }
        });
    }

    fn reset(&self, stream: u32) {
        let cancelled = self.calls.borrow_mut().remove(&stream);
        if let Some(call) = cancelled {
            call.context.cancel();
        }
        if !self.resets.admit(self.site.process.sim().now()) {
            self.site.process.trace().mark(self.site.process.name(), Mark::ResetFlood);
            self.send(Frame::Flooded);
            self.conn.close();
            self.end();
        }
    }

    fn end(&self) {
        self.over.set(true);
        for call in self.calls.take().into_values() {
            call.context.cancel();
        }
    }
}

impl ConnEvents for ServerSession {
    fn opened(&self) {}

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        let (Ok(frame), Some(me), Some(server)) = (body.downcast::<Frame>(), self.me.upgrade(), self.server.upgrade())
        else {
            return;
        };
        let cpu = match *frame {
            Frame::Request { .. } | Frame::Headers { .. } => server.policy.cpu_per_call,
            _ => SimDuration::ZERO,
        };
        self.site.process.readable(cpu, move || me.handle(&frame));
    }

    fn closed(&self, _why: ConnChange) {
        if let Some(me) = self.me.upgrade() {
            self.site.process.readable(SimDuration::ZERO, move || me.end());
        }
    }
}
