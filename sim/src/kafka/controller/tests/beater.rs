//! The least that a broker does towards its controller: it registers, says that it lives, and asks to stop.

use crate::engine::SimDuration;
use crate::kafka::controller::{ControlRequest, ControlResponse};
use crate::kafka::metadata::{MetadataImage, MetadataRecord};
use crate::kafka::protocol::Response;
use crate::kafka::types::{BrokerId, ErrorCode};

/// `broker.heartbeat.interval.ms` (B3).
pub(super) const HEARTBEAT: SimDuration = SimDuration::from_secs(2);
/// Pause after a request that failed.
pub(super) const PAUSE: SimDuration = SimDuration::from_millis(100);

/// A broker that only beats.
#[derive(Debug)]
pub(super) struct Beater {
    id: BrokerId,
    epoch: Option<u64>,
    /// What it has been told.
    pub(super) image: MetadataImage,
    /// Whether it wants to stop.
    pub(super) stop: bool,
    /// Whether it has been allowed to.
    pub(super) may_stop: bool,
}

impl Beater {
    pub(super) fn new(id: BrokerId) -> Self {
        Self { id, epoch: None, image: MetadataImage::default(), stop: false, may_stop: false }
    }

    pub(super) fn apply(&mut self, records: &[MetadataRecord]) {
        records.iter().for_each(|record| self.image.apply(record));
    }

    pub(super) fn request(&self) -> ControlRequest {
        match self.epoch {
            None => ControlRequest::Register(self.id),
            Some(epoch) => {
                let (broker, offset, stop) = (self.id, self.image.offset, self.stop);
                ControlRequest::Heartbeat { broker, epoch, offset, stop }
            }
        }
    }

    /// Takes an answer and says when to beat again.
    pub(super) fn answered(&mut self, answer: Option<Response>) -> SimDuration {
        let fenced = self.image.brokers.get(&self.id).is_none_or(|state| state.fenced);
        match answer {
            Some(Response::Control(ControlResponse::Registered(epoch))) => {
                self.epoch = Some(epoch);
                PAUSE
            }
            Some(Response::Control(ControlResponse::Alive { may_stop, .. })) => {
                self.may_stop |= may_stop;
                if fenced { PAUSE } else { HEARTBEAT }
            }
            Some(Response::Control(ControlResponse::Refused { error, .. })) => {
                let stale = matches!(error, ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered);
                self.epoch = self.epoch.filter(|_| !stale);
                PAUSE
            }
            _ => PAUSE,
        }
    }
}
