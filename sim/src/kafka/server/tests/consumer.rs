//! A member of a consumer group without I/O: it finds its coordinator, joins, syncs, fetches its offsets, then reads, commits and
//! shows that it lives, one request after the other. Whatever goes wrong, it begins anew.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::clients::{Bootstrap, PATIENCE, PAUSE, leader_of};
use super::secs;
use super::world::{Ask, Client};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::assignor::Assignor;
use crate::kafka::protocol::{
    FetchPartition, Fetched, GroupMember, GroupRequest, GroupResponse, Isolation, Join, Member, Request, Response,
    Subscription,
};
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};

#[derive(Clone, Debug)]
enum Stage {
    Find,
    Join,
    Sync(Vec<GroupMember>),
    Offsets,
    Leaders,
    Read,
    Commit,
    Beat,
}

/// What a member waits for, as in kafkajs unless a test is in a hurry (C0).
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) session: SimDuration,
    pub(super) rebalance: SimDuration,
    pub(super) heartbeat: SimDuration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { session: secs(30), rebalance: secs(60), heartbeat: secs(3) }
    }
}

/// What a member is told to read.
#[derive(Clone, Debug)]
pub(super) struct Share {
    pub(super) at: SimTime,
    pub(super) generation: u32,
    pub(super) member: Rc<str>,
    pub(super) partitions: Vec<TopicPartition>,
}

/// One member.
pub(super) struct Consumer {
    topic: (Rc<str>, u32),
    patience: Patience,
    bootstrap: Bootstrap,
    stage: Stage,
    member: Member,
    coordinator: BrokerId,
    next: SimTime,
    beaten: SimTime,
    leaders: BTreeMap<TopicPartition, BrokerId>,
    positions: BTreeMap<TopicPartition, Offset>,
    turn: VecDeque<TopicPartition>,
    dirty: bool,
    /// It has a share and knows where to read on: a moved coordinator changes nothing of that.
    is_settled: bool,
    /// Each share it got.
    pub(super) shares: Vec<Share>,
    /// What it has read.
    pub(super) reads: Vec<(SimTime, TopicPartition, Offset)>,
    /// What it was told is committed.
    pub(super) committed: BTreeMap<TopicPartition, Offset>,
    /// When it was told that an offset is committed.
    pub(super) commits: Vec<(SimTime, TopicPartition, Offset)>,
    /// When it asked for stored offsets, and what it got.
    pub(super) begins: Vec<(SimTime, TopicPartition, Offset)>,
    asked: SimTime,
    /// Errors it was told, in order.
    pub(super) errors: Vec<ErrorCode>,
}

