//! Goal: how members go, and what their partitions wait for. Method: leave, fall silent, stall, by the clock.

use super::*;

/// Closing the consumer: the others hear of it at their next heartbeat, not after a session.
#[test]
fn d1_a_graceful_leave_calls_the_others_at_once() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    assert_eq!(bench.ask(&GroupRequest::Leave(speaker(&ids[1], None))), GroupResponse::Done);
    assert_eq!(bench.beat(&ids[0], 1), refusal(ErrorCode::RebalanceInProgress));
    let rejoin = bench.send(&join(&ids[0]));
    assert_eq!(entered(bench.answer(rejoin)), (2, 1));
}

/// SIGKILL: nothing is heard of the member, so its partitions idle for the session timeout (D2: kafkajs 30 s).
#[test]
fn d1_a_killed_member_is_missed_after_its_session_timeout() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.beat(&ids[1], 1);
    bench.beat_for(&ids[..1], 1, secs(27));
    bench.pass(SimDuration::from_millis(2999));
    assert_eq!(bench.beat(&ids[0], 1), GroupResponse::Done);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(bench.beat(&ids[0], 1), refusal(ErrorCode::RebalanceInProgress));
    assert_eq!(bench.ids(), [ids[0].clone()]);
}

/// Each sign of life begins the session anew: heartbeats, commits, and asking for one's share or to join again.
#[test]
fn d1_signs_of_life_reset_the_session() {
    let beat = |id: &Rc<str>| GroupRequest::Heartbeat(speaker(id, Some(1)));
    let write = |id: &Rc<str>| commit(speaker(id, Some(1)), 9);
    let share = |id: &Rc<str>| sync(id, 1, Vec::new());
    for sign in [beat, write, share, join] {
        let mut bench = Bench::new();
        let ids = bench.stable(2);
        bench.beat_for(&ids[..1], 1, secs(27));
        bench.ask(&sign(&ids[1]));
        bench.beat_for(&ids[..1], 1, secs(27));
        assert_eq!(bench.ids(), ids, "after {:?}", sign(&ids[1]));
        bench.pass(secs(3));
        assert_eq!(bench.ids().len(), 1, "after {:?}", sign(&ids[1]));
    }
}

/// EXP-12: A stalls, B takes over, A wakes and commits. The commit is refused; what A did meanwhile is done.
#[test]
fn d1_the_commit_of_a_zombie_is_fenced() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.beat_for(&ids[1..], 1, secs(27));
    bench.pass(secs(3));
    assert_eq!(bench.beat(&ids[1], 1), refusal(ErrorCode::RebalanceInProgress));
    bench.send(&join(&ids[1]));
    bench.ask(&sync(&ids[1], 2, vec![(ids[1].clone(), share(&[0, 1]))]));
    assert_eq!(bench.ask(&commit(speaker(&ids[1], Some(2)), 20)), committed());
    assert_eq!(bench.ask(&commit(speaker(&ids[0], Some(1)), 10)), refusal(ErrorCode::UnknownMemberId));
    assert_eq!(bench.ask(&fetch()), stored(Some(20)));
}

/// A member of the group that has missed a rebalance is refused by its generation.
#[test]
fn d1_the_commit_of_an_older_generation_is_fenced() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.enter();
    bench.send(&join(&ids[0]));
    bench.send(&join(&ids[1]));
    assert_eq!(bench.view().generation, 2);
    assert_eq!(bench.ask(&commit(speaker(&ids[1], Some(1)), 10)), refusal(ErrorCode::IllegalGeneration));
}

#[test]
fn d1_the_last_to_leave_empties_the_group() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.ask(&GroupRequest::Leave(speaker(&ids[0], None)));
    let view = bench.view();
    assert_eq!((view.state, view.generation, view.leader, view.protocol), (GroupState::Empty, 2, None, None));
    // The next to join finds an empty group, and waits 3 s again.
    let (_, ticket) = bench.enter();
    bench.pass(SimDuration::from_millis(2999));
    assert_eq!(bench.answer(ticket), None);
}

/// The leader of a generation dies before it brings the shares: the others wait for its session, then start over.
#[test]
fn d1_a_leader_that_dies_before_it_assigns_is_replaced() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    let (follower, _) = bench.enter();
    bench.pass(secs(6));
    let parked = bench.send(&sync(&follower, 1, Vec::new()));
    bench.pass(SimDuration::from_millis(29_999));
    assert_eq!(bench.answer(parked), None);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(bench.answer(parked), Some(refusal(ErrorCode::RebalanceInProgress)));
    assert!(!bench.ids().contains(&leader));
    let rejoin = bench.send(&join(&follower));
    assert_eq!(entered(bench.answer(rejoin)), (2, 1));
    assert_eq!(bench.view().leader, Some(&follower));
}

/// It beats, so its session holds, but it never asks for its share.
#[test]
fn d1_a_member_that_never_syncs_is_dropped_after_the_rebalance_timeout() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    let (silent, _) = bench.enter();
    bench.pass(secs(6));
    bench.ask(&sync(&leader, 1, vec![(leader.clone(), share(&[0]))]));
    bench.beat_for(&[leader.clone(), silent.clone()], 1, secs(57));
    bench.pass(secs(3));
    assert_eq!(bench.ids(), [leader]);
    assert_eq!(bench.beat(&silent, 1), refusal(ErrorCode::UnknownMemberId));
}

/// A client that is waiting for the others cannot beat.
#[test]
fn d1_a_parked_member_does_not_fall_silent() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.send(&join(&ids[0]));
    for _ in 0..19 {
        bench.pass(secs(3));
        bench.beat(&ids[1], 1);
    }
    assert_eq!(bench.ids(), ids, "57 s after the leader spoke for the last time");
}

#[test]
fn d1_who_leaves_while_parked_is_told_that_it_is_not_known() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let parked = bench.send(&join(&ids[0]));
    bench.ask(&GroupRequest::Leave(speaker(&ids[0], None)));
    assert_eq!(bench.answer(parked), Some(refusal(ErrorCode::UnknownMemberId)));
}

#[test]
fn d1_who_gives_its_promised_id_back_is_not_waited_for() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let promised = bench.promise(&joining(&"".into()));
    let rejoin = bench.send(&join(&ids[0]));
    assert_eq!(bench.answer(rejoin), None);
    assert_eq!(bench.ask(&GroupRequest::Leave(speaker(&promised, None))), GroupResponse::Done);
    assert_eq!(entered(bench.answer(rejoin)), (2, 1));
}
