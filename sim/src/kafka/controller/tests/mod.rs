//! A cluster of controllers, watched from outside.

mod beater;
mod kraft;
mod watch;
mod world;

use std::rc::Rc;

use self::world::World;
use super::ControlRequest;
use crate::engine::SimDuration;
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::BrokerId;

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
