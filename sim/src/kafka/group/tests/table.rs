//! Goal: each cell of the table of D1. Method: a group is brought into each state by its own rules, then asked.
//!
//! A test is named after its row and column.

use super::*;

/// Brings a group with one known member into a state. Its id; its generation is that of the group.
fn group_in(bench: &mut Bench, state: GroupState) -> Rc<str> {
    let member = match state {
        GroupState::Stable => bench.stable(1).remove(0),
        GroupState::CompletingRebalance => {
            let (leader, _) = bench.enter();
            bench.pass(secs(3));
            leader
        }
        GroupState::PreparingRebalance => {
            let member = bench.stable(1).remove(0);
            bench.enter();
            member
        }
        GroupState::Empty | GroupState::Dead => {
            let member = bench.stable(1).remove(0);
            bench.ask(&GroupRequest::Leave(speaker(&member, None)));
            member
        }
    };
    if state == GroupState::Dead {
        // Nothing is stored of it but itself, so it dies at the next check, and is dead until that is committed.
        bench.hold = true;
        bench.pass(SimTime::from_secs(600) - bench.now);
    }
    assert_eq!(bench.view().state, state);
    member
}

/// Asks a group in this state, with a request that is made from its member and generation.
fn ask(state: GroupState, request: impl Fn(&Rc<str>, u32) -> GroupRequest) -> Option<GroupResponse> {
    let mut bench = Bench::new();
    let member = group_in(&mut bench, state);
    let generation = bench.view().generation;
    let ticket = bench.send(&request(&member, generation));
    bench.answer(ticket)
}

fn heartbeat(id: &Rc<str>, generation: u32) -> GroupRequest {
    GroupRequest::Heartbeat(speaker(id, Some(generation)))
}

fn commit_by(id: &Rc<str>, generation: u32) -> GroupRequest {
    commit(speaker(id, Some(generation)), 5)
}

fn sync_by(id: &Rc<str>, generation: u32) -> GroupRequest {
    sync(id, generation, vec![(id.clone(), share(&[0]))])
}

const fn error(error: ErrorCode) -> Option<GroupResponse> {
    Some(GroupResponse::Error { error, member: None })
}

#[test]
fn d1_heartbeat_in_empty() {
    assert_eq!(ask(GroupState::Empty, heartbeat), error(ErrorCode::UnknownMemberId));
}

#[test]
fn d1_heartbeat_in_preparing_rebalance() {
    assert_eq!(ask(GroupState::PreparingRebalance, heartbeat), error(ErrorCode::RebalanceInProgress));
}

/// The session is reset though the answer is an error: without beats it would end after 30 s.
#[test]
fn d1_heartbeat_in_preparing_rebalance_resets_the_session() {
    let mut bench = Bench::new();
    let member = group_in(&mut bench, GroupState::PreparingRebalance);
    bench.pass(secs(29));
    bench.beat(&member, 1);
    bench.pass(secs(29));
    assert!(bench.ids().contains(&member), "58 s after the last other sign of life");
    bench.pass(secs(1));
    assert!(!bench.ids().contains(&member));
}

#[test]
fn d1_heartbeat_in_completing_rebalance() {
    assert_eq!(ask(GroupState::CompletingRebalance, heartbeat), Some(GroupResponse::Done));
}

#[test]
fn d1_heartbeat_in_stable() {
    assert_eq!(ask(GroupState::Stable, heartbeat), Some(GroupResponse::Done));
}

#[test]
fn d1_offset_commit_in_empty() {
    assert_eq!(ask(GroupState::Empty, commit_by), error(ErrorCode::UnknownMemberId));
}

#[test]
fn d1_offset_commit_in_empty_without_generation_and_member() {
    assert_eq!(ask(GroupState::Empty, |_, _| commit(speaker(&"".into(), None), 5)), Some(committed()));
}

#[test]
fn d1_offset_commit_in_preparing_rebalance() {
    assert_eq!(ask(GroupState::PreparingRebalance, commit_by), Some(committed()));
}

