//! The server: methods, concurrency limit, load shedding, deadlines that stop nothing but the answer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};

use super::message::{Context, Message, Status};
use super::policy::ServerPolicy;
use super::server_session::ServerSession;
use super::{SERVER_BYTES_PER_CALL, Site};
use crate::engine::{SimDuration, SimTime};
use crate::net::{Acceptor, Conn, ConnEvents, HostId, InUse};
use crate::trace::{Code, Event, Gauge, Mark, Name};

const UNKNOWN_METHOD: Status = Status::new(Code::Unimplemented, "The server does not implement this method");
const OVER_LIMIT: Status = Status::new(Code::ResourceExhausted, "Too many calls at work");
const OVERLOADED: Status = Status::new(Code::ResourceExhausted, "The event loop lags");

/// Time between two measurements of the event loop's lag: an assumption; libraries measure every 100 to 500 ms.
const LAG_INTERVAL: SimDuration = SimDuration::from_millis(100);

type Answer = Pin<Box<dyn Future<Output = Result<Message, Status>>>>;
type Handler = Rc<dyn Fn(Context, Message) -> Answer>;

/// Serves calls on one port. Cheap to clone; belongs to one incarnation of its process.
#[derive(Clone)]
pub struct Server(Rc<Inner>);

pub(crate) struct Inner {
    pub(crate) site: Site,
    pub(crate) name: Name,
    pub(crate) policy: ServerPolicy,
    methods: RefCell<BTreeMap<&'static str, Handler>>,
    active: Cell<u64>,
    /// How late the last timer of [`measure_lag`] was.
    lag: Cell<SimDuration>,
    me: Weak<Inner>,
}

impl Server {
    /// A server that listens on `port` of its site's host; calls to methods not yet added end as UNIMPLEMENTED.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn listen(site: &Site, port: u16, policy: ServerPolicy) -> Result<Self, InUse> {
        let inner = Rc::new_cyclic(|me| Inner {
            site: site.clone(),
            name: site.process.name(),
            policy,
            methods: RefCell::default(),
            active: Cell::new(0),
            lag: Cell::new(SimDuration::ZERO),
            me: me.clone(),
        });
        site.net.listen(site.host, port, inner.clone())?;
        if inner.policy.shed_after.is_some() {
            site.process.spawn(measure_lag(site.clone(), Rc::downgrade(&inner)));
        }
        Ok(Self(inner))
    }

    /// Adds a method. The handler runs as a task of the process; it is not stopped when its client goes (A4).
    pub fn method<F, A>(&self, name: &'static str, handler: F) -> &Self
    where
        F: Fn(Context, Message) -> A + 'static,
        A: Future<Output = Result<Message, Status>> + 'static,
    {
        let handler: Handler = Rc::new(move |context, message| Box::pin(handler(context, message)));
        self.0.methods.borrow_mut().insert(name, handler);
        self
    }

    /// Handlers at work.
    pub fn active(&self) -> u64 {
        self.0.active.get()
    }
}

/// Keeps measuring how late timers are, and so how long a callback waits for the event loop.
async fn measure_lag(site: Site, server: Weak<Inner>) {
    while let Some(server) = server.upgrade() {
        let due = site.process.sim().now() + LAG_INTERVAL;
        site.process.timer_at(due).await;
        server.lag.set(site.process.sim().now().since(due));
    }
}

impl Acceptor for Inner {
    fn accept(&self, conn: Conn, _peer: HostId) -> Rc<dyn ConnEvents> {
        ServerSession::new(self.me.clone(), self.site.clone(), &self.policy, conn)
    }
}

impl Inner {
    /// Why a call must be refused, if it must.
    pub(crate) fn refusal(&self, method: &str) -> Option<Status> {
        let status = if self.policy.shed_after.is_some_and(|limit| self.lag.get() > limit) {
            OVERLOADED
        } else if self.policy.concurrency_limit.is_some_and(|limit| self.active.get() >= u64::from(limit)) {
            OVER_LIMIT
        } else if !self.methods.borrow().contains_key(method) {
            UNKNOWN_METHOD
        } else {
            return None;
        };
        if status.code == Code::ResourceExhausted {
            self.site.process.trace().mark(self.name, Mark::Shed);
        }
        Some(status)
    }

    /// Starts the handler of a call; `done` gets its result.
    pub(crate) fn start(
        &self,
        method: &'static str,
        context: Context,
        message: Message,
        done: impl FnOnce(Result<Message, Status>) + 'static,
    ) {
        let Some(handler) = self.methods.borrow().get(method).cloned() else { return };
        let held = self.site.process.hold(SERVER_BYTES_PER_CALL + u64::from(message.bytes));
        self.set_active(self.active.get() + 1);
        let (me, began) = (self.me.clone(), self.site.process.sim().now());
        self.site.process.spawn(async move {
            let result = handler(context.clone(), message).await;
            drop(held);
            if let Some(server) = me.upgrade() {
                server.handled(&context, began, &result);
            }
            done(result);
        });
    }

    fn handled(&self, context: &Context, began: SimTime, result: &Result<Message, Status>) {
        self.set_active(self.active.get() - 1);
        let code = result.as_ref().map_or_else(|status| status.code, |_| Code::Ok);
        let took = self.site.process.sim().now().since(began);
        let stale = context.is_cancelled();
        self.site.process.trace().emit(Event::Handled { server: self.name, code, took, stale });
    }

    fn set_active(&self, active: u64) {
        self.active.set(active);
        self.site.process.trace().gauge(self.name, Gauge::CallsServed, active);
    }
}
