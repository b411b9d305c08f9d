//! A controller by the book, without a quorum: it decides at once and never fails (B2, B3).

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::{ControlRequest, ControlResponse, IsrChange};
use crate::kafka::metadata::{MetadataImage, MetadataRecord, PartitionState};
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch, TopicPartition};

/// Decides, and writes its decisions down.
pub(super) struct Controller {
    pub(super) log: Vec<MetadataRecord>,
    pub(super) image: MetadataImage,
    session: SimDuration,
    /// When each broker was heard of last, and where its registration lies in the log.
    heard: BTreeMap<BrokerId, (SimTime, u64)>,
    next_epoch: u64,
}

impl Controller {
    pub(super) fn new(session: SimDuration) -> Self {
        Self { log: Vec::new(), image: MetadataImage::default(), session, heard: BTreeMap::new(), next_epoch: 1 }
    }

    fn decide(&mut self, record: MetadataRecord) {
        self.image.apply(&record);
        self.log.push(record);
    }

    pub(super) fn next_timeout(&self) -> Option<SimTime> {
        let alive = self.heard.iter().filter(|(broker, _)| self.image.is_alive(**broker));
        alive.map(|(_, (heard, _))| *heard + self.session).min()
    }

    pub(super) fn expire(&mut self, now: SimTime) {
        let late = self.heard.iter().filter(|(_, (heard, _))| *heard + self.session <= now).map(|(broker, _)| *broker);
        for broker in late.collect::<Vec<_>>() {
            self.fence(broker);
        }
    }

    pub(super) fn handle(&mut self, now: SimTime, request: ControlRequest) -> ControlResponse {
        match request {
            ControlRequest::Register(broker) => self.register(now, broker),
            ControlRequest::Heartbeat { broker, epoch, offset, stop } => {
                self.heartbeat(now, (broker, epoch), offset, stop)
            }
            ControlRequest::AlterIsr { broker, epoch, changes } => self.alter((broker, epoch), changes),
            ControlRequest::CreateTopic(topic) => ControlResponse::Created(self.create(&topic)),
            _ => ControlResponse::Refused { error: ErrorCode::NotController, leader: None },
        }
    }

    fn register(&mut self, now: SimTime, broker: BrokerId) -> ControlResponse {
        self.fence(broker);
        let epoch = self.next_epoch;
        self.next_epoch += 1;
        self.decide(MetadataRecord::BrokerRegistered { broker, epoch });
        self.heard.insert(broker, (now, self.image.offset));
        ControlResponse::Registered(epoch)
    }

    fn heartbeat(
        &mut self,
        now: SimTime,
        (broker, epoch): (BrokerId, u64),
        offset: u64,
        stop: bool,
    ) -> ControlResponse {
        let known = self.image.brokers.get(&broker).copied().filter(|known| known.epoch == epoch);
        let Some(known) = known else {
            return ControlResponse::Refused { error: ErrorCode::StaleBrokerEpoch, leader: None };
        };
        let heard = self.heard.get_mut(&broker).expect("registered");
        heard.0 = now;
        if stop && !known.stopping {
            self.decide(MetadataRecord::BrokerChanged { broker, fenced: known.fenced, stopping: true });
            self.leave(broker);
        } else if known.fenced && offset >= heard.1 && !stop {
            self.decide(MetadataRecord::BrokerChanged { broker, fenced: false, stopping: false });
            self.elect_everywhere();
        }
        let fenced = !self.image.is_alive(broker);
        ControlResponse::Alive { fenced, may_stop: stop && !self.leads_anything(broker) }
    }

    fn leads_anything(&self, broker: BrokerId) -> bool {
        self.all().iter().any(|(_, state)| state.leader == Some(broker))
    }

    fn all(&self) -> Vec<(TopicPartition, PartitionState)> {
        let topics = self.image.topics.iter();
        let all = topics.flat_map(|(topic, image)| {
            (0..).zip(&image.partitions).map(|(nth, state)| (TopicPartition::new(topic, nth), state.clone()))
        });
        all.collect()
    }

