//! All partitions in turn. Let the large customer's have a consumer to itself.

use std::rc::Rc;

use gridlock_sim::kafka::assignor::{Shares, Topic};
use gridlock_sim::kafka::protocol::GroupMember;
use gridlock_sim::kafka::types::TopicPartition;

// ANCHOR: policy
pub(crate) fn policy(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let mut ids: Vec<&Rc<str>> = members.iter().map(|member| &member.id).collect();
    ids.sort();
    let mut shares = Shares::new();
    for (topic, count) in topics {
        for partition in 0..*count {
            let id = ids[partition as usize % ids.len()].clone();
            shares.entry(id).or_default().push(TopicPartition { topic: topic.clone(), partition });
        }
    }
    shares
}
// ANCHOR_END: policy
