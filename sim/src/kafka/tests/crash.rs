//! I1: a broker is killed, stopped or frozen while a producer sends to all three partitions.

use super::*;
use crate::kafka::types::Acks;

const SEEDS: std::ops::Range<u64> = 0..3;

/// What one run shows, in milliseconds.
#[derive(Debug)]
struct Gaps {
    /// On the partition that the node led.
    own: u64,
    /// The longest on the others.
    others: u64,
    /// Until all know that the node is fenced.
    fenced: u64,
}

fn kill(seed: u64, acks: Acks, controller: bool) -> Gaps {
    Lab::play(seed, 32, three_by_three(), async move |lab| {
        let load = lab.load(acks, &[0, 1, 2]).await;
        lab.sleep(secs(2)).await;
        let own = lab.partition(controller);
        let (victim, from) = (lab.leader(own), lab.now());
        lab.kill(victim);
        let fenced = lab.wait_until(|lab| lab.is_fenced(victim)).await;
        lab.sleep(secs(16) - millis(fenced)).await;
        let gap = |partition| load.gap(partition, from, lab.now()).0;
        let others = (0..3).filter(|partition| *partition != own).map(gap).max().expect("there are two");
        Gaps { own: gap(own), others, fenced }
    })
}

/// Measured: fenced after 7.22–8.69 s; gap 7.8–9.0 s on its partition and 7.8–8.4 s on the others. The session of 9 s was renewed
/// up to 2 s before; a follower that hears late adds up to half a second.
#[test]
fn i1_a_crash_beside_the_controller_stalls_all_acks_everywhere() {
    for seed in SEEDS {
        let gaps = kill(seed, Acks::All, false);
        between("fenced", gaps.fenced, 7_000, 9_600);
        between("its own partition", gaps.own, 7_000, 10_100);
        between("the others", gaps.others, 7_000, 9_600);
    }
}

/// Measured: fenced after 12.36 s; gap 12–14 s on its partition, 11.3–12.7 s on the others.
#[test]
fn i1_a_crash_of_the_controller_stalls_all_acks_for_longer() {
    for seed in SEEDS {
        let gaps = kill(seed, Acks::All, true);
        between("fenced", gaps.fenced, 11_300, 14_000);
        between("its own partition", gaps.own, 11_300, 14_500);
        between("the others", gaps.others, 11_300, 14_000);
    }
}

/// Measured: the longest gap between answers below 0.15 s on partitions of living nodes.
#[test]
fn i1_acks_1_does_not_stall_where_leaders_live() {
    for controller in [false, true] {
        let gaps = kill(1, Acks::Leader, controller);
        between("the others", gaps.others, 0, 150);
        assert!(gaps.own > 7_000, "{gaps:?}");
    }
}

/// Measured: no failed send; longest gap 0.8–0.9 s on its own partition, 0.3–0.5 s elsewhere. Brokers hear of a new leader up to 0.5 s
/// late, and a follower that hears before its leader waits for a second (`replica.fetch.backoff.ms`).
#[test]
fn i1_a_graceful_stop_is_hardly_felt() {
    for controller in [false, true] {
        let (failed, own, others) = Lab::play(2, 25, three_by_three(), async move |lab| {
            let load = lab.load(Acks::All, &[0, 1, 2]).await;
            lab.sleep(secs(2)).await;
            let own = lab.partition(controller);
            let (site, from) = (lab.node(lab.leader(own)), lab.now());
            site.process.keep_down();
            site.process.terminate();
            lab.sleep(secs(10)).await;
            assert!(!site.process.is_up(), "it has stopped");
            let gap = |partition| load.gap(partition, from, lab.now()).0;
            let others = (0..3).filter(|partition| *partition != own).map(gap).max().expect("there are two");
            (load.failed().len(), gap(own), others)
        });
        assert_eq!(failed, 0);
        between("its own partition", own, 100, 1_200);
        between("the others", others, 0, 600);
    }
}

/// Measured, the controller: others resume after 12–13 s; sends to the frozen leader wait for their 30 s and its successor is not
/// found within 45 s, when about 900 sends (20 a second) have no answer.
#[test]
fn i1_a_frozen_leader_holds_its_sends() {
    let (own, others, unanswered) = Lab::play(1, 55, three_by_three(), async move |lab| {
        let load = lab.load(Acks::All, &[0, 1, 2]).await;
        lab.sleep(secs(2)).await;
        let own = lab.partition(true);
        let from = lab.now();
        lab.node(lab.leader(own)).process.pause();
        lab.sleep(secs(45)).await;
        let gap = |partition| load.gap(partition, from, lab.now()).0;
        let others = (0..3).filter(|partition| *partition != own).map(gap).max().expect("there are two");
        (gap(own), others, load.unanswered())
    });
    between("the others", others, 11_300, 14_500);
    between("its own partition", own, 45_000, 45_000);
    between("unanswered", unanswered, 850, 950);
}
