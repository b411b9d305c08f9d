//! Goal: whatever crashes, freezes, is cut off and comes back, what clients were promised holds, and the cluster recovers. Method:
//! random short histories of whole clusters with producers and a group, checked while they run and after everything has healed.

use std::collections::BTreeMap;

use super::consumer::{Consumer, Patience};
use super::*;
use crate::engine::Stream;
use crate::kafka::controller::Member;
use crate::kafka::group::OFFSETS_TOPIC;
use crate::kafka::log::ReadLimit;
use crate::kafka::types::{LeaderEpoch, Offset};

const HISTORIES: u64 = 1000;
const STEPS: u64 = 6;

/// Times of a tenth or less, so that much happens in a short history.
fn quick(mode: Mode) -> ServerConfig {
    let mut config = ServerConfig { mode, ..ServerConfig::default() };
    let broker = &mut config.broker;
    (broker.replica_lag_max, broker.replica_fetch_timeout) = (millis(2000), millis(500));
    (broker.replica_fetch_backoff, broker.replica_fetch_wait) = (millis(50), millis(100));
    (broker.heartbeat_interval, broker.heartbeat_timeout, broker.heartbeat_backoff_max) =
        (millis(150), millis(200), millis(200));
    (broker.control_timeout, broker.checkpoint_interval) = (millis(500), millis(300));
    let controller = &mut config.controller;
    controller.session_timeout = millis(450);
    let quorum = &mut controller.quorum;
    (quorum.fetch_timeout, quorum.election_timeout, quorum.election_backoff_max) =
        (millis(200), millis(100), millis(100));
    (quorum.request_timeout, quorum.max_wait, quorum.idle_interval) = (millis(200), millis(50), millis(50));
    let zookeeper = &mut controller.zookeeper;
    (zookeeper.session_timeout, zookeeper.tick, zookeeper.request_timeout) = (millis(600), millis(100), millis(300));
    let groups = &mut config.groups;
    (groups.partitions, groups.initial_rebalance_delay, groups.commit_timeout) = (1, millis(50), millis(500));
    groups.session_timeout_min = millis(100);
    config
}

fn patience() -> Patience {
    Patience { session: millis(400), rebalance: millis(500), heartbeat: millis(100) }
}

struct History {
    world: World,
    orders: Vec<TopicPartition>,
    chance: Stream,
    all: Vec<Rc<RefCell<Producer>>>,
    one: Vec<Rc<RefCell<Producer>>>,
    members: Vec<(usize, Rc<RefCell<Consumer>>)>,
    witness: Witness,
}

