//! Requests of the machine to other nodes: one connection for each peer and lane, one request on it at a time.
//!
//! A connection is opened when there is something to send and none is open. When a request times out its connection goes with
//! it, since the late answer must not be taken for that of the next; when a connection fails, all that waits on it gets no answer.

use std::any::Any;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};

use super::{Life, Machine, Placement};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::{Input, Lane, Sent};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::BrokerId;
use crate::kafka::wire::Frame;
use crate::net::{Conn, ConnEvents, ConnectOptions};
use crate::process::ProcessTimer;
use crate::trace::ConnChange;

/// One request of the machine.
pub(super) struct Errand {
    pub(super) sent: Sent,
    pub(super) timeout: SimDuration,
    pub(super) request: Request,
}

/// Connections by peer and purpose.
type Lines<M> = BTreeMap<(BrokerId, Lane), Rc<Line<M>>>;

/// All connections to peers.
pub(super) struct Outbound<M: Machine> {
    place: Placement,
    life: Weak<Life<M>>,
    lines: RefCell<Lines<M>>,
}

impl<M: Machine + 'static> Outbound<M> {
    pub(super) fn new(place: &Placement, life: Weak<Life<M>>) -> Self {
        Self { place: place.clone(), life, lines: RefCell::default() }
    }

    pub(super) fn send(&self, to: (BrokerId, Lane), errand: Errand) {
        let line = self.lines.borrow_mut().entry(to).or_insert_with(|| self.line(to.0)).clone();
        line.send(errand);
    }

    fn line(&self, peer: BrokerId) -> Rc<Line<M>> {
        Rc::new(Line { place: self.place.clone(), life: self.life.clone(), peer, state: RefCell::default() })
    }
}

/// The connection to one peer on one lane, open or not.
struct Line<M: Machine> {
    place: Placement,
    life: Weak<Life<M>>,
    peer: BrokerId,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Counts connections: what an old one says is not heard.
    round: u64,
    conn: Option<Conn>,
    open: bool,
    /// The first is at work. Bounded by what the machine sends.
    errands: VecDeque<Waiting>,
    /// Whether the first has been written.
    written: bool,
    /// Expires at the earliest deadline, or before it.
    timer: Option<(SimTime, ProcessTimer)>,
}

struct Waiting {
    sent: Sent,
    deadline: SimTime,
    /// Gone once it is written.
    request: Option<Request>,
}

