//! What the holder of the controller's seat does: load, decide, have it written, answer.

use super::ZooKeeperMember;
use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::cluster::ClusterController;
use crate::kafka::controller::config::ControllerConfig;
use crate::kafka::controller::member::{Promise, answer};
use crate::kafka::controller::messages::{ControlRequest, LogEntry, ZooKeeperRequest};
use crate::kafka::machine::Ticket;
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::types::{BrokerId, ErrorCode};

/// The controller's seat, once it is taken.
#[derive(Debug)]
pub(super) enum Office {
    /// Reads what there is, until then.
    Loading { epoch: u32, until: SimTime, image: MetadataImage },
    /// Decides.
    Active(Box<Active>),
}

/// A controller at work.
#[derive(Debug)]
pub(super) struct Active {
    epoch: u32,
    controller: ClusterController,
    /// Decided, and not known to be written.
    unwritten: Vec<MetadataRecord>,
    /// How many of these are under way.
    writing: usize,
}

impl Office {
    pub(super) fn due(&self) -> SimTime {
        match self {
            Office::Loading { until, .. } => *until,
            Office::Active(active) => active.controller.next_timeout(),
        }
    }

    fn epoch(&self) -> u32 {
        match self {
            Office::Loading { epoch, .. } => *epoch,
            Office::Active(active) => active.epoch,
        }
    }
}

impl ZooKeeperMember {
    /// Everything has been read; how long that took depends on how much there is.
    pub(super) fn on_loaded(&mut self, now: SimTime, records: Vec<MetadataRecord>) {
        let mut image = MetadataImage::default();
        records.iter().for_each(|record| image.apply(record));
        let partitions: usize = image.topics.values().map(|topic| topic.partitions.len()).sum();
        let until = now + self.config.zookeeper.load_per_partition * partitions as u64;
        let epoch = self.state.epoch;
        let known = self.log.len();
        self.log.extend(records.into_iter().skip(known).map(|record| LogEntry { epoch, record: Some(record) }));
        self.office = Some(Office::Loading { epoch, until, image });
    }

    pub(super) fn run_office(&mut self, now: SimTime) {
        self.enter_office(now);
        while let Some(Office::Active(active)) = &mut self.office {
            if active.controller.next_timeout() > now {
                break;
            }
            let records = active.controller.tick(now);
            self.decide(now, records);
        }
        self.begin_write();
        self.keep_promises();
    }

    /// Acts from now on. First of all it fences whoever died while nobody looked.
    fn enter_office(&mut self, now: SimTime) {
        let Some(Office::Loading { epoch, until, image }) = &mut self.office else { return };
        if *until > now {
            return;
        }
        // Brokers live by their sessions with the ensemble, not by heartbeats.
        let config = ControllerConfig { session_timeout: SimDuration::MAX, ..self.config.clone() };
        let (epoch, image) = (*epoch, std::mem::take(image));
        let controller = ClusterController::activate(self.id, &config, image, now);
        let dead = controller.image().brokers.keys().copied().filter(|broker| !self.state.live.contains_key(broker));
        let dead: Vec<BrokerId> = dead.collect();
        self.office = Some(Office::Active(Box::new(Active { epoch, controller, unwritten: Vec::new(), writing: 0 })));
        dead.into_iter().for_each(|broker| self.fence(now, broker));
    }

    pub(super) fn leave_office(&mut self) {
        self.office = None;
        let promises = std::mem::take(&mut self.promises);
        promises.into_iter().for_each(|promise| self.refuse(promise.ticket, ErrorCode::NotController));
    }

    pub(super) fn leave_office_unless_mine(&mut self) {
        let mine = (Some(self.id), Some(self.state.epoch));
        if self.office.is_some() && (self.state.controller, self.office.as_ref().map(Office::epoch)) != mine {
            self.leave_office();
        }
    }

    /// A broker's session has ended.
    pub(super) fn fence(&mut self, now: SimTime, broker: BrokerId) {
        if let Some(Office::Active(active)) = &self.office {
            let records = active.controller.fence(broker);
            self.decide(now, records);
        }
    }

    /// A broker asks its controller. Only who has a session is heard; who registers has just begun to live, so what an earlier
    /// incarnation held is free.
    pub(super) fn on_control(&mut self, now: SimTime, ticket: Ticket, request: ControlRequest) {
        if !self.is_active() {
            return self.refuse(ticket, ErrorCode::NotController);
        }
        let broker = match &request {
            ControlRequest::Register(broker) => Some(*broker),
            ControlRequest::Heartbeat { broker, .. } | ControlRequest::AlterIsr { broker, .. } => Some(*broker),
            _ => None,
        };
        if broker.is_some_and(|broker| !self.state.live.contains_key(&broker)) {
            return self.refuse(ticket, ErrorCode::BrokerIdNotRegistered);
        }
        if let ControlRequest::Register(broker) = &request {
            self.fence(now, *broker);
        }
        let Some(Office::Active(active)) = &mut self.office else { return };
        let decision = active.controller.decide(now, request);
        self.decide(now, decision.records);
        let Some(Office::Active(active)) = &self.office else { return };
        let end = (self.log.len() + active.unwritten.len()) as u64;
        self.promises.push_back(Promise { end, ticket, response: decision.response });
    }

    fn decide(&mut self, now: SimTime, records: Vec<MetadataRecord>) {
        if let Some(Office::Active(active)) = &mut self.office {
            active.controller.replay(now, &records);
            active.unwritten.extend(records);
        }
    }

    /// What to write next: what is under way already, or else everything there is.
    pub(super) fn write_request(&self) -> Option<ZooKeeperRequest> {
        let Some(Office::Active(active)) = &self.office else { return None };
        let records = active.unwritten[..active.writing].to_vec();
        let (epoch, offset) = (active.epoch, self.log.len() as u64);
        (!records.is_empty()).then_some(ZooKeeperRequest::Write { epoch, offset, records })
    }

    fn begin_write(&mut self) {
        let Some(Office::Active(active)) = &mut self.office else { return };
        if active.writing == 0 {
            active.writing = active.unwritten.len();
        }
    }

    pub(super) fn on_written(&mut self) {
        let Some(Office::Active(active)) = &mut self.office else { return };
        let (epoch, writing) = (active.epoch, std::mem::take(&mut active.writing));
        let written = active.unwritten.drain(..writing);
        self.log.extend(written.map(|record| LogEntry { epoch, record: Some(record) }));
    }

    fn keep_promises(&mut self) {
        let end = self.log.len() as u64;
        let kept = self.promises.partition_point(|promise| promise.end <= end);
        let kept = self.promises.drain(..kept).map(|promise| answer(promise.ticket, promise.response));
        self.outputs.extend(kept);
    }
}
