//! Goal: a watch shows real brokers: who leads, what is committed, and where a group stands, before and after the leader's death. Method:
//! three brokers, one topic, a group of one member; a look now and then.

use std::cell::RefCell;
use std::rc::Rc;

use super::*;
use crate::engine;
use crate::kafka::group::{OFFSETS_TOPIC, partition_of};
use crate::kafka::protocol::{GroupRequest, GroupResponse, Join, Member, Subscription};
use crate::kafka::watch::{Seen, Watch};
use crate::trace::{Event, Gauge, Names, Sink, Trace};

/// The last value of each gauge.
struct Values(Rc<Names>, std::collections::BTreeMap<(Rc<str>, Gauge), u64>);

impl Sink for Values {
    fn record(&mut self, _: SimTime, event: &Event) {
        if let Event::Gauged { of, gauge, value } = *event {
            self.1.insert((self.0.text(of), gauge), value);
        }
    }
}

/// A cluster and who watches it.
struct Scene {
    cluster: Cluster,
    watch: Watch,
    values: Rc<RefCell<Values>>,
}

impl Scene {
    fn new(trace: &Trace) -> Self {
        let values = Rc::new(RefCell::new(Values(trace.names(), Default::default())));
        trace.attach(values.clone());
        Self { cluster: three(), watch: Watch::new(trace), values }
    }

    /// What the gauges of something say now; none of those it does not have.
    fn look<const N: usize>(&mut self, of: &str, gauges: [Gauge; N]) -> [Option<u64>; N] {
        let mut seen = Seen::default();
        let up = self.cluster.up();
        up.into_iter().filter_map(|id| self.cluster.broker(id)).for_each(|broker| seen.add(broker));
        self.watch.look(&seen);
        gauges.map(|gauge| self.values.borrow().1.get(&(of.into(), gauge)).copied())
    }

    fn group(&mut self, coordinator: BrokerId, request: GroupRequest) -> GroupResponse {
        let ticket = self.cluster.ask(coordinator, Request::Group(request));
        self.cluster.run(secs(5));
        match self.cluster.answer(ticket) {
            Some(Response::Group(response)) => response.clone(),
            other => panic!("not the answer of a coordinator: {other:?}"),
        }
    }
}

fn play<T: Send>(story: impl FnOnce(Scene) -> T + Send) -> T {
    engine::run(1, SimTime::from_secs(1), move |sim| {
        let told = story(Scene::new(&Trace::new(sim)));
        move || told
    })
}

#[test]
fn a_watch_follows_the_leader_of_a_partition() {
    play(|mut scene| {
        let gauges = [Gauge::Leader, Gauge::LogEnd, Gauge::HighWatermark, Gauge::Isr];
        let orders = scene.cluster.topic(kept(3, 1));
        let leader = scene.cluster.leader(&orders).expect("it has one");
        scene.cluster.send(leader, &orders, "one", Acks::All);
        scene.cluster.run(secs(2));
        let number = |id: BrokerId| Some(u64::from(id.0));
        assert_eq!(scene.look("orders-0", gauges), [number(leader), Some(1), Some(1), Some(3)]);
        scene.cluster.crash(leader);
        assert_eq!(scene.look("orders-0", gauges), [Some(0), Some(1), Some(1), Some(3)]);
        scene.cluster.run(secs(12));
        let next = scene.cluster.leader(&orders).expect("another leads");
        assert_ne!(next, leader);
        assert_eq!(scene.look("orders-0", gauges), [number(next), Some(1), Some(1), Some(2)]);
        assert_eq!(scene.look("orders-0", [Gauge::LeaderEpoch]), [Some(1)]);
    });
}

#[test]
fn a_watch_follows_a_group_and_its_lag() {
    play(|mut scene| {
        let orders = scene.cluster.topic(kept(3, 1));
        scene.cluster.send(scene.cluster.leader(&orders).unwrap(), &orders, "one", Acks::All);
        scene.cluster.ask(ONE, Request::FindCoordinator("billing".into()));
        scene.cluster.run(secs(2));
        let seat = TopicPartition::new(OFFSETS_TOPIC, partition_of("billing", 50));
        let at = scene.cluster.leader(&seat).expect("it has one");
        let mut member = Member { group: "billing".into(), id: "ann".into(), instance: None, generation: None };
        member.id = match scene.group(at, GroupRequest::Join(join(member.clone(), ""))) {
            GroupResponse::Error { member: Some(id), .. } => id,
            other => panic!("no id: {other:?}"),
        };
        let id = member.id.clone();
        scene.group(at, GroupRequest::Join(join(member.clone(), &id)));
        member.generation = Some(1);
        let assignments = vec![(id, vec![orders.clone()])];
        scene.group(at, GroupRequest::Sync { member: member.clone(), assignments });
        let group = [Gauge::GroupState, Gauge::Generation, Gauge::Members];
        assert_eq!(scene.look("billing", group), [Some(3), Some(1), Some(1)]);
        let share = [Gauge::Assigned, Gauge::Committed, Gauge::Lag];
        assert_eq!(scene.look("billing.orders-0", share), [Some(1), None, Some(1)]);
        scene.group(at, GroupRequest::OffsetCommit { member: member.clone(), offsets: vec![(orders, Offset(1))] });
        assert_eq!(scene.look("billing.orders-0", share), [Some(1), Some(1), Some(0)]);
        scene.group(at, GroupRequest::Leave(member));
        assert_eq!(scene.look("billing", group), [Some(0), Some(2), Some(0)]);
        assert_eq!(scene.look("billing.orders-0", share), [Some(0), Some(1), Some(0)]);
        assert_eq!(scene.look(&seat.to_string(), [Gauge::Leader]), [None], "nobody's business");
    });
}

/// A wish to join under this id.
fn join(member: Member, id: &str) -> Join {
    Join {
        member: Member { id: id.into(), ..member },
        session_timeout: secs(300),
        rebalance_timeout: secs(300),
        protocols: vec!["range".into()],
        subscription: Subscription { topics: vec!["orders".into()], owned: Vec::new(), generation: None },
    }
}
