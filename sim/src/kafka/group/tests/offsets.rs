//! Goal: offsets are kept as long as D2 says. Method: commit, fetch back, wait days.

use super::*;

const DAY: SimDuration = SimDuration::from_secs(24 * 3600);

#[test]
fn a_committed_offset_is_fetched_back() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    assert_eq!(bench.ask(&fetch()), stored(None));
    assert_eq!(bench.ask(&commit(speaker(&ids[0], Some(1)), 8)), committed());
    assert_eq!(bench.ask(&commit(speaker(&ids[0], Some(1)), 3)), committed());
    assert_eq!(bench.ask(&fetch()), stored(Some(3)), "the last commit counts, not the largest");
}

#[test]
fn a_commit_of_nothing_is_answered_without_a_record() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    let records = bench.log.len();
    let nothing = GroupRequest::OffsetCommit { member: speaker(&ids[0], Some(1)), offsets: Vec::new() };
    assert_eq!(bench.ask(&nothing), GroupResponse::Committed(Vec::new()));
    assert_eq!(bench.log.len(), records);
}

/// Counted from the hour in which the group became empty, not from the commit a day before; a coordinator that moves in between
/// does not begin to count anew.
#[test]
fn offsets_outlive_their_members_by_seven_days() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.ask(&commit(speaker(&ids[0], Some(1)), 8));
    bench.beat_for(&ids, 1, DAY);
    bench.ask(&GroupRequest::Leave(speaker(&ids[0], None)));
    let emptied = bench.now;
    bench.pass(DAY * 3);
    bench.coordinator.load(bench.now, LeaderEpoch(2), &bench.log);
    bench.pass((emptied + DAY * 7) - bench.now - secs(1));
    assert_eq!(bench.ask(&fetch()), stored(Some(8)));
    bench.pass(secs(601));
    assert_eq!(bench.ask(&fetch()), stored(None));
    assert_eq!(bench.coordinator.groups().count(), 0);
    assert_eq!(bench.coordinator.stored(), &Image::default());
}

/// Retention is counted from the end of the group, not from the commit: a quiet topic keeps its offsets.
#[test]
fn offsets_of_a_living_group_do_not_expire() {
    let mut bench = Bench::new();
    let patient = Join { session_timeout: secs(1800), ..joining(&"".into()) };
    let (id, _) = bench.enter_as(patient);
    bench.pass(secs(3));
    bench.ask(&sync(&id, 1, vec![(id.clone(), share(&[0]))]));
    bench.ask(&commit(speaker(&id, Some(1)), 8));
    for _ in 0..8 * 24 * 3 {
        bench.pass(secs(1200));
        assert_eq!(bench.beat(&id, 1), GroupResponse::Done);
    }
    assert_eq!(bench.ask(&fetch()), stored(Some(8)));
}

#[test]
fn offsets_of_a_topic_nobody_reads_any_more_expire() {
    let mut bench = Bench::new();
    let other = Subscription { topics: vec!["payments".into()], ..Subscription::default() };
    let (id, _) = bench.enter_as(Join { session_timeout: secs(1800), subscription: other, ..joining(&"".into()) });
    bench.pass(secs(3));
    bench.ask(&sync(&id, 1, Vec::new()));
    bench.ask(&commit(speaker(&id, Some(1)), 8));
    for _ in 0..7 * 24 * 3 + 1 {
        bench.pass(secs(1200));
        bench.beat(&id, 1);
    }
    assert_eq!(bench.ask(&fetch()), stored(None));
    assert_eq!(bench.view().state, GroupState::Stable);
}

/// A reader without a group's protocol keeps its offsets for seven days after each commit.
#[test]
fn offsets_committed_without_joining_expire_by_their_own_age() {
    let mut bench = Bench::new();
    let outsider = || speaker(&"".into(), None);
    bench.ask(&commit(outsider(), 1));
    bench.pass(DAY * 5);
    bench.ask(&commit(outsider(), 2));
    bench.pass(DAY * 5);
    assert_eq!(bench.ask(&fetch()), stored(Some(2)));
    bench.pass(DAY * 2 + secs(600));
    assert_eq!(bench.ask(&fetch()), stored(None));
}

/// A group that comes back in time keeps everything; its generations go on counting.
#[test]
fn a_group_that_returns_in_time_keeps_its_offsets() {
    let mut bench = Bench::new();
    let ids = bench.stable(1);
    bench.ask(&commit(speaker(&ids[0], Some(1)), 8));
    bench.pass(DAY * 6);
    let (_, ticket) = bench.enter();
    bench.pass(secs(3));
    assert_eq!(entered(bench.answer(ticket)), (3, 1));
    assert_eq!(bench.ask(&fetch()), stored(Some(8)));
}
