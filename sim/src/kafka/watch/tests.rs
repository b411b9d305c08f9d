//! Goal: a reader sees each change of a partition and a group once, from those who can tell. Method: made-up sights of a cluster,
//! compared with the gauges that come out of each.

use std::cell::RefCell;

use super::*;
use crate::engine::{self, SimTime};
use crate::trace::{Names, Sink};

/// Gauges as text.
struct Lines(Rc<Names>, Vec<String>);

impl Sink for Lines {
    fn record(&mut self, _: SimTime, event: &Event) {
        if let Event::Gauged { of, gauge, value } = *event {
            self.1.push(format!("{}/{}={value}", self.0.text(of), gauge.text()));
        }
    }
}

/// The gauges that each look brings, by look.
fn looks(sights: impl FnOnce() -> Vec<Seen> + Send) -> Vec<String> {
    engine::run(1, SimTime::from_secs(1), move |sim| {
        let trace = Trace::new(sim);
        let lines = Rc::new(RefCell::new(Lines(trace.names(), Vec::new())));
        trace.attach(lines.clone());
        let mut watch = Watch::new(&trace);
        let mut look = |seen: &Seen| {
            watch.look(seen);
            std::mem::take(&mut lines.borrow_mut().1).join(" ")
        };
        let said: Vec<String> = sights().iter().map(&mut look).collect();
        move || said
    })
}

/// A replica of `orders-0` that knows `end` records, the last of which is not committed.
fn replica(broker: u32, leads: bool, epoch: u32, end: u64) -> PartitionSeen {
    PartitionSeen {
        broker: BrokerId(broker),
        partition: TopicPartition::new("orders", 0),
        leads,
        epoch: LeaderEpoch(epoch),
        log_start: Offset(2),
        log_end: Offset(end),
        high_watermark: Offset(end - 1),
        isr: if leads { 3 } else { 0 },
    }
}

fn partitions(partitions: &[PartitionSeen]) -> Seen {
    Seen { partitions: partitions.into(), groups: Vec::new() }
}

fn member(id: &str, orders: &[u32]) -> MemberSeen {
    MemberSeen { id: id.into(), assigned: orders.iter().map(|&n| TopicPartition::new("orders", n)).collect() }
}

/// The group `billing` in the eyes of a broker.
fn group(coordinator: u32, state: GroupState, members: &[MemberSeen], committed: &[(u32, u64)]) -> GroupSeen {
    GroupSeen {
        coordinator: BrokerId(coordinator),
        seat: 7,
        name: "billing".into(),
        state,
        generation: 4,
        members: members.into(),
        committed: committed.iter().map(|&(n, offset)| (TopicPartition::new("orders", n), Offset(offset))).collect(),
    }
}

/// Broker 1 leads `orders-0` with `end` records, and `leader` leads the offsets of the group.
fn cluster(leader: u32, end: u64, groups: &[GroupSeen]) -> Seen {
    let offsets = PartitionSeen { partition: TopicPartition::new(OFFSETS_TOPIC, 7), ..replica(leader, true, 0, 1) };
    Seen { partitions: vec![replica(1, true, 0, end), offsets], groups: groups.into() }
}

#[test]
fn a_partition_is_shown_as_its_leader_sees_it_and_only_when_it_changes() {
    let said = looks(|| {
        vec![
            partitions(&[replica(2, false, 5, 8), replica(1, true, 5, 10)]),
            partitions(&[replica(2, false, 5, 10), replica(1, true, 5, 10)]),
            partitions(&[replica(2, false, 5, 10), replica(1, true, 5, 12)]),
        ]
    });
    let first =
        "orders-0/leader.epoch=5 orders-0/leader=1 orders-0/log.end=10 orders-0/high.watermark=9 orders-0/isr=3";
    assert_eq!(said, [first, "", "orders-0/log.end=12 orders-0/high.watermark=11"]);
}

#[test]
fn a_partition_without_leader_keeps_what_was_known_of_it() {
    let said = looks(|| {
        vec![
            partitions(&[replica(2, false, 0, 1)]),
            partitions(&[replica(1, true, 0, 10), replica(2, false, 0, 8)]),
            partitions(&[replica(2, false, 0, 9)]),
            partitions(&[]),
            partitions(&[replica(2, true, 1, 9)]),
        ]
    });
    assert_eq!(said[0], "orders-0/leader=0");
    assert_eq!(said[2..4], ["orders-0/leader=0", ""]);
    let next = "orders-0/leader.epoch=1 orders-0/leader=2 orders-0/log.end=9 orders-0/high.watermark=8";
    assert_eq!(said[4], next);
}

