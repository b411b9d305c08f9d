//! Who read which partition when: folded from what members say when they join, and what the coordinator says of its group.
//!
//! Members say it in facts whose keys are hashes (see [`facts`]); the names that the watch has used of groups and their partitions give
//! them back. Members are numbered by the order in which they first came to own something: a consumer that was started again is a new one
//! unless it keeps its membership.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::Steps;
use super::{Series, SeriesKind};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::facts;
use crate::trace::{Event, Gauge, Name, Names};

/// States of a group as its gauge shows them: it prepares a rebalance, or completes it.
const REBALANCES: [u64; 2] = [1, 2];
/// The group is stable.
const STABLE: u64 = 3;

/// What was said of owners, in order. Grows with rebalances only.
pub(super) struct Owners {
    owned: Name,
    log: Vec<(usize, Said)>,
    /// The latest generation of each group.
    generations: BTreeMap<Name, u64>,
    /// What the watch says of groups' partitions bears these names.
    shares: BTreeSet<Name>,
    unrest: BTreeMap<Name, Unrest>,
}

/// One thing that was said.
#[derive(Clone, Copy)]
enum Said {
    /// A member took a partition.
    Taken { key: u64, member: u64 },
    /// A group has no members.
    Empty { group: Name },
}

/// The rebalances of a group.
#[derive(Default)]
struct Unrest {
    since: Option<SimTime>,
    spent: Steps,
}

impl Owners {
    pub(super) fn new(names: &Names) -> Self {
        Self {
            owned: names.intern("group.owner"),
            log: Vec::new(),
            generations: BTreeMap::new(),
            shares: BTreeSet::new(),
            unrest: BTreeMap::new(),
        }
    }

    /// Takes note of an event in a step of this width.
    pub(super) fn note(&mut self, at: SimTime, (step, width): (usize, SimDuration), event: &Event) {
        match *event {
            Event::Fact { what, key, amount } if what == self.owned => {
                self.log.push((step, Said::Taken { key, member: amount }));
            }
            Event::Gauged { of, gauge: Gauge::Generation, value } => {
                let latest = self.generations.entry(of).or_default();
                *latest = value.max(*latest);
            }
            Event::Gauged { of, gauge: Gauge::GroupState, value } => {
                self.unrest.entry(of).or_default().set(at, REBALANCES.contains(&value), width);
                if value != STABLE && !REBALANCES.contains(&value) {
                    self.log.push((step, Said::Empty { group: of }));
                }
            }
            Event::Gauged { of, gauge: Gauge::Assigned, .. } => {
                self.shares.insert(of);
            }
            _ => {}
        }
    }

    /// One series `<group>.<topic>-<n>/owner` for each partition of each group, and `<group>/rebalancing` for each group.
    pub(super) fn finish(
        mut self,
        names: &Names,
        end: SimTime,
        (steps, width): (usize, SimDuration),
    ) -> BTreeMap<String, Series> {
        let mut series = BTreeMap::new();
        for (group, mut unrest) in std::mem::take(&mut self.unrest) {
            unrest.set(end, false, width);
            let share = |ns: u64| (ns / width.as_micros().max(1)).max(u64::from(ns > 0));
            let values = unrest.spent.padded(steps).into_iter().map(share).collect();
            series.insert(format!("{}/rebalancing", names.text(group)), Series { kind: SeriesKind::PerMille, values });
        }
        for (group, latest) in &self.generations {
            let places = self.places(names, *group, *latest);
            for (share, values) in self.timelines(*group, &places, steps) {
                series.insert(format!("{}/owner", names.text(share)), Series { kind: SeriesKind::Holder, values });
            }
        }
        series
    }

    /// The partitions of a group and the generations by the keys of their facts.
    fn places(&self, names: &Names, group: Name, latest: u64) -> BTreeMap<u64, (Name, u32)> {
        let of = names.text(group);
        let mut places = BTreeMap::new();
        for share in &self.shares {
            let text = names.text(*share);
            let Some(partition) = text.strip_prefix(&*of).and_then(|rest| rest.strip_prefix('.')) else { continue };
            // The watch may see a generation a moment after its members do.
            let generations = 0..=u32::try_from(latest + 1).unwrap_or(u32::MAX);
            places.extend(generations.map(|n| (facts::owner_key((&of, n), partition), (*share, n))));
        }
        places
    }