/// What was once seen and must hold ever after.
#[derive(Default)]
struct Witness {
    leaders: BTreeMap<(TopicPartition, LeaderEpoch), BrokerId>,
    /// The highest HW seen of each leader's epoch.
    committed: BTreeMap<(TopicPartition, LeaderEpoch), Offset>,
    controllers: BTreeMap<u32, BrokerId>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mode = if seed.is_multiple_of(4) { Mode::Zookeeper } else { Mode::Kraft };
        let mut world = World::new(seed, quick(mode));
        let orders = world.topic("orders", 2);
        let all = orders.iter().map(|partition| world.producer(partition, Acks::All)).collect();
        let one = vec![world.producer(&orders[0], Acks::Leader)];
        let chance = Stream::new(seed, "history");
        let mut this = Self { world, orders, chance, all, one, members: Vec::new(), witness: Witness::default() };
        this.join();
        this.join();
        this.world.run(millis(300));
        this
    }

    fn join(&mut self) {
        let member = Consumer::new("billing", "orders", 2, patience());
        self.members.push((self.world.add(member.clone()), member));
    }

    fn victim(&mut self) -> BrokerId {
        let offsets = TopicPartition::new(OFFSETS_TOPIC, 0);
        let hurts = match self.chance.below(4) {
            0 => self.world.active(),
            1 => self.world.leader(&self.orders[0]),
            2 => self.world.leader(&offsets),
            _ => None,
        };
        hurts.unwrap_or(BrokerId(1 + self.chance.below(3) as u32))
    }

    fn step(&mut self) {
        let (victim, other) = (self.victim(), BrokerId(1 + self.chance.below(3) as u32));
        match self.chance.below(12) {
            0..=2 => self.world.crash(victim),
            3 => self.world.lose_host(victim),
            4 => self.world.freeze(victim),
            5 if self.world.is_up(victim) => self.world.stop(victim),
            6 if victim != other => self.world.cut(victim, other),
            7 => {
                let nth = self.chance.below(self.members.len() as u64) as usize;
                self.world.kill_client(self.members[nth].0);
                self.join();
            }
            8 => self.world.heal(),
            _ => self.restore(),
        }
        let pause = [20, 100, 300, 700][self.chance.below(4) as usize];
        for _ in 0..3 {
            self.world.run(millis(pause / 3 + 1));
            self.witness.look(&self.world);
        }
    }

    fn restore(&mut self) {
        for id in [ONE, TWO, THREE] {
            self.world.thaw(id);
            self.world.start(id);
        }
    }

    /// Everything heals, everybody comes back; then all that was promised must be there, and everybody makes progress.
    fn finish(mut self) -> Tally {
        self.world.heal();
        self.restore();
        // Whoever is about to stop does so, and comes back too.
        self.world.run(millis(1000));
        self.restore();
        let ends: Vec<usize> = self.all.iter().map(|producer| producer.borrow().acked.len()).collect();
        let all = self.all.clone();
        self.world.run_until("producers go on", |_| {
            all.iter().zip(&ends).all(|(producer, before)| producer.borrow().acked.len() > before + 3)
        });
        self.assert_kept();
        self.assert_read();
        self.witness.look(&self.world);
        self.assert_owners();
        self.assert_commits_stand();
        let acked = self.all.iter().map(|producer| producer.borrow().acked.len()).sum();
        let generations = self.members.iter().map(|(_, member)| member.borrow().shares.len()).sum();
        Tally { acked, lost: self.lost(), epochs: self.witness.leaders.len(), generations }
    }

    fn assert_kept(&self) {
        for (producer, partition) in self.all.iter().zip(&self.orders) {
            let kept = self.world.committed(partition);
            for (at, value) in &producer.borrow().acked {
                assert!(kept.contains(value), "{value} was acknowledged by all at {at:?} and is lost");
            }
        }
    }

    /// The group reads on to the end of today, from no earlier than what it was told is committed.
    fn assert_read(&mut self) {
        let end = |partition: &TopicPartition| {
            let leader = self.world.leader(partition).and_then(|leader| self.world.broker(leader)).expect("led");
            leader.replica(partition).expect("kept").high_watermark()
        };
        let ends: Vec<(TopicPartition, Offset)> =
            self.orders.iter().map(|partition| (partition.clone(), end(partition))).collect();
        let members = self.members.clone();
        self.world.run_until("the group goes on", |_| {
            let done = |(partition, end): &(TopicPartition, Offset)| {
                members.iter().any(|(_, member)| member.borrow().committed.get(partition) >= Some(end))
            };
            ends.iter().all(done)
        });
        for (partition, end) in &ends {
            let members = members.iter().map(|(_, member)| member.borrow());
            let read: std::collections::BTreeSet<Offset> = members
                .flat_map(|member| {
                    member.reads.iter().filter(|read| read.1 == *partition).map(|read| read.2).collect::<Vec<_>>()
                })
                .collect();
            assert!((0..end.0).all(|offset| read.contains(&Offset(offset))), "the group skipped some of {partition}");
        }
    }

    fn assert_owners(&self) {
        let mut owners: BTreeMap<(u32, TopicPartition), Rc<str>> = BTreeMap::new();
        for share in self.members.iter().flat_map(|(_, member)| member.borrow().shares.clone()) {
            for partition in share.partitions {
                let owner = owners.entry((share.generation, partition)).or_insert_with(|| share.member.clone());
                assert_eq!(*owner, share.member, "two owners in generation {}", share.generation);
            }
        }
    }

    /// Whoever asks for an offset gets none that is older than one whose commit was acknowledged before.
    fn assert_commits_stand(&self) {
        let members: Vec<_> = self.members.iter().map(|(_, member)| member.borrow()).collect();
        for (asked, partition, begin) in members.iter().flat_map(|member| &member.begins) {
            let commits = members.iter().flat_map(|member| &member.commits);
            let before = commits.filter(|(at, of, _)| at < asked && of == partition);
            let latest = before.map(|(.., offset)| *offset).max().unwrap_or_default();
            assert!(*begin >= latest, "{partition}: {latest:?} was committed, {begin:?} was given at {asked:?}");
        }
    }

    /// Acknowledged by the leader alone, and gone.
    fn lost(&self) -> usize {
        let kept = self.world.committed(&self.orders[0]);
        let producers = self.one.iter().map(|producer| producer.borrow());
        producers.map(|producer| producer.acked.iter().filter(|(_, value)| !kept.contains(value)).count()).sum()
    }
}

