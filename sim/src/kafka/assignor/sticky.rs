//! Assignors that keep what can be kept (StickyAssignor.java, CooperativeStickyAssignor.java, KIP-429).
//!
//! Where all members want the same, shares differ by one at most and no assignment needs fewer moves, as with Java; which of
//! several equally good partitions moves can differ. Where wishes differ, no single move would make shares more even; Java's
//! search is of the same kind, and may end elsewhere.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Shares, Topic, in_order, partitions, wants};
use crate::kafka::protocol::GroupMember;
use crate::kafka::types::TopicPartition;

/// As even as subscriptions allow, moving as little as that allows.
pub(super) fn assign(members: &[GroupMember], topics: &[Topic]) -> Shares {
    let sorted = in_order(members);
    let mut owners = kept(members, topics);
    let mut shares: Shares = members.iter().map(|member| (member.id.clone(), Vec::new())).collect();
    for (partition, owner) in &owners {
        give(&mut shares, owner, partition.clone());
    }
    for partition in partitions(topics) {
        if owners.contains_key(&partition) {
            continue;
        }
        let readers = sorted.iter().filter(|member| wants(member, &partition.topic));
        if let Some(reader) = readers.min_by_key(|member| shares[&member.id].len()) {
            give(&mut shares, &reader.id, partition.clone());
            owners.insert(partition, reader.id.clone());
        }
    }
    while let Some((from, to, partition)) = uneven(&sorted, &shares) {
        shares.get_mut(&from).expect("everyone has a share").retain(|owned| *owned != partition);
        give(&mut shares, &to, partition);
    }
    shares.values_mut().for_each(|share| share.sort());
    shares
}

fn give(shares: &mut Shares, to: &Rc<str>, partition: TopicPartition) {
    shares.get_mut(to).expect("everyone has a share").push(partition);
}

/// In which generation a member came to own something.
type Claim<'a> = (Option<u32>, &'a Rc<str>);

/// Who keeps what: the claim of the latest generation counts. Two claims of one generation cancel each other, since nobody can
/// say whose is right.
fn kept(members: &[GroupMember], topics: &[Topic]) -> BTreeMap<TopicPartition, Rc<str>> {
    let mut claims: BTreeMap<TopicPartition, Vec<Claim>> = BTreeMap::new();
    for member in members {
        let claim = (member.subscription.generation, &member.id);
        let valid = |owned: &&TopicPartition| {
            wants(member, &owned.topic)
                && topics.iter().any(|(topic, count)| *topic == owned.topic && owned.partition < *count)
        };
        for owned in member.subscription.owned.iter().filter(valid) {
            claims.entry(owned.clone()).or_default().push(claim);
        }
    }
    let winner = |claims: Vec<Claim>| {
        let latest = claims.iter().map(|(generation, _)| *generation).max()?;
        let mut winners = claims.iter().filter(|(generation, _)| *generation == latest);
        winners.next().filter(|_| winners.next().is_none()).map(|(_, id)| (*id).clone())
    };
    claims.into_iter().filter_map(|(partition, claims)| Some((partition, winner(claims)?))).collect()
}

/// A partition whose move makes the shares more even: from the fullest that can give to the emptiest that can take.
fn uneven(sorted: &[&GroupMember], shares: &Shares) -> Option<(Rc<str>, Rc<str>, TopicPartition)> {
    let load = |member: &&GroupMember| shares[&member.id].len();
    let mut fullest: Vec<&GroupMember> = sorted.to_vec();
    fullest.sort_by_key(|member| std::cmp::Reverse(load(member)));
    let mut emptiest: Vec<&GroupMember> = sorted.to_vec();
    emptiest.sort_by_key(load);
    for from in &fullest {
        for to in emptiest.iter().take_while(|to| load(to) + 1 < load(from)) {
            // The last one first: what was given in this round is behind what was kept.
            if let Some(partition) = shares[&from.id].iter().rev().find(|partition| wants(to, &partition.topic)) {
                return Some((from.id.clone(), to.id.clone(), partition.clone()));
            }
        }
    }
    None
}

/// Takes back what another member still holds. That one will see that it has lost the partition, let go, and join again; the
/// next round finds it free (KIP-429).
pub(super) fn withhold_moving(members: &[GroupMember], shares: &mut Shares) {
    let held_by_other = |id: &Rc<str>, partition: &TopicPartition| {
        members.iter().any(|member| member.id != *id && member.subscription.owned.contains(partition))
    };
    for (id, share) in shares {
        let mine = members.iter().find(|member| member.id == *id);
        let holds = |partition: &TopicPartition| mine.is_some_and(|me| me.subscription.owned.contains(partition));
        share.retain(|partition| holds(partition) || !held_by_other(id, partition));
    }
}
