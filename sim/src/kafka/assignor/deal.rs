//! Assignors that do not look at who owned what.

use super::{Shares, Topic, in_order, partitions, wants};
use crate::kafka::protocol::GroupMember;
use crate::kafka::types::TopicPartition;

/// Each topic in ranges, the longer ones to the first members (RangeAssignor.java). With many topics these pile up on the
/// first.
pub(super) fn range(members: &[GroupMember], topics: &[Topic], shares: &mut Shares) {
    let sorted = in_order(members);
    for (topic, count) in topics {
        let readers: Vec<_> = sorted.iter().filter(|member| wants(member, topic)).collect();
        let mut next = 0;
        for (nth, reader) in readers.iter().enumerate() {
            let readers = readers.len() as u32;
            let length = count / readers + u32::from((nth as u32) < count % readers);
            let range = (next..next + length).map(|partition| TopicPartition { topic: topic.clone(), partition });
            shares.get_mut(&reader.id).expect("everyone has a share").extend(range);
            next += length;
        }
    }
}

/// All partitions by topic and number, in turn to the next member that wants the topic (RoundRobinAssignor.java).
pub(super) fn round_robin(members: &[GroupMember], topics: &[Topic], shares: &mut Shares) {
    let sorted = in_order(members);
    let mut wanted: Vec<Topic> = topics.to_vec();
    wanted.retain(|(topic, _)| members.iter().any(|member| wants(member, topic)));
    wanted.sort();
    let mut turns = sorted.iter().cycle();
    for partition in partitions(&wanted) {
        let reader = turns.find(|member| wants(member, &partition.topic)).expect("somebody wants it");
        shares.get_mut(&reader.id).expect("everyone has a share").push(partition);
    }
}

/// All partitions in the leader's order of topics, in turn to the members by id, whether they want the topic or not: kafkajs
/// does not look (KJ:consumer/assigners/roundRobinAssigner).
pub(super) fn kafkajs(topics: &[Topic], shares: &mut Shares) {
    let count = shares.len();
    let mut sorted: Vec<_> = shares.values_mut().collect();
    partitions(topics).enumerate().for_each(|(nth, partition)| sorted[nth % count].push(partition));
}
