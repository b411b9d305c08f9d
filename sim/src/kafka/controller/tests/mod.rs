//! A cluster of controllers, watched from outside.

mod beater;
mod histories;
mod kraft;
mod rules;
mod watch;
mod world;
mod zookeeper;

use std::rc::Rc;

use self::world::World;
use super::{ControlRequest, IsrChange};
use crate::engine::SimDuration;
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::{BrokerId, TopicPartition};

fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn millis(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

fn topic(partitions: u32, replication_factor: u32) -> NewTopic {
    let config = TopicConfig { partitions, replication_factor, ..TopicConfig::default() };
    NewTopic { topic: "t".into(), config: Rc::new(config) }
}

/// Runs until all of `count` brokers are let in, creates a topic of three partitions on three brokers, and lets some time pass
/// that depends on the seed.
fn settle(world: &mut World, count: usize) {
    let everybody = |world: &World| {
        let image = &world.nodes[&BrokerId(1)].beater.image;
        image.brokers.values().filter(|state| !state.fenced).count() == count
    };
    world.run_until("all brokers are let in", everybody);
    let active = world.active().expect("somebody let them in");
    world.ask(active, ControlRequest::CreateTopic(topic(3, 3)));
    world.run_until("the topic exists", |world| !world.answers.is_empty());
    let pause = SimDuration::from_nanos(world.random.below(8_000_000_000));
    world.run_for(secs(5) + pause);
}

/// Lets the leader of each partition of the topic ask for all replicas as its ISR, as it does when they have caught up.
fn rejoin(world: &mut World, active: BrokerId) {
    let image = &world.nodes[&active].beater.image;
    let asked: Vec<ControlRequest> = (0..)
        .zip(&image.topics["t"].partitions)
        .map(|(nth, state)| {
            let (partition, isr) = (TopicPartition::new("t", nth), state.replicas.to_vec());
            let (leader_epoch, partition_epoch) = (state.leader_epoch, state.partition_epoch);
            let broker = state.leader.expect("it has one");
            let changes = vec![IsrChange { partition, leader_epoch, partition_epoch, isr }];
            ControlRequest::AlterIsr { broker, epoch: image.brokers[&broker].epoch, changes }
        })
        .collect();
    asked.into_iter().for_each(|request| world.ask(active, request));
    world.run_for(secs(1));
}
