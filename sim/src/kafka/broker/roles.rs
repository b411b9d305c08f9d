//! What committed metadata means for the replicas here: who leads, who follows whom.
//!
//! A broker acts on nothing before its own registration has come back to it: a restarted one would live through all that was
//! decided long ago, and lead in epochs that are over. Then it takes the state as it is.
//!
//! **Never here:** decisions.

use std::collections::BTreeSet;

use super::Broker;
use crate::engine::SimTime;
use crate::kafka::log::Log;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::replica::Replica;
use crate::kafka::types::{Offset, TopicPartition};

impl Broker {
    pub(super) fn learn(&mut self, now: SimTime, records: &[MetadataRecord]) {
        let mut changed = BTreeSet::new();
        for record in records {
            self.image.apply(record);
            if let MetadataRecord::PartitionChanged { partition, .. } = record {
                changed.insert(partition.clone());
            }
        }
        match self.lifecycle.caught_up {
            true => self.assign(now, changed),
            false => self.catch_up(now),
        }
    }

    /// From the moment its own registration is part of what it knows, it acts on what it knows.
    pub(super) fn catch_up(&mut self, now: SimTime) {
        let registration = self.image.brokers.get(&self.me).map(|state| state.epoch);
        if self.lifecycle.caught_up || registration.is_none() || registration != self.lifecycle.epoch {
            return;
        }
        self.lifecycle.caught_up = true;
        let topics = self.image.topics.iter();
        let all = topics.flat_map(|(name, topic)| (0..).zip(&topic.partitions).map(|(nth, _)| (name.clone(), nth)));
        let all = all.map(|(topic, partition)| TopicPartition { topic, partition }).collect();
        self.assign(now, all);
        // It is ready now: the controller may let it in.
        self.speak_now(now);
    }

    fn assign(&mut self, now: SimTime, partitions: BTreeSet<TopicPartition>) {
        for partition in partitions {
            self.assign_one(now, &partition);
        }
    }

    fn assign_one(&mut self, now: SimTime, partition: &TopicPartition) {
        let Some(state) = self.image.partition(partition).filter(|state| state.replicas.contains(&self.me)) else {
            return;
        };
        let config = self.image.config(&partition.topic).expect("a partition has a topic");
        let fresh = || Replica::new(self.me, partition.clone(), Log::new(config.clone()), Offset(0));
        let scene = self.config.scene(now, &self.image);
        let number = self.replicas.keep(partition, fresh);
        let replica = self.replicas.at_mut(number);
        let before = (replica.follows(), replica.epoch());
        replica.assign(&scene, state);
        let after = (replica.follows(), replica.epoch());
        if before != after {
            self.follow(number, after.0);
        }
        self.dirty.insert(number);
    }
}
