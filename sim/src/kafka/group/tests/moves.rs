//! Goal: a group survives its coordinator. Method: resign, load what is committed, go on.

use super::*;

impl Bench {
    /// The partition's leadership comes (back) to this broker after what is committed.
    fn move_coordinator(&mut self) {
        let decision = self.coordinator.resign();
        self.digest(decision);
        self.held.clear();
        self.coordinator.begin_loading();
        self.coordinator.load(self.now, LeaderEpoch(2), &self.log);
    }
}

#[test]
fn everyone_who_waits_hears_that_the_coordinator_has_moved() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    let parked = bench.send(&join(&ids[0]));
    bench.hold = true;
    let written = bench.send(&commit(speaker(&ids[1], Some(1)), 4));
    let decision = bench.coordinator.resign();
    bench.digest(decision);
    for ticket in [parked, written] {
        assert_eq!(bench.answer(ticket), Some(refusal(ErrorCode::NotCoordinator)));
    }
    assert_eq!(bench.coordinator.next_timeout(), None);
}

#[test]
fn a_stable_group_goes_on_under_a_new_coordinator() {
    let mut bench = Bench::new();
    let ids = bench.stable(2);
    bench.ask(&commit(speaker(&ids[0], Some(1)), 12));
    bench.move_coordinator();
    assert_eq!(bench.view().leader, Some(&ids[0]));
    assert_eq!(bench.beat(&ids[0], 1), GroupResponse::Done);
    assert_eq!(bench.ask(&sync(&ids[1], 1, Vec::new())), GroupResponse::Synced(share(&[1])));
    assert_eq!(bench.ask(&fetch()), stored(Some(12)));
}

/// A new coordinator cannot know when members spoke last: it gives everyone a full session.
#[test]
fn sessions_begin_anew_under_a_new_coordinator() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.pass(secs(29));
    bench.move_coordinator();
    bench.pass(SimDuration::from_millis(29_999));
    assert_eq!(bench.ids(), ids);
    bench.pass(SimDuration::from_millis(1));
    assert_eq!(bench.ids().len(), 0);
}

/// A rebalance dies with its coordinator; the generation before it is what is stored.
#[test]
fn a_rebalance_under_way_is_forgotten() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.enter();
    bench.move_coordinator();
    assert_eq!((bench.view().state, bench.view().generation), (GroupState::Stable, 1));
    assert_eq!(bench.beat(&ids[0], 1), GroupResponse::Done);
}

/// Ids of two lives of a coordinator differ, though each begins to count at one.
#[test]
fn no_member_id_is_given_twice() {
    let mut bench = Bench::new();
    let (before, _) = bench.enter();
    bench.move_coordinator();
    let (after, _) = bench.enter();
    assert_ne!(before, after);
}

/// What was being written when the old coordinator went is not its successor's business.
#[test]
fn news_of_an_earlier_life_is_ignored() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.hold = true;
    bench.send(&commit(speaker(&ids[0], Some(1)), 4));
    let stale = bench.held[0].id;
    bench.move_coordinator();
    assert_eq!(bench.coordinator.committed(bench.now, stale, Ok(())), Decision::default());
    assert_eq!(bench.ask(&fetch()), stored(None));
}

/// After a failover only the agreed assignor is known of each member, so one that offers more has changed its mind.
#[test]
fn a_member_with_several_assignors_begins_a_rebalance_after_a_move() {
    let mut bench = Bench::new();
    let java = Join { protocols: vec!["range".into(), "cooperative-sticky".into()], ..joining(&"".into()) };
    let tickets = [0, 1].map(|_| bench.enter_as(java.clone()).0);
    bench.pass(secs(6));
    bench.sync_all(&tickets);
    let again = GroupRequest::Join(Join { member: speaker(&tickets[1], None), ..java });
    assert_eq!(entered(Some(bench.ask(&again))), (1, 0));
    bench.move_coordinator();
    bench.send(&again);
    assert_eq!(bench.view().state, GroupState::PreparingRebalance);
}
