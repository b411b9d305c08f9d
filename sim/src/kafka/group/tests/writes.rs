//! Goal: nobody hears of what could still be lost. Method: records are held back, fail, or come late.

use super::*;

impl Bench {
    /// The oldest held write fails.
    fn fail_held(&mut self, error: ErrorCode) {
        let write = self.held.remove(0);
        let decision = self.coordinator.committed(self.now, write.id, Err(error));
        self.digest(decision);
    }
}

#[test]
fn a_commit_is_answered_when_its_record_is_committed() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.hold = true;
    let ticket = bench.send(&commit(speaker(&ids[0], Some(1)), 8));
    assert_eq!((bench.answer(ticket), bench.ask(&fetch())), (None, stored(None)));
    bench.commit_held();
    assert_eq!((bench.answer(ticket), bench.ask(&fetch())), (Some(committed()), stored(Some(8))));
}

#[test]
fn a_commit_that_cannot_be_appended_is_refused_and_does_not_count() {
    for (error, told) in [
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::RequestTimedOut, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
    ] {
        let mut bench = Bench::new();
        let ids = bench.stable(1);
        bench.hold = true;
        let ticket = bench.send(&commit(speaker(&ids[0], Some(1)), 8));
        bench.fail_held(error);
        assert_eq!(bench.answer(ticket), Some(refusal(told)));
        assert_eq!(bench.ask(&fetch()), stored(None));
    }
}

/// The answer says that it did not work, and it worked all the same: as ambiguous as any time-out.
#[test]
fn a_commit_that_is_late_is_refused_and_counts() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.hold = true;
    let ticket = bench.send(&commit(speaker(&ids[0], Some(1)), 8));
    bench.pass(secs(5));
    assert_eq!(bench.answer(ticket), Some(refusal(ErrorCode::CoordinatorNotAvailable)));
    bench.commit_held();
    assert_eq!(bench.ask(&fetch()), stored(Some(8)));
}

#[test]
fn shares_are_told_when_they_are_committed() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    bench.pass(secs(3));
    bench.hold = true;
    let ticket = bench.send(&sync(&leader, 1, vec![(leader.clone(), share(&[0]))]));
    assert_eq!((bench.answer(ticket), bench.view().state), (None, GroupState::CompletingRebalance));
    bench.commit_held();
    assert_eq!(bench.answer(ticket), Some(GroupResponse::Synced(share(&[0]))));
    assert_eq!(bench.view().state, GroupState::Stable);
}

#[test]
fn shares_that_cannot_be_committed_begin_a_rebalance() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    let (follower, _) = bench.enter();
    bench.pass(secs(6));
    bench.hold = true;
    let tickets = [&follower, &leader].map(|id| bench.send(&sync(id, 1, vec![(leader.clone(), share(&[0]))])));
    bench.fail_held(ErrorCode::NotEnoughReplicas);
    for ticket in tickets {
        assert_eq!(bench.answer(ticket), Some(refusal(ErrorCode::CoordinatorNotAvailable)));
    }
    assert_eq!(bench.view().state, GroupState::PreparingRebalance);
}

/// Shares of a generation that ended while they were written are told to nobody.
#[test]
fn shares_of_a_generation_that_has_ended_are_not_told() {
    let mut bench = Bench::new();
    let (leader, _) = bench.enter();
    bench.pass(secs(3));
    bench.hold = true;
    let ticket = bench.send(&sync(&leader, 1, vec![(leader.clone(), share(&[0]))]));
    let (newcomer, _) = bench.enter();
    assert_eq!(bench.answer(ticket), Some(refusal(ErrorCode::RebalanceInProgress)));
    bench.send(&join(&leader));
    bench.commit_held();
    let view = bench.view();
    assert_eq!((view.state, view.generation), (GroupState::CompletingRebalance, 2));
    assert!(view.members.iter().all(|member| member.assignment.is_empty()));
    assert!(bench.ids().contains(&newcomer));
}

/// The end of a group is committed before the last to leave hears that it has left.
#[test]
fn the_last_to_leave_hears_so_when_it_is_committed() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.hold = true;
    let ticket = bench.send(&GroupRequest::Leave(speaker(&ids[0], None)));
    assert_eq!(bench.answer(ticket), None);
    bench.commit_held();
    assert_eq!(bench.answer(ticket), Some(GroupResponse::Done));
}

#[test]
fn a_dead_group_that_cannot_be_forgotten_is_empty_again() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.ask(&GroupRequest::Leave(speaker(&ids[0], None)));
    bench.hold = true;
    bench.pass(SimTime::from_secs(600) - bench.now);
    assert_eq!(bench.view().state, GroupState::Dead);
    bench.fail_held(ErrorCode::NotEnoughReplicas);
    assert_eq!((bench.view().state, bench.view().generation), (GroupState::Empty, 2));
}

#[test]
fn a_commit_whose_connection_is_gone_counts_and_is_not_answered() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.hold = true;
    let ticket = bench.send(&commit(speaker(&ids[0], Some(1)), 8));
    bench.coordinator.gone(ticket);
    bench.commit_held();
    assert_eq!((bench.answer(ticket), bench.ask(&fetch())), (None, stored(Some(8))));
}
