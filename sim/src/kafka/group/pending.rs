//! What waits for records to be committed.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::classic::Group;
use super::image::Image;
use super::record::GroupRecord;
use super::turn::{After, Draft, Turn, refusal};
use crate::engine::SimTime;
use crate::kafka::machine::Ticket;
use crate::kafka::types::ErrorCode;

/// A write that is not committed yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) group: Rc<str>,
    pub(super) records: Vec<GroupRecord>,
    after: After,
    /// When whoever waits is told that it takes too long; none once they were.
    pub(super) due: Option<SimTime>,
}

impl Pending {
    pub(super) fn new(draft: Draft, due: SimTime) -> Self {
        let Draft { group, records, after } = draft;
        Self { group, records, after, due: Some(due) }
    }

    /// Who waits for it.
    pub(super) fn ticket(&self) -> Option<Ticket> {
        match self.after {
            After::Answer(ticket, _) | After::Replaced { ticket, .. } => Some(ticket),
            After::Nothing | After::Assigned { .. } | After::Forgotten => None,
        }
    }

    /// This answer is not awaited any more.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        if matches!(self.after, After::Answer(whose, _) if whose == ticket) {
            self.after = After::Nothing;
        }
    }

    /// Takes out what follows. The records stay: they count whenever they are committed.
    pub(super) fn give_up(&mut self) -> Pending {
        self.due = None;
        let after = std::mem::replace(&mut self.after, After::Nothing);
        Pending { group: self.group.clone(), records: Vec::new(), after, due: None }
    }

    /// Does what was to follow.
    pub(super) fn follow_up(
        self,
        turn: &mut Turn<'_>,
        groups: &mut BTreeMap<Rc<str>, Group>,
        image: &Image,
        result: Result<(), ErrorCode>,
    ) {
        match (self.after, groups.get_mut(&self.group)) {
            (After::Nothing, _) => {}
            (After::Answer(ticket, answer), _) => turn.answer(ticket, result.map_or_else(refusal, |()| answer)),
            (After::Assigned { generation, shares }, Some(group)) => group.assigned(turn, generation, shares, result),
            (After::Replaced { ticket, old, new, response }, Some(group)) => {
                group.replaced(turn, (&old, &new), ticket, result.map(|()| response));
            }
            (After::Forgotten, Some(_)) => match image.get(&self.group) {
                // It could not be forgotten, so it is what it was.
                Some(image) => {
                    groups.insert(self.group.clone(), Group::load(&self.group, image, turn.now));
                }
                None => {
                    groups.remove(&self.group);
                }
            },
            (After::Assigned { .. } | After::Replaced { .. } | After::Forgotten, None) => {}
        }
    }
}

/// How a failed append is told to clients, after CoordinatorOperationExceptionHelper.java.
pub(super) const fn told_as(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch => ErrorCode::NotCoordinator,
        _ => ErrorCode::CoordinatorNotAvailable,
    }
}