#[test]
fn d1_offset_commit_in_completing_rebalance() {
    assert_eq!(ask(GroupState::CompletingRebalance, commit_by), error(ErrorCode::RebalanceInProgress));
}

#[test]
fn d1_offset_commit_in_stable() {
    assert_eq!(ask(GroupState::Stable, commit_by), Some(committed()));
}

#[test]
fn d1_offset_commit_without_generation_and_member_where_there_are_members() {
    for state in [GroupState::PreparingRebalance, GroupState::CompletingRebalance, GroupState::Stable] {
        let answer = ask(state, |_, _| commit(speaker(&"".into(), None), 5));
        assert_eq!(answer, error(ErrorCode::UnknownMemberId), "{state:?}");
    }
}

#[test]
fn d1_sync_group_in_empty() {
    assert_eq!(ask(GroupState::Empty, sync_by), error(ErrorCode::UnknownMemberId));
}

#[test]
fn d1_sync_group_in_preparing_rebalance() {
    assert_eq!(ask(GroupState::PreparingRebalance, sync_by), error(ErrorCode::RebalanceInProgress));
}

/// A follower waits for the leader, whose own request is answered when its shares are committed.
#[test]
fn d1_sync_group_in_completing_rebalance() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    let (follower, _) = bench.enter();
    bench.pass(secs(6));
    let parked = bench.send(&sync(&follower, 1, Vec::new()));
    assert_eq!(bench.answer(parked), None);
    bench.sync_all_but(&leader, &follower);
    assert_eq!(bench.answer(parked), Some(GroupResponse::Synced(share(&[1]))));
}

#[test]
fn d1_sync_group_in_stable() {
    assert_eq!(ask(GroupState::Stable, |id, nth| sync(id, nth, Vec::new())), Some(GroupResponse::Synced(share(&[0]))));
}

#[test]
fn d1_wrong_generation_in_empty() {
    for request in [heartbeat, commit_by, sync_by] {
        assert_eq!(ask(GroupState::Empty, |id, nth| request(id, nth - 1)), error(ErrorCode::UnknownMemberId));
    }
}

#[test]
fn d1_unknown_member_in_empty() {
    for request in [heartbeat, commit_by, sync_by] {
        assert_eq!(ask(GroupState::Empty, |_, nth| request(&"nobody".into(), nth)), error(ErrorCode::UnknownMemberId));
    }
}

fn wrong_generation_in(state: GroupState) {
    for request in [heartbeat, commit_by, sync_by] {
        assert_eq!(ask(state, |id, nth| request(id, nth + 1)), error(ErrorCode::IllegalGeneration));
        assert_eq!(ask(state, |id, nth| request(id, nth - 1)), error(ErrorCode::IllegalGeneration));
    }
}

fn unknown_member_in(state: GroupState) {
    let leave = |id: &Rc<str>, _| GroupRequest::Leave(speaker(id, None));
    for request in [heartbeat, commit_by, sync_by, leave] {
        assert_eq!(ask(state, |_, nth| request(&"nobody".into(), nth)), error(ErrorCode::UnknownMemberId));
    }
}

#[test]
fn d1_wrong_generation_in_preparing_rebalance() {
    wrong_generation_in(GroupState::PreparingRebalance);
}

#[test]
fn d1_unknown_member_in_preparing_rebalance() {
    unknown_member_in(GroupState::PreparingRebalance);
}

#[test]
fn d1_wrong_generation_in_completing_rebalance() {
    wrong_generation_in(GroupState::CompletingRebalance);
}

#[test]
fn d1_unknown_member_in_completing_rebalance() {
    unknown_member_in(GroupState::CompletingRebalance);
}

#[test]
fn d1_wrong_generation_in_stable() {
    wrong_generation_in(GroupState::Stable);
}

#[test]
fn d1_unknown_member_in_stable() {
    unknown_member_in(GroupState::Stable);
}

