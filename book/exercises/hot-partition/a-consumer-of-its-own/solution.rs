//! The large customer's partition for one member, the others in turn for the rest.

use std::rc::Rc;

use gridlock_sim::kafka::assignor::{Shares, Topic};
use gridlock_sim::kafka::protocol::GroupMember;
use gridlock_sim::kafka::types::TopicPartition;

// ANCHOR: policy
/// The partition of the large customer.
const HOT: u32 = 3;

pub(crate) fn policy(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let mut ids: Vec<&Rc<str>> = members.iter().map(|member| &member.id).collect();
    ids.sort();
    // Who is alone has them all.
    let (own, others) = if ids.len() > 1 { ids.split_at(1) } else { (&ids[..], &ids[..]) };
    let mut shares = Shares::new();
    for (topic, count) in topics {
        let mut turn = others.iter().cycle();
        for partition in 0..*count {
            let id = if partition == HOT { own.first() } else { turn.next() };
            let share = shares.entry(Rc::clone(id.expect("a group has members"))).or_default();
            share.push(TopicPartition { topic: topic.clone(), partition });
        }
    }
    shares
}
// ANCHOR_END: policy