    pub(super) fn fence(&mut self, broker: BrokerId) {
        if self.image.is_alive(broker) {
            let stopping = self.image.brokers[&broker].stopping;
            self.decide(MetadataRecord::BrokerChanged { broker, fenced: true, stopping });
            self.leave(broker);
        }
    }

    /// It leaves every ISR that has other members, and leads nothing.
    fn leave(&mut self, broker: BrokerId) {
        for (partition, mut state) in self.all() {
            if state.isr.len() > 1 {
                state.isr.retain(|member| *member != broker);
            }
            self.change(partition, state);
        }
    }

    pub(super) fn elect_everywhere(&mut self) {
        for (partition, state) in self.all() {
            self.change(partition, state);
        }
    }

    fn may_lead(&self, broker: BrokerId) -> bool {
        self.image.brokers.get(&broker).is_some_and(|state| !state.fenced && !state.stopping)
    }

    /// Writes the state down, if it is new, with a leader from the ISR; unclean, from all replicas.
    fn change(&mut self, partition: TopicPartition, mut state: PartitionState) {
        if !state.leader.is_some_and(|leader| self.may_lead(leader)) {
            let candidates = state.replicas.iter().copied().filter(|id| self.may_lead(*id));
            let clean = candidates.clone().find(|id| state.isr.contains(id));
            let unclean = self.image.topics[&partition.topic].config.unclean_election;
            let leader = clean.or_else(|| candidates.clone().next().filter(|_| unclean));
            if clean.is_none() {
                state.isr = leader.map_or(state.isr, |leader| vec![leader]);
            }
            if leader != state.leader {
                state.leader_epoch = LeaderEpoch(state.leader_epoch.0 + 1);
            }
            state.leader = leader;
        }
        if self.image.partition(&partition) != Some(&state) {
            state.partition_epoch += 1;
            self.decide(MetadataRecord::PartitionChanged { partition, state });
        }
    }

    fn alter(&mut self, (broker, epoch): (BrokerId, u64), changes: Vec<IsrChange>) -> ControlResponse {
        if self.image.brokers.get(&broker).is_none_or(|known| known.epoch != epoch) {
            return ControlResponse::Refused { error: ErrorCode::StaleBrokerEpoch, leader: None };
        }
        let mut results = Vec::new();
        for change in changes {
            let error = self.alter_one(broker, &change).err().unwrap_or(ErrorCode::None);
            results.push((change.partition, error));
        }
        ControlResponse::Altered(results)
    }

    fn alter_one(&mut self, broker: BrokerId, change: &IsrChange) -> Result<(), ErrorCode> {
        let known = self.image.partition(&change.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?.clone();
        if known.leader_epoch != change.leader_epoch || known.leader != Some(broker) {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if known.partition_epoch != change.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        if !change.isr.iter().all(|member| self.may_lead(*member)) {
            return Err(ErrorCode::IneligibleReplica);
        }
        self.change(change.partition.clone(), PartitionState { isr: change.isr.clone(), ..known });
        Ok(())
    }

    fn create(&mut self, topic: &NewTopic) -> ErrorCode {
        let alive: Vec<BrokerId> = self.image.brokers.keys().copied().filter(|id| self.may_lead(*id)).collect();
        let count = topic.config.replication_factor as usize;
        if self.image.topics.contains_key(&topic.topic) {
            return ErrorCode::TopicAlreadyExists;
        }
        if alive.len() < count {
            return ErrorCode::InvalidReplicationFactor;
        }
        self.decide(MetadataRecord::TopicCreated { topic: topic.topic.clone(), config: topic.config.clone() });
        for nth in 0..topic.config.partitions {
            let replicas: Rc<[BrokerId]> = alive.iter().cycle().skip(nth as usize).take(count).copied().collect();
            let state = PartitionState {
                isr: replicas.to_vec(),
                leader: Some(replicas[0]),
                replicas,
                leader_epoch: LeaderEpoch(0),
                partition_epoch: 0,
            };
            self.decide(MetadataRecord::PartitionChanged { partition: TopicPartition::new(&topic.topic, nth), state });
        }
        ErrorCode::None
    }
}
