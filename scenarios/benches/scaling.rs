//! What grows with a run, and must not: memory with its length, the cost of one request with the load, and memory with the
//! number of runs in one process.
//!
//! Peak memory is that of a process of its own for each length of run. The cost ratio is taken in one process with the rounds
//! interleaved, and the median is printed: absolute times depend on the machine, ratios do not.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]

#[path = "../../sim/benches/promise/mod.rs"]
mod promise;
#[path = "../../sim/benches/rounds/mod.rs"]
mod rounds;
#[path = "../../sim/benches/rss/mod.rs"]
mod rss;

use std::time::Instant;

use gridlock_scenarios::run::run;
use gridlock_scenarios::spec::{Override, Scenario, Spec};
use gridlock_scenarios::{catalog, world::WorldSpec};
use gridlock_sim::engine::SimDuration;
use promise::{known, promise};
use rounds::median;

const ROUNDS: usize = 7;
const RUNS: usize = 50;
/// A world without memory of its own.
const CHAIN: &str = "chain";
/// Its inventory remembers every reservation, as a table of a database does: 15 bytes for each order.
const STORY: &str = "healthy cascade";

/// A chain at `load` times fifty requests a second. CPU demands are divided by `load`, so utilisation is equal; the waiting is
/// not, so ten times as many requests are at work at once. gRPC's own CPU per call stays: 9 % more utilisation at 500 a second.
fn chain(load: u64, minutes: u64) -> Spec<WorldSpec> {
    let text = format!(
        r#"
        title = "Scaling"
        summary = "A chain of three services, well below saturation."
        duration = "{minutes}min"

        [world.chain]
        services = ["front", "middle", "back"]
        door_cpu = "{door}us"
        each = {{ cpu = {{ constant = "{each}us" }} }}
        last = {{ cpu = {{ constant = "{last}us" }}, wait = {{ exponential = "50ms" }} }}

        [[workload]]
        class = "requests"
        arrivals = {{ poisson = {rate} }}
        patience = "8s"
        "#,
        door = 1000 / load,
        each = 4000 / load,
        last = 6000 / load,
        rate = 50 * load,
    );
    Scenario::parse("scaling.toml", &text).unwrap_or_else(|error| panic!("{}", error.render())).spec
}

/// The width of a step that gives a report of 600 steps whatever the length of the run: a series is as long as it has steps, and
/// that is the reader's choice.
fn steps_of(minutes: u64) -> SimDuration {
    SimDuration::from_millis(minutes * 100)
}

/// The headline story without its fault, `minutes` long.
fn healthy(minutes: u64) -> Spec<WorldSpec> {
    let set = [format!("duration={minutes}min"), format!("step={}ms", steps_of(minutes).as_millis())];
    let set = set.map(|text| Override::parse(&text).expect("an override"));
    let story = catalog::load("cascade").expect("the headline story is built in");
    story.resolve(Some("healthy"), &set).expect("the variant exists").spec
}

/// Wall time for one simulated request, in microseconds.
fn cost(spec: &Spec<WorldSpec>, seed: u64) -> f64 {
    let start = Instant::now();
    let run = run(spec, seed, false);
    let requests: u64 = run.report.classes.values().map(|class| class.offered).sum();
    assert!(run.report.classes.values().all(|class| class.ok * 100 >= class.offered * 99), "the load is served");
    start.elapsed().as_secs_f64() * 1e6 / requests as f64
}

fn main() {
    if let Some((what, minutes)) = rss::asked() {
        let spec = if what == CHAIN { Spec { step: steps_of(minutes), ..chain(1, minutes) } } else { healthy(minutes) };
        run(&spec, 1, false);
        return rss::answer();
    }
    println!("growth with load and time, median of {ROUNDS} interleaved rounds");
    let (low, high) = (chain(1, 10), chain(10, 1));
    let (mut at_low, mut at_high) = (Vec::new(), Vec::new());
    for seed in 1..=ROUNDS as u64 {
        at_low.push(cost(&low, seed));
        at_high.push(cost(&high, seed));
    }
    let (at_low, at_high) = (median(at_low), median(at_high));
    let note = format!("{at_low:.2} us, {at_high:.2} us");
    promise("cost of a request, 10 x load / 1 x load", at_high / at_low, ..=1.3, &note);
    rss::compare(CHAIN);
    rss::compare(STORY);
    let spec = healthy(2);
    for n in 1..=RUNS {
        run(&spec, n as u64, false);
        if n == 5 || n == RUNS {
            known(&format!("memory held after {n:>2} runs, KiB"), &rss::now().to_string());
        }
    }
}
