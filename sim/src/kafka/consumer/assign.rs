//! Who reads what (MODEL-REFERENCE.md D3): kafkajs' `RoundRobinAssigner`, partitions dealt in order to members sorted by id, and a
//! cooperative rule for the Java profile.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::kafka::protocol::GroupMember;
use crate::kafka::types::TopicPartition;

/// The name under which members offer it.
pub(crate) const ROUND_ROBIN: &str = "RoundRobinAssigner";

/// Shares by member; who gets nothing is left out.
pub(crate) fn round_robin(
    members: impl IntoIterator<Item = Rc<str>>,
    partitions: impl IntoIterator<Item = TopicPartition>,
) -> Vec<(Rc<str>, Vec<TopicPartition>)> {
    let mut members: Vec<Rc<str>> = members.into_iter().collect();
    members.sort();
    let mut shares: BTreeMap<Rc<str>, Vec<TopicPartition>> = BTreeMap::new();
    for (nth, partition) in partitions.into_iter().enumerate() {
        shares.entry(members[nth % members.len()].clone()).or_default().push(partition);
    }
    shares.into_iter().collect()
}

/// The cooperative rule of KIP-429: everybody keeps what it has up to a fair share; what nobody has is dealt to who has least;
/// what one member has too much of is free only after that member has given it up, in another round.
pub(crate) fn cooperative(
    members: &[GroupMember],
    partitions: &[TopicPartition],
) -> Vec<(Rc<str>, Vec<TopicPartition>)> {
    let fair = partitions.len().div_ceil(members.len());
    let mut shares: BTreeMap<Rc<str>, Vec<TopicPartition>> = BTreeMap::new();
    let mut taken: BTreeSet<&TopicPartition> = BTreeSet::new();
    for member in members {
        let owned: Vec<&TopicPartition> =
            member.subscription.owned.iter().filter(|own| partitions.contains(own)).collect();
        let kept = owned.iter().take(fair).map(|partition| (*partition).clone()).collect();
        taken.extend(owned);
        shares.insert(member.id.clone(), kept);
    }
    for partition in partitions.iter().filter(|partition| !taken.contains(partition)) {
        let least = shares.values_mut().min_by_key(|share| share.len());
        least.into_iter().for_each(|share| share.push(partition.clone()));
    }
    shares.into_iter().collect()
}
