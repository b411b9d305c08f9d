//! Goal: the driver keeps its promises to machines (see [`crate::kafka::machine`]). Method: machines of a few lines on real
//! connections, and what they saw.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Machine, Node, NodeSpec, Placement};
use crate::engine::{self, SimDuration, SimTime};
use crate::grpc::Site;
use crate::kafka::client::ClientConfig;
use crate::kafka::client::connection::Connection;
use crate::kafka::fake::{Lab, PORT};
use crate::kafka::machine::{Input, Lane, Output, Sent, Ticket};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::BrokerId;
use crate::kafka::wire::{AddressBook, Endpoint};
use crate::net::{LinkSpec, TcpSpec};
use crate::process::{ProcessSpec, WorkersSpec};
use crate::stage::Stage;
use crate::trace::{Exit, Trace};

type Seen = Rc<RefCell<Vec<(u64, String)>>>;

/// Answers requests `takes` later; asks its peer at the times it is told.
struct Clerk {
    id: BrokerId,
    seen: Seen,
    takes: SimDuration,
    due: Vec<(SimTime, Ticket)>,
    ask_at: Vec<(SimTime, BrokerId)>,
    sent: u64,
    starts: u32,
}

impl Clerk {
    fn note(&self, now: SimTime, what: String) {
        self.seen.borrow_mut().push((now.as_nanos() / 1_000_000, format!("{}: {what}", self.id)));
    }

    fn timeout(&mut self, now: SimTime) -> Vec<Output> {
        let mut outputs = Vec::new();
        let due: Vec<Ticket> = self.due.extract_if(.., |(at, _)| *at <= now).map(|(_, ticket)| ticket).collect();
        for ticket in due {
            outputs.push(Output::Answer { ticket, response: Some(Response::ApiVersions) });
        }
        for (_, to) in self.ask_at.extract_if(.., |(at, _)| *at <= now).collect::<Vec<_>>() {
            self.sent += 1;
            let (timeout, request) = (SimDuration::from_secs(2), Request::ApiVersions);
            outputs.push(Output::Send { sent: Sent(self.sent), to, lane: Lane::Control, timeout, request });
        }
        outputs
    }
}

impl Machine for Clerk {
    type Disk = u32;

    fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        match input {
            Input::Request { ticket, .. } => {
                self.note(now, "request".into());
                self.due.push((now + self.takes, ticket));
                if self.takes == SimDuration::ZERO { self.timeout(now) } else { Vec::new() }
            }
            Input::Gone(ticket) => {
                self.note(now, "gone".into());
                self.due.retain(|(_, waiting)| *waiting != ticket);
                Vec::new()
            }
            Input::Answer { sent, answer } => {
                self.note(now, format!("answer {} {}", sent.0, answer.is_some()));
                Vec::new()
            }
            Input::Timeout => self.timeout(now),
        }
    }

    fn next_timeout(&self) -> Option<SimTime> {
        self.due.iter().map(|(at, _)| *at).chain(self.ask_at.iter().map(|(at, _)| *at)).min()
    }

    fn crash(self, _why: Exit) -> u32 {
        self.starts
    }
}

/// Two clerks and a client.
struct Office {
    stage: Stage,
    client: Site,
    clerks: Vec<Site>,
    book: AddressBook,
    seen: Seen,
}

fn office<T: Send>(
    takes: SimDuration,
    asks: &'static [(u64, u32)],
    build: impl FnOnce(&Office) -> Box<dyn FnOnce() -> T> + Send,
) -> T {
    engine::run(1, SimTime::from_secs(20), move |sim| {
        let trace = Trace::new(sim);
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        let clerks: Vec<Site> = (1..3).map(|n| stage.service(&format!("clerk-{n}"), ProcessSpec::default())).collect();
        let endpoints = clerks.iter().map(|site| Endpoint { host: site.host, port: PORT });
        let book: AddressBook = Rc::new((1..).map(BrokerId).zip(endpoints).collect());
        let seen = Seen::default();
        for (&id, site) in book.keys().zip(&clerks) {
            let workers = stage.workers(&format!("cpu-{id}"), WorkersSpec::default());
            let place = Placement { site: site.clone(), workers, id, book: book.clone(), spec: NodeSpec::default() };
            let seen = seen.clone();
            Node::host(place, move |now, disk: Option<u32>| {
                let starts = disk.unwrap_or(0) + 1;
                let ask_at = asks.iter().filter(|_| id == BrokerId(1));
                let ask_at =
                    ask_at.map(|&(at, to)| (SimTime::from_millis(at), BrokerId(to))).filter(|(at, _)| *at >= now);
                let clerk =
                    Clerk { id, seen: seen.clone(), takes, due: Vec::new(), ask_at: ask_at.collect(), sent: 0, starts };
                clerk.note(now, format!("start {starts}"));
                clerk
            });
            site.process.start();
        }
        let client = stage.service("client", ProcessSpec::default());
        client.process.start();
        build(&Office { stage, client, clerks, book, seen })
    })
}

impl Office {
    /// Sends requests at these times over one connection; answers are noted as seen by the client.
    fn ask(&self, clerk: u32, at: &[u64]) {
        let connection = Connection::new(&self.client, self.book[&BrokerId(clerk)], &Rc::new(ClientConfig::default()));
        for &at in at {
            let (seen, sim, connection) = (self.seen.clone(), self.stage.sim().clone(), connection.clone());
            self.client.process.spawn(async move {
                sim.sleep_until(SimTime::from_millis(at)).await;
                connection.connect().await.expect("the clerk's kernel is up");
                let ok = connection.send(Request::ApiVersions, None).await.is_ok();
                seen.borrow_mut().push((sim.now().as_nanos() / 1_000_000, format!("client: {ok}")));
            });
        }
    }

