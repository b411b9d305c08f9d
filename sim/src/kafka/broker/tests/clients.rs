//! Goal: what a client is told (B1, B4, C4, I5). Method: ask one broker, read its answer.

use super::*;
use crate::kafka::broker::{Broker, Disk};
use crate::kafka::group::{GroupConfig, OFFSETS_TOPIC, partition_of};
use crate::kafka::machine::{Input, Lane, Output};
use crate::kafka::protocol::{NewTopic, Position, TopicMetadata};

fn metadata(cluster: &mut Cluster, topic: &str, create: bool) -> TopicMetadata {
    let ticket = cluster.ask(ONE, Request::Metadata { topics: Some(vec![topic.into()]), create });
    cluster.run(millis(2));
    match cluster.answer(ticket) {
        Some(Response::Metadata { topics, brokers, .. }) => {
            assert_eq!(*brokers, [ONE, TWO, THREE]);
            topics[0].clone()
        }
        other => panic!("not metadata: {other:?}"),
    }
}

#[test]
fn an_unknown_topic_is_created_when_asked_for_and_known_a_moment_later() {
    // B1: one partition, one replica.
    let mut cluster = three();
    assert_eq!(metadata(&mut cluster, "new", false).error, ErrorCode::UnknownTopicOrPartition);
    cluster.run(secs(1));
    assert_eq!(
        metadata(&mut cluster, "new", true).error,
        ErrorCode::UnknownTopicOrPartition,
        "not created by the first"
    );
    cluster.run(millis(10));
    let known = metadata(&mut cluster, "new", true);
    assert_eq!((known.error, known.partitions.len(), known.partitions[0].replicas.len()), (ErrorCode::None, 1, 1));
}

#[test]
fn only_the_leader_appends_and_reads() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let elsewhere = cluster.send(TWO, &orders, "a", Acks::Leader);
    let nowhere = cluster.send(TWO, &TopicPartition::new("orders", 9), "a", Acks::Leader);
    cluster.run(millis(10));
    assert_eq!(cluster.produced(elsewhere), Some(ErrorCode::NotLeaderOrFollower));
    assert_eq!(cluster.produced(nowhere), Some(ErrorCode::UnknownTopicOrPartition));
}

#[test]
fn a_producer_that_waits_is_told_when_its_leader_leads_no_more() {
    // Method: cut the followers off so that the append is not committed; another leader is elected over the controller.
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    cluster.cut(ONE, TWO);
    cluster.cut(ONE, THREE);
    let waiting = cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(millis(10));
    let now = cluster.now;
    cluster.controller.fence(ONE);
    cluster.run(secs(1));
    assert_eq!(cluster.produced(waiting), Some(ErrorCode::NotLeaderOrFollower));
    assert!(cluster.answered_at(waiting).expect("answered").since(now) < millis(10));
}

#[test]
fn a_consumer_that_waits_is_answered_when_a_record_is_committed() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    let fetch = fetch(&orders, UNCOMMITTED, secs(5));
    let (early, asked) = (cluster.ask(ONE, fetch.clone()), cluster.now);
    cluster.run(secs(1));
    cluster.send(ONE, &orders, "a", Acks::All);
    cluster.run(secs(1));
    // After one second the append arrives; two more delays commit it, one carries the answer.
    assert_eq!(cluster.answered_at(early), Some(asked + secs(1) + cluster::DELAY * 4));
    let beyond = FetchPartition { offset: Offset(1), ..read_from(&orders) };
    let idle = Request::Fetch {
        replica: None,
        isolation: UNCOMMITTED,
        max_wait: secs(5),
        min_bytes: 1,
        max_bytes: 1,
        partitions: vec![beyond],
    };
    let (late, asked) = (cluster.ask(ONE, idle), cluster.now);
    cluster.run(secs(6));
    assert_eq!(
        cluster.answered_at(late),
        Some(asked + secs(5) + cluster::DELAY * 2),
        "answered empty when its time is up"
    );
}

#[test]
fn offsets_are_found_by_place_and_time() {
    let mut cluster = three();
    let orders = cluster.topic(kept(3, 2));
    for at in [10, 20, 30] {
        let record = Record::new(None, b"a", SimTime::from_millis(at));
        cluster.send_batch(ONE, &orders, Batch::new([record], None), Acks::All);
    }
    cluster.run(millis(100));
    let cases = [
        (Position::Earliest, 0),
        (Position::Latest, 3),
        (Position::At(SimTime::from_millis(15)), 1),
        (Position::At(SimTime::from_millis(31)), 3),
    ];
    for (position, expected) in cases {
        let ticket = cluster
            .ask(ONE, Request::ListOffsets { isolation: UNCOMMITTED, partitions: vec![(orders.clone(), position)] });
        cluster.run(millis(10));
        let Some(Response::ListOffsets(found)) = cluster.answer(ticket) else { panic!("no answer") };
        assert_eq!(found[0], (orders.clone(), ErrorCode::None, Offset(expected)), "{position:?}");
    }
}

