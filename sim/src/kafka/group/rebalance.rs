//! From one generation to the next: members are called, gathered, and told (D1).

use super::classic::{Gathering, Group, InitialDelay};
use super::member::Parked;
use super::state::GroupState;
use super::turn::{After, Turn};
use crate::engine::SimDuration;
use crate::kafka::types::ErrorCode;

/// Before a group of silent static members looks again for one that joins; only where its rebalance timeout is shorter.
const RETRY_MIN: SimDuration = SimDuration::from_millis(1);

impl Group {
    /// Something has changed: calls for a new generation, or ends the call if everyone has come.
    pub(super) fn rebalance(&mut self, turn: &mut Turn<'_>) {
        match self.state {
            GroupState::PreparingRebalance => self.complete_if_all_joined(turn),
            _ => self.prepare(turn),
        }
    }

    fn prepare(&mut self, turn: &mut Turn<'_>) {
        if self.state == GroupState::CompletingRebalance {
            self.fail_syncs(turn, ErrorCode::RebalanceInProgress);
        }
        self.unsynced = None;
        let timeout = self.rebalance_timeout();
        let initial = (self.state == GroupState::Empty).then(|| {
            let left = timeout.saturating_sub(turn.config.initial_rebalance_delay);
            InitialDelay { left, newcomer: false }
        });
        let wait = if initial.is_some() { turn.config.initial_rebalance_delay } else { timeout };
        self.gathering = Some(Gathering { until: turn.now + wait, initial });
        self.become_state(GroupState::PreparingRebalance, turn.now);
        self.complete_if_all_joined(turn);
    }

    /// Everyone who asked for a share of the generation that ends hears an error.
    pub(super) fn fail_syncs(&mut self, turn: &mut Turn<'_>, error: ErrorCode) {
        for member in self.members.values_mut() {
            member.assignment.clear();
            if let Parked::Sync(ticket) = member.parked {
                member.parked = Parked::No;
                member.touch(turn.now);
                ticket.into_iter().for_each(|ticket| turn.refuse(ticket, error));
            }
        }
    }

    /// Ends the call for members when all have come. The initial delay is waited out all the same.
    pub(super) fn complete_if_all_joined(&mut self, turn: &mut Turn<'_>) {
        let initial = self.gathering.is_some_and(|gathering| gathering.initial.is_some());
        let all = self.promised.is_empty() && self.members.values().all(|member| member.awaits_join());
        if all && !initial && self.state == GroupState::PreparingRebalance {
            self.complete_join(turn);
        }
    }

    /// The time for joining is over, unless an empty group has just had newcomers.
    pub(super) fn gathering_is_due(&mut self, turn: &mut Turn<'_>) {
        let initial = self.gathering.and_then(|gathering| gathering.initial);
        match initial {
            Some(InitialDelay { left, newcomer: true }) if left > SimDuration::ZERO => {
                let wait = turn.config.initial_rebalance_delay.min(left);
                let initial = InitialDelay { left: left.saturating_sub(wait), newcomer: false };
                self.gathering = Some(Gathering { until: turn.now + wait, initial: Some(initial) });
            }
            _ => self.complete_join(turn),
        }
    }

    fn complete_join(&mut self, turn: &mut Turn<'_>) {
        self.drop_absent_dynamic_members();
        if !self.elect() {
            let wait = self.rebalance_timeout().max(RETRY_MIN);
            self.gathering = Some(Gathering { until: turn.now + wait, initial: None });
            return;
        }
        self.gathering = None;
        self.generation += 1;
        self.protocol = self.select_protocol();
        if self.members.is_empty() {
            self.become_state(GroupState::Empty, turn.now);
            let record = self.record(turn.now, |_, _| Vec::new());
            turn.write(&self.name, vec![record], After::Nothing);
        } else {
            self.become_state(GroupState::CompletingRebalance, turn.now);
            self.announce(turn);
        }
    }

    fn drop_absent_dynamic_members(&mut self) {
        self.members.retain(|_, member| member.awaits_join() || member.instance.is_some());
        if self.leader.as_ref().is_some_and(|leader| !self.members.contains_key(leader)) {
            self.leader = None;
        }
    }

    /// The leader stays if it has joined; else the oldest member that has. False if there are members, but none has joined.
    fn elect(&mut self) -> bool {
        let has_joined = |id: &str| self.members.get(id).is_some_and(|member| member.awaits_join());
        if self.leader.as_deref().is_some_and(has_joined) || self.members.is_empty() {
            return true;
        }
        let Some(next) = self.by_order().into_iter().find(|id| has_joined(id)) else { return false };
        self.leader = Some(next);
        true
    }

    /// Tells everyone who has joined, and waits for all to ask for their shares.
    fn announce(&mut self, turn: &mut Turn<'_>) {
        for id in self.by_order() {
            let answer = self.joined(&id);
            let member = self.members.get_mut(&id).expect("listed");
            let ticket = member.parked.ticket();
            (member.parked, member.is_new) = (Parked::No, false);
            member.touch(turn.now);
            ticket.into_iter().for_each(|ticket| turn.answer(ticket, answer.clone()));
        }
        let until = turn.now + self.rebalance_timeout();
        self.unsynced = Some((until, self.members.keys().cloned().collect()));
    }
}