    fn story(&self) -> Box<dyn FnOnce() -> Vec<(u64, String)>> {
        let seen = self.seen.clone();
        Box::new(move || seen.take().into_iter().filter(|(_, what)| !what.contains("start 1")).collect())
    }
}

fn story(lines: &[(u64, &str)]) -> Vec<(u64, String)> {
    lines.iter().map(|(at, what)| (*at, (*what).to_string())).collect()
}

/// B2: the second request of a connection reaches the machine only after the first is answered.
#[test]
fn one_connection_is_served_one_request_at_a_time() {
    let seen = office(SimDuration::from_millis(100), &[], |office| {
        office.ask(1, &[10, 12]);
        office.story()
    });
    let expected = [(10, "1: request"), (110, "1: request"), (110, "client: true"), (211, "client: true")];
    let rounded: Vec<_> = seen.into_iter().map(|(at, what)| (at / 10, what)).collect();
    assert_eq!(rounded, story(&expected.map(|(at, what)| (at / 10, what))));
}

#[test]
fn two_connections_are_served_side_by_side() {
    let seen = office(SimDuration::from_millis(100), &[], |office| {
        office.ask(1, &[10]);
        office.ask(1, &[12]);
        office.story()
    });
    let times: Vec<u64> = seen.iter().filter(|(_, what)| what == "client: true").map(|(at, _)| *at).collect();
    assert!(times.len() == 2 && times.iter().all(|at| *at < 120), "{seen:?}");
}

#[test]
fn the_machine_hears_that_whoever_waits_is_gone() {
    let seen = office(SimDuration::from_secs(5), &[], |office| {
        office.ask(1, &[10, 20]);
        let client = office.client.process.clone();
        office.stage.sim().call_at(SimTime::from_secs(1), move || client.exit(Exit::Stopped));
        office.story()
    });
    assert_eq!(seen, story(&[(10, "1: request"), (1000, "1: gone")]), "the second never got in");
}

#[test]
fn peers_are_asked_one_at_a_time_and_silence_is_no_answer() {
    let seen = office(SimDuration::from_millis(100), &[(1000, 2), (1010, 2), (5000, 2), (8000, 2)], |office| {
        let (one, other) = (office.clerks[1].process.clone(), office.clerks[1].process.clone());
        office.stage.sim().call_at(SimTime::from_secs(4), move || one.pause());
        office.stage.sim().call_at(SimTime::from_millis(7500), move || other.resume());
        office.story()
    });
    let clerk: Vec<_> = seen.iter().filter(|(_, what)| what.starts_with("1: answer")).cloned().collect();
    let expected = [
        (1101, "1: answer 1 true"),
        (1201, "1: answer 2 true"),
        (7000, "1: answer 3 false"),
        (8101, "1: answer 4 true"),
    ];
    assert_eq!(clerk, story(&expected), "{seen:?}");
}

#[test]
fn a_peer_whose_process_is_dead_is_no_answer_at_once_and_is_reconnected_later() {
    let seen = office(SimDuration::ZERO, &[(1000, 2), (2000, 2), (9000, 2), (10_000, 1)], |office| {
        let (one, other) = (office.clerks[1].process.clone(), office.clerks[1].process.clone());
        office.stage.sim().call_at(SimTime::from_millis(1500), move || one.exit(Exit::Stopped));
        office.stage.sim().call_at(SimTime::from_secs(8), move || other.start());
        office.story()
    });
    let clerk: Vec<_> = seen.iter().filter(|(_, what)| !what.contains("request")).cloned().collect();
    let expected = [
        (1001, "1: answer 1 true"),
        (2000, "1: answer 2 false"),
        (8000, "2: start 2"),
        (9001, "1: answer 3 true"),
        (10_000, "1: answer 4 true"),
    ];
    assert_eq!(clerk, story(&expected));
}

/// SIGSTOP: the kernel accepts and nothing is handled until SIGCONT.
#[test]
fn a_paused_node_handles_nothing_until_it_goes_on() {
    let seen = office(SimDuration::ZERO, &[], |office| {
        office.clerks[0].process.pause();
        office.ask(1, &[10]);
        let process = office.clerks[0].process.clone();
        office.stage.sim().call_at(SimTime::from_secs(3), move || process.resume());
        office.story()
    });
    assert_eq!(seen, story(&[(3000, "1: request"), (3000, "client: true")]));
}

/// What survives a crash is what the machine says.
#[test]
fn a_crash_loses_everything_but_the_disk() {
    let (starts, gone) = Lab::play(5, |lab| {
        let node = lab.nodes[0].clone();
        lab.crash_at(SimTime::from_secs(1), 1);
        let process = lab.sites[0].process.clone();
        let dead = Rc::new(RefCell::new(false));
        let (seen, looked) = (dead.clone(), node.clone());
        lab.sim().call_at(SimTime::from_millis(1500), move || *seen.borrow_mut() = looked.with(|_| ()).is_none());
        lab.sim().call_at(SimTime::from_secs(2), move || process.start());
        Box::new(move || (node.with(|broker| broker.gone), dead.take()))
    });
    assert_eq!((starts, gone), (Some(0), true));
}
