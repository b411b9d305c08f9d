//! Goal: every row of MODEL-REFERENCE.md A1–A7 that the model claims, seen from the outside.
//! Method: one client process, one or more server processes, a few calls, and a log of what came when.

mod connection;
mod deadlines;
mod guards;
mod retries;
mod streams;

use std::cell::RefCell;
use std::rc::Rc;

use super::{Client, ClientPolicy, Context, Message, Server, ServerPolicy, Site, Status};
use crate::engine::{self, Sim, SimDuration, SimTime};
use crate::net::{LinkSpec, TcpSpec};
use crate::process::ProcessSpec;
use crate::stage::Stage;
use crate::trace::{Code, Event, Mark, Sink, Trace};

const PORT: u16 = 50051;

/// What a call ended with, and when (milliseconds since the start).
type Log = Rc<RefCell<Vec<(u64, Code)>>>;

/// A client and its servers, built and started.
struct Lab {
    stage: Stage,
    client: Site,
    log: Log,
    marks: Rc<RefCell<Marks>>,
}

/// Times of all marks, in milliseconds.
#[derive(Default)]
struct Marks(Vec<(u64, Mark)>);

impl Sink for Marks {
    fn record(&mut self, at: SimTime, event: &Event) {
        if let Event::Marked { mark, .. } = event {
            self.0.push((millis(at), *mark));
        }
    }
}

impl Lab {
    fn new(sim: &Sim) -> Self {
        let trace = Trace::new(sim);
        let marks = Rc::new(RefCell::new(Marks::default()));
        trace.attach(marks.clone());
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        let client = stage.service("client", ProcessSpec::default());
        client.process.start();
        Self { stage, client, log: Rc::default(), marks }
    }

    /// Adds a server whose method `Work` takes the given time without computing.
    fn server(&self, name: &str, policy: ServerPolicy, takes: SimDuration) -> Site {
        self.server_with(name, policy, move |site, _call, _message| async move {
            site.process.sleep(takes).await;
            Ok(Message::empty())
        })
    }

    fn server_with<F, A>(&self, name: &str, policy: ServerPolicy, handler: F) -> Site
    where
        F: Fn(Site, Context, Message) -> A + Clone + 'static,
        A: Future<Output = Result<Message, Status>> + 'static,
    {
        let site = self.stage.service(name, ProcessSpec::default());
        let me = site.clone();
        site.process.on_start(move || {
            let (site, handler) = (me.clone(), handler.clone());
            Server::listen(&me, PORT, policy.clone())
                .expect("the port is free")
                .method("Work", move |call, message| handler(site.clone(), call, message));
        });
        site.process.start();
        site
    }

    fn client_of(&self, servers: &[&Site], policy: ClientPolicy) -> Client {
        let targets: Vec<_> = servers.iter().map(|server| (server.host, PORT)).collect();
        Client::new(&self.client, "client->server", &targets, policy)
    }

    /// Makes one call at `at` and logs its end.
    fn call_at(&self, client: &Client, at: SimTime) {
        let (client, log, sim) = (client.clone(), self.log.clone(), self.stage.sim().clone());
        self.client.process.spawn(async move {
            sim.sleep_until(at).await;
            let code = client.call("Work", Message::empty(), None).await.map_or_else(|s| s.code, |_| Code::Ok);
            log.borrow_mut().push((millis(sim.now()), code));
        });
    }

    /// What is logged, at the end.
    fn ends(&self) -> impl FnOnce() -> Vec<(u64, Code)> + use<> {
        let log = self.log.clone();
        move || log.take()
    }
}

fn run<T: Send>(seconds: u64, build: impl FnOnce(&Lab) -> Box<dyn FnOnce() -> T> + Send) -> T {
    engine::run(1, SimTime::from_secs(seconds), |sim| build(&Lab::new(sim)))
}

fn millis(at: SimTime) -> u64 {
    at.as_nanos() / 1_000_000
}

fn ms(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn at_ms(millis: u64) -> SimTime {
    SimTime::from_millis(millis)
}
