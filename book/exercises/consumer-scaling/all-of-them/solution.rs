//! Ranges that end where the next begins.

use std::rc::Rc;

use gridlock_sim::kafka::assignor::{Shares, Topic};
use gridlock_sim::kafka::protocol::GroupMember;
use gridlock_sim::kafka::types::TopicPartition;

// ANCHOR: policy
pub(crate) fn policy(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let mut ids: Vec<&Rc<str>> = members.iter().map(|member| &member.id).collect();
    ids.sort();
    let all = ids.len() as u32;
    let mut shares = Shares::new();
    for (topic, count) in topics {
        for (nth, id) in (0..).zip(&ids) {
            // The remainder is spread: the last range ends with the last partition.
            let range = nth * count / all..(nth + 1) * count / all;
            let share = range.map(|partition| TopicPartition { topic: topic.clone(), partition });
            shares.entry(Rc::clone(id)).or_default().extend(share);
        }
    }
    shares
}
// ANCHOR_END: policy
