//! The controller's decisions one by one: requests against an image, without a quorum.

use std::rc::Rc;

use super::{secs, topic};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::{ClusterController, ControlRequest, ControlResponse, ControllerConfig, IsrChange};
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState, TopicConfig};
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch, TopicPartition};

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const THREE: BrokerId = BrokerId(3);
const NOBODY: BrokerId = BrokerId(9);

/// An active controller whose decisions are applied at once.
struct Office {
    now: SimTime,
    controller: ClusterController,
}

impl Office {
    /// With this many brokers, all let in.
    fn with(brokers: u32) -> Self {
        let image = MetadataImage::default();
        let controller = ClusterController::activate(ONE, &ControllerConfig::default(), image, SimTime::ZERO);
        let mut this = Self { now: SimTime::ZERO, controller };
        for broker in (1..=brokers).map(BrokerId) {
            this.ask(ControlRequest::Register(broker));
            this.beat(broker, false);
        }
        this
    }

    /// With three brokers and a topic of one partition on all of them, led by the first.
    fn with_topic(unclean_election: bool) -> Self {
        let mut this = Self::with(3);
        let config = TopicConfig { replication_factor: 3, unclean_election, ..TopicConfig::default() };
        this.ask(ControlRequest::CreateTopic(NewTopic { topic: "t".into(), config: Rc::new(config) }));
        assert_eq!(this.state().replicas[..], [ONE, TWO, THREE]);
        this
    }

    fn ask(&mut self, request: ControlRequest) -> ControlResponse {
        let decision = self.controller.decide(self.now, request);
        self.controller.replay(self.now, &decision.records);
        decision.response
    }

    fn epoch(&self, broker: BrokerId) -> u64 {
        self.controller.image().brokers.get(&broker).map_or(0, |state| state.epoch)
    }

    /// A heartbeat of a broker that knows everything; whether it is fenced still, and may stop.
    fn beat(&mut self, broker: BrokerId, stop: bool) -> (bool, bool) {
        let offset = self.controller.image().offset;
        match self.ask(ControlRequest::Heartbeat { broker, epoch: self.epoch(broker), offset, stop }) {
            ControlResponse::Alive { fenced, may_stop } => (fenced, may_stop),
            other => panic!("{other:?}"),
        }
    }

    /// Nine seconds in which only these brokers beat.
    fn only_alive(&mut self, brokers: &[BrokerId]) {
        for _ in 0..10 {
            self.now = self.now + SimDuration::from_secs(1);
            brokers.iter().for_each(|broker| assert!(!self.beat(*broker, false).0));
            while self.controller.next_timeout() <= self.now {
                let records = self.controller.tick(self.now);
                self.controller.replay(self.now, &records);
            }
        }
    }

    fn restart(&mut self, broker: BrokerId) {
        assert!(matches!(self.ask(ControlRequest::Register(broker)), ControlResponse::Registered(_)));
        assert!(!self.beat(broker, false).0);
    }

    fn state(&self) -> &PartitionState {
        self.controller.image().partition(&TopicPartition::new("t", 0)).expect("created")
    }

