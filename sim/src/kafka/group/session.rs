//! How members show that they live, and how they go: by leaving, or by silence (D1, D2).

use std::rc::Rc;

use super::classic::Group;
use super::state::GroupState;
use super::turn::{After, Turn};
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::{GroupResponse, Member};
use crate::kafka::types::ErrorCode;

impl Group {
    /// A member says that it lives, and hears whether it should join again.
    pub(super) fn heartbeat(&mut self, turn: &mut Turn<'_>, ticket: Ticket, member: &Member) {
        let outcome = self.check_generation(member).and_then(|()| {
            self.touch(turn, &member.id);
            match self.state {
                GroupState::PreparingRebalance => Err(ErrorCode::RebalanceInProgress),
                // While the leader assigns there is nothing a member should do. The javadoc of the state says otherwise; the
                // code does not (D1).
                GroupState::CompletingRebalance | GroupState::Stable => Ok(()),
                GroupState::Empty | GroupState::Dead => Err(ErrorCode::UnknownMemberId),
            }
        });
        match outcome {
            Ok(()) => turn.answer(ticket, GroupResponse::Done),
            Err(error) => turn.refuse(ticket, error),
        }
    }

    /// The member's session begins anew.
    pub(super) fn touch(&mut self, turn: &Turn<'_>, id: &str) {
        self.members.get_mut(id).into_iter().for_each(|member| member.touch(turn.now));
    }

    /// A member leaves. A static one may be named by its instance alone.
    pub(super) fn leave(&mut self, turn: &mut Turn<'_>, ticket: Ticket, member: &Member) {
        let drafts = turn.drafts.len();
        if let Err(error) = self.try_leave(turn, member) {
            return turn.refuse(ticket, error);
        }
        match turn.drafts.get_mut(drafts) {
            Some(draft) => draft.after = After::Answer(ticket, GroupResponse::Done),
            None => turn.answer(ticket, GroupResponse::Done),
        }
    }

    fn try_leave(&mut self, turn: &mut Turn<'_>, member: &Member) -> Result<(), ErrorCode> {
        if self.state == GroupState::Dead {
            return Err(ErrorCode::CoordinatorNotAvailable);
        }
        if self.promised.remove(&member.id).is_some() {
            self.complete_if_all_joined(turn);
            return Ok(());
        }
        let named = member.instance.as_ref().and_then(|instance| self.statics.get(instance).cloned());
        let id = named.filter(|_| member.id.is_empty()).unwrap_or_else(|| member.id.clone());
        self.check_member(&Member { id: id.clone(), ..member.clone() })?;
        self.remove(turn, &id);
        Ok(())
    }

    /// A member is gone: the others need a new generation.
    fn remove(&mut self, turn: &mut Turn<'_>, id: &Rc<str>) {
        self.forget(turn, id);
        self.rebalance(turn);
    }

    /// Takes a member out of the books. If it still waits for an answer, it hears that it is not known.
    pub(super) fn forget(&mut self, turn: &mut Turn<'_>, id: &Rc<str>) {
        let Some(member) = self.members.remove(id) else { return };
        member.parked.ticket().into_iter().for_each(|ticket| turn.refuse(ticket, ErrorCode::UnknownMemberId));
        member.instance.iter().for_each(|instance| {
            self.statics.remove(instance);
        });
        if let Some((_, unsynced)) = &mut self.unsynced {
            unsynced.remove(id);
        }
        if self.is_leader(id) {
            self.leader = self.by_order().into_iter().next();
        }
    }

    /// Does what is due.
    pub(super) fn timeout(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now;
        let promises = self.promised.len();
        self.promised.retain(|_, until| *until > now);
        if self.promised.len() < promises {
            self.complete_if_all_joined(turn);
        }
        for id in self.by_order() {
            // Removing one may have changed what holds for the next.
            if self.members.get(&id).and_then(|member| member.expires()).is_some_and(|at| at <= now) {
                self.remove(turn, &id);
            }
        }
        if self.gathering.is_some_and(|gathering| gathering.until <= now) {
            self.gathering_is_due(turn);
        }
        if self.unsynced.as_ref().is_some_and(|(until, _)| *until <= now) {
            self.sync_is_due(turn);
        }
    }
}
