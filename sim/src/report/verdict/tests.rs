//! Each verdict on a made-up run, each limit from both sides, and the same word under noise for every seed.

use super::super::synthetic::{Noise, Story, fault};
use super::*;

fn context() -> Judging {
    Judging {
        warmup: SimDuration::from_secs(10),
        depends: BTreeSet::from(["orders".to_string()]),
        backlog: Some("stock/lag".into()),
    }
}

fn judged(story: Story) -> Verdict {
    judge(&story.report(), &context())
}

fn kind(story: Story) -> VerdictKind {
    judged(story).kind
}

/// Four minutes with a fault from 60 s to 90 s.
fn run() -> Story {
    Story::new(240).faults(&[fault(60, 90)])
}

#[test]
fn a_run_that_keeps_its_baseline_is_healthy() {
    let verdict = judged(run().class("orders", 100, &[(0, 100)]).class("browse", 100, &[(0, 100)]));
    assert_eq!(verdict.kind, VerdictKind::Healthy);
    assert_eq!(
        verdict.reason,
        "no class left its baseline: even in its worst 5 s, browse kept 100 % of its usual success"
    );
    assert_eq!(kind(Story::new(60)), VerdictKind::Healthy);
}

#[test]
fn the_warm_up_is_not_judged() {
    assert_eq!(kind(run().class("orders", 100, &[(0, 0), (10, 100)])), VerdictKind::Healthy);
}

#[test]
fn a_healthy_class_keeps_99_percent_of_each_phase_and_95_of_each_window() {
    assert_eq!(kind(run().class("orders", 100, &[(0, 100), (60, 99), (90, 100)])), VerdictKind::Healthy);
    assert_eq!(kind(run().class("orders", 100, &[(0, 100), (60, 98), (90, 100)])), VerdictKind::Degraded);
    assert_eq!(kind(run().class("orders", 100, &[(0, 100), (120, 95), (125, 100)])), VerdictKind::Healthy);
    assert_eq!(kind(run().class("orders", 100, &[(0, 100), (120, 94), (125, 100)])), VerdictKind::Degraded);
}

#[test]
fn only_the_dependent_class_suffers_in_a_degraded_run() {
    let orders = [(0, 100), (60, 12), (98, 100)];
    let verdict = judged(run().class("orders", 100, &orders).class("browse", 100, &[(0, 100)]));
    assert_eq!(verdict.kind, VerdictKind::Degraded);
    let reason = "orders, which needs inventory, fell to 12 % of its baseline success during the fault \
                  and was back at it 8 s after the fault; the others kept going";
    assert_eq!(verdict.reason, reason);
}

#[test]
fn a_slow_recovery_is_told() {
    let verdict = judged(run().class("orders", 100, &[(0, 100), (60, 12), (162, 100)]));
    assert_eq!(verdict.kind, VerdictKind::Degraded);
    assert!(
        verdict.reason.ends_with("and needed 72 s after the end of the fault to be back at it"),
        "{}",
        verdict.reason
    );
}

#[test]
fn a_bystander_below_90_percent_makes_a_cascade() {
    let browse = |share| {
        let orders = run().class("orders", 100, &[(0, 100), (60, 5), (110, 100)]);
        judged(orders.class("browse", 100, &[(0, 100), (70, share), (122, 100)]))
    };
    assert_eq!(browse(90).kind, VerdictKind::Degraded);
    assert_eq!(browse(89).kind, VerdictKind::Cascading);
    let reason = "browse, which never touches inventory, fell to 41 % of its baseline success during the fault \
                  and needed 32 s after the end of the fault to be back at it";
    assert_eq!(browse(41).reason, reason);
}

#[test]
fn a_grazed_bystander_alone_is_degraded() {
    let verdict =
        judged(run().class("orders", 100, &[(0, 100)]).class("browse", 100, &[(0, 100), (70, 93), (80, 100)]));
    assert_eq!(verdict.kind, VerdictKind::Degraded);
    assert!(
        verdict.reason.starts_with("browse, though it never touches inventory, fell to 93 %"),
        "{}",
        verdict.reason
    );
}

#[test]
fn below_80_percent_to_the_end_is_metastable() {
    let after = |share| run().class("orders", 100, &[(0, 100), (60, 5), (90, share)]).class("browse", 100, &[(0, 100)]);
    assert_eq!(kind(after(80)), VerdictKind::Degraded);
    assert_eq!(kind(after(79)), VerdictKind::Metastable);
    let reason = "the fault ended 150 s before the run did, yet orders stayed down: \
                  12 % of its baseline success over the last 60 s";
    assert_eq!(judged(after(12)).reason, reason);
}

#[test]
fn a_lost_bystander_is_metastable_too() {
    let story = run().class("orders", 100, &[(0, 100)]).class("browse", 100, &[(0, 100), (60, 30)]);
    assert_eq!(kind(story), VerdictKind::Metastable);
}

#[test]
fn nobody_can_say_metastable_before_twenty_seconds() {
    let ending = |end| Story::new(end).faults(&[fault(60, 90)]).class("orders", 100, &[(0, 100), (60, 5)]);
    assert_eq!(kind(ending(109)), VerdictKind::Degraded);
    assert_eq!(kind(ending(110)), VerdictKind::Metastable);
    assert!(judged(ending(109)).reason.contains("not back at it when the run ended 19 s after the fault"));
}

