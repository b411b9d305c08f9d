//! What one message costs: the engine's echo on both engines, against a bare heap loop, madsim's own `Endpoint` and turmoil on
//! the same echo; what ten thousand nodes cost; and what a long run keeps.
//!
//! 50 clients make 2000 round trips each over links of 1–10 ms. A bare heap loop that does the same shows what the ordering
//! of events costs by itself. All runs are taken in one process on one thread at a time with the rounds interleaved, and of each the best round counts:
//! a shared machine can only make a run slower. Memory is the peak of a process of its own for each length of run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures wall time on threads of its own"
)]

mod common;
mod instructions;
mod peers;
mod promise;
#[expect(dead_code, reason = "only another benchmark asks what is held at the moment")]
mod rss;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use common::{CLIENTS, TRIPS, endpoint, ours, rate};
use gridlock_sim::engine::Engine;
use peers::{simpy, turmoil};
use promise::{known, promise};

const ROUNDS: u64 = 15;
/// A round trip of the echo takes 11 ms on average, so this many take a simulated minute.
const TRIPS_PER_MINUTE: u64 = 60_000 / 11;
/// Nodes of the wide echo, and round trips of its short and long run: the difference leaves building it out.
const MANY: u64 = 10_000;
const FEW_TRIPS: u64 = 10;
const MANY_TRIPS: u64 = 60;

/// The same echo without tasks, nodes and random streams of their own: pop, draw a delay, push.
fn bare_heap(seed: u64, clients: u64, trips: u64) -> u64 {
    let mut state = seed;
    let mut delay = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1_000_000 + (state >> 33) % 9_000_000
    };
    let mut heap: BinaryHeap<Reverse<(u64, u64, u64)>> = (0..clients).map(|n| Reverse((delay(), n, n))).collect();
    let (mut seq, mut messages) = (clients, 0);
    let mut left = vec![2 * trips; clients as usize];
    while let Some(Reverse((now, _, client))) = heap.pop() {
        messages += 1;
        left[client as usize] -= 1;
        if left[client as usize] > 0 {
            heap.push(Reverse((now + delay(), seq, client)));
            seq += 1;
        }
    }
    messages
}

/// The shortest times of a short and a long run, whose difference leaves out what building the world costs.
#[derive(Default)]
struct Marginal {
    few: Timed,
    many: Timed,
}

/// Messages of a run, and the shortest time it took.
struct Timed {
    messages: u64,
    seconds: f64,
}

impl Default for Timed {
    fn default() -> Self {
        Self { messages: 0, seconds: f64::INFINITY }
    }
}

impl Timed {
    fn measure(&mut self, run: impl FnOnce() -> u64) {
        let start = Instant::now();
        self.messages = run();
        self.seconds = self.seconds.min(start.elapsed().as_secs_f64());
    }
}

impl Marginal {
    fn measure(&mut self, run: impl Fn(u64) -> u64) {
        self.few.measure(|| run(FEW_TRIPS));
        self.many.measure(|| run(MANY_TRIPS));
    }

    /// Messages a second.
    fn rate(&self) -> f64 {
        (self.many.messages - self.few.messages) as f64 / (self.many.seconds - self.few.seconds)
    }
}

/// The best round of each contestant.
#[derive(Default)]
struct Best {
    native: f64,
    heap: f64,
    madsim: f64,
    endpoint: f64,
    turmoil_one: f64,
    turmoil_many: f64,
    /// Zero where there is no SimPy.
    simpy: f64,
    wide: Marginal,
    wide_heap: Marginal,
}

impl Best {
    fn measure(&mut self, seed: u64) {
        let keep = |best: &mut f64, rate: f64| *best = best.max(rate);
        keep(&mut self.native, rate(|| ours(Engine::Native, seed, CLIENTS, TRIPS)));
        keep(&mut self.heap, rate(|| bare_heap(seed, CLIENTS, TRIPS)));
        keep(&mut self.madsim, rate(|| ours(Engine::Madsim, seed, CLIENTS, TRIPS)));
        keep(&mut self.endpoint, rate(|| endpoint(seed, CLIENTS, TRIPS)));
        self.wide.measure(|trips| ours(Engine::Native, 1, MANY, trips));
        self.wide_heap.measure(|trips| bare_heap(1, MANY, trips));
        if seed % 5 == 1 {
            keep(&mut self.turmoil_one, rate(|| turmoil(seed, 1, CLIENTS, TRIPS / 10)));
            keep(&mut self.turmoil_many, rate(|| turmoil(seed, CLIENTS, 1, TRIPS / 40)));
            keep(&mut self.simpy, simpy(seed, CLIENTS, TRIPS / 20).unwrap_or(0.0));
        }
    }

    fn table(&self) {
        let row = |what: &str, rate: f64| {
            let share = format!("{:.3} of the heap loop", rate / self.heap);
            known(&format!("{what}, messages/s"), &format!("{rate:.0}   {share}"));
        };
        println!("echo, {CLIENTS} clients x {TRIPS} round trips");
        row("bare heap loop", self.heap);
        row("gridlock, native engine", self.native);
        row("gridlock, madsim engine", self.madsim);
        row("turmoil, all clients on one host", self.turmoil_one);
        row("madsim Endpoint", self.endpoint);
        row("turmoil, a host for each client", self.turmoil_many);
        match self.simpy {
            rate @ 1.0.. => row("SimPy", rate),
            _ => known("SimPy, messages/s", "not available"),
        }
        row(&format!("bare heap loop, {MANY} clients"), self.wide_heap.rate());
        row(&format!("gridlock, native engine, {MANY} clients"), self.wide.rate());
    }
}

fn main() {
    if let Some((_, minutes)) = rss::asked() {
        ours(Engine::Native, 1, CLIENTS, minutes * TRIPS_PER_MINUTE);
        return rss::answer();
    }
    let mut best = Best::default();
    (1..=ROUNDS).for_each(|seed| best.measure(seed));
    best.table();
    promise("native engine / bare heap loop", best.native / best.heap, 0.3.., "");
    promise("native engine, million messages a second", best.native / 1e6, 10.0.., "");
    promise("madsim engine / Endpoint", best.madsim / best.endpoint, 4.0.., "");
    let wide = format!("cost of a message, {MANY} / {CLIENTS} nodes");
    promise(&wide, best.native / best.wide.rate(), ..=1.5, "");
    known("the same for the bare heap loop", &format!("{:.2}", best.heap / best.wide_heap.rate()));
    let counted = instructions::each("echo", 2 * CLIENTS * TRIPS_PER_MINUTE);
    let counted = counted.map_or_else(|| "not available".to_owned(), |each| format!("{each:.0}"));
    known("native engine, instructions a message", &counted);
    rss::compare("echo");
}
