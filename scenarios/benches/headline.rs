//! What a reader waits for: all variants of the headline story on one core, against the simulated time they cover; and several
//! seeds on two cores against one.
//!
//! Speed against simulated time is an absolute rate: it depends on the machine, and the median of several rounds is printed. The
//! gain from the second core is a ratio taken in one process with the rounds interleaved; on a shared machine it says as
//! much about the neighbours as about the program.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use gridlock_scenarios::run::run;
use gridlock_scenarios::spec::{Ignored, Scenario};
use gridlock_scenarios::world::WorldSpec;
use gridlock_scenarios::{Request, catalog, play};
use gridlock_sim::engine::Options;

const ROUNDS: usize = 7;
const SEEDS: u64 = 8;

fn main() {
    let scenario = catalog::load::<Ignored>("cascade").expect("the headline story is built in");
    let (mut story, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        story.push(wall(|| all_variants(&scenario)));
        alone.push(wall(|| sweep(&scenario, 1)));
        together.push(wall(|| sweep(&scenario, 2)));
    }
    let (story, gain) = (median(story), median(alone) / median(together));
    let simulated = scenario.spec.duration.as_secs_f64() * scenario.spec.variant.len() as f64;
    println!("cascade, {} variants on one core, median of {ROUNDS} rounds", scenario.spec.variant.len());
    line("wall time, s", story, "under 1", story < 1.0);
    line("simulated time / wall time", simulated / story, "at least 500", simulated / story >= 500.0);
    line("8 seeds, speed of 2 cores / 1 core", gain, "at least 1.8", gain >= 1.8);
}

fn all_variants(scenario: &Scenario<WorldSpec>) {
    let (seed, variants, set) = (None, Vec::new(), Vec::new());
    let request = Request {
        name: "cascade".into(),
        seed,
        variants,
        set,
        chaos: false,
        trace: false,
        jobs: 1,
        options: Options::default(),
    };
    let played = play(scenario, &request).expect("the headline story plays");
    assert!(played.outcome.as_claimed(), "the story is told as the book tells it");
}

/// Plays one variant with many seeds, `jobs` at a time.
fn sweep(scenario: &Scenario<WorldSpec>, jobs: u64) {
    let resolved = scenario.resolve(Some("grpc-hardened"), &[]).expect("the variant exists");
    let next = AtomicU64::new(1);
    let work = || {
        while let seed @ 1..=SEEDS = next.fetch_add(1, Ordering::Relaxed) {
            run(&resolved.spec, seed, false);
        }
    };
    std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
}

fn wall(act: impl FnOnce()) -> f64 {
    let start = Instant::now();
    act();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn line(what: &str, measured: f64, contract: &str, met: bool) {
    let word = if met { "met" } else { "MISSED" };
    println!("  {what:<44} {measured:>8.2}   contract: {contract}   {word}");
}