/// Everything a coordinator can be asked.
fn everything(id: &Rc<str>, generation: u32) -> Vec<GroupRequest> {
    let leave = GroupRequest::Leave(speaker(id, None));
    let first_join = join(&"".into());
    let requests = vec![first_join, join(id), sync_by(id, generation), heartbeat(id, generation), leave, fetch()];
    [requests, vec![commit_by(id, generation), commit(speaker(&"".into(), None), 5)]].concat()
}

#[test]
fn d1_everything_in_dead() {
    let mut bench = Bench::new();
    let member = group_in(&mut bench, GroupState::Dead);
    for request in everything(&member, 1) {
        assert_eq!(bench.ask(&request), refusal(ErrorCode::CoordinatorNotAvailable), "{request:?}");
    }
    // Once that is committed, the group can be founded anew.
    bench.commit_held();
    assert_eq!(bench.coordinator.groups().count(), 0);
    assert!(matches!(bench.ask(&join(&"".into())), GroupResponse::Error { error: ErrorCode::MemberIdRequired, .. }));
}

#[test]
fn d1_everything_after_the_coordinator_has_moved() {
    let mut bench = Bench::new();
    let member = bench.stable(1).remove(0);
    let decision = bench.coordinator.resign();
    bench.digest(decision);
    for request in everything(&member, 1) {
        assert_eq!(bench.ask(&request), refusal(ErrorCode::NotCoordinator), "{request:?}");
    }
}

#[test]
fn d1_everything_while_the_coordinator_loads() {
    let mut bench = Bench::new();
    let member = bench.stable(1).remove(0);
    bench.coordinator.begin_loading();
    for request in everything(&member, 1) {
        assert_eq!(bench.ask(&request), refusal(ErrorCode::CoordinatorLoadInProgress), "{request:?}");
    }
}

/// Which states may follow which, all 25 pairs.
#[test]
fn d1_only_the_listed_states_may_follow() {
    use GroupState::{CompletingRebalance, Dead, Empty, PreparingRebalance, Stable};
    let all = [Empty, PreparingRebalance, CompletingRebalance, Stable, Dead];
    let legal = [
        (Empty, PreparingRebalance),
        (PreparingRebalance, CompletingRebalance),
        (PreparingRebalance, Empty),
        (CompletingRebalance, Stable),
        (CompletingRebalance, PreparingRebalance),
        (Stable, PreparingRebalance),
    ];
    for (from, to) in all.into_iter().flat_map(|from| all.map(|to| (from, to))) {
        assert_eq!(from.may_become(to), to == Dead || legal.contains(&(from, to)), "{from:?} → {to:?}");
    }
}

#[test]
#[should_panic(expected = "Stable may not follow Empty")]
fn d1_an_illegal_state_is_a_bug() {
    Group::new(&GROUP.into(), SimTime::ZERO).become_state(GroupState::Stable, SimTime::ZERO);
}

/// A request for a group nobody has heard of.
#[test]
fn d1_an_unheard_of_group_has_no_members_and_no_offsets() {
    let nobody: Rc<str> = "nobody".into();
    for (request, expected) in [
        (heartbeat(&nobody, 1), refusal(ErrorCode::UnknownMemberId)),
        (sync_by(&nobody, 1), refusal(ErrorCode::UnknownMemberId)),
        (join(&nobody), refusal(ErrorCode::UnknownMemberId)),
        (GroupRequest::Leave(speaker(&nobody, None)), refusal(ErrorCode::UnknownMemberId)),
        (commit_by(&nobody, 1), refusal(ErrorCode::IllegalGeneration)),
        (fetch(), stored(None)),
    ] {
        let mut bench = Bench::new();
        assert_eq!(bench.ask(&request), expected, "{request:?}");
        assert_eq!(bench.coordinator.groups().count(), 0, "{request:?} has founded a group");
    }
}

impl Bench {
    /// The leader brings the shares of a group of two.
    fn sync_all_but(&mut self, leader: &Rc<str>, follower: &Rc<str>) {
        let shares = vec![(leader.clone(), share(&[0])), (follower.clone(), share(&[1]))];
        assert_eq!(self.ask(&sync(leader, 1, shares)), GroupResponse::Synced(share(&[0])));
    }
}
