//! I5: joining, leaving and dying members.

use super::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::types::Acks;

const SEEDS: std::ops::Range<u64> = 0..3;

fn busy() -> Handling {
    Handling { takes: millis(10), ..Handling::default() }
}

impl Lab {
    /// A name of a group whose coordinator is another node than this one.
    pub(super) async fn group_beside(&self, other: BrokerId) -> String {
        let first = self.member("first", "first", Handling::default()); // the first group of all makes the offsets topic
        self.wait_until(|_| !first.joins().is_empty()).await;
        first.kill();
        let mut names = (0..).map(|nth| format!("g{nth}"));
        names.find(|name| self.coordinator(name).is_some_and(|id| id != other)).expect("two thirds are")
    }
}

impl Member {
    /// From `run()` to the first assignment, in milliseconds.
    async fn joined_after(&self, lab: &Lab) -> u64 {
        lab.wait_until(|_| !self.joins().is_empty()).await;
        let began = self.times(|line| *line == Line::Began)[0];
        self.joins()[0].since(began).as_millis()
    }
}

/// Measured: 3.03–3.09 s; the first group of all 3.97 s, because `__consumer_offsets` is made and the coordinator asked for again
/// after 0.3 and 0.8 s. Here the topic is made faster, so that one repeat may do.
#[test]
fn i5_a_cold_join_takes_three_seconds_and_the_first_of_all_longer() {
    for seed in SEEDS {
        Lab::play(seed, 25, three_by_three(), async |lab| {
            let first = lab.member("a", "g", Handling::default());
            between("the first group", first.joined_after(&lab).await, 3_200, 4_100);
            let fresh = lab.member("b", "h", Handling::default());
            between("a fresh group", fresh.joined_after(&lab).await, 3_000, 3_100);
        });
    }
}

/// Measured: 1.3–2.4 s. The first member notices when its long polls of 5 s end, wherever in them it was.
#[test]
fn i5_a_second_member_waits_for_the_long_polls_of_an_idle_one() {
    for (seed, into_the_poll, expected) in [(0, 4_000, 1_000), (1, 2_600, 2_400), (2, 500, 4_500)] {
        Lab::play(seed, 25, three_by_three(), async move |lab| {
            let first = lab.member("a", "g", Handling::default());
            first.joined_after(&lab).await;
            lab.sleep(millis(5_000 + into_the_poll)).await;
            let second = lab.member("b", "g", Handling::default());
            between("second member", second.joined_after(&lab).await, expected - 100, expected + 100);
        });
    }
}

/// Measured at 10 ms a message: 0.4 s; the heartbeat that tells comes every 3 s.
#[test]
fn i5_a_second_member_waits_for_the_heartbeat_of_a_busy_one() {
    for seed in SEEDS {
        Lab::play(seed, 25, three_by_three(), async move |lab| {
            lab.load(Acks::All, &[0, 1, 2]).await;
            let first = lab.member("a", "g", busy());
            first.joined_after(&lab).await;
            lab.sleep(millis(7_000 + 900 * seed)).await;
            let second = lab.member("b", "g", busy());
            between("second member", second.joined_after(&lab).await, 0, 3_300);
        });
    }
}

/// Measured: 6.4 s when one member has a fetcher without partitions. It is told at a heartbeat, up to 3 s late, and then waits for
/// the fetchers that sleep for 5 s.
#[test]
fn i5_a_re_join_waits_for_fetchers_that_sleep() {
    let mut longest = 0;
    for seed in 0..5 {
        let waited = Lab::play(seed, 40, three_by_three(), async move |lab| {
            lab.load(Acks::All, &[0, 1, 2]).await;
            let first = lab.member("a", "g", busy());
            first.joined_after(&lab).await;
            lab.sleep(secs(5)).await;
            let second = lab.member("b", "g", busy());
            second.joined_after(&lab).await;
            lab.sleep(millis(5_000 + 1_000 * seed)).await;
            let third = lab.member("c", "g", busy());
            third.joined_after(&lab).await
        });
        between("third member", waited, 100, 8_300);
        longest = longest.max(waited);
    }
    between("the longest of five phases", longest, 4_500, 8_300);
}

