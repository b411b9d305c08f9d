//! Goal: whatever happens, one partition has at most one owner in one generation, time moves on, and a successor finds what
//! was told. Method: a thousand short random histories of members that join, fall silent, leave, and of coordinators that
//! move with a part of what they had written; every share that is ever told is written into one book.

use super::*;
use crate::engine::Stream;

const HISTORIES: u64 = 1000;
const STEPS: usize = 400;
const PARTITIONS: u32 = 5;

/// A client as it sees itself.
#[derive(Clone, Default)]
struct Client {
    id: Option<Rc<str>>,
    generation: u32,
    waits_for: Option<Ticket>,
}

struct History {
    bench: Bench,
    clients: Vec<Client>,
    draws: Stream,
    epoch: u32,
    /// Who was told to own what, by generation.
    book: BTreeMap<(u32, TopicPartition), Rc<str>>,
    told: u64,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut bench = Bench::new();
        bench.hold = true;
        let draws = Stream::new(seed, "group-histories");
        Self { bench, clients: vec![Client::default(); 4], draws, epoch: 1, book: BTreeMap::new(), told: 0 }
    }

    fn step(&mut self) {
        match self.draws.below(100) {
            0..=59 => self.someone_speaks(),
            60..=74 => self.some_writes_commit(),
            75..=89 => {
                let span = SimDuration::from_millis(self.draws.below(9_000));
                self.bench.pass(span);
            }
            90..=93 => {
                let who = self.draws.below(4) as usize;
                self.clients[who] = Client::default(); // killed, and started anew
            }
            94..=97 => self.someone_leaves(),
            _ => self.coordinator_moves(),
        }
        self.read_answers();
    }

    /// A client that waits for nothing does what its state asks for.
    fn someone_speaks(&mut self) {
        let who = self.draws.below(4) as usize;
        let Client { id, generation, waits_for: None } = self.clients[who].clone() else { return };
        let Some(id) = id else {
            self.clients[who].waits_for = Some(self.bench.send(&join(&"".into())));
            return;
        };
        let beat = GroupRequest::Heartbeat(speaker(&id, Some(generation)));
        let request = match self.draws.below(4) {
            0 => join(&id),
            1 => commit(speaker(&id, Some(generation)), self.draws.below(50)),
            2 => sync(&id, generation, Vec::new()),
            _ => beat,
        };
        self.clients[who].waits_for = Some(self.bench.send(&request));
    }

    fn someone_leaves(&mut self) {
        let who = self.draws.below(4) as usize;
        if let Some(id) = std::mem::take(&mut self.clients[who]).id {
            self.bench.send(&GroupRequest::Leave(speaker(&id, None)));
        }
    }

    fn some_writes_commit(&mut self) {
        for _ in 0..self.draws.below(3).min(self.bench.held.len() as u64) {
            let write = self.bench.held.remove(0);
            self.bench.log.extend(write.records);
            let decision = self.bench.coordinator.committed(self.bench.now, write.id, Ok(()));
            self.bench.digest(decision);
        }
    }

    /// The successor has what was committed, and perhaps some that the old one never heard of.
    fn coordinator_moves(&mut self) {
        let told = self.bench.coordinator.stored().clone();
        let decision = self.bench.coordinator.resign();
        self.bench.digest(decision);
        let mut found = Image::default();
        self.bench.log.iter().for_each(|record| found.replay(GroupRecord::decode(record)));
        assert_eq!(found, told, "a successor finds what was told");
        let kept = self.draws.below(self.bench.held.len() as u64 + 1) as usize;
        let held = std::mem::take(&mut self.bench.held);
        self.bench.log.extend(held.into_iter().take(kept).flat_map(|write| write.records));
        self.epoch += 1;
        self.bench.coordinator.load(self.bench.now, LeaderEpoch(self.epoch), &self.bench.log);
    }

    fn read_answers(&mut self) {
        for who in 0..self.clients.len() {
            let Some(answer) = self.clients[who].waits_for.and_then(|ticket| self.bench.answer(ticket)) else {
                continue;
            };
            self.clients[who].waits_for = None;
            match answer {
                GroupResponse::Error { error, member } => self.hear(who, error, member),
                GroupResponse::Joined { generation, members, member, .. } => {
                    self.begin(who, generation, member, &members)
                }
                GroupResponse::Synced(share) => self.write_down(who, share),
                _ => {}
            }
        }
    }

    fn hear(&mut self, who: usize, error: ErrorCode, member: Option<Rc<str>>) {
        let client = &mut self.clients[who];
        match error {
            ErrorCode::MemberIdRequired => {
                client.id = member;
                let id = client.id.clone().expect("an id comes with it");
                client.waits_for = Some(self.bench.send(&join(&id)));
            }
            ErrorCode::UnknownMemberId => *client = Client::default(),
            ErrorCode::RebalanceInProgress | ErrorCode::IllegalGeneration => {
                let id = client.id.clone().expect("members hear of rebalances");
                client.waits_for = Some(self.bench.send(&join(&id)));
            }
            _ => {}
        }
    }

    /// A leader deals the partitions from a random start, so that two of its assignments differ. At times it dawdles.
    fn begin(&mut self, who: usize, generation: u32, id: Rc<str>, members: &[crate::kafka::protocol::GroupMember]) {
        (self.clients[who].generation, self.clients[who].id) = (generation, Some(id.clone()));
        if self.draws.below(4) == 0 {
            return;
        }
        let start = self.draws.below(7) as u32;
        let count = members.len() as u32;
        let deal = |nth: u32| (0..PARTITIONS).filter(move |part| (part + start) % count == nth).collect::<Vec<_>>();
        let shares = (0..).zip(members).map(|(nth, member)| (member.id.clone(), share(&deal(nth)))).collect();
        self.clients[who].waits_for = Some(self.bench.send(&sync(&id, generation, shares)));
    }

    fn write_down(&mut self, who: usize, share: Vec<TopicPartition>) {
        let Client { id: Some(id), generation, .. } = self.clients[who].clone() else { return };
        for partition in share {
            self.told += 1;
            let owner = self.book.entry((generation, partition.clone())).or_insert_with(|| id.clone());
            assert_eq!(*owner, id, "{partition} has two owners in generation {generation}");
        }
    }
}

#[test]
fn one_partition_has_one_owner_in_one_generation() {
    let (mut told, mut generations) = (0, 0);
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        (0..STEPS).for_each(|_| history.step());
        told += history.told;
        generations += history.book.keys().map(|(generation, _)| *generation).max().unwrap_or(0);
    }
    // Else the histories say nothing.
    assert!(told > 10 * HISTORIES && u64::from(generations) > HISTORIES, "{told} shares, {generations} generations");
}

/// The same history twice gives the same records, byte by byte.
#[test]
fn the_same_history_writes_the_same_records() {
    let play = |seed| {
        let mut history = History::new(seed);
        (0..STEPS).for_each(|_| history.step());
        history.bench.log
    };
    for seed in 0..20 {
        assert_eq!(play(seed), play(seed));
    }
}