    /// The owner of each partition of a group by step. Nobody keeps a partition from an earlier generation.
    fn timelines(&self, group: Name, places: &BTreeMap<u64, (Name, u32)>, steps: usize) -> BTreeMap<Name, Vec<u64>> {
        let mut members: Vec<u64> = Vec::new();
        let mut current = 0;
        let mut shares: BTreeMap<Name, Holder> =
            places.values().map(|(share, _)| (*share, Holder::default())).collect();
        for (step, said) in &self.log {
            match *said {
                Said::Taken { key, member } => {
                    let Some((share, generation)) = places.get(&key) else { continue };
                    if *generation > current {
                        current = *generation;
                        shares.values_mut().for_each(|share| share.set(*step, 0));
                    }
                    let known = members.iter().position(|each| *each == member);
                    let place = known.unwrap_or(members.len());
                    if known.is_none() {
                        members.push(member);
                    }
                    shares.entry(*share).or_default().set(*step, place as u64 + 1);
                }
                Said::Empty { group: of } if of == group => shares.values_mut().for_each(|share| share.set(*step, 0)),
                Said::Empty { .. } => {}
            }
        }
        shares.into_iter().map(|(name, share)| (name, share.finish(steps))).collect()
    }
}

impl Unrest {
    fn set(&mut self, at: SimTime, restless: bool, width: SimDuration) {
        if let Some(since) = self.since.take() {
            self.spent.spread(at, at - since, width);
        }
        self.since = restless.then_some(at);
    }
}

/// Who holds something at the end of each step.
#[derive(Default)]
struct Holder {
    value: u64,
    values: Vec<u64>,
}

impl Holder {
    fn set(&mut self, step: usize, value: u64) {
        if self.values.len() <= step {
            self.values.resize(step + 1, self.value);
        }
        self.values[step] = value;
        self.value = value;
    }

    fn finish(mut self, steps: usize) -> Vec<u64> {
        self.values.resize(steps, self.value);
        self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the owner of a partition is found in the facts of its members. Method: two members share two partitions, one leaves, and
    /// the other takes one of them over two and a half seconds later.
    #[test]
    fn owners_are_numbered_as_they_come_and_nobody_keeps_what_was_not_given_anew() {
        let names = Names::default();
        let mut owners = Owners::new(&names);
        let (group, owned) = (names.intern("billing"), names.intern("group.owner"));
        let taken = |generation, n: u32, member| {
            let key = facts::owner_key(("billing", generation), &format!("orders-{n}"));
            Event::Fact { what: owned, key, amount: member }
        };
        let gauged = |of, gauge, value| Event::Gauged { of, gauge, value };
        let shares = (0..2).map(|n| gauged(names.intern(&format!("billing.orders-{n}")), Gauge::Assigned, 0));
        let said = [
            (1_000, taken(1, 0, 77)),
            (1_000, taken(1, 1, 33)),
            (1_200, gauged(group, Gauge::Generation, 1)),
            (1_200, gauged(group, Gauge::GroupState, 3)),
            (3_500, gauged(group, Gauge::GroupState, 1)),
            (6_000, taken(2, 0, 33)),
            (6_000, gauged(group, Gauge::GroupState, 3)),
            (6_100, taken(9, 1, 77)), // nobody has seen this generation
        ];
        let width = SimDuration::from_secs(1);
        for (ms, event) in shares.map(|event| (0, event)).chain(said) {
            let at = SimTime::ZERO + SimDuration::from_millis(ms);
            owners.note(at, (ms as usize / 1_000, width), &event);
        }
        let found = owners.finish(&names, SimTime::from_secs(8), (8, width));
        assert_eq!(found["billing.orders-0/owner"].values, [0, 1, 1, 1, 1, 1, 2, 2]);
        assert_eq!(found["billing.orders-1/owner"].values, [0, 2, 2, 2, 2, 2, 0, 0]);
        assert_eq!(found["billing/rebalancing"].values, [0, 0, 0, 500, 1000, 1000, 0, 0]);
    }
}
