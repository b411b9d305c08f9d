//! Consumer groups on the side of the broker: one [`Coordinator`] for one partition of `__consumer_offsets`, many groups
//! (MODEL-REFERENCE.md D1, D2).
//!
//! **Decide, then apply.** A request changes what dies with the coordinator: who is parked, which timers run. What outlives
//! it is returned as records; it counts when these are committed, and only then are the answers released that depend on it.
//! So a successor that reads the log knows all that anybody was ever told of offsets and assignments.
//!
//! Who drives a coordinator appends each [`Write`] to the partition as one batch, and calls [`Coordinator::committed`] in the
//! order of the log, once for each.
//!
//! | where | what is decided there |
//! |---|---|
//! | `join` | who may join, and what it does to the group |
//! | `rebalance` | when a generation ends, who is in the next, who leads it |
//! | `sync` | who hears of its share, and when |
//! | `session` | heartbeats, leaving, silence |
//! | `offsets` | whose commits count, and when offsets expire |
//! | [`record`], `image` | what is written down, and what it adds up to |
//! | `pending` | what waits for records to be committed |
//!
//! **Never here:** assignments: a client computes them, with an [`assignor`](super::assignor); the broker passes them on.
//!
//! **Not modelled:** the protocol of KIP-848 and share groups, transactional offset commits, `group.max.size`, the metadata
//! text of an offset, topics deleted under a group, deletion of groups by hand, protocol types other than consumers, and
//! reasons given for joining and leaving.

mod classic;
mod config;
mod image;
mod join;
mod member;
mod offsets;
mod pending;
mod rebalance;
pub mod record;
mod session;
mod state;
mod sync;
#[cfg(test)]
mod tests;
mod turn;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

pub use self::config::{GroupConfig, OFFSETS_TOPIC, partition_of};
pub use self::image::{Image, StoredImage};
pub use self::state::GroupState;
pub use self::turn::Answer;
pub use self::view::{GroupView, MemberView};

use self::classic::Group;
use self::pending::Pending;
use self::record::GroupRecord;
use self::turn::{Draft, MemberIds, Turn, refusal};
use super::machine::Ticket;
use super::protocol::{GroupRequest, GroupResponse, Join};
use super::record::Record;
use super::types::{ErrorCode, LeaderEpoch, TopicPartition};
use crate::engine::SimTime;

/// Names records that a coordinator wants committed. Never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// Records for the coordinator's partition, to be appended together with acks=all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Comes back with [`Coordinator::committed`].
    pub id: WriteId,
    /// At least one.
    pub records: Vec<Record>,
}

/// What a coordinator has decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// To be sent now.
    pub answers: Vec<Answer>,
    /// To be appended, in order.
    pub writes: Vec<Write>,
}

/// Whether a coordinator may speak for its groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Another broker leads the partition.
    Elsewhere,
    /// This broker leads it and reads the log.
    Loading,
    Active,
}

/// The coordinator of all groups that fall to one partition of [`OFFSETS_TOPIC`].
#[derive(Debug)]
pub struct Coordinator {
    config: Rc<GroupConfig>,
    standing: Standing,
    ids: MemberIds,
    image: Image,
    groups: BTreeMap<Rc<str>, Group>,
    pending: BTreeMap<WriteId, Pending>,
    writes: u64,
    /// When offsets are next looked through for expired ones.
    next_check: SimTime,
}

impl Coordinator {
    /// A coordinator for this partition. It refuses everything with NOT_COORDINATOR until it has loaded.
    pub fn new(partition: u32, config: Rc<GroupConfig>) -> Self {
        Self {
            config,
            standing: Standing::Elsewhere,
            ids: MemberIds { partition, epoch: LeaderEpoch(0), given: 0 },
            image: Image::default(),
            groups: BTreeMap::new(),
            pending: BTreeMap::new(),
            writes: 0,
            next_check: SimTime::ZERO,
        }
    }

    /// This broker leads the partition now, and begins to read it: requests hear COORDINATOR_LOAD_IN_PROGRESS until
    /// [`load`](Self::load).
    pub fn begin_loading(&mut self) {
        self.standing = Standing::Loading;
    }

