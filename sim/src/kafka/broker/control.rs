//! What a broker asks of the controller beside its own life: other ISRs, new topics.
//!
//! **Never here:** what the controller makes of it. One request about ISRs is under way at a time and carries all changes
//! wanted by then (AK: AlterPartitionManager.scala).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::replicas::Number;
use super::{Awaited, Broker, answer};
use crate::engine::SimTime;
use crate::kafka::controller::{ControlRequest, ControlResponse, IsrChange};
use crate::kafka::machine::{Lane, Output, Ticket};
use crate::kafka::protocol::{NewTopic, Request, Response};
use crate::kafka::types::{ErrorCode, TopicPartition};

/// ISR changes that this broker's leaders want.
#[derive(Clone, Debug, Default)]
pub(super) struct IsrChanges {
    /// To be asked for.
    wanted: BTreeMap<TopicPartition, IsrChange>,
    /// Asked for; it stays here until the leader wants something else, so nothing is asked for twice.
    asked: BTreeMap<TopicPartition, IsrChange>,
    under_way: bool,
    /// Not before.
    retry: Option<SimTime>,
}

impl IsrChanges {
    pub(super) fn due(&self) -> Option<SimTime> {
        self.retry
    }
}

/// Topics that somebody wants created: who waits for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Creations(BTreeMap<Rc<str>, Vec<Ticket>>);

impl Creations {
    pub(super) fn forget(&mut self, ticket: Ticket) {
        for tickets in self.0.values_mut() {
            tickets.retain(|waiting| *waiting != ticket);
        }
    }
}

impl Broker {
    pub(super) fn shrink_isrs(&mut self, now: SimTime) {
        let numbers: Vec<Number> = self.replicas.numbers().collect();
        for number in numbers {
            let (replica, scene) = self.stage(now, number);
            replica.shrink(&scene);
            self.dirty.insert(number);
        }
    }

    /// A leader may want another ISR than it did.
    pub(super) fn note_isr_change(&mut self, number: Number) {
        let replica = self.replicas.at(number);
        let (partition, wanted) = (replica.name(), replica.wanted_isr());
        let changes = &mut self.isr_changes;
        match wanted {
            Some(wanted) if changes.asked.get(partition) == Some(&wanted) => {}
            Some(wanted) => {
                changes.asked.remove(partition);
                changes.wanted.insert(partition.clone(), wanted);
            }
            None => {
                changes.asked.remove(partition);
                changes.wanted.remove(partition);
            }
        }
    }

    pub(super) fn pump_isr_changes(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let changes = &mut self.isr_changes;
        changes.retry = changes.retry.filter(|at| *at > now);
        let (Some(controller), Some(epoch)) = (self.controller, self.lifecycle.epoch) else { return };
        if changes.under_way || changes.retry.is_some() || changes.wanted.is_empty() {
            return;
        }
        changes.under_way = true;
        let wanted = std::mem::take(&mut changes.wanted);
        changes.asked.extend(wanted.clone());
        let request = ControlRequest::AlterIsr { broker: self.me, epoch, changes: wanted.into_values().collect() };
        let timeout = self.config.control_timeout;
        out.push(self.send(Awaited::Altered, (controller, Lane::Isr), timeout, Request::Control(request)));
    }

    pub(super) fn isr_answered(&mut self, now: SimTime, answer: Option<Response>) {
        self.isr_changes.under_way = false;
        match answer {
            Some(Response::Control(ControlResponse::Altered(results))) => {
                for (partition, error) in results {
                    self.isr_decided(now, &partition, error);
                }
            }
            _ => self.ask_isrs_again(now),
        }
    }

    fn isr_decided(&mut self, now: SimTime, partition: &TopicPartition, error: ErrorCode) {
        let Some(asked) = self.isr_changes.asked.get(partition).cloned() else { return };
        let Some(number) = self.replicas.number(partition) else { return };
        let (replica, scene) = self.stage(now, number);
        if replica.altered(&scene, &asked, error) {
            self.isr_changes.asked.remove(partition);
            self.isr_changes.retry = Some(now + self.config.alter_backoff);
        }
        self.dirty.insert(number);
    }

    /// Nothing was decided: everything that was asked for is wanted still, a moment later.
    fn ask_isrs_again(&mut self, now: SimTime) {
        self.isr_changes.retry = Some(now + self.config.alter_backoff);
        let asked = std::mem::take(&mut self.isr_changes.asked).into_keys();
        self.dirty.extend(asked.filter_map(|partition| self.replicas.number(&partition)));
    }

    /// Another controller: what the old one was asked has no answer any more.
    pub(super) fn abandon_control(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let is_peers = |about: &Awaited| matches!(about, Awaited::Fetched(_) | Awaited::Marked(_));
        let open: Vec<_> = self.awaited.iter().filter(|(_, about)| !is_peers(about)).map(|(sent, _)| *sent).collect();
        for sent in open {
            match self.awaited.remove(&sent).expect("it was there") {
                Awaited::Altered => {
                    self.isr_answered(now, None);
                    self.isr_changes.retry = None;
                }
                Awaited::Created(topic) => self.created(&topic, None, out),
                Awaited::Registered | Awaited::Alive | Awaited::Fetched(_) | Awaited::Marked(_) => {}
            }
        }
        self.start_over(now);
    }

    /// A client wants a topic: the controller decides, its answer is handed on.
    pub(super) fn forward_creation(&mut self, ticket: Ticket, topic: NewTopic, out: &mut Vec<Output>) {
        if self.controller.is_none() {
            out.push(answer(ticket, Response::CreateTopic(ErrorCode::NotController)));
            return;
        }
        let name = topic.topic.clone();
        self.create(topic, out);
        self.creations.0.entry(name).or_default().push(ticket);
    }

    /// Has a topic created, unless that is under way.
    pub(super) fn create(&mut self, topic: NewTopic, out: &mut Vec<Output>) {
        let Some(controller) = self.controller.filter(|_| !self.creations.0.contains_key(&topic.topic)) else { return };
        self.creations.0.insert(topic.topic.clone(), Vec::new());
        let about = Awaited::Created(topic.topic.clone());
        let request = Request::Control(ControlRequest::CreateTopic(topic));
        out.push(self.send(about, (controller, Lane::Control), self.config.control_timeout, request));
    }

    pub(super) fn created(&mut self, topic: &Rc<str>, response: Option<Response>, out: &mut Vec<Output>) {
        let error = match response {
            Some(Response::Control(ControlResponse::Created(error) | ControlResponse::Refused { error, .. })) => error,
            _ => ErrorCode::RequestTimedOut,
        };
        let waiting = self.creations.0.remove(topic).unwrap_or_default();
        out.extend(waiting.into_iter().map(|ticket| answer(ticket, Response::CreateTopic(error))));
    }

    pub(super) fn not_the_controller(&self) -> Response {
        Response::Control(ControlResponse::Refused { error: ErrorCode::NotController, leader: self.controller })
    }
}
