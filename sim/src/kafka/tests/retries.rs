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

/// Measured: 3 of ≈156 and 19 of ≈172 failed; they began up to 3.5 s after the death. Gap 8.9, 9.5 s; survivors took up to 15 s, since
/// waits double past the moment of recovery.
#[test]
fn i2_some_sends_to_a_dead_leader_use_up_their_retries() {
    let mut failed = 0;
    for seed in 0..3 {
        let outcome = outcome(seed, false, false);
        between("gap", outcome.gap, 7_000, 10_100);
        between("last to fail", outcome.last_failed, 0, 4_500);
        between("slowest", outcome.slowest, 10_000, 17_500);
        assert!(outcome.failed * 5 < outcome.sends, "{outcome:?}");
        failed += outcome.failed;
    }
    between("failed in three runs", failed, 3, 60);
}

/// Measured: 72 of ≈251, 70 of ≈246, 76 of ≈253 failed, begun up to 5.7–7.5 s after the death; gap 13.2–13.5 s. The cause is mostly
/// ECONNREFUSED, sometimes NOT_LEADER_FOR_PARTITION.
#[test]
fn i2_with_the_controller_lost_too_a_quarter_of_the_sends_fail() {
    for seed in 0..3 {
        let outcome = outcome(seed, true, false);
        between("gap", outcome.gap, 12_000, 14_500);
        between("last to fail", outcome.last_failed, 4_000, 8_500);
        between("failed in a hundred", outcome.failed * 100 / outcome.sends, 18, 36);
        let known = ["connection error: ECONNREFUSED", "the broker answered NotLeaderOrFollower"];
        let expected = |error: &String| known.iter().any(|cause| *error == format!("retries are used up: {cause}"));
        assert!(outcome.errors.iter().all(expected) && outcome.errors.iter().any(|error| error.contains("REFUSED")));
    }
}

/// Measured: 0 of about 250 failed in four runs, gaps up to 13.8 s: the refresh of metadata waits behind a parked Produce, and then
/// names the new leader.
#[test]
fn i3_with_all_partitions_in_use_no_send_fails() {
    for (seed, controller) in [(0, false), (1, true), (2, true)] {
        let outcome = outcome(seed, controller, true);
        assert_eq!(outcome.failed, 0, "{outcome:?}");
        between("gap", outcome.gap, 7_000, 14_500);
    }
}
