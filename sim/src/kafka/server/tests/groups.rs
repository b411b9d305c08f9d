//! Goal: groups survive what happens to brokers, and wait as long as measured (I5, D1). Method: whole clusters with members that ask
//! one thing at a time; times of their shares, offsets before and after.

use super::consumer::{Consumer, Patience};
use super::*;
use crate::kafka::group::{OFFSETS_TOPIC, partition_of};
use crate::kafka::types::Offset;

fn member(world: &mut World, group: &str) -> (usize, Rc<RefCell<Consumer>>) {
    let consumer = Consumer::new(group, "orders", 3, Patience::default());
    (world.add(consumer.clone()), consumer)
}

/// Runs until a member has a share for the nth time, and returns when.
fn share(world: &mut World, consumer: &Rc<RefCell<Consumer>>, nth: usize) -> SimTime {
    world.run_until("it has a share", |_| consumer.borrow().shares.len() >= nth);
    consumer.borrow().shares[nth - 1].at
}

fn coordinator(world: &World, group: &str) -> (TopicPartition, BrokerId) {
    let partition = TopicPartition::new(OFFSETS_TOPIC, partition_of(group, 50));
    let leader = world.leader(&partition).expect("it is led");
    (partition, leader)
}

#[test]
fn a_cold_group_waits_three_seconds_and_the_first_one_of_all_a_little_longer() {
    let mut world = World::new(1, kraft());
    world.topic("orders", 3);
    let begin = world.now;
    let (_, first) = member(&mut world, "billing");
    let waited = share(&mut world, &first, 1).since(begin);
    assert!(secs(3) < waited && waited < millis(4000), "the first group of all waited {waited:?}");
    assert!(first.borrow().errors.contains(&ErrorCode::CoordinatorNotAvailable), "{:?}", first.borrow().errors);

    let begin = world.now;
    let (_, second) = member(&mut world, "shipping");
    let waited = share(&mut world, &second, 1).since(begin);
    assert!(secs(3) < waited && waited < millis(3100), "the second group waited {waited:?}");
    assert_eq!(second.borrow().errors, [], "it found its coordinator at once");
}

#[test]
fn with_fewer_brokers_than_replicas_of_the_offsets_topic_there_are_no_groups() {
    let mut config = kraft();
    config.groups.replication_factor = 4;
    let mut world = World::new(1, config);
    world.topic("orders", 3);
    let (_, member) = member(&mut world, "billing");
    world.run(secs(10));
    assert!(member.borrow().shares.is_empty());
    assert!(member.borrow().errors.iter().all(|error| *error == ErrorCode::CoordinatorNotAvailable));
}

#[test]
fn a_second_member_takes_over_the_partitions_of_a_killed_one_after_its_session() {
    let mut world = World::new(2, kraft());
    world.topic("orders", 3);
    let (first, a) = member(&mut world, "billing");
    share(&mut world, &a, 1);
    let (_, b) = member(&mut world, "billing");
    share(&mut world, &b, 1);
    world.run(secs(5));
    let begin = world.now;
    world.kill_client(first);
    world.run_until("it has all", |_| b.borrow().shares.last().is_some_and(|share| share.partitions.len() == 3));
    // The session of 30 s was renewed up to 3 s ago; its own next heartbeat tells the other (I5: 29.6 s).
    let waited = world.now.since(begin);
    assert!(secs(26) < waited && waited < secs(34), "waited {waited:?}");
}

/// Reads until everything is committed, then the coordinator fails: the group goes on elsewhere where it was.
fn moves_with_its_offsets(config: ServerConfig, fault: fn(&mut World, BrokerId), longest: SimDuration) {
    for seed in 0..8 {
        let mut world = World::new(seed, config.clone());
        let orders = world.topic("orders", 3);
        let producers: Vec<_> = orders.iter().map(|partition| world.producer(partition, Acks::All)).collect();
        let (_, consumer) = member(&mut world, "billing");
        share(&mut world, &consumer, 1);
        world.run(secs(5));
        let (partition, old) = coordinator(&world, "billing");
        let (before, begin) = (consumer.borrow().committed.clone(), world.now);
        assert!(before.values().all(|offset| *offset > Offset(20)), "{before:?}");
        fault(&mut world, old);
        world.run_until("it has moved", |world| world.leader(&partition).is_some_and(|leader| leader != old));
        world.run_until("it commits again", |_| {
            consumer.borrow().committed.iter().all(|(partition, offset)| *offset > before[partition].plus(20))
        });
        assert!(world.now.since(begin) < longest, "seed {seed}: it took {:?}", world.now.since(begin));
        let (_, new) = coordinator(&world, "billing");
        let broker = world.broker(new).expect("it runs");
        let found = broker.coordinators().find(|(at, _)| *at == partition.partition).expect("it coordinates").1;
        assert!(found.groups().any(|group| **group.name == *"billing"), "the successor does not know the group");
        assert_eq!(consumer.borrow().shares.len(), 1, "seed {seed}: nobody left, so there is no new generation");
        assert_reads_whole(&consumer.borrow(), &before);
        assert!(producers.iter().all(|producer| producer.borrow().acked.len() > 50));
    }
}

/// Each offset from the first to the last committed one was read.
fn assert_reads_whole(consumer: &Consumer, committed: &std::collections::BTreeMap<TopicPartition, Offset>) {
    for (partition, end) in committed {
        let read: std::collections::BTreeSet<Offset> =
            consumer.reads.iter().filter(|(_, of, _)| of == partition).map(|(_, _, offset)| *offset).collect();
        assert!((0..end.0).all(|offset| read.contains(&Offset(offset))), "holes in {partition}");
    }
}

#[test]
fn a_group_moves_with_its_offsets_when_its_coordinator_crashes() {
    moves_with_its_offsets(kraft(), World::crash, secs(25));
    moves_with_its_offsets(zookeeper(), World::crash, secs(32));
}

#[test]
fn a_group_moves_with_its_offsets_when_its_coordinator_stops() {
    moves_with_its_offsets(kraft(), World::stop, secs(6));
}
