//! What one message costs: the engine's echo against madsim's own `Endpoint` on the same echo, and what a long run keeps.
//!
//! 50 clients make 2000 round trips each over links of 1–10 ms. A bare heap loop that does the same shows what the ordering
//! of events costs by itself. Ratios are taken in one process with the rounds interleaved, and the median is printed:
//! absolute rates depend on the machine, ratios do not. Memory is the peak of a process of its own for each length of run.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "a benchmark measures wall time on threads of its own"
)]

mod common;
#[expect(dead_code, reason = "only another benchmark asks what is held at the moment")]
mod rss;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use common::{CLIENTS, TRIPS, endpoint, line, median, ours, rate};

const ROUNDS: u64 = 7;
/// A round trip of the echo takes 11 ms on average, so this many take a simulated minute.
const TRIPS_PER_MINUTE: u64 = 60_000 / 11;

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

fn main() {
    if let Some((_, minutes)) = rss::asked() {
        ours(1, CLIENTS, minutes * TRIPS_PER_MINUTE);
        return rss::answer();
    }
    let (mut engine, mut base, mut heap) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=ROUNDS {
        base.push(rate(|| endpoint(seed, CLIENTS, TRIPS)));
        engine.push(rate(|| ours(seed, CLIENTS, TRIPS)));
        heap.push(rate(|| bare_heap(seed, CLIENTS, 10 * TRIPS)));
    }
    let (engine, base, heap) = (median(engine), median(base), median(heap));
    println!("echo, {CLIENTS} clients x {TRIPS} round trips, messages a second, median of {ROUNDS} interleaved rounds");
    println!("  madsim Endpoint {base:>12.0}");
    println!("  gridlock engine {engine:>12.0}");
    println!("  bare heap loop  {heap:>12.0}   (engine / heap {:.3}, for information)", engine / heap);
    line("engine / Endpoint", engine / base, 4.0);
    rss::compare("echo");
}
