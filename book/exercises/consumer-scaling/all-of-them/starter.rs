//! Ranges: the same number of partitions for everybody. One is forgotten.

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
        let each = count / ids.len() as u32;
        for (nth, id) in (0..).zip(&ids) {
            let range = nth * each..(nth + 1) * each;
            let share = range.map(|partition| TopicPartition { topic: topic.clone(), partition });
            shares.entry(Rc::clone(id)).or_default().extend(share);
        }
    }
    shares
}
// ANCHOR_END: policy
