//! The group coordinators of a broker: one for each partition of `__consumer_offsets` that it leads (D1).
//!
//! A coordinator's records are appended as a producer with acks=all would have it, and count when the high watermark has passed
//! them. A new leader reads the log up to where its own epoch begins, as soon as everything before that is committed.
//!
//! **Never here:** what a coordinator decides. **Departs from Kafka:** Kafka loads up to the log's end at once, and so may
//! speak of offsets that are not committed yet. **Not modelled:** the time it takes to read the log.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::replicas::Number;
use super::{Broker, answer};
use crate::engine::SimTime;
use crate::kafka::group::{Coordinator, Decision, GroupConfig, OFFSETS_TOPIC, Write, WriteId, partition_of};
use crate::kafka::log::ReadLimit;
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{GroupRequest, GroupResponse, Response};
use crate::kafka::record::{Batch, Record};
use crate::kafka::types::{Acks, ErrorCode, LeaderEpoch, Offset};

/// All coordinators of a broker, by partition.
#[derive(Debug)]
pub(super) struct Groups {
    config: Rc<GroupConfig>,
    seats: BTreeMap<u32, Seat>,
}

/// A coordinator under one epoch of its partition's leader.
#[derive(Debug)]
struct Seat {
    coordinator: Coordinator,
    /// Which replica has its partition.
    number: Number,
    epoch: LeaderEpoch,
    loaded: bool,
    /// Its writes in the order of the log: the offset behind each, or why it was not appended.
    writes: VecDeque<(WriteId, Result<Offset, ErrorCode>)>,
    /// When the coordinator wants to be looked at, as of its last decision.
    due: Option<SimTime>,
}

impl Groups {
    pub(super) fn new(config: GroupConfig) -> Self {
        Self { config: Rc::new(config), seats: BTreeMap::new() }
    }

    pub(super) fn config(&self) -> &GroupConfig {
        &self.config
    }

    pub(super) fn due(&self) -> Option<SimTime> {
        self.seats.values().filter_map(|seat| seat.due).min()
    }

    pub(super) fn forget(&mut self, ticket: Ticket) {
        for seat in self.seats.values_mut() {
            seat.coordinator.gone(ticket);
            seat.due = seat.coordinator.next_timeout();
        }
    }
}

impl Broker {
    /// The group coordinators here, with their partitions.
    pub fn coordinators(&self) -> impl Iterator<Item = (u32, &Coordinator)> {
        self.groups.seats.iter().map(|(partition, seat)| (*partition, &seat.coordinator))
    }

    pub(super) fn group(&mut self, now: SimTime, ticket: Ticket, request: GroupRequest, out: &mut Vec<Output>) {
        let partitions =
            self.image.config(OFFSETS_TOPIC).map_or(self.groups.config.partitions, |topic| topic.partitions);
        let partition = partition_of(request.group(), partitions);
        let Some(seat) = self.groups.seats.get_mut(&partition) else {
            let error = GroupResponse::Error { error: ErrorCode::NotCoordinator, member: None };
            return out.push(answer(ticket, Response::Group(error)));
        };
        let decision = seat.coordinator.handle(now, ticket, &request);
        self.enact(now, partition, decision, out);
    }

    /// Does what is due by the clock.
    pub(super) fn run_groups(&mut self, now: SimTime, out: &mut Vec<Output>) {
        let due = |seat: &Seat| seat.due.is_some_and(|at| at <= now);
        let due: Vec<u32> = self.groups.seats.iter().filter(|(_, seat)| due(seat)).map(|(at, _)| *at).collect();
        for partition in due {
            let seat = self.groups.seats.get_mut(&partition).expect("it was there");
            let decision = seat.coordinator.timeout(now);
            self.enact(now, partition, decision, out);
        }
    }