impl<M: Machine + 'static> Line<M> {
    fn send(self: &Rc<Self>, errand: Errand) {
        let deadline = self.place.site.process.sim().now() + errand.timeout;
        let waiting = Waiting { sent: errand.sent, deadline, request: Some(errand.request) };
        self.state.borrow_mut().errands.push_back(waiting);
        self.watch(deadline);
        self.proceed();
    }

    /// Makes sure that the timer expires no later than the deadline.
    fn watch(self: &Rc<Self>, deadline: SimTime) {
        if self.state.borrow().timer.as_ref().is_some_and(|(set, _)| *set <= deadline) {
            return;
        }
        let me = Rc::downgrade(self);
        let then = move || me.upgrade().into_iter().for_each(|line| line.expired());
        let timer = self.place.site.process.in_thread_at(deadline, then);
        let old = self.state.borrow_mut().timer.replace((deadline, timer));
        drop(old); // after the borrow
    }

    /// The timer has expired, perhaps before anything is due.
    fn expired(self: &Rc<Self>) {
        let timer = self.state.borrow_mut().timer.take();
        drop(timer); // after the borrow
        let now = self.place.site.process.sim().now();
        let late = |state: &State| state.errands.iter().find(|waiting| waiting.deadline <= now).map(|late| late.sent);
        while let Some(sent) = { late(&self.state.borrow()) } {
            self.timed_out(sent);
        }
        let earliest = self.state.borrow().errands.iter().map(|waiting| waiting.deadline).min();
        earliest.into_iter().for_each(|deadline| self.watch(deadline));
    }

    /// Connects, or writes the first errand.
    fn proceed(self: &Rc<Self>) {
        let (idle, connected) = {
            let state = self.state.borrow();
            (state.errands.is_empty() || state.written, state.conn.is_some())
        };
        if idle {
            return;
        }
        if !connected {
            return self.connect();
        }
        let state = &mut *self.state.borrow_mut();
        if let (true, Some(conn), Some(first)) = (state.open, &state.conn, state.errands.front_mut())
            && let Some(request) = first.request.take()
        {
            let frame = Frame::Request { id: first.sent.0, request };
            conn.send(frame.bytes(), Rc::new(frame));
            state.written = true;
        }
    }

    fn connect(self: &Rc<Self>) {
        let Some(target) = self.place.book.get(&self.peer) else { return };
        let site = &self.place.site;
        let mut state = self.state.borrow_mut();
        state.round += 1;
        let line = LineEvents { line: Rc::downgrade(self), round: state.round };
        let conn = site.net.connect(site.host, target.host, target.port, ConnectOptions::default(), Rc::new(line));
        state.conn = Some(conn);
    }

    fn opened(self: &Rc<Self>) {
        self.state.borrow_mut().open = true;
        self.proceed();
    }

    fn answered(self: &Rc<Self>, id: u64, response: &Response) {
        let first = {
            let mut state = self.state.borrow_mut();
            let is_first = state.written && state.errands.front().is_some_and(|first| first.sent.0 == id);
            state.written &= !is_first;
            if is_first { state.errands.pop_front() } else { None }
        };
        if let Some(first) = first {
            self.tell(first.sent, Some(response.clone()));
            self.proceed();
        }
    }

    /// An errand has waited too long. If it is the one at work, or there is no connection yet, the connection goes with it.
    fn timed_out(self: &Rc<Self>, sent: Sent) {
        let conn = {
            let mut state = self.state.borrow_mut();
            let Some(place) = state.errands.iter().position(|waiting| waiting.sent == sent) else { return };
            drop(state.errands.remove(place));
            if place == 0 { state.hang_up() } else { None }
        };
        conn.iter().for_each(Conn::abort);
        self.tell(sent, None);
        self.proceed();
    }

    /// The connection is gone, and with it everything that waits for it.
    fn lost(self: &Rc<Self>) {
        let errands = {
            let mut state = self.state.borrow_mut();
            state.hang_up();
            std::mem::take(&mut state.errands)
        };
        for waiting in errands {
            self.tell(waiting.sent, None);
        }
    }

    fn tell(&self, sent: Sent, answer: Option<Response>) {
        if let Some(life) = self.life.upgrade() {
            life.handle(Input::Answer { sent, answer });
        }
    }
}

impl State {
    /// Forgets the connection and hands it out.
    fn hang_up(&mut self) -> Option<Conn> {
        (self.open, self.written) = (false, false);
        self.round += 1;
        self.conn.take()
    }
}

/// Hears what one connection of a line says.
struct LineEvents<M: Machine> {
    line: Weak<Line<M>>,
    round: u64,
}

impl<M: Machine + 'static> LineEvents<M> {
    fn in_process(&self, then: impl FnOnce(&Rc<Line<M>>) + 'static) {
        let (line, round) = (self.line.clone(), self.round);
        let Some(life) = line.upgrade().and_then(|line| line.life.upgrade()) else { return };
        life.in_process(move |_| {
            if let Some(line) = line.upgrade().filter(|line| line.state.borrow().round == round) {
                then(&line);
            }
        });
    }
}

impl<M: Machine + 'static> ConnEvents for LineEvents<M> {
    fn opened(&self) {
        self.in_process(Line::opened);
    }

    fn message(&self, _bytes: u32, body: Rc<dyn Any>) {
        if let Ok(frame) = body.downcast::<Frame>() {
            self.in_process(move |line| {
                if let Frame::Response { id, response } = &*frame {
                    line.answered(*id, response);
                }
            });
        }
    }

    fn closed(&self, _why: ConnChange) {
        self.in_process(Line::lost);
    }
}
