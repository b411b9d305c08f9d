//! Rules of the quorum that a random history breaks too rarely: one voter, and messages written by hand.

use super::log::MetadataLog;
use super::*;
use crate::engine::SimDuration;

const ME: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const THREE: BrokerId = BrokerId(3);

fn voter(disk: QuorumDisk) -> Quorum {
    Quorum::start(ME, &[ME, TWO, THREE], QuorumConfig::default(), disk, Stream::new(1, "voter"), SimTime::ZERO)
}

/// A disk in the last of these epochs, with an entry for each.
fn disk(epochs: &[u32]) -> QuorumDisk {
    let mut log = MetadataLog::default();
    epochs.iter().for_each(|&epoch| log.append(LogEntry { epoch, record: None }));
    QuorumDisk { epoch: log.last_epoch(), log, ..QuorumDisk::default() }
}

/// The requests sent since the last call, and what was answered.
fn sent(quorum: &mut Quorum) -> Vec<(Sent, BrokerId)> {
    let sends = quorum.take_outputs().into_iter();
    sends
        .filter_map(|output| if let Output::Send { sent, to, .. } = output { Some((sent, to)) } else { None })
        .collect()
}

fn vote(quorum: &mut Quorum, candidate: BrokerId, epoch: u32, (last_epoch, end): (u32, u64)) -> bool {
    quorum.take_outputs();
    let request = ControlRequest::Vote { candidate, epoch, end, last_epoch };
    quorum.request(SimTime::ZERO, Ticket(0), request);
    match quorum.take_outputs().as_slice() {
        [Output::Answer { response: Some(Response::Control(ControlResponse::Vote { granted, .. })), .. }] => *granted,
        other => panic!("{other:?}"),
    }
}

/// Lets a voter lose its patience and gives it the vote of the second.
fn elect(quorum: &mut Quorum) -> SimTime {
    let now = SimTime::ZERO + SimDuration::from_secs(3);
    quorum.advance(now);
    let (asked, _) = sent(quorum).into_iter().find(|(_, to)| *to == TWO).expect("it asks for votes");
    let epoch = quorum.epoch();
    quorum.answered(now, asked, Some(ControlResponse::Vote { epoch, granted: true }));
    assert_eq!(quorum.leader(), Some(ME));
    now
}

fn fetch(quorum: &mut Quorum, now: SimTime, from: BrokerId, offset: u64, last_epoch: u32) {
    let epoch = quorum.epoch();
    let request = ControlRequest::FetchMetadata { from, voter: true, epoch, offset, last_epoch };
    quorum.request(now, Ticket(offset), request);
}

/// Goal: entries of earlier epochs are committed only with one of the leader's own: until then a voter with a later epoch in its log could
/// be elected and cut them off. Method: a majority has all old entries, then also the new leader's first.
#[test]
fn old_entries_are_committed_with_the_first_of_the_new_epoch() {
    let mut quorum = voter(disk(&[1, 1, 2]));
    let now = elect(&mut quorum);
    fetch(&mut quorum, now, TWO, 3, 2);
    assert_eq!((quorum.committed(), quorum.is_active()), (0, false));
    fetch(&mut quorum, now, TWO, 4, 3);
    assert_eq!((quorum.committed(), quorum.is_active()), (4, true));
}

/// Goal: an observer's fetch commits nothing. Method: the same fetch, by a broker that does not vote.
#[test]
fn observers_do_not_count_for_the_majority() {
    let mut quorum = voter(disk(&[]));
    let now = elect(&mut quorum);
    let epoch = quorum.epoch();
    for from in [BrokerId(7), BrokerId(8)] {
        let request = ControlRequest::FetchMetadata { from, voter: false, epoch, offset: 1, last_epoch: epoch };
        quorum.request(now, Ticket(u64::from(from.0)), request);
    }
    assert_eq!(quorum.committed(), 0);
}

/// Goal: one vote in each epoch, also after a crash in between. Method: two candidates of one epoch, the second after a restart.
#[test]
fn a_vote_survives_a_crash() {
    let mut quorum = voter(QuorumDisk::default());
    assert!(vote(&mut quorum, TWO, 1, (0, 0)));
    assert!(vote(&mut quorum, TWO, 1, (0, 0)), "said again");
    assert!(!vote(&mut quorum, THREE, 1, (0, 0)));
    let mut quorum = voter(quorum.into_disk());
    assert!(!vote(&mut quorum, THREE, 1, (0, 0)));
    assert!(vote(&mut quorum, THREE, 2, (0, 0)));
}

/// Goal: no vote for a log that is behind: by epoch of the last entry first, then by length. Method: candidates of rising epochs.
#[test]
fn a_log_that_is_behind_gets_no_vote() {
    let mut quorum = voter(disk(&[1, 2]));
    assert!(!vote(&mut quorum, TWO, 3, (1, 9)));
    assert!(!vote(&mut quorum, TWO, 4, (2, 1)));
    assert!(vote(&mut quorum, TWO, 5, (2, 2)));
}

/// Goal: a voter that led when it crashed does not lead on. Method: restart with the disk of a leader.
#[test]
fn a_leader_that_crashed_is_nobody_at_first() {
    let mut quorum = voter(disk(&[1]));
    elect(&mut quorum);
    let quorum = voter(quorum.into_disk());
    assert_eq!((quorum.epoch(), quorum.leader()), (2, None));
}
