//! Connections that others have opened: their requests reach the machine one at a time, in order (B2).

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use super::{Life, Machine, Origin};
use crate::kafka::machine::{Input, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::wire::Frame;
use crate::net::{Acceptor, Conn, ConnEvents, HostId};
use crate::trace::ConnChange;

/// Takes connections in for one life of a node.
pub(super) struct Front<M: Machine>(pub(super) Weak<Life<M>>);

impl<M: Machine + 'static> Acceptor for Front<M> {
    fn accept(&self, conn: Conn, _peer: HostId) -> Rc<dyn ConnEvents> {
        Rc::new_cyclic(|me| Inbound {
            me: me.clone(),
            life: self.0.clone(),
            conn,
            waiting: RefCell::default(),
            busy: Cell::new(false),
            at_work: Cell::new(None),
            over: Cell::new(false),
        })
    }
}

/// One connection.
pub(super) struct Inbound<M: Machine> {
    me: Weak<Inbound<M>>,
    life: Weak<Life<M>>,
    conn: Conn,
    /// Requests behind the one at work. Bounded by what the peer keeps in flight.
    waiting: RefCell<VecDeque<(u64, Request)>>,
    busy: Cell<bool>,
    /// The request that the machine has: its number and its ticket.
    at_work: Cell<Option<(u64, Ticket)>>,
    over: Cell<bool>,
}

impl<M: Machine + 'static> Inbound<M> {
    /// The machine has answered the request at work; `None` sends nothing. The next one may come in.
    pub(super) fn answer(&self, response: Option<Response>) {
        let Some((id, _)) = self.at_work.take() else { return };
        if let Some(response) = response {
            let frame = Frame::Response { id, response };
            self.conn.send(frame.bytes(), Rc::new(frame));
        }
        self.busy.set(false);
        self.next();
    }

    fn received(&self, frame: &Frame) {
        match frame {
            Frame::Request { id, request } => {
                self.waiting.borrow_mut().push_back((*id, request.clone()));
                self.next();
            }
            Frame::End => {
                self.conn.close();
                self.end();
            }
            Frame::Response { .. } => {}
        }
    }

    /// Gives the next request to a worker, if none is at work.
    fn next(&self) {
        if self.busy.get() || self.over.get() {
            return;
        }
        let next = self.waiting.borrow_mut().pop_front();
        let (Some((id, request)), Some(life)) = (next, self.life.upgrade()) else { return };
        self.busy.set(true);
        let me = self.me.clone();
        life.at_work(move |life| {
            let Some(connection) = me.upgrade().filter(|connection| !connection.over.get()) else { return };
            let ticket = life.ticket(Origin::Remote(me));
            connection.at_work.set(Some((id, ticket)));
            life.handle(Input::Request { ticket, request });
        });
    }

    /// The peer is gone: what waits is dropped, and the machine hears of what it has.
    fn end(&self) {
        self.over.set(true);
        self.waiting.borrow_mut().clear();
        if let (Some((_, ticket)), Some(life)) = (self.at_work.take(), self.life.upgrade()) {
            life.gone(ticket);
        }
    }

    fn in_process(&self, then: impl FnOnce(&Self) + 'static) {
        let me = self.me.clone();
        if let Some(life) = self.life.upgrade() {
            life.in_process(move |_| {
                if let Some(me) = me.upgrade().filter(|connection| !connection.over.get()) {
                    then(&me);
                }
            });
        }
    }
}

impl<M: Machine + 'static> ConnEvents for Inbound<M> {
    fn opened(&self) {}

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        if let Ok(frame) = body.downcast::<Frame>() {
            self.in_process(move |connection| connection.received(&frame));
        }
    }

    fn closed(&self, _why: ConnChange) {
        // The kernel lets go of this handler now; the closure keeps it until the process has heard.
        let Some(me) = self.me.upgrade() else { return };
        if let Some(life) = self.life.upgrade() {
            life.in_process(move |_| me.end());
        }
    }
}
