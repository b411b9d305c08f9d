//! Which offsets are stored, for whom, and for how long (D1, D2).

use std::rc::Rc;

use super::classic::Group;
use super::config::GroupConfig;
use super::image::StoredImage;
use super::record::{GroupRecord, Stored};
use super::state::GroupState;
use super::turn::{After, Turn};
use crate::engine::SimTime;
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::{GroupResponse, Member};
use crate::kafka::types::{ErrorCode, Offset, TopicPartition};

impl Group {
    /// Somebody commits offsets.
    pub(super) fn commit(
        &mut self,
        turn: &mut Turn<'_>,
        ticket: Ticket,
        member: &Member,
        offsets: &[(TopicPartition, Offset)],
    ) {
        if let Err(error) = self.check_commit(member) {
            return turn.refuse(ticket, error);
        }
        self.touch(turn, &member.id);
        let records = offsets.iter().map(|(partition, offset)| GroupRecord::Offset {
            group: self.name.clone(),
            partition: partition.clone(),
            stored: Some(Stored { offset: *offset, at: turn.now }),
        });
        let done = offsets.iter().map(|(partition, _)| (partition.clone(), ErrorCode::None)).collect();
        let answer = GroupResponse::Committed(done);
        match records.collect::<Vec<_>>() {
            records if records.is_empty() => turn.answer(ticket, answer),
            records => turn.write(&self.name, records, After::Answer(ticket, answer)),
        }
    }

    /// Only the commit is fenced, never what was done before it (D1): a zombie hears here that it is one.
    fn check_commit(&self, member: &Member) -> Result<(), ErrorCode> {
        let outsider = member.generation.is_none() && member.id.is_empty() && member.instance.is_none();
        match self.state {
            GroupState::Dead => return Err(ErrorCode::CoordinatorNotAvailable),
            GroupState::Empty if member.generation.is_none() => return Ok(()),
            _ if outsider => return Err(ErrorCode::UnknownMemberId),
            _ => self.check_generation(member)?,
        }
        match self.state {
            GroupState::CompletingRebalance => Err(ErrorCode::RebalanceInProgress),
            _ => Ok(()),
        }
    }

    /// Offsets that nobody has needed for the time of retention: those of an empty group, and those of topics that no member
    /// of a stable one wants to read.
    pub(super) fn expired(&self, image: &StoredImage, config: &GroupConfig, now: SimTime) -> Vec<TopicPartition> {
        let wanted = |topic: &Rc<str>| self.members.values().any(|member| member.subscription.topics.contains(topic));
        let unused_since = |partition: &TopicPartition, stored: &Stored| match self.state {
            _ if !self.consumer => Some(stored.at),
            GroupState::Empty => Some(self.since),
            GroupState::Stable => (!wanted(&partition.topic)).then_some(stored.at),
            _ => None,
        };
        let expired = image.offsets.iter().filter(|(partition, stored)| {
            unused_since(partition, stored).is_some_and(|since| since + config.offsets_retention <= now)
        });
        expired.map(|(partition, _)| partition.clone()).collect()
    }

    /// Forgets expired offsets, and the group itself when nothing is left of it.
    ///
    /// True if nothing of it was ever written down, so that it can be forgotten at once.
    pub(super) fn clean(&mut self, turn: &mut Turn<'_>, image: &StoredImage) -> bool {
        let expired = self.expired(image, turn.config, turn.now);
        let dies = expired.len() == image.offsets.len() && self.state == GroupState::Empty && self.promised.is_empty();
        let tombstone = |partition| GroupRecord::Offset { group: self.name.clone(), partition, stored: None };
        let mut records: Vec<_> = expired.into_iter().map(tombstone).collect();
        if dies {
            records.extend(image.group.iter().map(|_| GroupRecord::Group { group: self.name.clone(), stored: None }));
            self.become_state(GroupState::Dead, turn.now);
        }
        if records.is_empty() {
            return dies;
        }
        turn.write(&self.name, records, if dies { After::Forgotten } else { After::Nothing });
        false
    }
}