    /// The role, the log or the high watermark of a partition has changed.
    pub(super) fn coordinate(&mut self, now: SimTime, number: Number, out: &mut Vec<Output>) {
        let replica = self.replicas.at(number);
        if *replica.name().topic != *OFFSETS_TOPIC {
            return;
        }
        let (partition, led) = (replica.name().partition, replica.leads().then(|| replica.epoch()));
        self.resign_unless(led, partition, out);
        if let Some(epoch) = led {
            self.load(now, number, epoch);
            self.conclude(now, number, partition, out);
        }
    }

    /// A coordinator ends with the epoch it began in.
    fn resign_unless(&mut self, led: Option<LeaderEpoch>, partition: u32, out: &mut Vec<Output>) {
        let Some(seat) = self.groups.seats.get_mut(&partition).filter(|seat| Some(seat.epoch) != led) else { return };
        let last = seat.coordinator.resign();
        self.groups.seats.remove(&partition);
        out.extend(last.answers.into_iter().map(|last| answer(last.ticket, Response::Group(last.response))));
    }

    fn load(&mut self, now: SimTime, number: Number, epoch: LeaderEpoch) {
        let (config, replica) = (&self.groups.config, self.replicas.at(number));
        let partition = replica.name().partition;
        let seat = self.groups.seats.entry(partition).or_insert_with(|| Seat::new(partition, number, config, epoch));
        let Some(end) = replica.inherited().filter(|_| !seat.loaded) else { return };
        let limit = ReadLimit { bytes: u64::MAX, whole_first: true };
        let batches = replica.log().read(replica.log().start()..end, limit);
        seat.coordinator.load(now, epoch, batches.iter().flat_map(|batch| batch.records.iter()));
        (seat.loaded, seat.due) = (true, seat.coordinator.next_timeout());
    }

    /// Tells a coordinator what has become of its writes, in the order of the log.
    fn conclude(&mut self, now: SimTime, number: Number, partition: u32, out: &mut Vec<Output>) {
        while let Some((write, result)) = self.next_concluded(number, partition) {
            let seat = self.groups.seats.get_mut(&partition).expect("somebody wrote");
            let decision = seat.coordinator.committed(now, write, result);
            self.enact(now, partition, decision, out);
        }
    }

    fn next_concluded(&mut self, number: Number, partition: u32) -> Option<(WriteId, Result<(), ErrorCode>)> {
        let committed = self.replicas.at(number).high_watermark();
        let writes = &mut self.groups.seats.get_mut(&partition)?.writes;
        let (write, result) = *writes.front().filter(|(_, result)| result.map_or(true, |end| end <= committed))?;
        writes.pop_front();
        Some((write, result.map(|_| ())))
    }

    fn enact(&mut self, now: SimTime, partition: u32, decision: Decision, out: &mut Vec<Output>) {
        out.extend(decision.answers.into_iter().map(|given| answer(given.ticket, Response::Group(given.response))));
        let seat = self.groups.seats.get_mut(&partition).expect("somebody decides");
        seat.due = seat.coordinator.next_timeout();
        let number = seat.number;
        for Write { id, records } in decision.writes {
            let result = self.write(now, number, records);
            self.groups.seats.get_mut(&partition).expect("somebody writes").writes.push_back((id, result));
            self.dirty.insert(number);
        }
    }

    /// Appends; the offset behind it is what has to be committed.
    fn write(&mut self, now: SimTime, number: Number, records: Vec<Record>) -> Result<Offset, ErrorCode> {
        let (replica, scene) = self.stage(now, number);
        replica.append(&scene, Batch::new(records, None), Acks::All).map(|appended| appended.end)
    }
}

impl Seat {
    fn new(partition: u32, number: Number, config: &Rc<GroupConfig>, epoch: LeaderEpoch) -> Self {
        let mut coordinator = Coordinator::new(partition, config.clone());
        coordinator.begin_loading();
        Self { coordinator, number, epoch, loaded: false, writes: VecDeque::new(), due: None }
    }
}