#[test]
fn a_fault_that_lasts_to_the_end_is_not_metastable() {
    let endless = || Story::new(200).faults(&[fault(60, 200)]).class("orders", 100, &[(0, 100), (60, 5)]);
    let verdict = judged(endless().class("browse", 100, &[(0, 100)]));
    assert_eq!(verdict.kind, VerdictKind::Degraded);
    assert!(verdict.reason.contains("while the fault lasted to the end of the run"), "{}", verdict.reason);
    assert_eq!(kind(endless().class("browse", 100, &[(0, 100), (80, 50)])), VerdictKind::Cascading);
}

#[test]
fn late_and_broken_recoveries_are_told_apart() {
    let late = [(0, 100), (60, 5), (225, 100)];
    assert_eq!(kind(run().class("orders", 100, &late)), VerdictKind::Degraded);
    let delayed = [(0, 100), (60, 5), (95, 100), (190, 10)];
    assert_eq!(kind(run().class("orders", 100, &delayed)), VerdictKind::Metastable);
    let oscillating: Vec<(usize, u64)> = (0..20).map(|n| (60 + n * 9, if n % 2 == 0 { 0 } else { 100 })).collect();
    let story = run().class("orders", 100, &[&[(0, 100)], oscillating.as_slice()].concat());
    assert_eq!(kind(story), VerdictKind::Metastable);
}

#[test]
fn customers_who_cannot_have_been_answered_yet_are_not_held_against_the_run() {
    assert_eq!(kind(run().class("orders", 1, &[(0, 100)]).pending("orders", 9)), VerdictKind::Healthy);
    assert_eq!(kind(run().class("orders", 1, &[(0, 100)]).pending("orders", 40)), VerdictKind::Metastable);
}

#[test]
fn a_backlog_that_grows_and_drains_is_absorbed() {
    let lag = |levels: &[(usize, u64)]| judged(run().class("orders", 100, &[(0, 100)]).gauge("stock/lag", levels));
    let verdict = lag(&[(0, 20), (60, 9000), (131, 30)]);
    assert_eq!(verdict.kind, VerdictKind::Absorbed);
    let reason = "accepting was unharmed: the backlog rose to 9000 and had drained 41 s after the fault";
    assert_eq!(verdict.reason, reason);
    assert_eq!(lag(&[(0, 20), (60, 100)]).kind, VerdictKind::Healthy);
    assert_eq!(lag(&[(0, 20), (60, 101), (90, 50)]).kind, VerdictKind::Absorbed);
    assert_eq!(lag(&[(0, 20), (60, 9000), (235, 30)]).kind, VerdictKind::Absorbed);
    assert_eq!(lag(&[(0, 20), (60, 9000), (236, 30)]).kind, VerdictKind::Degraded);
    let harmed = run().class("orders", 100, &[(0, 100), (60, 90), (90, 100)]);
    assert_eq!(kind(harmed.gauge("stock/lag", &[(60, 9000), (131, 0)])), VerdictKind::Degraded);
}

#[test]
fn without_a_fault_a_run_is_compared_with_perfection() {
    assert_eq!(kind(Story::new(120).class("orders", 100, &[(0, 99)])), VerdictKind::Healthy);
    let verdict = judged(Story::new(120).class("browse", 100, &[(0, 53)]));
    assert_eq!(verdict.kind, VerdictKind::Degraded);
    assert_eq!(verdict.reason, "without any fault, only 53 % of browse customers were served in the worst 5 s");
}

#[test]
fn noise_does_not_change_the_word() {
    let cases = [
        (VerdictKind::Healthy, vec![(0, 995)], vec![(0, 995)]),
        (VerdictKind::Degraded, vec![(0, 995), (60, 300), (95, 995)], vec![(0, 995)]),
        (VerdictKind::Cascading, vec![(0, 995), (60, 100), (95, 995)], vec![(0, 995), (62, 700), (95, 995)]),
        (VerdictKind::Metastable, vec![(0, 995), (60, 600)], vec![(0, 995)]),
    ];
    for seed in 0..32 {
        for rate in [10, 60, 200] {
            for (expected, orders, browse) in &cases {
                let mut noise = Noise(seed * 1000 + rate);
                let story = run().noisy("orders", rate, orders, &mut noise).noisy("browse", rate, browse, &mut noise);
                let verdict = judged(story);
                assert_eq!(verdict.kind, *expected, "seed {seed}, {rate}/s: {}", verdict.reason);
            }
        }
    }
}

/// So short and so overloaded that nobody has been given time enough: waiting is no success.
#[test]
fn a_run_in_which_everybody_waits_is_not_healthy() {
    let mut report = Story::new(9).class("orders", 100, &[(0, 0)]).report();
    let class = report.classes.get_mut("orders").expect("it is there");
    class.pending = class.offered;
    class.abandoned = 0;
    class.failed.clear();
    class.unanswered_by_arrival.clone_from(&class.offered_by_arrival);
    class.failed_by_arrival.fill(0);
    assert_ne!(judge(&report, &Judging::default()).kind, VerdictKind::Healthy);
}
