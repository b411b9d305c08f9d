//! The coordinator of the one group of the make-believe cluster: enough of D1 for tests of members.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{World, answer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::*;
use crate::kafka::types::*;

/// How long a fresh group waits for more members: shorter than in reality.
const INITIAL_DELAY: SimDuration = SimDuration::from_millis(100);

/// The group.
#[derive(Default)]
pub(crate) struct FakeGroup {
    pub(crate) generation: u32,
    next_id: u32,
    /// Members, with the time by which they must be heard again.
    pub(crate) members: BTreeMap<Rc<str>, (SimTime, Join)>,
    joining: BTreeMap<Rc<str>, Ticket>,
    syncing: BTreeMap<Rc<str>, Ticket>,
    shares: Option<BTreeMap<Rc<str>, Vec<TopicPartition>>>,
    /// When a join phase ends at the latest.
    join_ends: Option<SimTime>,
    rebalancing: bool,
}

impl FakeGroup {
    pub(crate) fn gone(&mut self, ticket: Ticket) {
        self.joining.retain(|_, waiting| *waiting != ticket);
        self.syncing.retain(|_, waiting| *waiting != ticket);
    }

    pub(crate) fn next_timeout(&self) -> Option<SimTime> {
        let sessions = self.members.iter().filter(|(id, _)| !self.joining.contains_key(*id)).map(|(_, (at, _))| *at);
        sessions.chain(self.join_ends).min()
    }

    pub(crate) fn timeout(&mut self, now: SimTime) -> Vec<Output> {
        let joining = self.joining.clone();
        let before = self.members.len();
        self.members.retain(|id, (at, _)| *at > now || joining.contains_key(id));
        if self.members.len() != before {
            self.prepare(now, SimDuration::from_secs(60));
        }
        if self.join_ends.is_some_and(|at| at <= now) {
            self.members.retain(|id, _| joining.contains_key(id));
        }
        self.finish_join(now)
    }

    fn prepare(&mut self, now: SimTime, patience: SimDuration) {
        self.rebalancing = true;
        self.shares = None;
        self.join_ends.get_or_insert(now + patience);
    }

    fn join(&mut self, now: SimTime, ticket: Ticket, mut join: Join) -> Vec<Output> {
        if join.member.id.is_empty() {
            self.next_id += 1;
            let id: Rc<str> = format!("member-{}", self.next_id).into();
            let response = GroupResponse::Error { error: ErrorCode::MemberIdRequired, member: Some(id) };
            return vec![answer(ticket, Response::Group(response))];
        }
        let id = join.member.id.clone();
        join.member.generation = None;
        let patience = if self.members.is_empty() { INITIAL_DELAY } else { join.rebalance_timeout };
        self.members.insert(id.clone(), (now + join.session_timeout, join));
        self.joining.insert(id, ticket);
        self.prepare(now, patience);
        let alone_and_new = self.generation == 0;
        if alone_and_new { Vec::new() } else { self.finish_join(now) }
    }

    fn finish_join(&mut self, now: SimTime) -> Vec<Output> {
        let all = self.members.keys().all(|id| self.joining.contains_key(id));
        let due = self.join_ends.is_some_and(|at| at <= now);
        if self.joining.is_empty() || !all || (self.generation == 0 && !due) {
            return Vec::new();
        }
        self.generation += 1;
        (self.rebalancing, self.join_ends) = (true, None);
        let leader = self.members.keys().next().cloned().expect("somebody joins");
        let members: Vec<GroupMember> = self
            .members
            .values()
            .map(|(_, join)| GroupMember {
                id: join.member.id.clone(),
                instance: join.member.instance.clone(),
                subscription: join.subscription.clone(),
            })
            .collect();
        let joining = std::mem::take(&mut self.joining);
        let mut outputs = Vec::new();
        for (id, ticket) in joining {
            let (heard, join) = self.members.get_mut(&id).expect("who joins is a member");
            *heard = now + join.session_timeout;
            outputs.push(answer(
                ticket,
                Response::Group(GroupResponse::Joined {
                    generation: self.generation,
                    protocol: join.protocols[0].clone(),
                    leader: leader.clone(),
                    member: id.clone(),
                    members: if id == leader { members.clone() } else { Vec::new() },
                }),
            ));
        }
        outputs
    }

    fn sync(&mut self, ticket: Ticket, id: Rc<str>, assignments: Vec<(Rc<str>, Vec<TopicPartition>)>) -> Vec<Output> {
        self.syncing.insert(id, ticket);
        if !assignments.is_empty() {
            self.shares = Some(assignments.into_iter().collect());
            self.rebalancing = false;
        }
        let Some(shares) = &self.shares else { return Vec::new() };
        let syncing = std::mem::take(&mut self.syncing);
        let share = |id: &Rc<str>| GroupResponse::Synced(shares.get(id).cloned().unwrap_or_default());
        syncing.into_iter().map(|(id, ticket)| answer(ticket, Response::Group(share(&id)))).collect()
    }

    fn check(&mut self, now: SimTime, member: &Member) -> ErrorCode {
        let Some((heard, join)) = self.members.get_mut(&member.id) else { return ErrorCode::UnknownMemberId };
        if member.generation != Some(self.generation) {
            return ErrorCode::IllegalGeneration;
        }
        *heard = now + join.session_timeout;
        ErrorCode::None
    }
}

/// What a group is asked.
pub(crate) fn handle(world: &mut World, now: SimTime, ticket: Ticket, request: GroupRequest) -> Vec<Output> {
    let group = &mut world.group;
    let error = |error| GroupResponse::Error { error, member: None };
    let response = match request {
        GroupRequest::Join(join) => return group.join(now, ticket, join),
        GroupRequest::Sync { member, assignments } => match group.check(now, &member) {
            ErrorCode::None => return group.sync(ticket, member.id, assignments),
            code => error(code),
        },
        GroupRequest::Heartbeat(member) => match group.check(now, &member) {
            ErrorCode::None if group.rebalancing && group.shares.is_none() => error(ErrorCode::RebalanceInProgress),
            ErrorCode::None => GroupResponse::Done,
            code => error(code),
        },
        GroupRequest::Leave(member) => {
            group.members.remove(&member.id);
            if !group.members.is_empty() {
                group.prepare(now, SimDuration::from_secs(60));
            }
            let mut outputs = vec![answer(ticket, Response::Group(GroupResponse::Done))];
            outputs.extend(group.finish_join(now));
            return outputs;
        }
        GroupRequest::OffsetCommit { member, offsets } => {
            let code = world.commit_errors.pop_front().unwrap_or_else(|| world.group.check(now, &member));
            if code.is_ok() {
                for (partition, offset) in &offsets {
                    world.committed.insert(partition.clone(), *offset);
                    world.commits.push((now.as_nanos() / 1_000_000, partition.partition, offset.0));
                }
            }
            GroupResponse::Committed(offsets.into_iter().map(|(partition, _)| (partition, code)).collect())
        }
        GroupRequest::OffsetFetch { partitions, .. } => {
            let stored = |partition: TopicPartition| {
                let offset = world.committed.get(&partition).copied();
                (partition, offset)
            };
            GroupResponse::Offsets(partitions.into_iter().map(stored).collect())
        }
    };
    vec![answer(ticket, Response::Group(response))]
}
