//! Goal: a batch sent again is recognised, and gaps and old sessions are refused (C4). Method: one stamped producer.

use super::*;

fn send(log: &mut Log, epoch: u16, sequence: u32) -> Result<Appended, ErrorCode> {
    log.append(stamped("x", epoch, sequence), LeaderEpoch(0))
}

fn new(at: u64) -> Result<Appended, ErrorCode> {
    Ok(Appended { base: Offset(at), end: Offset(at + 1), repeated: false })
}

fn again(at: u64) -> Result<Appended, ErrorCode> {
    new(at).map(|appended| Appended { repeated: true, ..appended })
}

/// A log with six batches of the producer.
fn six() -> Log {
    let mut log = log(TopicConfig::default());
    (0..6).for_each(|sequence| assert_eq!(send(&mut log, 0, sequence), new(u64::from(sequence))));
    log
}

#[test]
fn a_repeated_batch_is_acknowledged_with_its_old_offset() {
    let mut log = six();
    assert_eq!(send(&mut log, 0, 5), again(5));
    assert_eq!(send(&mut log, 0, 1), again(1), "the oldest of five");
    assert_eq!(log.end(), Offset(6));
}

#[test]
fn a_batch_beyond_the_last_five_is_out_of_order() {
    assert_eq!(send(&mut six(), 0, 0), Err(ErrorCode::OutOfOrderSequenceNumber));
}

#[test]
fn a_gap_is_out_of_order() {
    let mut log = six();
    assert_eq!(send(&mut log, 0, 7), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(send(&mut log, 0, 6), new(6));
}

#[test]
fn the_same_sequence_with_another_size_is_no_repetition() {
    let mut log = six();
    assert_eq!(log.append(stamped("xy", 0, 5), LeaderEpoch(0)), Err(ErrorCode::OutOfOrderSequenceNumber));
}

#[test]
fn a_different_batch_of_the_same_sequence_and_size_is_dropped_as_a_repetition() {
    // C4: the trap of rolling a sequence back after the batch was stored.
    let mut log = six();
    assert_eq!(log.append(stamped("y", 0, 5), LeaderEpoch(0)), again(5));
    assert_eq!(everything(&log), "xxxxxx");
}

#[test]
fn a_newer_session_starts_at_zero_and_fences_the_old_one() {
    let mut log = six();
    assert_eq!(send(&mut log, 1, 6), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(send(&mut log, 1, 0), new(6));
    assert_eq!(send(&mut log, 0, 6), Err(ErrorCode::InvalidProducerEpoch));
}

#[test]
fn sequence_numbers_start_over() {
    let mut log = log(TopicConfig::default());
    assert_eq!(send(&mut log, 0, 0x7fff_ffff), new(0), "nothing is known, so it may begin anywhere");
    assert_eq!(send(&mut log, 0, 0), new(1));
}

#[test]
fn a_producer_that_was_silent_for_a_day_is_forgotten() {
    let mut log = six();
    log.expire_producers(at(24 * 3600), SimDuration::from_secs(24 * 3600));
    assert_eq!(send(&mut log, 0, 5), again(5));
    log.expire_producers(at(24 * 3600 + 1), SimDuration::from_secs(24 * 3600));
    assert_eq!(send(&mut log, 0, 5), new(6), "now it is appended twice");
}

#[test]
fn what_was_cut_off_can_be_sent_again() {
    let mut log = six();
    log.truncate(Offset(3));
    assert_eq!(send(&mut log, 0, 0), again(0), "remembered again: the last five of what is left");
    assert_eq!(send(&mut log, 0, 2), again(2));
    assert_eq!(send(&mut log, 0, 4), Err(ErrorCode::OutOfOrderSequenceNumber));
    assert_eq!(send(&mut log, 0, 3), new(3));
}
