//! What can be seen of a group from outside.

use std::rc::Rc;

use super::classic::Group;
use super::state::GroupState;
use crate::kafka::types::TopicPartition;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupView<'a> {
    /// Its name.
    pub name: &'a Rc<str>,
    /// Its state.
    pub state: GroupState,
    /// Its generation.
    pub generation: u32,
    /// The assignor it has agreed on.
    pub protocol: Option<&'a Rc<str>>,
    /// The member that assigns.
    pub leader: Option<&'a Rc<str>>,
    /// Its members, the first to join first.
    pub members: Vec<MemberView<'a>>,
}

/// A member of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView<'a> {
    /// Its id.
    pub id: &'a Rc<str>,
    /// Its `group.instance.id`, if it is static.
    pub instance: Option<&'a Rc<str>>,
    /// Its share in the last generation that got that far; empty while a generation has none yet.
    pub assignment: &'a [TopicPartition],
}

impl<'a> GroupView<'a> {
    pub(super) fn of(group: &'a Group) -> Self {
        let mut members: Vec<_> = group.members.iter().collect();
        members.sort_by_key(|(_, member)| member.order);
        let view = |(id, member): (&'a Rc<str>, &'a super::member::Member)| MemberView {
            id,
            instance: member.instance.as_ref(),
            assignment: &member.assignment,
        };
        Self {
            name: &group.name,
            state: group.state,
            generation: group.generation,
            protocol: group.protocol.as_ref(),
            leader: group.leader.as_ref(),
            members: members.into_iter().map(view).collect(),
        }
    }
}
