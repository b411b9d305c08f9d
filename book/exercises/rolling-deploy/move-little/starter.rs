//! All partitions in turn, whoever had them. Move less.

use std::rc::Rc;

use gridlock_sim::kafka::assignor::{Shares, Topic};
use gridlock_sim::kafka::protocol::GroupMember;
use gridlock_sim::kafka::types::TopicPartition;

// ANCHOR: policy
pub(crate) fn policy(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let mut ids: Vec<&Rc<str>> = members.iter().map(|member| &member.id).collect();
    ids.sort();
    let mut shares: Shares = ids.iter().map(|id| (Rc::clone(id), Vec::new())).collect();
    for (topic, count) in topics {
        for partition in 0..*count {
            let id = ids[partition as usize % ids.len()];
            let partition = TopicPartition { topic: topic.clone(), partition };
            // What another one still has is let go in this round, and given in the next.
            if owner(members, &partition).is_none_or(|owner| owner == id) {
                shares.entry(Rc::clone(id)).or_default().push(partition);
            }
        }
    }
    shares
}

/// Who reads this partition now.
fn owner<'a>(members: &'a [GroupMember], partition: &TopicPartition) -> Option<&'a Rc<str>> {
    let owns = |member: &&GroupMember| member.subscription.owned.contains(partition);
    members.iter().find(owns).map(|member| &member.id)
}
// ANCHOR_END: policy
