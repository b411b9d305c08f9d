//! Goal: a log knows which leader wrote what, so that two logs can find where they part (B2, KIP-101, KIP-279). Method: append
//! under several epochs, ask, cut.

use super::*;

/// a, b of epoch 0; c of epoch 2; d, e of epoch 5.
fn reigns() -> Log {
    let mut log = log(TopicConfig::default());
    for (values, epoch) in [("a", 0), ("b", 0), ("c", 2), ("d", 5), ("e", 5)] {
        append(&mut log, values, epoch, at(0));
    }
    log
}

fn end_of(log: &Log, epoch: u32) -> Option<(u32, u64)> {
    log.end_of_epoch(LeaderEpoch(epoch)).map(|(epoch, end)| (epoch.0, end.0))
}

#[test]
fn an_epoch_ends_where_the_next_begins() {
    let log = reigns();
    assert_eq!(log.last_epoch(), Some(LeaderEpoch(5)));
    assert_eq!(end_of(&log, 0), Some((0, 2)));
    assert_eq!(end_of(&log, 1), Some((0, 2)), "an unknown epoch: the largest before it");
    assert_eq!(end_of(&log, 2), Some((2, 3)));
    assert_eq!(end_of(&log, 4), Some((2, 3)));
    assert_eq!(end_of(&log, 5), Some((5, 5)));
    assert_eq!(end_of(&log, 6), None, "later than all it knows");
}

#[test]
fn a_leader_that_appended_nothing_leaves_no_trace() {
    let mut log = reigns();
    log.begin_epoch(LeaderEpoch(6));
    assert_eq!(end_of(&log, 6), Some((6, 5)));
    log.begin_epoch(LeaderEpoch(7));
    assert_eq!(end_of(&log, 6), Some((5, 5)));
}

#[test]
fn truncation_takes_epochs_along() {
    let mut log = reigns();
    log.truncate(Offset(3));
    assert_eq!((everything(&log), log.end(), log.last_epoch()), ("abc".into(), Offset(3), Some(LeaderEpoch(2))));
    append(&mut log, "x", 6, at(0));
    assert_eq!((everything(&log), end_of(&log, 5)), ("abcx".into(), Some((2, 3))));
}

#[test]
fn truncation_at_the_end_still_forgets_a_reign_without_records() {
    let mut log = reigns();
    log.begin_epoch(LeaderEpoch(6));
    log.truncate(Offset(5));
    assert_eq!((log.end(), log.last_epoch()), (Offset(5), Some(LeaderEpoch(5))));
}

#[test]
fn a_batch_across_the_cut_goes_as_a_whole() {
    let mut log = log(TopicConfig::default());
    append(&mut log, "a", 0, at(0));
    append(&mut log, "bcd", 0, at(0));
    log.truncate(Offset(2));
    assert_eq!((everything(&log), log.end()), ("a".into(), Offset(1)));
}

#[test]
fn a_follower_keeps_the_offsets_and_epochs_of_its_leader() {
    let (leader, mut follower) = (reigns(), log(TopicConfig::default()));
    leader.read(Offset(0)..Offset(5), ALL).into_iter().for_each(|batch| follower.append_fetched(batch));
    assert_eq!(everything(&follower), everything(&leader));
    assert_eq!(
        (0..6).map(|epoch| end_of(&follower, epoch)).collect::<Vec<_>>(),
        (0..6).map(|epoch| end_of(&leader, epoch)).collect::<Vec<_>>()
    );
}
