//! Goal: static membership (KIP-345). Method: members with a `group.instance.id` restart, duplicate, stay away.

use super::*;

fn pod(name: &str, id: &Rc<str>, generation: Option<u32>) -> Member {
    Member { instance: Some(name.into()), ..speaker(id, generation) }
}

fn pod_join(name: &str, id: &Rc<str>) -> GroupRequest {
    GroupRequest::Join(Join { member: pod(name, id, None), ..joining(id) })
}

/// A stable group of the static members `one` (the leader, partition 0) and `two` (partition 1).
fn pods(bench: &mut Bench) -> [Rc<str>; 2] {
    let tickets = ["one", "two"].map(|name| bench.send(&pod_join(name, &"".into())));
    bench.pass(secs(6));
    let ids = tickets.map(|ticket| match bench.answer(ticket) {
        Some(GroupResponse::Joined { member, .. }) => member,
        other => panic!("not joined: {other:?}"),
    });
    let shares = vec![(ids[0].clone(), share(&[0])), (ids[1].clone(), share(&[1]))];
    for (name, id) in ["one", "two"].into_iter().zip(&ids) {
        let member = pod(name, id, Some(1));
        bench.ask(&GroupRequest::Sync { member, assignments: shares.clone() });
    }
    assert_eq!(bench.view().state, GroupState::Stable);
    ids
}

fn new_id(answer: GroupResponse) -> (Rc<str>, Rc<str>) {
    match answer {
        GroupResponse::Joined { generation: 1, member, leader, .. } => (member, leader),
        other => panic!("a rebalance: {other:?}"),
    }
}

#[test]
fn a_static_member_needs_no_second_request() {
    let mut bench = Bench::new();
    let parked = bench.send(&pod_join("one", &"".into()));
    bench.pass(secs(3));
    assert_eq!(entered(bench.answer(parked)), (1, 1));
}

#[test]
fn a_static_restart_needs_no_rebalance() {
    let mut bench = Bench::new();
    let [leader, old] = pods(&mut bench);
    bench.pass(secs(20));
    let (new, _) = new_id(bench.ask(&pod_join("two", &"".into())));
    assert_ne!(new, old);
    let sync = GroupRequest::Sync { member: pod("two", &new, Some(1)), assignments: Vec::new() };
    assert_eq!(bench.ask(&sync), GroupResponse::Synced(share(&[1])));
    assert_eq!(bench.ask(&GroupRequest::Heartbeat(pod("one", &leader, Some(1)))), GroupResponse::Done);
    assert_eq!((bench.view().state, bench.view().generation), (GroupState::Stable, 1));
}

/// The leader hears its old id as the leader's, so it does not assign; the group follows the new one.
#[test]
fn a_static_leader_that_restarts_does_not_assign_anew() {
    let mut bench = Bench::new();
    let [old, _] = pods(&mut bench);
    let (new, told) = new_id(bench.ask(&pod_join("one", &"".into())));
    assert_eq!((told, bench.view().leader), (old, Some(&new)));
}

#[test]
fn the_former_self_is_fenced() {
    let mut bench = Bench::new();
    let [_, old] = pods(&mut bench);
    bench.ask(&pod_join("two", &"".into()));
    let zombie = || pod("two", &old, Some(1));
    let sync = GroupRequest::Sync { member: zombie(), assignments: Vec::new() };
    let join = pod_join("two", &old);
    for request in [GroupRequest::Heartbeat(zombie()), commit(zombie(), 1), sync, join, GroupRequest::Leave(zombie())] {
        assert_eq!(bench.ask(&request), refusal(ErrorCode::FencedInstanceId), "{request:?}");
    }
}

#[test]
fn a_parked_former_self_is_fenced_too() {
    let mut bench = Bench::new();
    let parked = bench.send(&pod_join("one", &"".into()));
    bench.send(&pod_join("one", &"".into()));
    assert_eq!(bench.answer(parked), Some(refusal(ErrorCode::FencedInstanceId)));
}

/// A static member that stays away is missed after its session, as any other.
#[test]
fn a_static_member_that_stays_away_is_missed_after_its_session() {
    let mut bench = Bench::new();
    pods(&mut bench);
    bench.pass(secs(30));
    assert_eq!(bench.view().state, GroupState::Empty);
}

/// An id of a rebalance that is under way may be in the leader's hands already: so the rebalance begins anew.
#[test]
fn a_static_restart_while_the_leader_assigns_begins_a_rebalance() {
    let mut bench = Bench::new();
    let tickets = ["one", "two"].map(|name| bench.send(&pod_join(name, &"".into())));
    bench.pass(secs(6));
    assert!(tickets.iter().all(|ticket| bench.answer(*ticket).is_some()));
    bench.send(&pod_join("two", &"".into()));
    assert_eq!(bench.view().state, GroupState::PreparingRebalance);
}

/// A static member that does not rejoin stays in the group: it may be restarting.
#[test]
fn a_static_member_outlives_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let [_, two] = pods(&mut bench);
    bench.enter();
    for _ in 0..20 {
        bench.pass(secs(3));
        bench.ask(&GroupRequest::Heartbeat(pod("two", &two, Some(1))));
    }
    assert_eq!(bench.view().generation, 2);
    assert!(bench.ids().contains(&two));
}

/// Who takes a static member out by hand names the instance only.
#[test]
fn an_instance_can_be_made_to_leave() {
    let mut bench = Bench::new();
    let [_, two] = pods(&mut bench);
    assert_eq!(bench.ask(&GroupRequest::Leave(pod("two", &"".into(), None))), GroupResponse::Done);
    assert!(!bench.ids().contains(&two));
    assert_eq!(bench.ask(&GroupRequest::Leave(pod("two", &"".into(), None))), refusal(ErrorCode::UnknownMemberId));
}

/// The new id is as durable as the assignment: a new coordinator knows it.
#[test]
fn a_new_coordinator_knows_the_new_id() {
    let mut bench = Bench::new();
    pods(&mut bench);
    let (new, _) = new_id(bench.ask(&pod_join("two", &"".into())));
    bench.coordinator.load(bench.now, LeaderEpoch(2), &bench.log);
    assert_eq!(bench.ask(&GroupRequest::Heartbeat(pod("two", &new, Some(1)))), GroupResponse::Done);
}

#[test]
fn a_replacement_that_is_not_committed_is_taken_back() {
    let mut bench = Bench::new();
    let [_, old] = pods(&mut bench);
    bench.hold = true;
    let parked = bench.send(&pod_join("two", &"".into()));
    assert_eq!(bench.answer(parked), None);
    let write = bench.held.remove(0);
    let decision = bench.coordinator.committed(bench.now, write.id, Err(ErrorCode::NotEnoughReplicas));
    bench.digest(decision);
    assert_eq!(bench.answer(parked), Some(refusal(ErrorCode::CoordinatorNotAvailable)));
    assert_eq!(bench.ask(&GroupRequest::Heartbeat(pod("two", &old, Some(1)))), GroupResponse::Done);
}
