//! Who reads what: pure functions from members and partitions to shares (MODEL-REFERENCE.md D3). The group's leader, a client,
//! calls one of them; a broker never does.
//!
//! **Never here:** when to rebalance, and what a member does about a partition it loses.
//!
//! A client may bring an assignor of its own, [`Own`]: it goes by the name of the one that the configuration lists.
//!
//! **Not modelled:** racks.

mod deal;
mod sticky;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::protocol::GroupMember;
use super::types::TopicPartition;

/// A topic and its number of partitions.
pub type Topic = (Rc<str>, u32);

/// Members with their shares, by id: what the leader sends when it syncs.
pub type Shares = BTreeMap<Rc<str>, Vec<TopicPartition>>;

/// An assignor of one's own, as `partitionAssigners` of kafkajs and `partition.assignment.strategy` of Java allow. Everybody's share: who gets
/// nothing has an empty one, or none. It must be the same function in all members of a group.
#[derive(Clone, Copy)]
pub struct Own(pub fn(&[GroupMember], &[Topic]) -> Shares);

impl std::fmt::Debug for Own {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Own")
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::fn_addr_eq(self.0, other.0)
    }
}

impl Eq for Own {}

/// The assignors of Java and kafkajs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Assignor {
    /// Java: ranges of each topic. The first of Java's default list.
    Range,
    /// Java: all partitions in turn, to who wants them.
    RoundRobin,
    /// kafkajs' only one: all partitions in turn, to everybody.
    KafkaJs,
    /// Java: as even as can be, with as few moves as can be. Eager: everyone lets go first.
    Sticky,
    /// The same without letting go: what moves is withheld in the first round and given in the second (KIP-429).
    CooperativeSticky,
    /// One of one's own, with a mistake: everything to everybody. For tests of the checker of owners; no file can name it.
    #[serde(skip)]
    Overlapping,
}

impl Assignor {
    /// All that can be chosen.
    pub const ALL: [Assignor; 5] =
        [Self::Range, Self::RoundRobin, Self::KafkaJs, Self::Sticky, Self::CooperativeSticky];

    /// As members name it when they join.
    pub const fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::KafkaJs => "RoundRobinAssigner",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
            Assignor::Overlapping => "overlapping",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().chain([Self::Overlapping]).find(|assignor| assignor.name() == name)
    }

    /// Whether members keep their partitions while they join again.
    pub const fn is_cooperative(self) -> bool {
        matches!(self, Assignor::CooperativeSticky)
    }

    /// Everybody's share; who gets nothing has an empty one. `topics` are those the leader knows, in the order in which it
    /// subscribed; partitions of topics that are missing there go to nobody.
    pub fn assign(self, members: &[GroupMember], topics: &[Topic]) -> Shares {
        let mut shares: Shares = members.iter().map(|member| (member.id.clone(), Vec::new())).collect();
        if members.is_empty() {
            return shares;
        }
        match self {
            Assignor::Range => deal::range(members, topics, &mut shares),
            Assignor::RoundRobin => deal::round_robin(members, topics, &mut shares),
            Assignor::KafkaJs => deal::kafkajs(topics, &mut shares),
            Assignor::Overlapping => shares.values_mut().for_each(|share| share.extend(partitions(topics))),
            Assignor::Sticky => shares = sticky::assign(members, topics),
            Assignor::CooperativeSticky => {
                shares = sticky::assign(members, topics);
                sticky::withhold_moving(members, &mut shares);
            }
        }
        shares
    }
}

/// Whether a member wants to read a topic.
fn wants(member: &GroupMember, topic: &Rc<str>) -> bool {
    member.subscription.topics.contains(topic)
}

/// Members as Java sorts them: static ones first and by their instance, so that a restart moves nothing; then by id.
fn in_order(members: &[GroupMember]) -> Vec<&GroupMember> {
    let mut sorted: Vec<&GroupMember> = members.iter().collect();
    sorted.sort_by_key(|member| (member.instance.is_none(), member.instance.clone(), member.id.clone()));
    sorted
}

/// All partitions of these topics, topic by topic.
fn partitions(topics: &[Topic]) -> impl Iterator<Item = TopicPartition> {
    let of = |(topic, count): &Topic| {
        let topic = topic.clone();
        (0..*count).map(move |partition| TopicPartition { topic: topic.clone(), partition })
    };
    topics.iter().flat_map(of)
}