    /// The committed records have been read: from now on the coordinator acts, under this epoch of the partition's leader.
    /// Sessions of all members begin anew.
    pub fn load<'a>(&mut self, now: SimTime, epoch: LeaderEpoch, records: impl IntoIterator<Item = &'a Record>) {
        (self.image, self.groups, self.pending) = Default::default();
        records.into_iter().for_each(|record| self.replay(record));
        self.ids = MemberIds { epoch, given: 0, ..self.ids };
        self.groups = self.image.groups().map(|(name, image)| (name.clone(), Group::load(name, image, now))).collect();
        self.next_check = now + self.config.retention_check;
        self.standing = Standing::Active;
    }

    /// Applies a committed record to what is stored. [`load`](Self::load) and [`committed`](Self::committed) call it; nothing
    /// else changes stored offsets and groups.
    pub fn replay(&mut self, record: &Record) {
        self.image.replay(GroupRecord::decode(record));
    }

    /// This broker does not lead the partition any more: everyone who waits hears NOT_COORDINATOR, and all is forgotten.
    pub fn resign(&mut self) -> Decision {
        self.standing = Standing::Elsewhere;
        let parked = self.groups.values().flat_map(|group| group.members.values()).filter_map(|m| m.parked.ticket());
        let waiting = self.pending.values().filter_map(Pending::ticket);
        let tickets: BTreeSet<Ticket> = parked.chain(waiting).collect();
        (self.image, self.groups, self.pending) = Default::default();
        let answer = |ticket| Answer { ticket, response: refusal(ErrorCode::NotCoordinator) };
        Decision { answers: tickets.into_iter().map(answer).collect(), writes: Vec::new() }
    }

    /// A request has come.
    pub fn handle(&mut self, now: SimTime, ticket: Ticket, request: &GroupRequest) -> Decision {
        let refused =
            |error| Decision { answers: vec![Answer { ticket, response: refusal(error) }], writes: Vec::new() };
        match self.standing {
            Standing::Elsewhere => return refused(ErrorCode::NotCoordinator),
            Standing::Loading => return refused(ErrorCode::CoordinatorLoadInProgress),
            Standing::Active => {}
        }
        if let Err(error) = self.open(now, request) {
            return refused(error);
        }
        let config = self.config.clone();
        let mut turn = Turn::new(now, &config, &mut self.ids);
        match (request, self.groups.get_mut(request.group())) {
            (GroupRequest::OffsetFetch { group, partitions }, live) => {
                let dead = live.is_some_and(|group| group.state == GroupState::Dead);
                turn.answer(
                    ticket,
                    if dead {
                        refusal(ErrorCode::CoordinatorNotAvailable)
                    } else {
                        self.image.fetch(group, partitions)
                    },
                );
            }
            (_, None) => turn.refuse(ticket, ErrorCode::UnknownMemberId),
            (GroupRequest::Join(join), Some(group)) => group.join(&mut turn, ticket, join),
            (GroupRequest::Sync { member, assignments }, Some(group)) => {
                group.sync(&mut turn, ticket, member, assignments)
            }
            (GroupRequest::Heartbeat(member), Some(group)) => group.heartbeat(&mut turn, ticket, member),
            (GroupRequest::Leave(member), Some(group)) => group.leave(&mut turn, ticket, member),
            (GroupRequest::OffsetCommit { member, offsets }, Some(group)) => {
                group.commit(&mut turn, ticket, member, offsets)
            }
        }
        let (answers, drafts) = (turn.answers, turn.drafts);
        self.conclude(now, answers, drafts)
    }

    /// Makes the group of a request, if the request may make one.
    fn open(&mut self, now: SimTime, request: &GroupRequest) -> Result<(), ErrorCode> {
        let name = request.group();
        let may_open = match request {
            GroupRequest::Join(join) => {
                self.check_session(join)?;
                join.member.id.is_empty()
            }
            // Offsets can be committed without ever joining.
            GroupRequest::OffsetCommit { member, .. } => {
                let known = member.generation.is_none() || self.groups.contains_key(name);
                known.then_some(true).ok_or(ErrorCode::IllegalGeneration)?
            }
            _ => false,
        };
        if may_open && !self.groups.contains_key(name) {
            if self.groups.is_empty() {
                // Without groups nothing was due.
                self.next_check = self.next_check.max(now + self.config.retention_check);
            }
            self.groups.insert(name.clone(), Group::new(name, now));
        }
        Ok(())
    }

    fn check_session(&self, join: &Join) -> Result<(), ErrorCode> {
        let bounds = self.config.session_timeout_min..=self.config.session_timeout_max;
        bounds.contains(&join.session_timeout).then_some(()).ok_or(ErrorCode::InvalidSessionTimeout)
    }

    /// Records of a write are committed, or could not be appended, and why. Anything of an earlier life is ignored.
    pub fn committed(&mut self, now: SimTime, write: WriteId, result: Result<(), ErrorCode>) -> Decision {
        let Some(pending) = self.pending.remove(&write) else { return Decision::default() };
        if result.is_ok() {
            pending.records.iter().for_each(|record| self.image.replay(record.clone()));
        }
        self.follow_up(now, vec![(pending, result.map_err(pending::told_as))])
    }

    /// The connection is gone on which this answer was awaited: it will not be given. What was asked stands.
    pub fn gone(&mut self, ticket: Ticket) {
        let members = self.groups.values_mut().flat_map(|group| group.members.values_mut());
        members.for_each(|member| member.parked.forget(ticket));
        self.pending.values_mut().for_each(|pending| pending.forget(ticket));
    }

    /// When [`timeout`](Self::timeout) is to be called if nothing else happens before.
    pub fn next_timeout(&self) -> Option<SimTime> {
        let check = (!self.groups.is_empty()).then_some(self.next_check);
        let writes = self.pending.values().filter_map(|pending| pending.due);
        self.groups.values().filter_map(Group::next_timeout).chain(writes).chain(check).min()
    }

    /// Does what is due: sessions and rebalances that time out, answers that have waited too long, offsets that expire.
    pub fn timeout(&mut self, now: SimTime) -> Decision {
        let mut decision = self.give_up_waiting(now);
        let config = self.config.clone();
        let mut turn = Turn::new(now, &config, &mut self.ids);
        self.groups.values_mut().for_each(|group| group.timeout(&mut turn));
        if self.next_check <= now {
            self.next_check = now + config.retention_check;
            let busy = |name: &Rc<str>| self.pending.values().any(|pending| pending.group == *name);
            let nothing = StoredImage::default();
            self.groups.retain(|name, group| {
                let image = self.image.get(name).unwrap_or(&nothing);
                let written = busy(name) || turn.drafts.iter().any(|draft| draft.group == *name);
                written || group.state == GroupState::Dead || !group.clean(&mut turn, image)
            });
        }
        let (answers, drafts) = (turn.answers, turn.drafts);
        decision.extend(self.conclude(now, answers, drafts));
        decision
    }

    /// Whoever has waited too long for records to be committed hears so. The records may still be committed, and then count.
    fn give_up_waiting(&mut self, now: SimTime) -> Decision {
        let late = self.pending.values_mut().filter(|pending| pending.due.is_some_and(|due| due <= now));
        let late = late.map(|pending| (pending.give_up(), Err(ErrorCode::CoordinatorNotAvailable))).collect();
        self.follow_up(now, late)
    }

    fn follow_up(&mut self, now: SimTime, done: Vec<(Pending, Result<(), ErrorCode>)>) -> Decision {
        let config = self.config.clone();
        let mut turn = Turn::new(now, &config, &mut self.ids);
        for (pending, result) in done {
            pending.follow_up(&mut turn, &mut self.groups, &self.image, result);
        }
        let (answers, drafts) = (turn.answers, turn.drafts);
        self.conclude(now, answers, drafts)
    }

    /// Numbers the writes and remembers what follows them.
    fn conclude(&mut self, now: SimTime, answers: Vec<Answer>, drafts: Vec<Draft>) -> Decision {
        let mut decision = Decision { answers, writes: Vec::new() };
        for draft in drafts {
            self.writes += 1;
            let id = WriteId(self.writes);
            decision.writes.push(Write { id, records: draft.records.iter().map(|r| r.encode(now)).collect() });
            self.pending.insert(id, Pending::new(draft, now + self.config.commit_timeout));
        }
        decision
    }

    /// All groups, by name, for whoever wants to look.
    pub fn groups(&self) -> impl Iterator<Item = GroupView<'_>> {
        self.groups.values().map(GroupView::of)
    }

    /// What is stored: what a successor will find.
    pub fn stored(&self) -> &Image {
        &self.image
    }
}

impl Decision {
    fn extend(&mut self, more: Decision) {
        self.answers.extend(more.answers);
        self.writes.extend(more.writes);
    }
}

impl Image {
    /// The stored offsets of these partitions.
    fn fetch(&self, group: &str, partitions: &[TopicPartition]) -> GroupResponse {
        let stored = |of: &TopicPartition| self.get(group)?.offsets.get(of).map(|stored| stored.offset);
        GroupResponse::Offsets(partitions.iter().map(|of| (of.clone(), stored(of))).collect())
    }
}