impl Consumer {
    pub(super) fn new(group: &str, topic: &str, partitions: u32, patience: Patience) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            topic: (topic.into(), partitions),
            patience,
            bootstrap: Bootstrap::default(),
            stage: Stage::Find,
            member: Member { group: group.into(), id: "".into(), instance: None, generation: None },
            coordinator: BrokerId(0),
            next: SimTime::ZERO,
            beaten: SimTime::ZERO,
            leaders: BTreeMap::new(),
            positions: BTreeMap::new(),
            turn: VecDeque::new(),
            dirty: false,
            is_settled: false,
            shares: Vec::new(),
            reads: Vec::new(),
            committed: BTreeMap::new(),
            commits: Vec::new(),
            begins: Vec::new(),
            asked: SimTime::ZERO,
            errors: Vec::new(),
        }))
    }

    fn owned(&self) -> Vec<TopicPartition> {
        self.positions.keys().cloned().collect()
    }

    fn ask(&self, group: GroupRequest) -> Ask {
        let timeout = match group {
            GroupRequest::Join(_) => self.patience.rebalance + secs(5),
            _ => secs(30),
        };
        Ask { to: self.coordinator, timeout, request: Request::Group(group) }
    }

    fn want(&mut self) -> Ask {
        let group = self.member.group.clone();
        match &self.stage {
            Stage::Find => {
                Ask { to: self.bootstrap.next(), timeout: PATIENCE, request: Request::FindCoordinator(group) }
            }
            Stage::Join => self.ask(GroupRequest::Join(self.join())),
            Stage::Sync(members) => {
                let topics = [self.topic.clone()];
                let shares = Assignor::RoundRobin.assign(members, &topics).into_iter();
                let assignments = shares.filter(|_| !members.is_empty()).collect();
                self.ask(GroupRequest::Sync { member: self.member.clone(), assignments })
            }
            Stage::Offsets => self.ask(GroupRequest::OffsetFetch { group, partitions: self.owned() }),
            Stage::Commit => {
                let offsets = self.positions.iter().map(|(partition, at)| (partition.clone(), *at)).collect();
                self.ask(GroupRequest::OffsetCommit { member: self.member.clone(), offsets })
            }
            Stage::Beat => self.ask(GroupRequest::Heartbeat(self.member.clone())),
            Stage::Leaders => {
                let request = Request::Metadata { topics: Some(vec![self.topic.0.clone()]), create: false };
                Ask { to: self.bootstrap.next(), timeout: PATIENCE, request }
            }
            Stage::Read => self.fetch(),
        }
    }

    fn join(&self) -> Join {
        Join {
            member: Member { generation: None, ..self.member.clone() },
            session_timeout: self.patience.session,
            rebalance_timeout: self.patience.rebalance,
            protocols: vec![Assignor::RoundRobin.name().into()],
            subscription: Subscription { topics: vec![self.topic.0.clone()], owned: Vec::new(), generation: None },
        }
    }

    fn fetch(&self) -> Ask {
        let partition = self.turn.front().expect("it owns something").clone();
        let offset = self.positions[&partition];
        let to = self.leaders[&partition];
        let want = FetchPartition { partition, offset, leader_epoch: None, last_epoch: None, max_bytes: 1 << 20 };
        let (max_wait, max_bytes) = (PAUSE, 10 << 20);
        let request = Request::Fetch {
            replica: None,
            isolation: Isolation::ReadUncommitted,
            max_wait,
            min_bytes: 1,
            max_bytes,
            partitions: vec![want],
        };
        Ask { to, timeout: secs(30), request }
    }

    fn hear(&mut self, now: SimTime, answer: Option<Response>) {
        self.next = now;
        match answer {
            None => self.start_over(now, None),
            Some(Response::FindCoordinator(Ok(coordinator))) => {
                self.coordinator = coordinator;
                match self.member.generation.filter(|_| self.is_settled) {
                    Some(_) => self.work(now),
                    None => self.stage = Stage::Join,
                }
            }
            Some(Response::FindCoordinator(Err(error))) => self.start_over(now, Some(error)),
            Some(Response::Group(GroupResponse::Error { error, member })) => self.refused(now, error, member),
            Some(Response::Group(response)) => self.proceed(now, response),
            Some(Response::Metadata { topics, .. }) => {
                let owned = self.owned().into_iter();
                self.leaders = owned.filter_map(|at| Some((at.clone(), leader_of(&topics, &at)?))).collect();
                self.work(now);
            }
            Some(Response::Fetch(all)) => self.read(now, &all[0]),
            Some(other) => panic!("nobody asked for {other:?}"),
        }
    }

    fn proceed(&mut self, now: SimTime, response: GroupResponse) {
        match response {
            GroupResponse::Joined { generation, member, members, .. } => {
                (self.member.id, self.member.generation) = (member, Some(generation));
                self.stage = Stage::Sync(members);
            }
            GroupResponse::Synced(share) => {
                let generation = self.member.generation.expect("it has joined");
                self.shares.push(Share {
                    at: now,
                    generation,
                    member: self.member.id.clone(),
                    partitions: share.clone(),
                });
                self.is_settled = share.is_empty();
                self.positions = share.into_iter().map(|partition| (partition, Offset(0))).collect();
                (self.turn, self.dirty, self.beaten) = (self.owned().into(), false, now);
                self.stage = if self.positions.is_empty() { Stage::Beat } else { Stage::Offsets };
            }
            GroupResponse::Offsets(stored) => {
                let stored = stored.into_iter().map(|(partition, at)| (partition, at.unwrap_or_default()));
                (self.positions, self.is_settled) = (stored.collect(), true);
                let begins = self.positions.iter().map(|(partition, at)| (self.asked, partition.clone(), *at));
                self.begins.extend(begins);
                self.stage = Stage::Leaders;
            }
            GroupResponse::Committed(_) => {
                self.committed.extend(self.positions.clone());
                self.commits.extend(self.positions.iter().map(|(partition, at)| (now, partition.clone(), *at)));
                self.dirty = false;
                self.work(now);
            }
            GroupResponse::Done => {
                self.beaten = now;
                self.work(now);
            }
            GroupResponse::Error { .. } => unreachable!("seen to before"),
        }
    }

    fn refused(&mut self, now: SimTime, error: ErrorCode, member: Option<Rc<str>>) {
        match error {
            ErrorCode::MemberIdRequired => {
                (self.member.id, self.stage) = (member.expect("the id to use"), Stage::Join);
            }
            ErrorCode::RebalanceInProgress => (self.stage, self.is_settled) = (Stage::Join, false),
            ErrorCode::UnknownMemberId | ErrorCode::IllegalGeneration => {
                (self.member.id, self.stage, self.is_settled) = ("".into(), Stage::Join, false);
                self.errors.push(error);
            }
            _ => self.start_over(now, Some(error)),
        }
    }

    /// A fetch or a member that is in no trouble asks for the leaders only; everybody else for the coordinator.
    fn start_over(&mut self, now: SimTime, error: Option<ErrorCode>) {
        self.errors.extend(error);
        self.next = now + PAUSE;
        self.stage = match self.stage {
            Stage::Read | Stage::Leaders => Stage::Leaders,
            _ => Stage::Find,
        };
    }

    fn read(&mut self, now: SimTime, fetched: &Fetched) {
        if !fetched.error.is_ok() {
            return self.start_over(now, Some(fetched.error));
        }
        let position = self.positions.get_mut(&fetched.partition).expect("it owns it");
        for batch in &fetched.batches {
            for (offset, _) in batch.numbered().filter(|(offset, _)| *offset >= *position) {
                self.reads.push((now, fetched.partition.clone(), offset));
                self.dirty = true;
            }
            *position = batch.end().max(*position);
        }
        self.turn.rotate_left(1);
        self.work(now);
    }

    /// What to do next, with a share in hand.
    fn work(&mut self, now: SimTime) {
        let idle = self.turn.front().is_none();
        self.stage = match () {
            () if now.since(self.beaten) >= self.patience.heartbeat => Stage::Beat,
            () if self.dirty => Stage::Commit,
            () if idle => {
                self.next = now + PAUSE;
                Stage::Beat
            }
            () if !self.turn.iter().all(|partition| self.leaders.contains_key(partition)) => {
                self.next = now + PAUSE;
                Stage::Leaders
            }
            () => Stage::Read,
        };
    }
}

impl Client for Consumer {
    fn step(&mut self, now: SimTime, answer: Option<Option<Response>>) -> Option<Ask> {
        if let Some(answer) = answer {
            self.hear(now, answer);
        }
        self.asked = now;
        (self.next <= now).then(|| self.want())
    }

    fn next(&self) -> SimTime {
        self.next
    }
}
