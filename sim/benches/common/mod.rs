//! The echo that everything is measured against, and how ratios are taken.
//!
//! The machine is shared and its speed changes from second to second. So both sides of a ratio are run in turn in one process,
//! and the median over all rounds is what counts: absolute rates depend on the machine, ratios do not.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use gridlock_sim::engine::{
    self, Actor, Engine, Options, Receiver, Sender, Sim, SimDuration, SimTime, Stream, channel,
};

/// Clients of every echo.
pub(crate) const CLIENTS: u64 = 50;
/// Round trips of each client.
pub(crate) const TRIPS: u64 = 2000;

/// Delays of all wires: one stream, as madsim's `Endpoint` and the bare heap have one generator. So what grows with the number of
/// clients is what an engine keeps of them, and not the state of generators.
type Delays = Rc<RefCell<Stream>>;

/// A one-way wire: the delay is fixed when a message is sent.
struct Wire {
    sim: Sim,
    delays: Delays,
    to: Sender<u64>,
}

impl Actor for Wire {
    fn fire(self: Rc<Self>, message: u64) {
        let _ = self.to.send(message);
    }
}

impl Wire {
    fn new(sim: &Sim, delays: &Delays) -> (Rc<Self>, Receiver<u64>) {
        let (to, inbox) = channel(1024);
        (Rc::new(Self { sim: sim.clone(), delays: delays.clone(), to }), inbox)
    }

    fn send(self: &Rc<Self>, message: u64) {
        let delay = SimDuration::from_micros(1000 + self.delays.borrow_mut().below(9000));
        self.sim.fire_at(self.sim.now() + delay, self.clone(), message);
    }
}

/// Messages of the echo on the engine.
pub(crate) fn ours(engine: Engine, seed: u64, clients: u64, trips: u64) -> u64 {
    engine::run_with(Options { engine, ties: None }, seed, SimTime::MAX, move |sim| {
        let server = sim.add_node("server");
        let done = Rc::new(RefCell::new(0));
        let delays = Delays::new(RefCell::new(sim.stream("delays")));
        for n in 0..clients {
            let client = sim.add_node(&format!("client-{n}"));
            let (request, mut at_server) = Wire::new(sim, &delays);
            let (reply, mut at_client) = Wire::new(sim, &delays);
            sim.spawn(server, async move {
                while let Some(message) = at_server.recv().await {
                    reply.send(message);
                }
            });
            let done = done.clone();
            sim.spawn(client, async move {
                for trip in 0..trips {
                    request.send(trip);
                    at_client.recv().await;
                    *done.borrow_mut() += 2;
                }
            });
        }
        move || *done.borrow()
    })
}

/// Messages of the same echo on madsim's `Endpoint` datagrams.
pub(crate) fn endpoint(seed: u64, clients: u64, trips: u64) -> u64 {
    use madsim::net::Endpoint;
    std::thread::spawn(move || {
        let runtime = madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default());
        let server = runtime.create_node().ip("10.0.0.1".parse().expect("an address")).build();
        let tasks: Vec<_> = (0..clients)
            .map(|n| {
                let node = runtime.create_node().ip(format!("10.0.1.{}", n + 1).parse().expect("an address")).build();
                node.spawn(async move {
                    let endpoint = Endpoint::bind("0.0.0.0:1").await.expect("binds");
                    madsim::time::sleep(Duration::from_secs(1)).await;
                    let mut buffer = [0; 8];
                    for trip in 0..trips {
                        endpoint.send_to("10.0.0.1:1", 1 + n, &trip.to_le_bytes()).await.expect("sends");
                        endpoint.recv_from(1 + n, &mut buffer).await.expect("receives");
                    }
                })
            })
            .collect();
        server.spawn(async move {
            let endpoint = std::sync::Arc::new(Endpoint::bind("0.0.0.0:1").await.expect("binds"));
            for n in 0..clients {
                let endpoint = endpoint.clone();
                madsim::task::spawn(async move {
                    let mut buffer = [0; 8];
                    loop {
                        let (_, from) = endpoint.recv_from(1 + n, &mut buffer).await.expect("receives");
                        endpoint.send_to(from, 1 + n, &buffer).await.expect("sends");
                    }
                });
            }
        });
        runtime.block_on(async move {
            for task in tasks {
                task.await.expect("finishes");
            }
        });
        clients * trips * 2
    })
    .join()
    .expect("runs")
}

/// What was done per second of wall time; `run` returns how much that is.
pub(crate) fn rate(run: impl FnOnce() -> u64) -> f64 {
    let start = Instant::now();
    let done = run();
    done as f64 / start.elapsed().as_secs_f64()
}
