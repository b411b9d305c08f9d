//! Goal: reads return what was appended, whole batch by whole batch. Method: append letters, read spans.

use super::*;

fn alphabet() -> Log {
    let mut log = log(TopicConfig::default());
    for values in ["a", "bc", "d", "efg", "h"] {
        append(&mut log, values, 0, at(0));
    }
    log
}

#[test]
fn offsets_are_consecutive_and_segments_fill_up() {
    let log = alphabet();
    assert_eq!((log.start(), log.end()), (Offset(0), Offset(8)));
    assert_eq!(log.segments(), 5, "no two of these fit into one segment");
    let offsets: Vec<Offset> =
        log.read(Offset(0)..Offset(8), ALL).iter().flat_map(Batch::numbered).map(|(offset, _)| offset).collect();
    assert_eq!(offsets, (0..8).map(Offset).collect::<Vec<_>>());
}

#[test]
fn a_read_begins_with_the_batch_that_holds_its_offset_and_ends_within_its_bound() {
    let log = alphabet();
    let read = |from, until| values(&log.read(Offset(from)..Offset(until), ALL));
    assert_eq!(read(0, 8), "abcdefgh");
    assert_eq!(read(2, 8), "bcdefgh", "the batch of b and c is whole");
    assert_eq!(read(3, 7), "defg");
    assert_eq!(read(3, 6), "d", "e, f and g lie in one batch that reaches beyond");
    assert_eq!(read(8, 8), "");
}

#[test]
fn a_limit_counts_whole_batches_but_lets_the_first_pass() {
    let log = alphabet();
    let one = batch("a", at(0)).bytes();
    let read = |bytes, whole_first| values(&log.read(Offset(0)..Offset(8), ReadLimit { bytes, whole_first }));
    assert_eq!(read(1, true), "a");
    assert_eq!(read(1, false), "");
    assert_eq!(read(2 * one, true), "a", "the second batch is larger than what is left");
    assert_eq!(read(3 * one, true), "abc");
}

#[test]
fn the_bytes_of_a_span_are_those_of_a_read() {
    let log = alphabet();
    for from in 0..=8 {
        for until in from..=8 {
            let span = Offset(from)..Offset(until);
            let read: u64 = log.read(span.clone(), ALL).iter().map(Batch::bytes).sum();
            assert_eq!(log.bytes_between(span, u64::MAX), read, "{from}..{until}");
        }
    }
}

#[test]
fn a_record_is_found_by_its_time() {
    let mut log = log(TopicConfig::default());
    for (values, time) in [("a", 10), ("b", 30), ("c", 20), ("d", 40)] {
        append(&mut log, values, 0, at(time));
    }
    let found = [0, 10, 11, 31, 40, 41].map(|time| log.find(at(time)).map(|offset| offset.0));
    assert_eq!(found, [Some(0), Some(0), Some(1), Some(3), Some(3), None]);
}

#[test]
fn reading_shares_records_instead_of_copying_them() {
    let log = alphabet();
    let span = Offset(0)..Offset(1);
    assert!(Rc::ptr_eq(&log.read(span.clone(), ALL)[0].records, &log.read(span, ALL)[0].records));
}
