//! One call of a coordinator: what it may look at, and what comes out of it.

use std::rc::Rc;

use siphasher::sip::SipHasher13;
use std::hash::Hasher;

use super::config::GroupConfig;
use super::record::GroupRecord;
use crate::engine::SimTime;
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::GroupResponse;
use crate::kafka::types::{ErrorCode, LeaderEpoch, TopicPartition};

/// An answer to be sent now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which request.
    pub ticket: Ticket,
    /// What to answer.
    pub response: GroupResponse,
}

/// What is done when records are committed, or have failed to be.
#[derive(Clone, Debug)]
pub(super) enum After {
    /// Nothing more.
    Nothing,
    /// A request is answered.
    Answer(Ticket, GroupResponse),
    /// The generation has its assignment: members with their shares.
    Assigned { generation: u32, shares: Vec<(Rc<str>, Vec<TopicPartition>)> },
    /// A static member has a new id, and is told so if no rebalance has begun meanwhile.
    Replaced { ticket: Ticket, old: Rc<str>, new: Rc<str>, response: GroupResponse },
    /// A dead group is forgotten.
    Forgotten,
}

/// Records that belong together, and what follows.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) group: Rc<str>,
    pub(super) records: Vec<GroupRecord>,
    pub(super) after: After,
}

/// One call.
pub(super) struct Turn<'a> {
    pub(super) now: SimTime,
    pub(super) config: &'a GroupConfig,
    pub(super) ids: &'a mut MemberIds,
    pub(super) answers: Vec<Answer>,
    pub(super) drafts: Vec<Draft>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(now: SimTime, config: &'a GroupConfig, ids: &'a mut MemberIds) -> Self {
        Self { now, config, ids, answers: Vec::new(), drafts: Vec::new() }
    }

    pub(super) fn answer(&mut self, ticket: Ticket, response: GroupResponse) {
        self.answers.push(Answer { ticket, response });
    }

    pub(super) fn refuse(&mut self, ticket: Ticket, error: ErrorCode) {
        self.answer(ticket, refusal(error));
    }

    pub(super) fn write(&mut self, group: &Rc<str>, records: Vec<GroupRecord>, after: After) {
        self.drafts.push(Draft { group: group.clone(), records, after });
    }
}

/// An error as the whole answer.
pub(super) fn refusal(error: ErrorCode) -> GroupResponse {
    GroupResponse::Error { error, member: None }
}

/// Makes member ids that no coordinator of this partition has ever given.
///
/// Kafka takes a random UUID. Ours is a hash of partition, epoch and count, with these behind it: unique by its end, and by
/// its beginning as unrelated to the order of joining as Kafka's, which matters to assignors that sort by id (D3).
#[derive(Clone, Debug)]
pub(super) struct MemberIds {
    pub(super) partition: u32,
    pub(super) epoch: LeaderEpoch,
    pub(super) given: u64,
}

impl MemberIds {
    /// An id for a member with this `group.instance.id`, or for a dynamic one.
    pub(super) fn next(&mut self, instance: Option<&Rc<str>>) -> Rc<str> {
        self.given += 1;
        let (partition, epoch, given) = (self.partition, self.epoch.0, self.given);
        let mut hasher = SipHasher13::new();
        hasher.write_u32(partition);
        hasher.write_u32(epoch);
        hasher.write_u64(given);
        let prefix = instance.map_or("member", |instance| instance);
        format!("{prefix}-{:08x}-{partition}-{epoch}-{given}", hasher.finish() as u32).into()
    }
}
