//! Goal: retention takes whole segments and no more than it may; compaction keeps the last of each key (B1). Method: segments of
//! two records, clocks moved by hand.

use super::*;

const HOUR: SimDuration = SimDuration::from_secs(3600);

/// a to f, at 0, 1, … 5 minutes, in three segments; kept for an hour.
fn letters(config: TopicConfig) -> Log {
    let mut log = log(TopicConfig { retention: HOUR, ..config });
    for (minute, values) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
        append(&mut log, values, 0, at(60 * minute as u64));
    }
    assert_eq!(log.segments(), 3);
    log
}

#[test]
fn a_segment_goes_when_its_newest_record_is_too_old() {
    let mut log = letters(TopicConfig::default());
    log.retain(at(3600 + 60), Offset(6));
    assert_eq!(everything(&log), "abcdef", "b is an hour old, not older: a outlives its time");
    log.retain(at(3600 + 61), Offset(6));
    assert_eq!((everything(&log), log.start()), ("cdef".into(), Offset(2)));
}

#[test]
fn the_active_segment_goes_too_when_all_of_it_is_too_old() {
    let mut log = letters(TopicConfig::default());
    log.retain(at(10_000), Offset(6));
    assert_eq!((everything(&log), log.start(), log.end(), log.segments()), (String::new(), Offset(6), Offset(6), 1));
    assert_eq!(append(&mut log, "g", 1, at(10_000)), Offset(6), "offsets go on");
}

#[test]
fn nothing_above_the_high_watermark_goes() {
    let mut log = letters(TopicConfig::default());
    log.retain(at(10_000), Offset(3));
    assert_eq!(everything(&log), "cdef", "c is committed, but d is not, and they share a segment");
}

#[test]
fn by_size_only_goes_what_leaves_enough() {
    let one = batch("x", at(0)).bytes();
    let kept_by = |bytes: u64| {
        let mut log = letters(TopicConfig { retention_bytes: Some(Bytes(bytes)), ..TopicConfig::default() });
        log.retain(at(300), Offset(6));
        everything(&log)
    };
    assert_eq!(kept_by(4 * one + 1), "abcdef");
    assert_eq!(kept_by(4 * one), "cdef");
    assert_eq!(kept_by(2 * one), "ef");
}

#[test]
fn a_segment_is_full_by_age_too() {
    let mut log = Log::new(Rc::new(TopicConfig { segment_age: HOUR, ..TopicConfig::default() }));
    for (values, time) in [("a", 0), ("b", 3600), ("c", 3601)] {
        append(&mut log, values, 0, at(time));
    }
    assert_eq!(log.segments(), 2);
}

#[test]
fn a_follower_moves_its_start_along() {
    let mut log = letters(TopicConfig::default());
    log.advance_start(Offset(3));
    assert_eq!((log.start(), log.segments()), (Offset(3), 2));
    assert_eq!(values(&log.read(Offset(3)..Offset(6), ALL)), "def");
}

/// `key` and value are letters: "a1" is key a, value 1; "a-" a tombstone.
fn keyed(log: &mut Log, pairs: &[&str]) {
    let record = |pair: &&str| {
        let (key, value) = pair.split_at(1);
        let value = (value != "-").then(|| value.as_bytes().into());
        Record { value, ..Record::new(Some(key.as_bytes()), b"", at(0)) }
    };
    log.append(Batch::new(pairs.iter().map(record).collect::<Vec<_>>(), None), LeaderEpoch(0)).expect("nobody stamps");
}

fn compacted() -> Log {
    let mut log = log(TopicConfig { compact: true, ..TopicConfig::default() });
    for pairs in [&["a1", "b1", "c1"][..], &["a2", "d1"], &["b-", "a3"], &["a4"]] {
        keyed(&mut log, pairs);
    }
    assert_eq!(log.segments(), 4, "one for each batch");
    log
}

#[test]
fn compaction_keeps_the_last_of_each_key_at_its_offset() {
    let mut log = compacted();
    assert!(log.compact(log.end()));
    let left: Vec<(u64, String)> = (log.read(log.start()..log.end(), ALL).iter().flat_map(Batch::numbered))
        .map(|(offset, record)| {
            (offset.0, String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned())
        })
        .collect();
    // a4 is in the active segment: it is not read, so a3 stays as well.
    let expected = [(2, "c"), (4, "d"), (5, "b"), (6, "a"), (7, "a")].map(|(offset, key)| (offset, key.to_owned()));
    assert_eq!(left, expected);
    assert_eq!(log.end(), Offset(8));
    assert_eq!(values(&log.read(Offset(0)..Offset(8), ALL)), "11-34");
}

#[test]
fn compaction_starts_when_half_is_dirty() {
    let mut log = compacted();
    assert!(log.compact(log.end()));
    assert!(!log.compact(log.end()), "nothing has come since");
    keyed(&mut log, &["e1"; 12]);
    assert!(!log.compact(log.end()), "only the segment of a4 is closed by now, less than half");
    keyed(&mut log, &["e7"]);
    assert!(log.compact(log.end()));
}

#[test]
fn compaction_stays_below_the_high_watermark() {
    let mut log = compacted();
    assert!(!log.compact(Offset(2)));
    assert!(log.compact(Offset(5)));
    let kept = values(&log.read(Offset(0)..Offset(8), ALL));
    assert_eq!(kept, "1121-34", "b1, c1, a2, d1; then what is not committed");
}