impl Witness {
    fn look(&mut self, world: &World) {
        let mut logs: BTreeMap<TopicPartition, Vec<_>> = BTreeMap::new();
        for (id, server) in world.servers() {
            if let Member::Kraft(member) = server.member() {
                self.look_at_quorum(member.quorum().epoch(), member.quorum().leader());
            }
            for view in server.broker().into_iter().flat_map(|broker| broker.partitions()) {
                let key = (view.partition.clone(), view.epoch);
                if view.leader == Some(id) {
                    assert_eq!(*self.leaders.entry(key.clone()).or_insert(id), id, "two leaders of {key:?}");
                    let highest = self.committed.entry(key.clone()).or_default();
                    assert!(view.high_watermark >= *highest, "the high watermark of {key:?} stepped back");
                    *highest = view.high_watermark;
                }
                let replica = server.broker().and_then(|broker| broker.replica(view.partition)).expect("just seen");
                let limit = ReadLimit { bytes: u64::MAX, whole_first: true };
                let log = replica.log().read(view.log_start..view.high_watermark, limit);
                logs.entry(view.partition.clone()).or_default().push((id, log));
            }
        }
        for (partition, logs) in logs {
            for (one, other) in logs.iter().zip(logs.iter().skip(1)) {
                let shared = one.1.len().min(other.1.len());
                assert_eq!(one.1[..shared], other.1[..shared], "{partition}: {} and {} disagree", one.0, other.0);
            }
        }
    }

    fn look_at_quorum(&mut self, epoch: u32, leader: Option<BrokerId>) {
        if let Some(leader) = leader {
            assert_eq!(*self.controllers.entry(epoch).or_insert(leader), leader, "two controllers in epoch {epoch}");
        }
    }
}

/// What the histories were made of: without faults that matter they would prove nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acked: usize,
    lost: usize,
    epochs: usize,
    generations: usize,
}

#[test]
fn what_clients_were_promised_holds_in_a_thousand_histories() {
    let mut sum = Tally::default();
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        (0..STEPS).for_each(|_| history.step());
        let tally = history.finish();
        sum.acked += tally.acked;
        sum.lost += tally.lost;
        sum.epochs += tally.epochs;
        sum.generations += tally.generations;
    }
    let count = HISTORIES as usize;
    assert!(sum.acked > 20 * count, "{sum:?}: too little got through");
    assert!(sum.lost > count / 20, "{sum:?}: acks=1 lost almost nothing, so the faults were harmless");
    assert!(sum.epochs > 4 * count && sum.generations > 3 * count, "{sum:?}: leaders and members hardly ever changed");
}
