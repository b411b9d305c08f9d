//! The front door: HTTP/1.1 with one connection for each request, as a customer's browser meets the gateway.
//!
//! **Not modelled:** keep-alive connections, pipelining, TLS, bodies larger than a segment. Unlike a grpc-js server, a plain HTTP/1
//! server answers at once and not one loop turn late (MODEL-REFERENCE.md A8, EXP-17).

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use crate::engine::{SimDuration, SlotWriter, slot};
use crate::grpc::{Context, Message, Site, Status};
use crate::net::{Acceptor, Conn, ConnEvents, ConnectOptions, HostId, InUse, Net};
use crate::trace::{Code, ConnChange, Event};

/// Bytes of a request's or an answer's headers.
const HEADERS: u32 = 400;

type Answer = Pin<Box<dyn Future<Output = Result<Message, Status>>>>;
type Handler = Rc<dyn Fn(Context, Message) -> Answer>;
type Reply = Result<Message, Status>;

/// Serves requests on a port.
pub struct HttpServer {
    site: Site,
    cpu: SimDuration,
    handler: Handler,
}

impl HttpServer {
    /// Listens on `port`; each request costs `cpu` to read and write and runs `handler` as a task. The context tells a handler
    /// that its client has closed the connection; most handlers never ask.
    ///
    /// # Errors
    /// When the port is taken.
    pub fn listen<F, A>(site: &Site, port: u16, cpu: SimDuration, handler: F) -> Result<(), InUse>
    where
        F: Fn(Context, Message) -> A + 'static,
        A: Future<Output = Reply> + 'static,
    {
        let handler: Handler = Rc::new(move |context, message| Box::pin(handler(context, message)));
        site.net.listen(site.host, port, Rc::new(Self { site: site.clone(), cpu, handler }))
    }
}

impl Acceptor for HttpServer {
    fn accept(&self, conn: Conn, _peer: HostId) -> Rc<dyn ConnEvents> {
        let context = Context::new(self.site.process.sim().now(), None);
        Rc::new(Exchange { site: self.site.clone(), cpu: self.cpu, handler: self.handler.clone(), conn, context })
    }
}

/// One request being served.
struct Exchange {
    site: Site,
    cpu: SimDuration,
    handler: Handler,
    conn: Conn,
    context: Context,
}

impl ConnEvents for Exchange {
    fn opened(&self) {}

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        let Ok(message) = body.downcast::<Message>() else { return };
        let (process, handler) = (self.site.process.clone(), self.handler.clone());
        let (conn, context) = (self.conn.clone(), self.context.clone());
        self.site.process.readable(self.cpu, move || {
            let (began, answer) = (process.sim().now(), handler(context.clone(), (*message).clone()));
            let server = process.clone();
            process.spawn(async move {
                let reply: Reply = answer.await;
                let code = reply.as_ref().map_or_else(|status| status.code, |_| Code::Ok);
                let (took, stale) = (server.sim().now().since(began), context.is_cancelled());
                server.trace().emit(Event::Handled { server: server.name(), code, took, stale });
                let bytes = reply.as_ref().map_or(0, |m| m.bytes);
                conn.send(HEADERS + bytes, Rc::new(reply));
            });
        });
    }

    fn closed(&self, _why: ConnChange) {
        let context = self.context.clone();
        self.site.process.readable(SimDuration::ZERO, move || context.cancel());
    }
}

/// One request on its way; dropping it closes the connection, as a browser does when its user leaves.
struct Visit {
    request: Message,
    state: RefCell<VisitState>,
}

#[derive(Default)]
struct VisitState {
    conn: Option<Conn>,
    reply: Option<SlotWriter<Reply>>,
}

impl Visit {
    fn finish(&self, reply: Reply) {
        let (conn, writer) = {
            let mut state = self.state.borrow_mut();
            (state.conn.take(), state.reply.take())
        };
        conn.iter().for_each(Conn::close);
        if let Some(writer) = writer {
            writer.set(reply);
        }
    }
}

impl ConnEvents for Visit {
    fn opened(&self) {
        if let Some(conn) = &self.state.borrow().conn {
            conn.send(HEADERS + self.request.bytes, Rc::new(self.request.clone()));
        }
    }

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        if let Ok(reply) = body.downcast::<Reply>() {
            self.finish((*reply).clone());
        }
    }

    fn closed(&self, why: ConnChange) {
        let message = match why {
            ConnChange::Refused => "connection refused",
            ConnChange::TimedOut => "connection timed out",
            _ => "connection lost",
        };
        self.finish(Err(Status::new(Code::Unavailable, message)));
    }
}

/// Closes the connection of a visit that nobody waits for any more.
struct Leave(Rc<Visit>);

impl Drop for Leave {
    fn drop(&mut self) {
        let conn = self.0.state.borrow_mut().conn.take();
        conn.iter().for_each(Conn::abort);
    }
}

/// Sends one request over a connection of its own and waits for the answer, for ever if need be.
///
/// # Errors
/// The server's status, or UNAVAILABLE when the connection fails.
pub async fn request(net: &Net, from: HostId, to: (HostId, u16), message: Message) -> Result<Message, Status> {
    let (writer, reply) = slot();
    let state = RefCell::new(VisitState { conn: None, reply: Some(writer) });
    let visit = Rc::new(Visit { request: message, state });
    let conn = net.connect(from, to.0, to.1, ConnectOptions::default(), visit.clone());
    visit.state.borrow_mut().conn = Some(conn);
    let _leave = Leave(visit);
    reply.await.unwrap_or(Err(Status::new(Code::Unavailable, "connection lost")))
}
