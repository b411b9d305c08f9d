//! Goal: whatever crashes, is cut off and comes back, committed logs agree, an epoch has one leader, and nothing that was
//! acknowledged by acks=all is lost with three replicas and a minimum of two. Method: random short histories, checked while
//! they run and after everything has healed.

use std::collections::BTreeMap;

use super::*;
use crate::engine::Stream;
use crate::kafka::log::ReadLimit;
use crate::kafka::types::LeaderEpoch;

const HISTORIES: u64 = 1000;
const STEPS: u64 = 20;

/// Times of a tenth or less, so that much happens in a short history.
fn quick() -> BrokerConfig {
    BrokerConfig {
        replica_lag_max: millis(2000),
        replica_fetch_backoff: millis(100),
        replica_fetch_timeout: millis(1000),
        checkpoint_interval: millis(500),
        heartbeat_interval: millis(100),
        heartbeat_timeout: millis(200),
        heartbeat_backoff_max: millis(200),
        control_timeout: millis(1000),
        ..BrokerConfig::default()
    }
}

struct History {
    cluster: Cluster,
    orders: TopicPartition,
    chance: Stream,
    sent: Vec<(Ticket, String)>,
    /// The highest HW seen of each leader's epoch.
    committed: BTreeMap<LeaderEpoch, Offset>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut cluster = Cluster::new(3, quick(), millis(400));
        let orders = cluster.topic(kept(3, 2));
        Self { cluster, orders, chance: Stream::new(seed, "history"), sent: Vec::new(), committed: BTreeMap::new() }
    }

    fn any_broker(&mut self) -> BrokerId {
        BrokerId(1 + self.chance.below(3) as u32)
    }

    fn step(&mut self) {
        let broker = self.any_broker();
        // The leader is where it hurts.
        let leader = self.cluster.leader(&self.orders).unwrap_or(broker);
        match self.chance.below(8) {
            0 => self.cluster.crash(leader),
            1 => self.cluster.crash(broker),
            2 | 3 => [ONE, TWO, THREE].into_iter().for_each(|id| self.cluster.start(id)),
            4 => self.cluster.cut(leader, cluster::CONTROLLER),
            5 if leader != broker => self.cluster.cut(leader, broker),
            6 => self.cluster.heal(),
            _ => {}
        }
        for _ in 0..1 + self.chance.below(4) {
            self.send();
            let pause = millis(1 + self.chance.below(6));
            self.cluster.run(pause);
            self.check();
        }
        let pause = [3, 30, 300, 1500][self.chance.below(4) as usize];
        self.cluster.run(millis(pause));
        self.check();
    }

    /// To whoever believes that it leads, and there may be two.
    fn send(&mut self) {
        let leads = |id: &BrokerId| {
            self.cluster
                .broker(*id)
                .and_then(|broker| broker.replica(&self.orders))
                .is_some_and(|replica| replica.leads())
        };
        let leaders: Vec<BrokerId> = self.cluster.up().into_iter().filter(leads).collect();
        if leaders.is_empty() {
            return;
        }
        let to = leaders[self.chance.below(leaders.len() as u64) as usize];
        let acks = if self.chance.chance(700_000) { Acks::All } else { Acks::Leader };
        let value = format!("{}{}", if acks == Acks::All { "all" } else { "one" }, self.sent.len());
        let ticket = self.cluster.send(to, &self.orders, &value, acks);
        self.sent.push((ticket, value));
    }

    fn check(&mut self) {
        let mut views = Vec::new();
        for id in self.cluster.up() {
            let Some(replica) = self.cluster.broker(id).and_then(|broker| broker.replica(&self.orders)) else {
                continue;
            };
            let limit = ReadLimit { bytes: u64::MAX, whole_first: true };
            let committed = replica.log().read(replica.log().start()..replica.high_watermark(), limit);
            views.push((id, replica.view(), replica.leads(), committed));
        }
        let leaders: Vec<_> = views.iter().filter(|(.., leads, _)| *leads).map(|(id, view, ..)| (*id, *view)).collect();
        for (nth, (_, view)) in leaders.iter().enumerate() {
            assert!(leaders[..nth].iter().all(|(_, other)| other.epoch != view.epoch), "two leaders: {leaders:?}");
            let highest = self.committed.entry(view.epoch).or_default();
            assert!(view.high_watermark >= *highest, "the high watermark stepped back in {:?}", view.epoch);
            *highest = view.high_watermark;
        }
        for (one, other) in views.iter().zip(views.iter().skip(1)) {
            let shared = one.3.len().min(other.3.len());
            assert_eq!(one.3[..shared], other.3[..shared], "committed logs differ: {:?} {:?}", one.1, other.1);
        }
    }

    /// Everything heals, everybody comes back; then all that was acknowledged must be readable, once.
    fn finish(mut self) -> Tally {
        self.cluster.heal();
        for id in [ONE, TWO, THREE] {
            self.cluster.start(id);
        }
        self.cluster.run(secs(6));
        self.check();
        let leader = self.cluster.leader(&self.orders).expect("somebody leads");
        let visible = self.cluster.consume(leader, &self.orders);
        for id in [ONE, TWO, THREE] {
            assert_eq!(self.cluster.stored(id, &self.orders), visible, "{id:?} differs");
        }
        let mut tally = Tally { epochs: self.committed.len(), ..Tally::default() };
        let acknowledged =
            self.sent.iter().filter(|(ticket, _)| self.cluster.produced(*ticket) == Some(ErrorCode::None));
        for (_, value) in acknowledged {
            let times = visible.iter().filter(|seen| *seen == value).count();
            tally.lost += usize::from(times == 0);
            tally.acknowledged += 1;
            assert!(times == 1 || value.starts_with("one"), "{value} was acknowledged and is there {times} times");
        }
        tally
    }
}

/// What the histories were made of: without faults that matter they would prove nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    acknowledged: usize,
    /// Acknowledged by the leader alone, and gone.
    lost: usize,
    epochs: usize,
}

#[test]
fn nothing_acknowledged_by_all_is_lost_in_any_history() {
    let mut sum = Tally::default();
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        (0..STEPS).for_each(|_| history.step());
        let tally = history.finish();
        sum.acknowledged += tally.acknowledged;
        sum.lost += tally.lost;
        sum.epochs += tally.epochs;
    }
    assert!(sum.acknowledged > 10 * HISTORIES as usize, "{sum:?}: too little got through");
    assert!(sum.lost > 100, "{sum:?}: acks=1 lost almost nothing, so the faults were harmless");
    assert!(sum.epochs > 2 * HISTORIES as usize, "{sum:?}: leaders hardly ever changed");
}