#[test]
fn a_leader_that_has_a_successor_counts_no_more() {
    let said = looks(|| {
        let (old, new) = (replica(2, true, 5, 20), replica(1, true, 6, 15));
        let both = [new.clone(), old.clone()];
        vec![
            partitions(std::slice::from_ref(&old)),
            partitions(&both),
            partitions(&[old.clone(), new]),
            partitions(&[old]),
        ]
    });
    let next = "orders-0/leader.epoch=6 orders-0/leader=1 orders-0/log.end=15 orders-0/high.watermark=14";
    assert_eq!(said[1..], [next, "", "orders-0/leader=0"]);
}

#[test]
fn owners_are_numbered_in_the_order_of_their_ids() {
    let said = looks(|| {
        let seen = |state, members: &[MemberSeen]| cluster(1, 10, &[group(1, state, members, &[])]);
        vec![
            seen(GroupState::Stable, &[member("bob", &[1]), member("ann", &[0])]),
            seen(GroupState::PreparingRebalance, &[member("bob", &[1])]),
            seen(GroupState::Stable, &[member("bob", &[0, 1])]),
        ]
    });
    let group = "billing/generation=4 billing/group.state=3 billing/members=2";
    let shares = "billing.orders-0/assigned=1 billing.orders-0/lag=7 billing.orders-1/assigned=2";
    assert!(said[0].ends_with(&format!("{group} {shares}")), "{}", said[0]);
    let preparing = "billing/group.state=1 billing/members=1 billing.orders-0/assigned=0 billing.orders-1/assigned=1";
    assert_eq!(said[1..], [preparing, "billing/group.state=3 billing.orders-0/assigned=1"]);
}

#[test]
fn lag_is_what_is_committed_in_the_log_and_not_by_the_group() {
    let said = looks(|| {
        let ann = [member("ann", &[0])];
        let seen = |end, committed: &[(u32, u64)]| cluster(1, end, &[group(1, GroupState::Stable, &ann, committed)]);
        vec![seen(10, &[]), seen(12, &[(0, 5)]), seen(12, &[(0, 11)]), seen(13, &[(0, 20)])]
    });
    assert!(said[0].contains("orders-0/lag=7"), "what is kept, from 2 to 9: {}", said[0]);
    assert!(said[1].ends_with("billing.orders-0/committed.offset=5 billing.orders-0/lag=6"), "{}", said[1]);
    assert_eq!(said[2], "billing.orders-0/committed.offset=11 billing.orders-0/lag=0");
    assert!(!said[3].contains("lag"), "no less than nothing: {}", said[3]);
}

#[test]
fn offsets_alone_have_a_lag_and_a_share_that_nobody_knows_of_has_none() {
    let said = looks(|| vec![cluster(1, 10, &[group(1, GroupState::Empty, &[], &[(0, 5), (9, 1)])])]);
    let known = "billing.orders-0/assigned=0 billing.orders-0/committed.offset=5 billing.orders-0/lag=4";
    assert!(said[0].contains(known), "{}", said[0]);
    assert!(said[0].ends_with("billing.orders-9/assigned=0 billing.orders-9/committed.offset=1"), "{}", said[0]);
}

#[test]
fn the_lag_grows_while_a_group_has_no_coordinator() {
    let stable = || group(1, GroupState::Stable, &[member("ann", &[0])], &[(0, 9)]);
    let said = looks(|| vec![cluster(1, 10, &[stable()]), cluster(1, 15, &[])]);
    assert!(said[1].ends_with("billing.orders-0/lag=5") && !said[1].contains("assigned"), "{}", said[1]);
}

#[test]
fn a_coordinator_that_was_replaced_is_not_asked() {
    let said = looks(|| {
        let (old, new) =
            (group(2, GroupState::Stable, &[member("ann", &[0])], &[]), group(1, GroupState::Empty, &[], &[]));
        let seen =
            |groups: &[&GroupSeen]| cluster(1, 10, &groups.iter().map(|&group| group.clone()).collect::<Vec<_>>());
        vec![seen(&[&old]), seen(&[&new, &old]), seen(&[&old, &new])]
    });
    assert!(!said[0].contains("billing"), "{}", said[0]);
    assert_eq!(said[1..], ["billing/generation=4 billing/group.state=0 billing/members=0", ""]);
}
