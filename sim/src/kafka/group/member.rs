//! A member as its coordinator sees it.

use std::rc::Rc;

use super::record::StoredMember;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::Ticket;
use crate::kafka::protocol::{GroupMember, Join, Subscription};
use crate::kafka::types::TopicPartition;

/// Which request of a member waits for an answer. Without a ticket its connection is gone: it counts, but is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parked {
    No,
    Join(Option<Ticket>),
    Sync(Option<Ticket>),
}

impl Parked {
    /// Whom to answer, if anybody.
    pub(super) fn ticket(self) -> Option<Ticket> {
        match self {
            Parked::No => None,
            Parked::Join(ticket) | Parked::Sync(ticket) => ticket,
        }
    }

    /// This answer is not awaited any more.
    pub(super) fn forget(&mut self, gone: Ticket) {
        if let Parked::Join(ticket) | Parked::Sync(ticket) = self {
            ticket.take_if(|ticket| *ticket == gone);
        }
    }
}

/// A member.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// Place in the order of joining.
    pub(super) order: u64,
    pub(super) instance: Option<Rc<str>>,
    pub(super) session_timeout: SimDuration,
    pub(super) rebalance_timeout: SimDuration,
    pub(super) protocols: Vec<Rc<str>>,
    pub(super) subscription: Subscription,
    pub(super) assignment: Vec<TopicPartition>,
    /// It has not been in a generation yet.
    pub(super) is_new: bool,
    pub(super) parked: Parked,
    /// When its session ends.
    pub(super) deadline: SimTime,
}

impl Member {
    /// A member that joins for the first time.
    pub(super) fn newcomer(order: u64, join: &Join, ticket: Ticket, deadline: SimTime) -> Self {
        Self {
            order,
            instance: join.member.instance.clone(),
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols.clone(),
            subscription: join.subscription.clone(),
            assignment: Vec::new(),
            is_new: true,
            parked: Parked::Join(Some(ticket)),
            deadline,
        }
    }

    /// A member found in the log: it knows the protocol its group has agreed on, since no other was written down.
    pub(super) fn loaded(order: u64, stored: &StoredMember, protocol: Option<&Rc<str>>, now: SimTime) -> Self {
        Self {
            order,
            instance: stored.instance.clone(),
            session_timeout: stored.session_timeout,
            rebalance_timeout: stored.rebalance_timeout,
            protocols: protocol.into_iter().cloned().collect(),
            subscription: stored.subscription.clone(),
            assignment: stored.assignment.clone(),
            is_new: false,
            parked: Parked::No,
            deadline: now + stored.session_timeout,
        }
    }

    /// It joins again, perhaps with other wishes. A request of its that was parked before is never answered, as in Kafka: its
    /// client has given up on it.
    pub(super) fn rejoin(&mut self, join: &Join, ticket: Ticket) {
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.protocols.clone_from(&join.protocols);
        self.subscription.clone_from(&join.subscription);
        self.parked = Parked::Join(Some(ticket));
    }

    /// Whether it wants what it wanted before.
    pub(super) fn wants_the_same(&self, join: &Join) -> bool {
        self.protocols == join.protocols && self.subscription == join.subscription
    }

    /// It has shown that it lives.
    pub(super) fn touch(&mut self, now: SimTime) {
        if !self.is_new {
            self.deadline = now + self.session_timeout;
        }
    }

    pub(super) fn awaits_join(&self) -> bool {
        matches!(self.parked, Parked::Join(_))
    }

    /// When it is given up. A member whose request is parked cannot speak, so it cannot fall silent either; but one that was
    /// never in a generation is not waited for without end (Kafka: ClassicGroupMember.hasSatisfiedHeartbeat).
    pub(super) fn expires(&self) -> Option<SimTime> {
        (self.parked == Parked::No || self.is_new).then_some(self.deadline)
    }

    /// As the group's leader sees it.
    pub(super) fn introduce(&self, id: &Rc<str>) -> GroupMember {
        GroupMember { id: id.clone(), instance: self.instance.clone(), subscription: self.subscription.clone() }
    }

    /// As it is written down.
    pub(super) fn stored(&self, id: &Rc<str>, assignment: Vec<TopicPartition>) -> StoredMember {
        StoredMember {
            id: id.clone(),
            instance: self.instance.clone(),
            session_timeout: self.session_timeout,
            rebalance_timeout: self.rebalance_timeout,
            subscription: self.subscription.clone(),
            assignment,
        }
    }
}
