//! What a reader waits for: all variants of the headline story on one core, against the simulated time they cover; and several
//! seeds on two cores against one.
//!
//! Speed against simulated time is an absolute rate: it depends on the machine, and the median of several rounds is printed. The
//! gain from the second core is a ratio taken in one process with the rounds interleaved; on a shared machine it says as
//! much about the neighbours as about the program.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(clippy::disallowed_types, reason = "a benchmark measures wall time")]

#[path = "../../sim/benches/promise/mod.rs"]
mod promise;
#[path = "../../sim/benches/rounds/mod.rs"]
mod rounds;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use gridlock_scenarios::run::run;
use gridlock_scenarios::spec::{Ignored, Scenario};
use gridlock_scenarios::world::WorldSpec;
use gridlock_scenarios::{Request, catalog, play};
use promise::{known, promise};
use rounds::median;

const ROUNDS: usize = 7;
const SEEDS: u64 = 8;

fn main() {
    let scenario = catalog::load::<Ignored>("cascade").expect("the headline story is built in");
    let (mut story, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        story.push(wall(|| _ = all_variants(&scenario)));
        alone.push(wall(|| sweep(&scenario, 1)));
        together.push(wall(|| sweep(&scenario, 2)));
    }
    let (story, gain) = (median(story), median(alone) / median(together));
    let simulated = scenario.spec.duration.as_secs_f64() * scenario.spec.variant.len() as f64;
    println!("cascade, {} variants on one core, median of {ROUNDS} rounds", scenario.spec.variant.len());
    promise("headline story, wall time, s", story, ..=1.0, "");
    promise("headline story, simulated / wall time", simulated / story, 500.0.., "");
    promise("8 seeds, speed of 2 cores / 1 core", gain, 1.8.., "");
    known("headline story, events/s", &format!("{:.0}", all_variants(&scenario) as f64 / story));
}

/// Plays the story and returns how many events it has.
fn all_variants(scenario: &Scenario<WorldSpec>) -> u64 {
    let request = Request::plain("cascade");
    let played = play(scenario, &request).expect("the headline story plays");
    assert!(played.outcome.as_claimed(), "the story is told as the book tells it");
    played.outcome.variants.iter().map(|variant| variant.report.events).sum()
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
