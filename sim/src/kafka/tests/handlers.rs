//! I6: what becomes of a poison message, on three brokers.

use super::*;
use crate::kafka::client::Thrown;
use crate::kafka::types::Acks;

fn throws(thrown: Thrown) -> Handling {
    Handling { thrown: Some(thrown), ..Handling::default() }
}

impl Lab {
    /// Stores values in partitions.
    async fn store(&self, values: &[(u32, &str)]) {
        let all = self.producer(&self.service("app"), Acks::All).await;
        for (partition, value) in values {
            self.send(&all, *partition, value).await.expect("is stored");
        }
        self.stage.site("app").expect("it was added").process.exit(Exit::Stopped);
    }
}

/// Milliseconds between neighbours.
fn gaps(times: &[SimTime]) -> Vec<u64> {
    times.windows(2).map(|pair| pair[1].since(pair[0]).as_millis()).collect()
}

/// Measured: the same message at 5.35, 5.70, 11.4, 17.8, 25.6, 37.5 s, a crash at 42.5 with a restart, joined again at 59.7. A
/// cycle lasts 5 s (the long polls of the other fetchers) and a wait of 0.3, 0.6 … s whose jitter compounds. There the first cycle had
/// no long polls, since the other partitions had something to read; here they are empty.
#[test]
fn i6_an_error_brings_the_message_six_times_and_then_a_restart() {
    for seed in 0..2 {
        Lab::play(seed, 90, three_by_three(), async |lab| {
            lab.store(&[(0, "poison"), (0, "behind")]).await;
            let reader = lab.member("reader", "g", throws(Thrown::Error));
            lab.wait_until(|_| reader.joins().len() == 2).await;
            let crashed = reader.times(|line| *line == Line::Crashed(true));
            let poisoned = reader.times(|line| *line == Line::Read(0, "poison".into()));
            let poisoned: Vec<SimTime> = poisoned.into_iter().filter(|at| *at <= crashed[0]).collect();
            assert_eq!(poisoned.len(), 6);
            for (nth, gap) in (0u32..).zip(&gaps(&poisoned)) {
                let nominal = 300 << nth;
                let jitter = |percent: u64| nominal * percent.pow(nth + 1) / 100u64.pow(nth + 1);
                between("a cycle", *gap, 4_900 + jitter(80), 5_100 + jitter(120));
            }
            between("the crash", crashed[0].since(poisoned[5]).as_millis(), 4_900, 5_100);
            // Six spreads of ± 20 % around 9.6 s, and the 3 s of an empty group.
            between("joined again", reader.joins()[1].since(crashed[0]).as_millis(), 5_500, 32_000);
            assert!(!reader.read().contains(&"behind".to_owned()), "a poison message blocks its partition");
        });
    }
}

/// Measured: two messages of the other partitions, sent in mid-cycle, came only when the cycle ended.
#[test]
fn i6_other_partitions_wait_for_the_cycle() {
    Lab::play(1, 90, three_by_three(), async |lab| {
        lab.store(&[(0, "poison")]).await;
        let reader = lab.member("reader", "g", throws(Thrown::Error));
        lab.wait_until(|_| reader.read().len() == 3).await;
        lab.sleep(secs(1)).await;
        let sent = lab.now();
        lab.store(&[(1, "u"), (2, "v")]).await;
        lab.wait_until(|_| ["u", "v"].iter().all(|value| reader.read().contains(&(*value).to_owned()))).await;
        let poisoned = reader.times(|line| *line == Line::Read(0, "poison".into()));
        for at in reader.times(|line| matches!(line, Line::Read(1 | 2, _))) {
            between("waited", at.since(sent).as_millis(), 500, 75_000);
            let nearest = poisoned.iter().map(|cycle| cycle.since(at).max(at.since(*cycle)).as_millis()).min();
            between("from the begin of a cycle", nearest.expect("there are cycles"), 0, 50);
        }
    });
}

/// Measured: the member crashes for good 5 s after the message, its partitions go to the other, which reads the same message and
/// crashes for good 10 s after the first began: one bad message ends the whole group. Each 5 s is what is left of long polls.
#[test]
fn i6_a_syntax_error_ends_one_member_after_the_other() {
    Lab::play(1, 60, three_by_three(), async |lab| {
        let members = ["a", "b"].map(|name| lab.member(name, "g", throws(Thrown::SyntaxError)));
        lab.wait_until(|_| members.iter().all(|member| !member.joins().is_empty() && !member.has(3))).await;
        lab.sleep(millis(5_100)).await;
        let sent = lab.now();
        lab.store(&[(0, "poison")]).await;
        let crashed = |member: &Member| member.times(|line| *line == Line::Crashed(false)).first().copied();
        lab.wait_until(|_| members.iter().all(|member| crashed(member).is_some())).await;
        let mut ends: Vec<u64> = members.iter().filter_map(crashed).map(|at| at.since(sent).as_millis()).collect();
        ends.sort_unstable();
        between("the first", ends[0], 4_000, 5_200);
        between("the second", ends[1], 9_000, 15_300);
        lab.store(&[(0, "later"), (1, "later"), (2, "later")]).await;
        lab.sleep(secs(20)).await;
        assert!(members.iter().all(|member| member.read() == ["poison"]), "nobody is left to read");
    });
}

/// Measured, and E9: a handler that catches and swallows skips the message, whose offset is committed with its batch.
#[test]
fn i6_and_e9_a_swallowed_error_is_a_lost_message() {
    Lab::play(1, 30, three_by_three(), async |lab| {
        lab.store(&[(0, "ok"), (0, "poison"), (0, "behind")]).await;
        let reader = lab.member("reader", "g", Handling::default());
        lab.wait_until(|_| reader.read().len() == 3).await;
        lab.sleep(secs(1)).await;
        assert_eq!(lab.cluster.committed("g", &TopicPartition::new(TOPIC, 0)), Some(Offset(3)));
        reader.kill();
        let next = lab.member("next", "h", Handling::default()); // a group of its own sees it, this one does not any more
        lab.wait_until(|_| next.read().len() == 3).await;
        assert_eq!(reader.read(), ["ok", "poison", "behind"]);
    });
}
