//! Goal: records go where Java and kafkajs send them. Method: the vectors of C2, and turns counted by hand.

use super::*;
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch};

/// Partitions of a topic; those named have no leader.
fn topic(count: u32, leaderless: &[u32]) -> Vec<PartitionMetadata> {
    let partition = |nth| {
        let leader = (!leaderless.contains(&nth)).then_some(BrokerId(1));
        let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
        PartitionMetadata { error, leader, leader_epoch: LeaderEpoch(0), replicas: Rc::from([]), isr: Vec::new() }
    };
    (0..count).map(partition).collect()
}

/// C2 with its hashes, and partitions of 3, 6 and 12.
#[test]
fn keys_are_placed_as_java_and_kafkajs_place_them() {
    let vectors: [(&str, i32, [u32; 3]); 7] = [
        ("12345", -1_188_365_604, [2, 2, 8]),
        ("67890", -1_338_094_217, [0, 3, 3]),
        ("A123", 1_863_851_429, [2, 5, 5]),
        ("B456", 1_759_818_554, [2, 2, 2]),
        ("order-1", 1_221_710_326, [1, 4, 10]),
        ("order-2", -1_055_499_005, [0, 3, 3]),
        ("order-3", -849_583_649, [0, 3, 3]),
    ];
    for (key, hash, placed) in vectors {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        assert_eq!([3, 6, 12].map(|count| keyed(key.as_bytes(), count)), placed, "{key}");
    }
}

/// The last row of C2, from Kafka's UtilsTest.java.
#[test]
fn the_hash_is_that_of_kafkas_own_tests() {
    let vectors = [("21", -973_932_308), ("foobar", -790_332_482), ("abc", 479_470_107)];
    for (key, hash) in vectors {
        assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
    }
}

/// I7: the empty key is hashed, and goes to partition 0 of 3.
#[test]
fn the_empty_key_is_a_key() {
    assert_eq!(keyed(b"", 3), 0);
}

#[test]
fn the_sign_is_cleared_not_turned() {
    assert_eq!(to_positive(-1), 0x7fff_ffff);
    assert_eq!(to_positive(i32::MIN), 0);
    assert_eq!(to_positive(5), 5);
}

/// I7: one message a send, three partitions, thirty messages: 10/10/10 in strict rotation.
#[test]
fn kafkajs_deals_records_without_key_in_turn() {
    let (mut robin, mut draws) = (RoundRobin::default(), Stream::new(1, "producer"));
    let dealt: Vec<u32> = (0..30).map(|_| robin.next(&"t".into(), &topic(3, &[]), &mut draws)).collect();
    assert!(dealt.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 3), "{dealt:?}");
}

#[test]
fn partitions_without_leader_get_no_turn() {
    let (mut robin, mut draws) = (RoundRobin::default(), Stream::new(1, "producer"));
    let mut next = |leaderless: &[u32]| robin.next(&"t".into(), &topic(3, leaderless), &mut draws);
    let dealt: Vec<u32> = (0..10).map(|_| next(&[1])).collect();
    assert!(!dealt.contains(&1) && dealt.windows(2).all(|pair| pair[0] != pair[1]), "{dealt:?}");
    let desperate: Vec<u32> = (0..3).map(|_| next(&[0, 1, 2])).collect();
    assert_eq!(desperate.iter().sum::<u32>(), 3, "all three take turns: {desperate:?}");
}

#[test]
fn topics_take_turns_of_their_own_from_a_random_start() {
    let first = |seed| {
        let (mut robin, mut draws) = (RoundRobin::default(), Stream::new(seed, "producer"));
        ["a", "b"].map(|name| robin.next(&name.into(), &topic(100, &[]), &mut draws))
    };
    let starts: Vec<[u32; 2]> = (0..4).map(first).collect();
    assert!(starts.iter().any(|[a, b]| a != b), "{starts:?}");
    assert!(starts.iter().any(|start| *start != starts[0]), "{starts:?}");
}

/// Java fills a batch before it turns to another partition.
#[test]
fn java_stays_with_a_partition_until_a_batch_is_full() {
    let (mut sticky, mut draws) = (Sticky::new(1000), Stream::new(1, "producer"));
    let dealt: Vec<u32> = (0..2000).map(|_| sticky.next(&"t".into(), 100, &topic(5, &[3]), &mut draws)).collect();
    assert!(dealt.chunks(10).all(|batch| batch.iter().all(|partition| *partition == batch[0])));
    let shares = [0, 1, 2, 3, 4].map(|of| dealt.iter().filter(|partition| **partition == of).count());
    assert_eq!(shares[3], 0);
    assert!(shares.iter().filter(|share| (300..700).contains(*share)).count() == 4, "{shares:?}");
}
