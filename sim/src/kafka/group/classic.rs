//! A group of the classic protocol while its coordinator lives: members, state and timers (D1).
//!
//! What happens to it is decided beside this file: `join`, `rebalance`, `sync`, `session`, `offsets`.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::image::StoredImage;
use super::member::Member;
use super::record::{GroupRecord, StoredGroup};
use super::state::GroupState;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::protocol;
use crate::kafka::types::{ErrorCode, TopicPartition};

/// Members of the next generation are being gathered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gathering {
    /// When it ends at the latest, or when the initial delay is looked at again.
    pub(super) until: SimTime,
    /// Only while the first members of an empty group are awaited.
    pub(super) initial: Option<InitialDelay>,
}

/// `group.initial.rebalance.delay.ms` (D1).
#[derive(Clone, Copy, Debug)]
pub(super) struct InitialDelay {
    /// How much longer it may be extended.
    pub(super) left: SimDuration,
    /// Somebody has come since it was last looked at.
    pub(super) newcomer: bool,
}

/// A group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) name: Rc<str>,
    pub(super) state: GroupState,
    /// Since when it is in its state.
    pub(super) since: SimTime,
    /// Whether it has ever had members. Offsets can be committed without.
    pub(super) consumer: bool,
    pub(super) generation: u32,
    pub(super) protocol: Option<Rc<str>>,
    pub(super) leader: Option<Rc<str>>,
    pub(super) members: BTreeMap<Rc<str>, Member>,
    /// Members by `group.instance.id`.
    pub(super) statics: BTreeMap<Rc<str>, Rc<str>>,
    /// Ids that were given out and have not joined yet, with the time at which they are given up (KIP-394).
    pub(super) promised: BTreeMap<Rc<str>, SimTime>,
    /// Members so far, for the order of joining.
    pub(super) joined: u64,
    pub(super) gathering: Option<Gathering>,
    /// Who has not asked for its share of this generation yet, and until when it may.
    pub(super) unsynced: Option<(SimTime, BTreeSet<Rc<str>>)>,
}

impl Group {
    /// A group nobody has heard of.
    pub(super) fn new(name: &Rc<str>, now: SimTime) -> Self {
        Self {
            name: name.clone(),
            state: GroupState::Empty,
            since: now,
            consumer: false,
            generation: 0,
            protocol: None,
            leader: None,
            members: BTreeMap::new(),
            statics: BTreeMap::new(),
            promised: BTreeMap::new(),
            joined: 0,
            gathering: None,
            unsynced: None,
        }
    }

    /// A group as the log tells of it. The sessions of its members begin anew.
    pub(super) fn load(name: &Rc<str>, image: &StoredImage, now: SimTime) -> Self {
        let mut group = Self::new(name, now);
        let Some(stored) = &image.group else { return group };
        group.consumer = true;
        group.generation = stored.generation;
        group.since = stored.since;
        group.protocol.clone_from(&stored.protocol);
        group.leader.clone_from(&stored.leader);
        for member in &stored.members {
            group.joined += 1;
            let loaded = Member::loaded(group.joined, member, stored.protocol.as_ref(), now);
            group.statics.extend(member.instance.iter().map(|instance| (instance.clone(), member.id.clone())));
            group.members.insert(member.id.clone(), loaded);
        }
        if !group.members.is_empty() {
            group.state = GroupState::Stable;
        }
        group
    }

    /// Moves to another state.
    ///
    /// # Panics
    /// When that state may not follow: a coordinator is wrong.
    pub(super) fn become_state(&mut self, next: GroupState, now: SimTime) {
        let state = self.state;
        assert!(state.may_become(next), "group {}: {next:?} may not follow {state:?}", self.name);
        (self.state, self.since) = (next, now);
    }

    pub(super) fn is_leader(&self, id: &str) -> bool {
        self.leader.as_deref() == Some(id)
    }

    /// Refuses who is not a member, or was replaced (KIP-345).
    pub(super) fn check_member(&self, member: &protocol::Member) -> Result<(), ErrorCode> {
        if let Some(instance) = &member.instance {
            let current = self.statics.get(instance).ok_or(ErrorCode::UnknownMemberId)?;
            if *current != member.id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        self.members.contains_key(&member.id).then_some(()).ok_or(ErrorCode::UnknownMemberId)
    }

    /// Refuses who is not a member of this generation.
    pub(super) fn check_generation(&self, member: &protocol::Member) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        self.check_member(member)?;
        (member.generation == Some(self.generation)).then_some(()).ok_or(ErrorCode::IllegalGeneration)
    }

    /// Ids in the order of joining.
    pub(super) fn by_order(&self) -> Vec<Rc<str>> {
        let mut ids: Vec<&Rc<str>> = self.members.keys().collect();
        ids.sort_by_key(|id| self.members[*id].order);
        ids.into_iter().cloned().collect()
    }

    /// How long others wait for a member that does not join: the longest any member has asked for.
    pub(super) fn rebalance_timeout(&self) -> SimDuration {
        self.members.values().map(|member| member.rebalance_timeout).max().unwrap_or(SimDuration::ZERO)
    }

    /// Whether one of these assignors is known to everyone.
    pub(super) fn supports(&self, protocols: &[Rc<str>]) -> bool {
        protocols.iter().any(|name| self.members.values().all(|member| member.protocols.contains(name)))
    }

    /// The assignor of the next generation: of those that all members know, the one most members like best. Kafka leaves a
    /// draw to the order of a hash map; here the oldest member's taste decides.
    pub(super) fn select_protocol(&self) -> Option<Rc<str>> {
        let known = |name: &Rc<str>| self.members.values().all(|member| member.protocols.contains(name));
        let votes = |name: &Rc<str>| {
            let favourites =
                self.members.values().filter_map(|member| member.protocols.iter().find(|name| known(name)));
            favourites.filter(|favourite| *favourite == name).count()
        };
        let oldest = self.members.values().min_by_key(|member| member.order)?;
        let candidates = oldest.protocols.iter().filter(|name| known(name));
        candidates.rev().max_by_key(|name| votes(name)).cloned()
    }

    /// The record that says what the group is, each member with its share.
    pub(super) fn record(
        &self,
        since: SimTime,
        share: impl Fn(&Rc<str>, &Member) -> Vec<TopicPartition>,
    ) -> GroupRecord {
        let members = self.by_order().into_iter().map(|id| {
            let member = &self.members[&id];
            member.stored(&id, share(&id, member))
        });
        let stored = StoredGroup {
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            since,
            members: members.collect(),
        };
        GroupRecord::Group { group: self.name.clone(), stored: Some(stored) }
    }

    /// The next time at which something is due.
    pub(super) fn next_timeout(&self) -> Option<SimTime> {
        let sessions = self.members.values().filter_map(Member::expires);
        let gathering = self.gathering.map(|gathering| gathering.until);
        let unsynced = self.unsynced.as_ref().map(|(until, _)| *until);
        sessions.chain(self.promised.values().copied()).chain(gathering).chain(unsynced).min()
    }
}
