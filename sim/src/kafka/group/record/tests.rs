//! Goal: what is written can be read. Method: records with every field set and with every field empty, there and back.

use super::*;

fn there_and_back(record: &GroupRecord) {
    assert_eq!(&GroupRecord::decode(&record.encode(SimTime::from_secs(9))), record);
}

fn member(id: &str, instance: Option<&str>, generation: Option<u32>) -> StoredMember {
    StoredMember {
        id: id.into(),
        instance: instance.map(Rc::from),
        session_timeout: SimDuration::from_secs(30),
        rebalance_timeout: SimDuration::from_secs(60),
        subscription: Subscription {
            topics: vec!["orders".into(), "größe".into()],
            owned: vec![TopicPartition::new("orders", 300)],
            generation,
        },
        assignment: vec![TopicPartition::new("orders", 0), TopicPartition::new("orders", u32::MAX)],
    }
}

#[test]
fn an_offset_survives_the_log() {
    for stored in [None, Some(Stored { offset: Offset(u64::MAX), at: SimTime::from_millis(1) })] {
        there_and_back(&GroupRecord::Offset { group: "g".into(), partition: TopicPartition::new("t", 7), stored });
    }
}

#[test]
fn a_group_survives_the_log() {
    let members = vec![member("a", None, None), member("b", Some("pod-1"), Some(0)), member("", Some(""), Some(128))];
    let full = StoredGroup {
        generation: 200,
        protocol: Some("range".into()),
        leader: Some("a".into()),
        since: SimTime::from_secs(5),
        members,
    };
    let empty = StoredGroup { protocol: None, leader: None, members: Vec::new(), ..full.clone() };
    for stored in [None, Some(full), Some(empty)] {
        there_and_back(&GroupRecord::Group { group: "workers".into(), stored });
    }
}

/// Compaction keeps the last record of a key: two offsets of one partition share it, a group and its offsets do not.
#[test]
fn keys_name_what_is_replaced() {
    let offset = |number, partition| {
        let stored = Some(Stored { offset: Offset(number), at: SimTime::ZERO });
        let record = GroupRecord::Offset { group: "g".into(), partition: TopicPartition::new("t", partition), stored };
        record.encode(SimTime::ZERO).key
    };
    let group = GroupRecord::Group { group: "g".into(), stored: None }.encode(SimTime::ZERO).key;
    assert_eq!(offset(1, 0), offset(2, 0));
    assert_ne!(offset(1, 0), offset(1, 1));
    assert_ne!(offset(1, 0), group);
}
