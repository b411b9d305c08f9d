//! Who may join, and what it does to the group (D1; KIP-394, KIP-345).

use std::rc::Rc;

use super::classic::Group;
use super::member::{Member, Parked};
use super::state::GroupState;
use super::turn::{After, Turn, refusal};
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::{GroupResponse, Join};
use crate::kafka::types::ErrorCode;

impl Group {
    /// A member wants to join.
    pub(super) fn join(&mut self, turn: &mut Turn<'_>, ticket: Ticket, join: &Join) {
        let outcome = if self.state == GroupState::Dead {
            Err(ErrorCode::CoordinatorNotAvailable)
        } else if !self.supports(&join.protocols) {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else if join.member.id.is_empty() {
            self.join_without_id(turn, ticket, join);
            Ok(())
        } else {
            self.join_with_id(turn, ticket, join)
        };
        if let Err(error) = outcome {
            turn.refuse(ticket, error);
        }
    }

    /// A dynamic member is sent back with an id, so that a client which gave up leaves no member behind (KIP-394). A static
    /// one takes its instance over.
    fn join_without_id(&mut self, turn: &mut Turn<'_>, ticket: Ticket, join: &Join) {
        let instance = join.member.instance.as_ref();
        let id = turn.ids.next(instance);
        match instance.map(|instance| self.statics.get(instance).cloned()) {
            None => {
                self.promised.insert(id.clone(), turn.now + join.session_timeout);
                let error = ErrorCode::MemberIdRequired;
                turn.answer(ticket, GroupResponse::Error { error, member: Some(id) });
            }
            Some(None) => self.add(turn, ticket, id, join),
            Some(Some(old)) => self.replace(turn, ticket, (&old, id), join),
        }
    }

    fn join_with_id(&mut self, turn: &mut Turn<'_>, ticket: Ticket, join: &Join) -> Result<(), ErrorCode> {
        let id = &join.member.id;
        if self.promised.remove(id).is_some() {
            self.add(turn, ticket, id.clone(), join);
            return Ok(());
        }
        self.check_member(&join.member)?;
        let leads = self.is_leader(id);
        let member = self.members.get_mut(id).expect("checked");
        let unchanged = member.wants_the_same(join);
        let settled = match self.state {
            GroupState::CompletingRebalance => unchanged,
            // The leader joins again because something has changed that only it can see.
            GroupState::Stable => unchanged && !leads,
            _ => false,
        };
        member.touch(turn.now);
        if settled {
            let answer = self.joined(id);
            turn.answer(ticket, answer);
        } else {
            member.rejoin(join, ticket);
            self.rebalance(turn);
        }
        Ok(())
    }

    fn add(&mut self, turn: &mut Turn<'_>, ticket: Ticket, id: Rc<str>, join: &Join) {
        self.joined += 1;
        self.consumer = true;
        let deadline = turn.now + turn.config.new_member_timeout;
        self.members.insert(id.clone(), Member::newcomer(self.joined, join, ticket, deadline));
        self.statics.extend(join.member.instance.iter().map(|instance| (instance.clone(), id.clone())));
        self.leader.get_or_insert(id);
        if let Some(initial) = self.gathering.as_mut().and_then(|gathering| gathering.initial.as_mut()) {
            initial.newcomer = true;
        }
        self.rebalance(turn);
    }

    /// A static member has restarted: it gets the share of its former self without a rebalance, unless the group is in one.
    fn replace(&mut self, turn: &mut Turn<'_>, ticket: Ticket, (old, new): (&Rc<str>, Rc<str>), join: &Join) {
        // As older clients are told: of a leader's restart they hear the old id, so that it does not assign anew.
        let leader = self.leader.clone();
        self.rename(old, &new);
        let member = self.members.get_mut(&new).expect("renamed");
        if let Some(fenced) = member.parked.ticket() {
            turn.refuse(fenced, ErrorCode::FencedInstanceId);
        }
        member.rejoin(join, ticket);
        member.touch(turn.now);
        if self.state != GroupState::Stable || self.select_protocol() != self.protocol {
            return self.rebalance(turn);
        }
        let response = GroupResponse::Joined {
            generation: self.generation,
            protocol: self.protocol.clone().expect("a stable group has one"),
            leader: leader.expect("a stable group has one"),
            member: new.clone(),
            members: Vec::new(),
        };
        let record = self.record(self.since, |_, member| member.assignment.clone());
        turn.write(&self.name, vec![record], After::Replaced { ticket, old: old.clone(), new, response });
    }

    fn rename(&mut self, old: &Rc<str>, new: &Rc<str>) {
        let member = self.members.remove(old).expect("static members are members");
        self.statics.extend(member.instance.iter().map(|instance| (instance.clone(), new.clone())));
        self.members.insert(new.clone(), member);
        if self.is_leader(old) {
            self.leader = Some(new.clone());
        }
        if let Some((_, unsynced)) = &mut self.unsynced
            && unsynced.remove(old)
        {
            unsynced.insert(new.clone());
        }
    }

    /// The new id of a static member is committed, or has failed to be; then the old one counts again. If a rebalance has
    /// begun meanwhile, the member waits for that, and this is late.
    pub(super) fn replaced(
        &mut self,
        turn: &mut Turn<'_>,
        (old, new): (&Rc<str>, &Rc<str>),
        ticket: Ticket,
        result: Result<GroupResponse, ErrorCode>,
    ) {
        let stable = self.state == GroupState::Stable;
        let Some(member) = self.members.get_mut(new).filter(|member| stable && member.awaits_join()) else { return };
        let reachable = member.parked == Parked::Join(Some(ticket));
        member.parked = Parked::No;
        member.touch(turn.now);
        if result.is_err() {
            self.rename(new, old);
        }
        if reachable {
            turn.answer(ticket, result.unwrap_or_else(refusal));
        }
    }

    /// The answer to a member's join in this generation.
    pub(super) fn joined(&self, id: &Rc<str>) -> GroupResponse {
        let everyone = || self.by_order().iter().map(|id| self.members[id].introduce(id)).collect();
        GroupResponse::Joined {
            generation: self.generation,
            protocol: self.protocol.clone().expect("a generation with members has a protocol"),
            leader: self.leader.clone().expect("a generation with members has a leader"),
            member: id.clone(),
            members: if self.is_leader(id) { everyone() } else { Vec::new() },
        }
    }
}
