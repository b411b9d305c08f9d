//! Whole clusters without a network: what their clients see when nodes fail (MODEL-REFERENCE.md I1, G10).

mod clients;
mod consumer;
mod failover;
mod groups;
mod histories;
mod world;

use std::cell::RefCell;
use std::rc::Rc;

use self::clients::{Once, Producer};
use self::world::World;
use super::{Mode, ServerConfig};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::metadata::TopicConfig;
use crate::kafka::protocol::{NewTopic, Request, Response};
use crate::kafka::types::{Acks, BrokerId, ErrorCode, TopicPartition};

const ONE: BrokerId = BrokerId(1);
const TWO: BrokerId = BrokerId(2);
const THREE: BrokerId = BrokerId(3);

const fn millis(millis: u64) -> SimDuration {
    SimDuration::from_millis(millis)
}

const fn secs(secs: u64) -> SimDuration {
    SimDuration::from_secs(secs)
}

fn kraft() -> ServerConfig {
    ServerConfig::default()
}

fn zookeeper() -> ServerConfig {
    ServerConfig { mode: Mode::Zookeeper, ..ServerConfig::default() }
}

impl World {
    /// A topic with three replicas of each partition, and a minimum of two in sync.
    fn topic(&mut self, name: &str, partitions: u32) -> Vec<TopicPartition> {
        let config = TopicConfig { partitions, replication_factor: 3, min_insync: 2, ..TopicConfig::default() };
        let topic = NewTopic { topic: name.into(), config: Rc::new(config) };
        let once = Once::new(ONE, Request::CreateTopic(topic));
        self.add(once.clone());
        self.run_until("the topic is there", |world| {
            let topic: Rc<str> = name.into();
            world.brokers().all(|(_, broker)| broker.image().topics.contains_key(&topic))
        });
        self.run(millis(100));
        assert!(
            matches!(once.borrow().answer, Some(Response::CreateTopic(ErrorCode::None))),
            "{:?}",
            once.borrow().answer
        );
        (0..partitions).map(|partition| TopicPartition::new(name, partition)).collect()
    }

    fn producer(&mut self, partition: &TopicPartition, acks: Acks) -> Rc<RefCell<Producer>> {
        let producer = Producer::new(&format!("{partition}-{acks:?}"), partition, acks);
        self.add(producer.clone());
        producer
    }
}
