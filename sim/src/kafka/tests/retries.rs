//! I2 and I3: whether kafkajs' five retries outlast a failover.

use super::*;
use crate::kafka::types::Acks;

/// What became of sends to some partitions around the death of a leader.
#[derive(Debug)]
struct Outcome {
    /// Of those that began before the gap ended.
    sends: usize,
    failed: usize,
    /// When the last that failed began, after the death (ms).
    last_failed: u64,
    gap: u64,
    slowest: u64,
    errors: Vec<String>,
}

fn outcome(seed: u64, controller: bool, all: bool) -> Outcome {
    Lab::play(seed, 55, three_by_three(), async move |lab| {
        let own = lab.partition(controller);
        let partitions = if all { vec![0, 1, 2] } else { vec![own] };
        let load = lab.load(Acks::All, &partitions).await;
        lab.sleep(secs(3)).await;
        let from = lab.now();
        lab.kill(lab.leader(own));
        lab.sleep(secs(20)).await;
        load.over.set(true);
        let (gap, until) = load.gap(own, from, lab.now());
        lab.sleep(secs(20)).await;
        let ended = load.ended.borrow();
        let within: Vec<_> = ended.iter().filter(|sent| sent.ended >= from && sent.began < until).collect();
        let failed: Vec<_> = within.iter().filter(|sent| sent.error.is_some()).collect();
        let mut errors: Vec<String> = failed.iter().filter_map(|sent| sent.error.clone()).collect();
        errors.sort();
        errors.dedup();
        Outcome {
            sends: within.len(),
            failed: failed.len(),
            last_failed: failed.iter().map(|sent| sent.began.since(from).as_millis()).max().unwrap_or(0),
            gap,
            slowest: within.iter().map(|sent| sent.ended.since(sent.began).as_millis()).max().unwrap_or(0),
            errors,
        }
    })
}

#[test]
fn i2_numbers() {
    for controller in [false, true] {
        for seed in 0..4 {
            eprintln!("I2 {controller} {seed} {:?}", outcome(seed, controller, false));
        }
    }
    for controller in [false, true] {
        for seed in 0..2 {
            eprintln!("I3 {controller} {seed} {:?}", outcome(seed, controller, true));
        }
    }
}