fn coordinator(cluster: &mut Cluster, group: &str) -> Result<BrokerId, ErrorCode> {
    let ticket = cluster.ask(TWO, Request::FindCoordinator(group.into()));
    cluster.run(millis(10));
    match cluster.answer(ticket) {
        Some(Response::FindCoordinator(found)) => *found,
        other => panic!("not a coordinator: {other:?}"),
    }
}

#[test]
fn the_first_group_has_the_offsets_topic_created() {
    // I5: the first group a cluster ever sees finds no coordinator at first.
    let mut cluster = three();
    assert_eq!(coordinator(&mut cluster, "billing"), Err(ErrorCode::CoordinatorNotAvailable));
    cluster.run(millis(100));
    let found = coordinator(&mut cluster, "billing").expect("it exists now");
    let topic = &cluster.controller.image.topics[OFFSETS_TOPIC];
    assert_eq!((topic.partitions.len(), topic.partitions[0].replicas.len(), topic.config.compact), (50, 3, true));
    assert_eq!(topic.partitions[partition_of("billing", 50) as usize].leader, Some(found));
}

/// Goal: nothing that the controller answers late delays a heartbeat. Method: connections of a broker's first requests.
#[test]
fn what_is_asked_of_the_controller_does_not_hold_heartbeats_back() {
    let mut broker =
        Broker::start(ONE, BrokerConfig::default(), GroupConfig::default(), Disk::default(), SimTime::ZERO);
    let mut asked = broker.set_controller(SimTime::ZERO, Some(TWO));
    let topic = NewTopic { topic: "orders".into(), config: kept(3, 2).into() };
    let create = Input::Request { ticket: Ticket(1), request: Request::CreateTopic(topic) };
    asked.extend(broker.handle(SimTime::ZERO, create));
    let lanes: Vec<Lane> = asked
        .iter()
        .map(|output| match output {
            Output::Send { lane, .. } => *lane,
            other => panic!("not a request: {other:?}"),
        })
        .collect();
    assert_eq!(lanes, [Lane::Heartbeat, Lane::Control]);
}

#[test]
fn producer_ids_are_unique_across_brokers_and_lives() {
    let mut cluster = three();
    let mut ids = std::collections::BTreeSet::new();
    for _life in 0..2 {
        for broker in [ONE, TWO, THREE, ONE] {
            let ticket = cluster.ask(broker, Request::InitProducerId);
            cluster.run(millis(10));
            let Some(Response::InitProducerId(Ok((id, 0)))) = cluster.answer(ticket) else { panic!("no id") };
            assert!(ids.insert(*id), "{id:?} was given twice");
        }
        cluster.crash(ONE);
        cluster.start(ONE);
        cluster.run(secs(1));
    }
}

#[test]
fn a_batch_that_is_too_large_is_refused() {
    let mut cluster = three();
    let orders = cluster.topic(kept(1, 1));
    let sent = cluster.send(ONE, &orders, &"x".repeat(1 << 20), Acks::Leader);
    cluster.run(millis(10));
    assert_eq!(cluster.produced(sent), Some(ErrorCode::MessageTooLarge));
    assert!(cluster.stored(ONE, &orders).is_empty());
}

#[test]
fn a_consumer_that_comes_too_late_is_told_that_its_offset_is_gone() {
    // B1, E6: retention takes whole segments, looked at every five minutes; followers learn it from their leader.
    let mut cluster = three();
    let orders =
        cluster.topic(TopicConfig { retention: secs(60), segment_bytes: crate::units::Bytes(100), ..kept(3, 2) });
    for nth in 0..5 {
        cluster.send(ONE, &orders, &nth.to_string(), Acks::All);
    }
    cluster.run(secs(290));
    assert_eq!(cluster.consume(ONE, &orders).len(), 5, "old enough, but nobody has looked yet");
    cluster.run(secs(12));
    for id in [ONE, TWO, THREE] {
        let log = cluster.broker(id).and_then(|broker| broker.replica(&orders)).expect("it keeps it").log();
        assert_eq!((log.start(), log.end()), (Offset(5), Offset(5)), "{id:?}");
    }
    let ticket = cluster.ask(ONE, fetch(&orders, UNCOMMITTED, secs(5)));
    cluster.run(millis(10));
    let Some(Response::Fetch(all)) = cluster.answer(ticket) else { panic!("it waits") };
    assert_eq!((all[0].error, all[0].log_start), (ErrorCode::OffsetOutOfRange, Offset(5)));
}