    /// What the leader wants as ISR, and with which epochs.
    fn alter(&mut self, broker: BrokerId, epochs: (u32, u32), isr: &[BrokerId]) -> ErrorCode {
        let partition = TopicPartition::new("t", 0);
        let (leader_epoch, partition_epoch) = (LeaderEpoch(epochs.0), epochs.1);
        let change = IsrChange { partition, leader_epoch, partition_epoch, isr: isr.to_vec() };
        let request = ControlRequest::AlterIsr { broker, epoch: self.epoch(broker), changes: vec![change] };
        match self.ask(request) {
            ControlResponse::Altered(answers) => answers[0].1,
            ControlResponse::Refused { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }

    fn create(&mut self, new: NewTopic) -> ErrorCode {
        match self.ask(ControlRequest::CreateTopic(new)) {
            ControlResponse::Created(error) => error,
            other => panic!("{other:?}"),
        }
    }
}

/// Goal: fencing takes a broker out of the ISR but for the last member (B2), and the partition then waits for that one. Method: brokers
/// die one after the other, the leader first; the first to come back is not the last to have gone.
#[test]
fn the_last_member_of_the_isr_stays_and_is_waited_for() {
    let mut office = Office::with_topic(false);
    office.only_alive(&[TWO, THREE]);
    assert_eq!((office.state().leader, &office.state().isr[..]), (Some(TWO), &[TWO, THREE][..]));
    office.only_alive(&[THREE]);
    assert_eq!((office.state().leader, &office.state().isr[..]), (Some(THREE), &[THREE][..]));
    office.only_alive(&[]);
    assert_eq!((office.state().leader, &office.state().isr[..]), (None, &[THREE][..]));
    office.restart(ONE);
    assert_eq!(office.state().leader, None, "it does not have everything");
    office.restart(THREE);
    assert_eq!((office.state().leader, &office.state().isr[..]), (Some(THREE), &[THREE][..]));
    assert_eq!(office.state().leader_epoch, LeaderEpoch(4), "four changes of leader");
}

/// Goal: with unclean election any live replica may lead, alone in the ISR (B2). Method: the same deaths.
#[test]
fn an_unclean_election_takes_whoever_lives() {
    let mut office = Office::with_topic(true);
    office.only_alive(&[THREE]);
    office.only_alive(&[]);
    office.restart(ONE);
    assert_eq!((office.state().leader, &office.state().isr[..]), (Some(ONE), &[ONE][..]));
}

/// Goal: an ISR change is granted to the leader that knows the current state, and to nobody else (B2). Method: one wrong thing at a time.
#[test]
fn isr_changes_are_checked() {
    let mut office = Office::with_topic(false);
    let all = [ONE, TWO, THREE];
    assert_eq!(office.alter(ONE, (0, 0), &[ONE, TWO]), ErrorCode::None);
    assert_eq!((&office.state().isr[..], office.state().partition_epoch), (&[ONE, TWO][..], 1));
    assert_eq!(office.state().leader_epoch, LeaderEpoch(0), "the leader is the same");
    assert_eq!(office.alter(ONE, (0, 0), &all), ErrorCode::InvalidUpdateVersion, "an old state");
    assert_eq!(office.alter(ONE, (0, 2), &all), ErrorCode::NotController, "a state of the future");
    assert_eq!(office.alter(ONE, (1, 1), &all), ErrorCode::NotController, "a leader of the future");
    assert_eq!(office.alter(TWO, (0, 1), &all), ErrorCode::InvalidRequest, "not the leader");
    assert_eq!(office.alter(ONE, (0, 1), &[TWO, THREE]), ErrorCode::InvalidRequest, "without the leader");
    assert_eq!(office.alter(ONE, (0, 1), &[ONE, NOBODY]), ErrorCode::InvalidRequest, "not a replica");
    assert_eq!(office.alter(NOBODY, (0, 1), &all), ErrorCode::BrokerIdNotRegistered);
    office.only_alive(&[TWO, THREE]);
    assert_eq!(office.alter(ONE, (0, 1), &all), ErrorCode::FencedLeaderEpoch, "a leader of the past");
    assert_eq!(office.alter(TWO, (1, 2), &[ONE, TWO]), ErrorCode::IneligibleReplica, "a fenced one");
    assert_eq!(office.alter(TWO, (1, 2), &[THREE, TWO]), ErrorCode::None);
    assert_eq!(office.state().isr[..], [TWO, THREE], "in the order of the replicas");
}

/// Goal: of two changes of one state the second is refused, also before the first is committed. Method: both are decided at once.
#[test]
fn the_second_of_two_isr_changes_is_refused() {
    let mut office = Office::with_topic(false);
    assert_eq!(office.alter(ONE, (0, 0), &[ONE, TWO]), ErrorCode::None);
    assert_eq!(office.alter(ONE, (0, 0), &[ONE, THREE]), ErrorCode::InvalidUpdateVersion);
    assert_eq!(office.state().isr[..], [ONE, TWO]);
}

/// Goal: a broker is let in when it has applied its own registration, and not before. Method: a heartbeat that is one record behind.
#[test]
fn a_broker_is_let_in_when_it_has_caught_up() {
    let mut office = Office::with(1);
    let ControlResponse::Registered(epoch) = office.ask(ControlRequest::Register(TWO)) else { panic!("registered") };
    let beat = |offset| ControlRequest::Heartbeat { broker: TWO, epoch, offset, stop: false };
    assert!(matches!(office.ask(beat(epoch - 1)), ControlResponse::Alive { fenced: true, .. }));
    assert!(matches!(office.ask(beat(epoch)), ControlResponse::Alive { fenced: false, .. }));
    assert!(office.controller.image().is_alive(TWO));
}

/// Goal: only the incarnation that is registered speaks for a broker. Method: requests with an old epoch, and of nobody.
#[test]
fn an_earlier_incarnation_is_not_heard() {
    let mut office = Office::with_topic(false);
    let old = office.epoch(ONE);
    let refused = |response| match response {
        ControlResponse::Refused { error, .. } => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(office.ask(ControlRequest::Register(ONE))), ErrorCode::DuplicateBrokerRegistration);
    office.only_alive(&[TWO, THREE]);
    office.restart(ONE);
    assert!(office.epoch(ONE) > old);
    let beat = |broker, epoch| ControlRequest::Heartbeat { broker, epoch, offset: 99, stop: false };
    assert_eq!(refused(office.ask(beat(ONE, old))), ErrorCode::StaleBrokerEpoch);
    let alter = ControlRequest::AlterIsr { broker: ONE, epoch: old, changes: Vec::new() };
    assert_eq!(refused(office.ask(alter)), ErrorCode::StaleBrokerEpoch);
    assert_eq!(refused(office.ask(beat(NOBODY, 1))), ErrorCode::BrokerIdNotRegistered);
}

/// Goal: a stop (B3) moves leaderships first, waits until the others know, and then lets go. Method: heartbeat by heartbeat.
#[test]
fn a_stop_waits_until_all_others_know_of_it() {
    let mut office = Office::with_topic(false);
    assert_eq!(office.beat(ONE, true), (false, false), "leaderships move");
    assert_eq!((office.state().leader, &office.state().isr[..]), (Some(TWO), &[TWO, THREE][..]));
    office.beat(TWO, false);
    assert_eq!(office.beat(ONE, true), (false, false), "the third broker may not know yet");
    office.beat(THREE, false);
    assert_eq!(office.beat(ONE, true), (true, true), "all know");
    assert!(!office.controller.image().is_alive(ONE));
    assert_eq!(office.alter(TWO, (1, 1), &[ONE, TWO, THREE]), ErrorCode::IneligibleReplica);
}

/// Goal: replicas are dealt round, and a broker that is down gets one only if it must. Method: placements with three brokers and two.
#[test]
fn replicas_are_dealt_round() {
    let mut office = Office::with(3);
    assert_eq!(office.create(topic(3, 2)), ErrorCode::None);
    let replicas = |office: &Office, name: &str| -> Vec<Vec<u32>> {
        let states = &office.controller.image().topics[name].partitions;
        states.iter().map(|state| state.replicas.iter().map(|id| id.0).collect()).collect()
    };
    assert_eq!(replicas(&office, "t"), [[1, 2], [2, 3], [3, 1]]);
    assert_eq!(office.create(topic(3, 2)), ErrorCode::TopicAlreadyExists);
    let named = |name: &str, factor| NewTopic { topic: name.into(), ..topic(2, factor) };
    assert_eq!(office.create(named("wide", 4)), ErrorCode::InvalidReplicationFactor);
    office.only_alive(&[ONE, THREE]);
    assert_eq!(office.create(named("down", 3)), ErrorCode::None);
    assert_eq!(replicas(&office, "down"), [[3, 1, 2], [1, 3, 2]]);
    assert_eq!(office.controller.image().topics["down"].partitions[0].isr[..], [THREE, ONE]);
    office.only_alive(&[]);
    assert_eq!(office.create(named("none", 1)), ErrorCode::InvalidReplicationFactor);
}

/// Goal: leaderships return only to a broker that lacks more than 10 % of those it is preferred for (B3). Method: of ten and of nine
/// partitions preferred to be led by a broker, another leads one.
#[test]
fn leaderships_return_beyond_an_imbalance_of_ten_per_cent() {
    for (partitions, returns) in [(10, false), (9, true)] {
        let mut office = Office::with(2);
        assert_eq!(office.create(topic(2 * partitions, 2)), ErrorCode::None);
        let partition = TopicPartition::new("t", 0);
        let state = office.controller.image().partition(&partition).expect("created").clone();
        let state = PartitionState { leader: Some(state.replicas[1]), ..state };
        office.controller.replay(office.now, &[MetadataRecord::PartitionChanged { partition, state }]);
        office.now = SimTime::ZERO + secs(300);
        [ONE, TWO].into_iter().for_each(|broker| assert!(!office.beat(broker, false).0));
        assert_eq!(!office.controller.tick(office.now).is_empty(), returns, "of {partitions}");
    }
}
