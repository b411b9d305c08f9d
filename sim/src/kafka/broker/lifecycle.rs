//! A broker's life as the controller sees it: registered, fenced, let in, stopping, gone (B3; AK:
//! core/server/BrokerLifecycleManager.scala).
//!
//! **Never here:** deciding who is fenced. **Departs from Kafka:** a broker whose registration the controller does not know
//! registers again; Kafka's would ask in vain.

use super::{Awaited, Broker};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::controller::{ControlRequest, ControlResponse};
use crate::kafka::machine::{Lane, Output};
use crate::kafka::protocol::{Request, Response};
use crate::kafka::types::ErrorCode;

/// Where a broker is in its life.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    /// Given by the controller at registration.
    pub(super) epoch: Option<u64>,
    /// Its own registration has come back as metadata: what it knows is no older, and it may act on it.
    pub(super) caught_up: bool,
    stopping: Stopping,
    /// When to speak to the controller next; nothing while an answer is awaited.
    next: Option<SimTime>,
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopping {
    No,
    Wanted,
    /// The controller has heard of it.
    Heard,
    Done,
}

impl Lifecycle {
    pub(super) fn new(now: SimTime) -> Self {
        Self { epoch: None, caught_up: false, stopping: Stopping::No, next: Some(now), failures: 0 }
    }

    pub(super) fn due(&self) -> Option<SimTime> {
        self.next.filter(|_| self.stopping != Stopping::Done)
    }

    fn retry(&mut self, now: SimTime, first: SimDuration, longest: SimDuration) {
        let backoff = first * (1 << self.failures.min(16));
        self.failures += 1;
        self.next = Some(now + backoff.min(longest));
    }

    fn succeed(&mut self, next: SimTime) {
        self.failures = 0;
        self.next = Some(next);
    }

    fn is_awaiting(&self) -> bool {
        self.next.is_none()
    }
}

impl Broker {
    /// The epoch of its registration, if it has one.
    pub fn epoch(&self) -> Option<u64> {
        self.lifecycle.epoch
    }

    /// It is to stop in good order: its leaderships move first.
    pub fn want_stop(&mut self, now: SimTime) -> Vec<Output> {
        let mut out = Vec::new();
        if self.lifecycle.stopping == Stopping::No {
            self.lifecycle.stopping = Stopping::Wanted;
            self.speak_now(now);
            self.live(now, &mut out);
        }
        out
    }

    /// The controller has let it stop.
    pub fn may_stop(&self) -> bool {
        self.lifecycle.stopping == Stopping::Done
    }

    /// Speaks to the controller if it is time, and if there is one.
    pub(super) fn live(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let Some(controller) = self.controller else {
            // Waking up again would help nobody: the next controller starts it.
            self.lifecycle.next = self.lifecycle.next.filter(|at| *at > now);
            return;
        };
        if self.lifecycle.next.is_none_or(|at| at > now) || self.may_stop() {
            return;
        }
        self.lifecycle.next = None;
        let (about, request) = match self.lifecycle.epoch {
            None => (Awaited::Registered, ControlRequest::Register(self.me)),
            Some(epoch) => (Awaited::Alive, self.heartbeat(epoch)),
        };
        let timeout = self.config.heartbeat_timeout;
        out.push(self.send(about, (controller, Lane::Heartbeat), timeout, Request::Control(request)));
    }

    fn heartbeat(&self, epoch: u64) -> ControlRequest {
        let stop = self.lifecycle.stopping != Stopping::No;
        ControlRequest::Heartbeat { broker: self.me, epoch, offset: self.image.offset, stop }
    }

    pub(super) fn registered(&mut self, now: SimTime, answer: Option<Response>) {
        match answer {
            Some(Response::Control(ControlResponse::Registered(epoch))) => {
                self.lifecycle.epoch = Some(epoch);
                self.lifecycle.succeed(now);
                self.catch_up(now);
            }
            _ => self.retry_life(now),
        }
    }

    pub(super) fn heard(&mut self, now: SimTime, answer: Option<Response>) {
        match answer {
            Some(Response::Control(ControlResponse::Alive { may_stop, .. })) => {
                let wait = self.stop_step(may_stop);
                self.lifecycle.succeed(now + wait);
            }
            Some(Response::Control(ControlResponse::Refused { error, .. })) if is_unknown(error) => {
                self.lifecycle.epoch = None;
                self.retry_life(now);
            }
            _ => self.retry_life(now),
        }
    }

    /// How long until the next heartbeat. When it may stop, what is committed is written down.
    fn stop_step(&mut self, may_stop: bool) -> SimDuration {
        let stopping = self.lifecycle.stopping;
        self.lifecycle.stopping = match stopping {
            Stopping::No => Stopping::No,
            _ if may_stop => Stopping::Done,
            _ => Stopping::Heard,
        };
        if self.may_stop() {
            self.checkpoints.take(&self.replicas);
        }
        if stopping == Stopping::Wanted { self.config.stop_recheck } else { self.config.heartbeat_interval }
    }

    fn retry_life(&mut self, now: SimTime) {
        self.lifecycle.retry(now, self.config.heartbeat_backoff, self.config.heartbeat_backoff_max);
    }

    /// Speaks at once, unless an answer is awaited: then the next word comes with it.
    pub(super) fn speak_now(&mut self, now: SimTime) {
        if !self.lifecycle.is_awaiting() {
            self.lifecycle.next = Some(now);
        }
    }

    /// Another controller: what was said to the old one does not count.
    pub(super) fn start_over(&mut self, now: SimTime) {
        self.lifecycle.succeed(now);
    }
}

fn is_unknown(error: ErrorCode) -> bool {
    matches!(error, ErrorCode::StaleBrokerEpoch | ErrorCode::BrokerIdNotRegistered)
}
