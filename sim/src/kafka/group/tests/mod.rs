//! A coordinator on a bench: requests go in by hand, answers are kept by ticket, time moves only when told to.
//!
//! Records are committed at once, unless a test holds them back.

mod histories;
mod joining;
mod leaving;
mod moves;
mod offsets;
mod statics;
mod table;
mod writes;

use super::*;
use crate::engine::SimDuration;
use crate::kafka::protocol::{Member, Subscription};
use crate::kafka::types::Offset;

/// The group of all tests.
const GROUP: &str = "workers";
/// The topic of all tests.
const TOPIC: &str = "orders";

fn secs(count: u64) -> SimDuration {
    SimDuration::from_secs(count)
}

fn share(partitions: &[u32]) -> Vec<TopicPartition> {
    partitions.iter().map(|nth| TopicPartition::new(TOPIC, *nth)).collect()
}

/// What a dynamic member says of itself.
fn speaker(id: &Rc<str>, generation: Option<u32>) -> Member {
    Member { group: GROUP.into(), id: id.clone(), instance: None, generation }
}

/// A join of kafkajs: 30 s and 60 s (D2).
fn joining(id: &Rc<str>) -> Join {
    Join {
        member: speaker(id, None),
        session_timeout: secs(30),
        rebalance_timeout: secs(60),
        protocols: vec!["RoundRobinAssigner".into()],
        subscription: Subscription { topics: vec![TOPIC.into()], ..Subscription::default() },
    }
}

struct Bench {
    coordinator: Coordinator,
    now: SimTime,
    tickets: u64,
    answers: BTreeMap<Ticket, GroupResponse>,
    /// Committed records.
    log: Vec<Record>,
    /// Writes that are appended and not committed; only with `hold`.
    held: Vec<Write>,
    hold: bool,
}

impl Bench {
    fn new() -> Self {
        let mut coordinator = Coordinator::new(7, Rc::default());
        coordinator.load(SimTime::ZERO, LeaderEpoch(1), []);
        let (answers, log, held) = Default::default();
        Self { coordinator, now: SimTime::ZERO, tickets: 0, answers, log, held, hold: false }
    }

    fn digest(&mut self, decision: Decision) {
        for Answer { ticket, response } in decision.answers {
            let before = self.answers.insert(ticket, response);
            assert_eq!(before, None, "{ticket:?} is answered twice");
        }
        self.held.extend(decision.writes);
        if !self.hold {
            self.commit_held();
        }
    }

    /// Commits what was held back.
    fn commit_held(&mut self) {
        while !self.held.is_empty() {
            let write = self.held.remove(0);
            self.log.extend(write.records);
            let decision = self.coordinator.committed(self.now, write.id, Ok(()));
            self.digest(decision);
        }
    }

    fn send(&mut self, request: &GroupRequest) -> Ticket {
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        let decision = self.coordinator.handle(self.now, ticket, request);
        self.digest(decision);
        ticket
    }

    /// Sends a request that must be answered at once.
    fn ask(&mut self, request: &GroupRequest) -> GroupResponse {
        let ticket = self.send(request);
        self.answer(ticket).unwrap_or_else(|| panic!("{request:?} is parked"))
    }

    fn answer(&self, ticket: Ticket) -> Option<GroupResponse> {
        self.answers.get(&ticket).cloned()
    }

    /// Lets time pass, with everything that is due in it.
    fn pass(&mut self, span: SimDuration) {
        let end = self.now + span;
        while let Some(due) = self.coordinator.next_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let decision = self.coordinator.timeout(self.now);
            self.digest(decision);
        }
        self.now = end;
    }

    /// A dynamic member of kafkajs joins for the first time. Its id, and the ticket of its second request.
    fn enter(&mut self) -> (Rc<str>, Ticket) {
        self.enter_as(joining(&"".into()))
    }

    /// A dynamic member joins for the first time: two requests (KIP-394).
    fn enter_as(&mut self, mut wish: Join) -> (Rc<str>, Ticket) {
        let id = self.promise(&wish);
        wish.member.id = id.clone();
        (id, self.send(&GroupRequest::Join(wish)))
    }

    /// Only the first of the two: the id that is given.
    fn promise(&mut self, wish: &Join) -> Rc<str> {
        match self.ask(&GroupRequest::Join(wish.clone())) {
            GroupResponse::Error { error: ErrorCode::MemberIdRequired, member: Some(id) } => id,
            other => panic!("no id was given: {other:?}"),
        }
    }

    /// A stable group of dynamic members, the leader first; member n owns partition n.
    fn stable(&mut self, count: u32) -> Vec<Rc<str>> {
        let ids: Vec<_> = (0..count).map(|_| self.enter().0).collect();
        self.pass(secs(6));
        self.sync_all(&ids);
        assert_eq!(self.view().state, GroupState::Stable);
        ids
    }

    /// The leader and then the others ask for their shares.
    fn sync_all(&mut self, ids: &[Rc<str>]) {
        let generation = self.view().generation;
        let shares: Vec<_> = (0..).zip(ids).map(|(nth, id)| (id.clone(), share(&[nth]))).collect();
        assert_eq!(self.view().leader, Some(&ids[0]));
        for (nth, id) in (0..).zip(ids) {
            let shares = if nth == 0 { shares.clone() } else { Vec::new() };
            assert_eq!(self.ask(&sync(id, generation, shares)), GroupResponse::Synced(share(&[nth])));
        }
    }

    fn view(&self) -> GroupView<'_> {
        self.coordinator.groups().next().expect("there is a group")
    }

    fn ids(&self) -> Vec<Rc<str>> {
        self.view().members.iter().map(|member| member.id.clone()).collect()
    }

    fn beat(&mut self, id: &Rc<str>, generation: u32) -> GroupResponse {
        self.ask(&GroupRequest::Heartbeat(speaker(id, Some(generation))))
    }

    /// Everyone beats each 3 s for this long, and all is well.
    fn beat_for(&mut self, ids: &[Rc<str>], generation: u32, span: SimDuration) {
        for _ in 0..span.as_millis() / 3000 {
            self.pass(secs(3));
            ids.iter().for_each(|id| assert_eq!(self.beat(id, generation), GroupResponse::Done));
        }
    }
}

fn join(id: &Rc<str>) -> GroupRequest {
    GroupRequest::Join(joining(id))
}

fn sync(id: &Rc<str>, generation: u32, assignments: Vec<(Rc<str>, Vec<TopicPartition>)>) -> GroupRequest {
    GroupRequest::Sync { member: speaker(id, Some(generation)), assignments }
}

fn commit(member: Member, offset: u64) -> GroupRequest {
    GroupRequest::OffsetCommit { member, offsets: vec![(TopicPartition::new(TOPIC, 0), Offset(offset))] }
}

fn fetch() -> GroupRequest {
    GroupRequest::OffsetFetch { group: GROUP.into(), partitions: share(&[0]) }
}

fn stored(offset: Option<u64>) -> GroupResponse {
    GroupResponse::Offsets(vec![(TopicPartition::new(TOPIC, 0), offset.map(Offset))])
}

fn committed() -> GroupResponse {
    GroupResponse::Committed(vec![(TopicPartition::new(TOPIC, 0), ErrorCode::None)])
}

/// Generation and member count a join was answered with; zero members for followers.
fn entered(answer: Option<GroupResponse>) -> (u32, usize) {
    match answer {
        Some(GroupResponse::Joined { generation, members, .. }) => (generation, members.len()),
        other => panic!("not a generation: {other:?}"),
    }
}
