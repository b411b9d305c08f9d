//! D3: Java members choose their assignor, and what a rebalance takes from them differs.

use super::*;
use crate::kafka::assignor::Assignor;
use crate::kafka::types::Acks;

/// Shares of a member in order.
fn shares(member: &Member) -> Vec<Vec<u32>> {
    let share = |(_, line)| if let Line::Joined(share) = line { Some(share) } else { None };
    member.diary().into_iter().filter_map(share).collect()
}

/// Two members, the second of which joins 10 s later: their shares.
fn two_members(assignors: [Vec<Assignor>; 2]) -> [Vec<Vec<u32>>; 2] {
    let topic = TopicConfig { partitions: 4, ..three_by_three() };
    Lab::play(1, 45, topic, async |lab| {
        let [first, second] = assignors;
        let (_first, a) = lab.java("a", "g", first);
        lab.wait_until(|_| a.has(4)).await;
        lab.sleep(secs(10)).await;
        let (_second, b) = lab.java("b", "g", second);
        lab.sleep(secs(15)).await;
        [shares(&a), shares(&b)]
    })
}

/// The default list holds an eager and a cooperative assignor: members are eager, and the first one is chosen.
#[test]
fn d3_java_takes_ranges_by_default() {
    let default = crate::kafka::client::JavaConsumerConfig::default().assignors;
    let [a, b] = two_members([default.clone(), default]);
    assert_eq!([a.last(), b.last()], [Some(&vec![0, 1]), Some(&vec![2, 3])]);
    assert_eq!((a.len(), b.len()), (2, 1), "one rebalance: {a:?} {b:?}");
}

/// A third member joins two: each of them gives up one partition and keeps the others, though it gave all up meanwhile. Ranges would
/// shift.
#[test]
fn d3_sticky_members_keep_what_they_had() {
    for (assignor, keeps) in [(Assignor::Sticky, true), (Assignor::Range, false)] {
        Lab::play(1, 60, TopicConfig { partitions: 6, ..three_by_three() }, async move |lab| {
            let mut members = Vec::new();
            for name in ["a", "b", "c"] {
                members.push(lab.java(name, "g", vec![assignor]));
                lab.sleep(secs(12)).await;
            }
            let [a, b] = [0, 1].map(|nth| shares(&members[nth].1));
            let kept = |shares: &[Vec<u32>]| {
                let [.., before, after] = shares else { panic!("two shares, not {shares:?}") };
                assert_eq!((before.len(), after.len()), (3, 2));
                after.iter().all(|partition| before.contains(partition))
            };
            assert_eq!(kept(&a) && kept(&b), keeps, "{assignor:?}: {a:?} {b:?}");
        });
    }
}

/// What moves is withheld in a first round and given in a second (KIP-429).
#[test]
fn d3_cooperative_members_hand_over_in_a_second_round() {
    let cooperative = || vec![Assignor::CooperativeSticky];
    let [a, b] = two_members([cooperative(), cooperative()]);
    assert_eq!((a.len(), b.len()), (3, 2), "two rebalances: {a:?} {b:?}");
    assert_eq!((a[1].len(), b[0].len(), b[1].len()), (2, 0, 2), "{a:?} {b:?}");
}

/// A member is killed and another joins: the group waits for the dead one until its session of 45 s ends. Who is eager waits with
/// nothing, who is cooperative goes on reading what it has.
#[test]
fn d3_cooperative_members_read_on_while_the_group_waits() {
    let read_meanwhile = |assignor| {
        Lab::play(1, 60, three_by_three(), async move |lab| {
            lab.load(Acks::All, &[0, 1, 2]).await;
            let (_first, a) = lab.java("a", "g", vec![assignor]);
            lab.wait_until(|_| a.has(3)).await;
            let (_second, b) = lab.java("b", "g", vec![assignor]);
            lab.sleep(secs(10)).await;
            b.kill();
            let (_third, _) = lab.java("c", "g", vec![assignor]);
            lab.sleep(secs(5)).await; // all have noticed at a heartbeat
            let before = a.read().len();
            lab.sleep(secs(10)).await;
            a.read().len() - before
        })
    };
    assert_eq!(read_meanwhile(Assignor::Range), 0);
    between("of 200 a partition", read_meanwhile(Assignor::CooperativeSticky), 350, 450);
}

/// The group takes an assignor that all know.
#[test]
fn d3_members_with_different_lists_agree() {
    let [a, b] = two_members([vec![Assignor::Range, Assignor::Sticky], vec![Assignor::Sticky, Assignor::RoundRobin]]);
    assert_eq!((a.last().map(Vec::len), b.last().map(Vec::len)), (Some(2), Some(2)), "{a:?} {b:?}");
}
