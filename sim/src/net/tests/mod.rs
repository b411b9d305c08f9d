//! Goal: each behaviour of the network that a lesson may depend on. Method: two hosts `a` and `b`, half a millisecond of round
//! trip, a client on `a`, a server on `b`; what their owners and the trace see is written to one log, in microseconds.

mod faults;
mod handshake;
mod links;
mod retransmission;
mod writable;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::*;
use crate::engine::{SimTime, run};
use crate::trace::{ConnChange, Event, Gauge, Mark, Sink};

/// One thing that happened: at which microsecond, and what.
type Line = (u64, String);
type Log = Rc<RefCell<Vec<Line>>>;

const PORT: u16 = 80;

/// Two hosts and what happens to them.
#[derive(Clone)]
struct World {
    sim: Sim,
    net: Net,
    a: HostId,
    b: HostId,
    log: Log,
}

/// The owner of one end: writes down what it hears, and can answer.
struct Ear {
    world: World,
    who: &'static str,
    /// Sends each message back after this time.
    echo: Option<SimDuration>,
    conn: RefCell<Option<Conn>>,
    ended: Cell<bool>,
}

impl Ear {
    fn new(world: &World, who: &'static str, echo: Option<SimDuration>) -> Rc<Self> {
        Rc::new(Self { world: world.clone(), who, echo, conn: RefCell::default(), ended: Cell::new(false) })
    }

    fn hears(&self, what: &str) {
        assert!(!self.ended.get(), "{} hears {what} after the end", self.who);
        self.world.note(&format!("{} {what}", self.who));
    }
}

impl ConnEvents for Ear {
    fn opened(&self) {
        self.hears("opened");
    }

    fn message(&self, bytes: u32, body: Rc<dyn Any>) {
        self.hears(&format!("got {}", body.downcast_ref::<u32>().expect("a number")));
        if let (Some(after), Some(conn)) = (self.echo, self.conn.borrow().clone()) {
            self.world.sim.call_after(after, move || conn.send(bytes, body));
        }
    }

    fn closed(&self, why: ConnChange) {
        self.hears(why.text());
        self.ended.set(true);
    }
}

/// Accepts everything.
struct Door {
    world: World,
    echo: Option<SimDuration>,
    accepted: Rc<RefCell<Vec<Conn>>>,
}

impl Acceptor for Door {
    fn accept(&self, conn: Conn, peer: HostId) -> Rc<dyn ConnEvents> {
        assert_eq!((conn.local(), conn.peer()), (self.world.b, peer));
        let ear = Ear::new(&self.world, "server", self.echo);
        ear.hears("accepted");
        *ear.conn.borrow_mut() = Some(conn.clone());
        self.accepted.borrow_mut().push(conn);
        ear
    }
}

/// Writes down what the trace tells.
struct Scribe {
    log: Log,
    names: Rc<crate::trace::Names>,
}

impl Sink for Scribe {
    fn record(&mut self, at: SimTime, event: &Event) {
        let line = match *event {
            Event::Connection { from, to, change } => {
                format!("{}->{} {}", self.names.text(from), self.names.text(to), change.text())
            }
            Event::Marked { at, mark: mark @ (Mark::Retransmit | Mark::Lost) } => {
                format!("{} {}", self.names.text(at), mark.text())
            }
            Event::Gauged { of, gauge: gauge @ (Gauge::Connections | Gauge::LinkQueue), value } => {
                format!("{} {} {value}", self.names.text(of), gauge.text())
            }
            _ => return,
        };
        self.log.borrow_mut().push((at.as_nanos() / 1000, line));
    }
}

impl World {
    fn note(&self, text: &str) {
        self.log.borrow_mut().push((self.sim.now().as_nanos() / 1000, text.to_owned()));
    }

    /// Makes `b` listen.
    fn serve(&self, echo: Option<SimDuration>) -> Rc<RefCell<Vec<Conn>>> {
        let accepted = Rc::default();
        let door = Door { world: self.clone(), echo, accepted: Rc::clone(&accepted) };
        self.net.listen(self.b, PORT, Rc::new(door)).expect("the port is free");
        accepted
    }

    fn dial(&self, keepalive: Option<Keepalive>) -> Conn {
        self.net.connect(self.a, self.b, PORT, ConnectOptions { keepalive }, Ear::new(self, "client", None))
    }

    /// Does something at a millisecond.
    fn at(&self, millis: u64, act: impl FnOnce(&World) + 'static) {
        let world = self.clone();
        self.sim.call_at(SimTime::from_millis(millis), move || act(&world));
    }

    fn cut_both(&self, cut: bool) {
        self.net.cut(self.a, self.b, cut);
        self.net.cut(self.b, self.a, cut);
    }
}

/// Sends a numbered message of a hundred bytes.
fn send(conn: &Conn, number: u32) {
    conn.send(100, Rc::new(number));
}

/// Plays a world until `end` seconds; returns its log.
fn play_over(link: LinkSpec, end: u64, build: impl FnOnce(&World) + Send) -> Vec<Line> {
    play_with(link, TcpSpec::default(), end, build)
}

fn play_with(link: LinkSpec, tcp: TcpSpec, end: u64, build: impl FnOnce(&World) + Send) -> Vec<Line> {
    run(7, SimTime::from_secs(end), |sim| {
        let trace = Trace::new(sim);
        let log = Log::default();
        trace.attach(Rc::new(RefCell::new(Scribe { log: log.clone(), names: trace.names() })));
        let net = Net::new(sim, &trace, link, tcp);
        let (a, b) = (net.add_host("a"), net.add_host("b"));
        build(&World { sim: sim.clone(), net, a, b, log: log.clone() });
        move || log.take()
    })
}

fn play(end: u64, build: impl FnOnce(&World) + Send) -> Vec<Line> {
    play_over(LinkSpec::default(), end, build)
}

/// When `text` happened.
fn times(log: &[Line], text: &str) -> Vec<u64> {
    log.iter().filter(|(_, line)| line == text).map(|(at, _)| *at).collect()
}

/// What `who` heard, in order.
fn heard<'a>(log: &'a [Line], who: &str) -> Vec<&'a str> {
    log.iter().filter_map(|(_, line)| line.strip_prefix(who)?.strip_prefix(' ')).collect()
}