/// Measured: `disconnect()` takes 2.7–3.5 s, until the long polls end; the other notices at its heartbeat 5 s later, so that the
/// partitions idle for 7.6–8.5 s.
#[test]
fn i5_a_graceful_disconnect_waits_for_its_long_polls_and_the_others_for_theirs() {
    for (seed, into_the_poll) in [(0, 1_500), (1, 2_300)] {
        let (took, idle) = Lab::play(seed, 45, three_by_three(), async move |lab| {
            let first = lab.member("a", "g", Handling::default());
            first.joined_after(&lab).await;
            let second = lab.member("b", "g", Handling::default());
            second.joined_after(&lab).await;
            lab.sleep(millis(5_000 + into_the_poll)).await;
            let from = lab.now();
            second.disconnect().await;
            let took = lab.since(from);
            lab.wait_until(|_| first.has(3)).await;
            (took, lab.since(from))
        });
        between("disconnect", took, 4_900 - into_the_poll, 5_100 - into_the_poll);
        between("idle", idle, took + 4_800, took + 5_200);
    }
}

/// How long partitions of a killed member idle, in milliseconds.
fn idle_after_sigkill(seed: u64, handling: &Handling, load: bool) -> u64 {
    let handling = handling.clone();
    Lab::play(seed, 65, three_by_three(), async move |lab| {
        if load {
            lab.load(Acks::All, &[0, 1, 2]).await;
        }
        let first = lab.member("a", "g", handling.clone());
        first.joined_after(&lab).await;
        let second = lab.member("b", "g", handling);
        second.joined_after(&lab).await;
        lab.sleep(millis(6_000 + 1_300 * seed)).await;
        second.kill();
        lab.wait_until(|_| first.has(3)).await
    })
}

/// Measured: 29.6 s when the group is idle, 33.6 s when it is busy. The session of 30 s was renewed up to 5 s before, and the other
/// member notices up to 5 s after (D4).
#[test]
fn i5_partitions_of_a_killed_member_idle_for_its_session() {
    for seed in 0..2 {
        between("idle group", idle_after_sigkill(seed, &Handling::default(), false), 25_000, 35_200);
        between("busy group", idle_after_sigkill(seed, &busy(), true), 27_000, 35_200);
    }
}

/// D2, G10: ≤ 45 s in Java, and its heartbeats come every 3 s from a thread.
#[test]
fn i5_partitions_of_a_killed_java_member_idle_for_45_seconds() {
    Lab::play(1, 75, three_by_three(), async |lab| {
        let (_first, a) = lab.java("a", "g", vec![Assignor::Range]);
        lab.wait_until(|_| a.has(3)).await;
        let (_second, b) = lab.java("b", "g", vec![Assignor::Range]);
        lab.wait_until(|_| !b.joins().is_empty()).await;
        lab.sleep(secs(5)).await;
        b.kill();
        between("idle", lab.wait_until(|_| a.has(3)).await, 42_000, 48_500);
    });
}

/// D2: a record has just arrived when its partition is fetched again, together with the other of its leader. So it does not wait for the
/// long poll of 500 ms of the other one.
#[test]
fn d2_partitions_of_one_leader_do_not_wait_for_each_other() {
    let topic = TopicConfig { partitions: 6, ..three_by_three() };
    Lab::play(1, 40, topic, async |lab| {
        assert_eq!(lab.leader(0), lab.leader(3));
        let (_consumer, a) = lab.java("a", "g", vec![Assignor::Range]);
        lab.wait_until(|_| a.has(6)).await;
        let producer = lab.producer(&lab.service("producer"), Acks::All).await;
        for nth in 0..10 {
            lab.send(&producer, 0, &nth.to_string()).await.expect("brokers are up");
            between("milliseconds", lab.wait_until(|_| a.read().len() > nth).await, 0, 20);
            lab.sleep(millis(30)).await;
        }
    });
}
