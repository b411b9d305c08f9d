//! Shares are asked for, and brought by the group's leader (D1).

use std::rc::Rc;

use super::classic::Group;
use super::member::Parked;
use super::state::GroupState;
use super::turn::{After, Turn};
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::{GroupResponse, Member};
use crate::kafka::types::{ErrorCode, TopicPartition};

/// Members with their shares, as a leader sends them.
type Shares = [(Rc<str>, Vec<TopicPartition>)];

impl Group {
    /// A member asks for its share.
    pub(super) fn sync(&mut self, turn: &mut Turn<'_>, ticket: Ticket, member: &Member, shares: &Shares) {
        if let Err(error) = self.check_generation(member) {
            return turn.refuse(ticket, error);
        }
        match self.state {
            GroupState::CompletingRebalance => self.park_sync(turn, ticket, &member.id, shares),
            GroupState::Stable => self.tell_share(turn, ticket, &member.id),
            GroupState::PreparingRebalance => turn.refuse(ticket, ErrorCode::RebalanceInProgress),
            GroupState::Empty | GroupState::Dead => turn.refuse(ticket, ErrorCode::UnknownMemberId),
        }
    }

    /// Nobody hears of a share before the leader has brought all and they are committed: else a new coordinator would not
    /// know of them.
    fn park_sync(&mut self, turn: &mut Turn<'_>, ticket: Ticket, id: &Rc<str>, shares: &Shares) {
        self.has_synced(id);
        self.members.get_mut(id).expect("checked").parked = Parked::Sync(Some(ticket));
        if !self.is_leader(id) {
            return;
        }
        let share =
            |id: &Rc<str>| shares.iter().find(|(of, _)| of == id).map_or(Vec::new(), |(_, share)| share.clone());
        let record = self.record(turn.now, |id, _| share(id));
        let shares = self.members.keys().map(|id| (id.clone(), share(id))).collect();
        turn.write(&self.name, vec![record], After::Assigned { generation: self.generation, shares });
    }

    fn tell_share(&mut self, turn: &mut Turn<'_>, ticket: Ticket, id: &Rc<str>) {
        self.has_synced(id);
        let member = self.members.get_mut(id).expect("checked");
        member.touch(turn.now);
        turn.answer(ticket, GroupResponse::Synced(member.assignment.clone()));
    }

    fn has_synced(&mut self, id: &str) {
        let Some((_, unsynced)) = &mut self.unsynced else { return };
        unsynced.remove(id);
        if unsynced.is_empty() {
            self.unsynced = None;
        }
    }

    /// The shares of a generation are committed, or have failed to be. Late if the group has moved on.
    pub(super) fn assigned(
        &mut self,
        turn: &mut Turn<'_>,
        generation: u32,
        shares: Vec<(Rc<str>, Vec<TopicPartition>)>,
        result: Result<(), ErrorCode>,
    ) {
        if self.state != GroupState::CompletingRebalance || self.generation != generation {
            return;
        }
        if let Err(error) = result {
            self.fail_syncs(turn, error);
            return self.rebalance(turn);
        }
        self.become_state(GroupState::Stable, turn.now);
        for (id, share) in shares {
            let Some(member) = self.members.get_mut(&id) else { continue };
            member.assignment.clone_from(&share);
            if let Parked::Sync(ticket) = member.parked {
                member.parked = Parked::No;
                member.touch(turn.now);
                ticket.into_iter().for_each(|ticket| turn.answer(ticket, GroupResponse::Synced(share.clone())));
            }
        }
    }

    /// Members that never asked for their share are dropped.
    pub(super) fn sync_is_due(&mut self, turn: &mut Turn<'_>) {
        let (_, silent) = self.unsynced.take().expect("due");
        silent.iter().for_each(|id| self.forget(turn, id));
        self.rebalance(turn);
    }
}
