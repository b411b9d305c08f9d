//! The active controller's decisions.
//!
//! Decide, then apply: [`ClusterController::decide`] looks at the image and returns records with a response; the image changes
//! only when [`ClusterController::replay`] is given records. As in Kafka the image of an active controller runs ahead of what is
//! committed, so that decisions never contradict each other; whoever owns it answers only when the records are committed,
//! and drops the controller with its image when it is no longer active.
//!
//! Never here: how records are stored, agreed upon or sent (`quorum`, `zookeeper`).
//!
//! **Not modelled:** reassignment of replicas, deletion of topics, more partitions for a topic, quotas, ACLs, racks, eligible
//! leader replicas (KIP-966, opt-in in 4.0), limits on how much one decision changes.

use super::balance;
use super::brokers::{self, Beat};
use super::config::ControllerConfig;
use super::isr;
use super::messages::{ControlRequest, ControlResponse};
use super::sessions::Sessions;
use super::topics;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::types::{BrokerId, ErrorCode};

/// What a request leads to.
#[derive(Clone, Debug)]
pub struct Decision {
    /// To be appended to the metadata log, all or none.
    pub records: Vec<MetadataRecord>,
    /// To be given when these, and all records before them, are committed.
    pub response: ControlResponse,
}

impl Decision {
    /// A response that changes nothing.
    pub(super) fn only(response: ControlResponse) -> Self {
        Self { records: Vec::new(), response }
    }
}

/// The active controller.
#[derive(Debug)]
pub struct ClusterController {
    me: BrokerId,
    image: MetadataImage,
    sessions: Sessions,
    balance: SimTime,
    balance_interval: SimDuration,
    imbalance_percent: u32,
}

impl ClusterController {
    /// Becomes active with the image of all records so far. It cannot know when its predecessor last heard of a broker, so
    /// every broker gets a fresh full session (I1).
    pub fn activate(me: BrokerId, config: &ControllerConfig, image: MetadataImage, now: SimTime) -> Self {
        let sessions = Sessions::fresh(image.brokers.keys().copied(), config.session_timeout, now);
        let (balance_interval, imbalance_percent) = (config.balance_interval, config.imbalance_percent);
        Self { me, image, sessions, balance: now + balance_interval, balance_interval, imbalance_percent }
    }

    /// What the records so far add up to.
    pub fn image(&self) -> &MetadataImage {
        &self.image
    }

    /// What to do about a request of a broker. Only the sessions, which no record holds, change.
    ///
    /// # Panics
    /// When the request is one among members of the quorum.
    pub fn decide(&mut self, now: SimTime, request: ControlRequest) -> Decision {
        match request {
            ControlRequest::Register(broker) => self.refusing(brokers::register(&self.image, broker)),
            ControlRequest::Heartbeat { broker, epoch, offset, stop } => {
                self.heartbeat(now, broker, epoch, Beat { offset, stop })
            }
            ControlRequest::AlterIsr { broker, epoch, changes } => {
                self.refusing(isr::alter(&self.image, broker, epoch, &changes))
            }
            ControlRequest::CreateTopic(topic) => topics::create(&self.image, &topic),
            other => unreachable!("{other:?} is for the quorum, not for the controller"),
        }
    }

    /// Decisions that come with time: brokers whose session has ended are fenced, leaderships return to where they belong.
    pub fn tick(&mut self, now: SimTime) -> Vec<MetadataRecord> {
        if let Some(broker) = self.sessions.ended(&self.image, now) {
            return brokers::fence(&self.image, broker);
        }
        if self.balance > now {
            return Vec::new();
        }
        self.balance = now + self.balance_interval;
        balance::prefer(&self.image, self.imbalance_percent)
    }

    /// Fences a broker that is known to be gone.
    pub fn fence(&self, broker: BrokerId) -> Vec<MetadataRecord> {
        if self.image.is_alive(broker) { brokers::fence(&self.image, broker) } else { Vec::new() }
    }

    /// Takes records over into the image.
    pub fn replay(&mut self, now: SimTime, records: &[MetadataRecord]) {
        for record in records {
            self.image.apply(record);
            if let MetadataRecord::BrokerRegistered { broker, .. } = record {
                self.sessions.open(*broker, now);
            }
        }
    }

    /// When to call [`ClusterController::tick`].
    pub fn next_timeout(&self) -> SimTime {
        self.sessions.next_end(&self.image).map_or(self.balance, |end| end.min(self.balance))
    }

    fn heartbeat(&mut self, now: SimTime, broker: BrokerId, epoch: u64, beat: Beat) -> Decision {
        if let Err(error) = brokers::check_epoch(&self.image, broker, epoch) {
            return self.refusing(Err(error));
        }
        self.sessions.touch(broker, now, beat.offset);
        let everybody_knows = self.sessions.all_know_of_stop(&self.image, broker);
        let decision = brokers::heartbeat(&self.image, broker, beat, everybody_knows);
        if brokers::begins_to_stop(&decision.records) {
            self.sessions.begin_stop(broker, self.image.offset + decision.records.len() as u64);
        }
        decision
    }

    fn refusing(&self, result: Result<Decision, ErrorCode>) -> Decision {
        let refused = |error| Decision::only(ControlResponse::Refused { error, leader: Some(self.me) });
        result.unwrap_or_else(refused)
    }
}
