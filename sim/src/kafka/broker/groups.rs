//! The group coordinators of a broker: one for each partition of `__consumer_offsets` that it leads (D1). See `seats`.
//!
//! **Never here:** what a coordinator decides. **Departs from Kafka:** Kafka loads up to the log's end at once, and so may
//! speak of offsets that are not committed yet. **Not modelled:** the time it takes to read the log.

use std::rc::Rc;

use super::replicas::Number;
use super::seats::{Seat, Seats, inherited, led};
use super::{Broker, answer};
use crate::engine::SimTime;
use crate::kafka::group::{Coordinator, Decision, GroupConfig, OFFSETS_TOPIC, Write, WriteId, partition_of};
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{GroupRequest, GroupResponse, Response};
use crate::kafka::types::{ErrorCode, LeaderEpoch};

/// All coordinators of a broker, by partition.
#[derive(Debug)]
pub(super) struct Groups {
    config: Rc<GroupConfig>,
    seats: Seats<Coordinator, WriteId>,
}

impl Groups {
    pub(super) fn new(config: GroupConfig) -> Self {
        Self { config: Rc::new(config), seats: Seats::default() }
    }

    pub(super) fn config(&self) -> &GroupConfig {
        &self.config
    }

    pub(super) fn due(&self) -> Option<SimTime> {
        self.seats.due()
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        for seat in self.seats.all_mut() {
            seat.coordinator.gone(ticket);
            seat.due = seat.coordinator.next_timeout();
        }
    }
}

impl Broker {
    /// The group coordinators here, with their partitions.
    pub fn coordinators(&self) -> impl Iterator<Item = (u32, &Coordinator)> {
        self.groups.seats.coordinators()
    }

    pub(super) fn group(&mut self, now: SimTime, ticket: Ticket, request: GroupRequest, out: &mut Vec<Output>) {
        let partitions =
            self.image.config(OFFSETS_TOPIC).map_or(self.groups.config.partitions, |topic| topic.partitions);
        let partition = partition_of(request.group(), partitions);
        let Some(seat) = self.groups.seats.get_mut(partition) else {
            let error = GroupResponse::Error { error: ErrorCode::NotCoordinator, member: None };
            return out.push(answer(ticket, Response::Group(error)));
        };
        let decision = seat.coordinator.handle(now, ticket, &request);
        self.enact(now, partition, decision, out);
    }

    /// Does what is due by the clock.
    pub(super) fn run_groups(&mut self, now: SimTime, out: &mut Vec<Output>) {
        for partition in self.groups.seats.due_by(now) {
            let decision = self.groups.seats.taken(partition).coordinator.timeout(now);
            self.enact(now, partition, decision, out);
        }
    }

    /// The role, the log or the high watermark of a partition has changed.
    pub(super) fn coordinate(&mut self, now: SimTime, number: Number, out: &mut Vec<Output>) {
        let Some((partition, led)) = led(self.replicas.at(number), OFFSETS_TOPIC) else { return };
        if let Some(mut seat) = self.groups.seats.leave(partition, led) {
            let last = seat.coordinator.resign();
            out.extend(last.answers.into_iter().map(|last| answer(last.ticket, Response::Group(last.response))));
        }
        if let Some(epoch) = led {
            self.load(now, number, epoch);
            self.conclude(now, number, partition, out);
        }
    }

    fn load(&mut self, now: SimTime, number: Number, epoch: LeaderEpoch) {
        let (config, replica) = (&self.groups.config, self.replicas.at(number));
        let partition = replica.name().partition;
        let fresh = || {
            let mut coordinator = Coordinator::new(partition, config.clone());
            coordinator.begin_loading();
            Seat::new(coordinator, number, epoch)
        };
        let seat = self.groups.seats.take(partition, fresh);
        if seat.loaded {
            return;
        }
        let Some(batches) = inherited(replica) else { return };
        seat.coordinator.load(now, epoch, batches.iter().flat_map(|batch| batch.records.iter()));
        (seat.loaded, seat.due) = (true, seat.coordinator.next_timeout());
    }

    /// Tells a coordinator what has become of its writes, in the order of the log.
    fn conclude(&mut self, now: SimTime, number: Number, partition: u32, out: &mut Vec<Output>) {
        // Where it is the only replica, what it writes meanwhile is committed at once.
        let next = |broker: &mut Self| {
            let committed = broker.replicas.at(number).high_watermark();
            broker.groups.seats.next_concluded(partition, committed)
        };
        while let Some((write, result)) = next(self) {
            let decision = self.groups.seats.taken(partition).coordinator.committed(now, write, result);
            self.enact(now, partition, decision, out);
        }
    }

    fn enact(&mut self, now: SimTime, partition: u32, decision: Decision, out: &mut Vec<Output>) {
        out.extend(decision.answers.into_iter().map(|given| answer(given.ticket, Response::Group(given.response))));
        let seat = self.groups.seats.taken(partition);
        seat.due = seat.coordinator.next_timeout();
        let number = seat.number;
        for Write { id, records } in decision.writes {
            let result = self.append_for_coordinator(now, number, records);
            self.groups.seats.taken(partition).writes.push_back((id, result));
            self.dirty.insert(number);
        }
    }
}
