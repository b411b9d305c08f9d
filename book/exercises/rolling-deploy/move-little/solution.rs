//! Who owns keeps, up to a fair share; what is free goes to who has least.

use std::rc::Rc;

use gridlock_sim::kafka::assignor::{Shares, Topic};
use gridlock_sim::kafka::protocol::GroupMember;
use gridlock_sim::kafka::types::TopicPartition;

// ANCHOR: policy
pub(crate) fn policy(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let of = |(topic, count): &Topic| {
        let topic = topic.clone();
        (0..*count).map(move |partition| TopicPartition { topic: topic.clone(), partition })
    };
    let all: Vec<TopicPartition> = topics.iter().flat_map(of).collect();
    let fair = all.len().div_ceil(members.len());
    let mut shares: Shares = members.iter().map(|member| (member.id.clone(), Vec::new())).collect();
    let (owned, free): (Vec<_>, Vec<_>) = all.into_iter().partition(|partition| owner(members, partition).is_some());
    for partition in owned {
        let share = owner(members, &partition).and_then(|owner| shares.get_mut(owner));
        // Beyond a fair share it is let go in this round, and free in the next.
        share.into_iter().filter(|share| share.len() < fair).for_each(|share| share.push(partition.clone()));
    }
    for partition in free {
        let least = shares.values_mut().min_by_key(|share| share.len());
        least.expect("a group has members").push(partition);
    }
    shares
}

/// Who reads this partition now.
fn owner<'a>(members: &'a [GroupMember], partition: &TopicPartition) -> Option<&'a Rc<str>> {
    let owns = |member: &&GroupMember| member.subscription.owned.contains(partition);
    members.iter().find(owns).map(|member| &member.id)
}
// ANCHOR_END: policy
