//! What one full gRPC call costs: channel, connection, two processes, a deadline and the digest of the trace, against a bare
//! round trip between two madsim `Endpoint`s, which model none of that.
//!
//! 50 callers in closed loops. Ratios are taken in one process with the rounds interleaved, and the median is printed:
//! absolute rates depend on the machine, ratios do not.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures wall time on threads of its own"
)]

#[expect(dead_code, reason = "the echo of our own engines belongs to another benchmark")]
mod common;
mod promise;
mod rounds;

use std::cell::RefCell;
use std::rc::Rc;

use common::{CLIENTS, TRIPS, endpoint, rate};
use gridlock_sim::engine::{self, SimDuration, SimTime};
use gridlock_sim::grpc::{Client, ClientPolicy, Message, Server, ServerPolicy};
use gridlock_sim::net::{LinkSpec, TcpSpec};
use gridlock_sim::process::ProcessSpec;
use gridlock_sim::report::Metrics;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Digest, Trace};
use promise::{known, promise};
use rounds::median;

const ROUNDS: u64 = 7;
const PORT: u16 = 50051;
const END: SimTime = SimTime::from_secs(3600);

/// What listens to the trace of the calls.
#[derive(Clone, Copy)]
enum Sinks {
    Digest,
    DigestAndMetrics,
}

/// Calls that ended well.
fn calls(seed: u64, sinks: Sinks) -> u64 {
    engine::run(seed, END, move |sim| {
        let trace = Trace::new(sim);
        trace.attach(Rc::new(RefCell::new(Digest::default())));
        if let Sinks::DigestAndMetrics = sinks {
            let metrics = Metrics::new(trace.names(), SimDuration::from_secs(1), END);
            trace.attach(Rc::new(RefCell::new(metrics)));
        }
        let stage = Stage::new(sim, &trace, LinkSpec::default(), TcpSpec::default());
        let server = stage.service("server", ProcessSpec::default());
        let site = server.clone();
        server.process.on_start(move || {
            Server::listen(&site, PORT, ServerPolicy::default())
                .expect("the port is free")
                .method("Echo", |_call, message| async move { Ok(message) });
        });
        let done = Rc::new(RefCell::new(0));
        let client = stage.service("client", ProcessSpec::default());
        let (site, ok) = (client.clone(), done.clone());
        client.process.on_start(move || {
            let policy = ClientPolicy { deadline: Some(SimDuration::from_secs(5)), ..ClientPolicy::default() };
            let calls = Client::new(&site, "client->server", &[(server.host, PORT)], policy);
            for _ in 0..CLIENTS {
                let (calls, ok) = (calls.clone(), ok.clone());
                site.process.spawn(async move {
                    for trip in 0..TRIPS {
                        if calls.call("Echo", Message::new(64, trip), None).await.is_ok() {
                            *ok.borrow_mut() += 1;
                        }
                    }
                });
            }
        });
        stage.start();
        move || *done.borrow()
    })
}

fn main() {
    let (mut base, mut digest, mut metrics) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=ROUNDS {
        base.push(rate(|| endpoint(seed, CLIENTS, TRIPS) / 2));
        digest.push(rate(|| calls(seed, Sinks::Digest)));
        metrics.push(rate(|| calls(seed, Sinks::DigestAndMetrics)));
    }
    assert_eq!(calls(1, Sinks::Digest), CLIENTS * TRIPS, "every call is answered in time");
    let (base, digest, metrics) = (median(base), median(digest), median(metrics));
    println!("unary gRPC calls, {CLIENTS} callers x {TRIPS} calls, median of {ROUNDS} interleaved rounds");
    let row =
        |what: &str, rate: f64| known(&format!("{what}/s"), &format!("{rate:.0}   {:.2} of Endpoint's", rate / base));
    row("madsim Endpoint, round trips", base);
    row("gRPC calls, digest attached", digest);
    row("gRPC calls, digest and metrics", metrics);
    promise("gRPC calls / Endpoint round trips", digest / base, 0.5.., "");
}
