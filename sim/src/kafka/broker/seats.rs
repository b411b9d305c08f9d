//! What the coordinators of groups and of transactions have in common: a seat for each partition of their topic that the broker
//! leads, and the records that they append there.
//!
//! Records are appended as a producer with acks=all would have it, and count when the high watermark has passed them. A new leader
//! reads the log up to where its own epoch begins, as soon as everything before that is committed.
//!
//! **Never here:** what a coordinator decides.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::Broker;
use super::replicas::Number;
use crate::engine::SimTime;
use crate::kafka::log::ReadLimit;
use crate::kafka::record::{Batch, Record};
use crate::kafka::replica::Replica;
use crate::kafka::types::{Acks, ErrorCode, LeaderEpoch, Offset};

/// A coordinator under one epoch of its partition's leader. `W` names its writes.
#[derive(Debug)]
pub(super) struct Seat<C, W> {
    pub(super) coordinator: C,
    /// Which replica has its partition.
    pub(super) number: Number,
    pub(super) epoch: LeaderEpoch,
    pub(super) loaded: bool,
    /// Its writes in the order of the log: the offset behind each, or why it was not appended.
    pub(super) writes: VecDeque<(W, Result<Offset, ErrorCode>)>,
    /// When the coordinator wants to be looked at, as of its last decision.
    pub(super) due: Option<SimTime>,
}

/// All coordinators of one kind, by partition.
#[derive(Debug)]
pub(super) struct Seats<C, W>(BTreeMap<u32, Seat<C, W>>);

impl<C, W> Default for Seats<C, W> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<C, W: Copy> Seat<C, W> {
    /// A coordinator that has not read its log.
    pub(super) fn new(coordinator: C, number: Number, epoch: LeaderEpoch) -> Self {
        Self { coordinator, number, epoch, loaded: false, writes: VecDeque::new(), due: None }
    }

    /// Takes out the oldest write, once it is known what has become of it.
    fn next_concluded(&mut self, committed: Offset) -> Option<(W, Result<(), ErrorCode>)> {
        let (write, result) = *self.writes.front().filter(|(_, result)| result.map_or(true, |end| end <= committed))?;
        self.writes.pop_front();
        Some((write, result.map(|_| ())))
    }
}

impl<C, W: Copy> Seats<C, W> {
    pub(super) fn due(&self) -> Option<SimTime> {
        self.0.values().filter_map(|seat| seat.due).min()
    }

    /// The partitions of those to be looked at.
    pub(super) fn due_by(&self, now: SimTime) -> Vec<u32> {
        let is_due = |seat: &Seat<C, W>| seat.due.is_some_and(|at| at <= now);
        self.0.iter().filter(|(_, seat)| is_due(seat)).map(|(partition, _)| *partition).collect()
    }

    pub(super) fn coordinators(&self) -> impl Iterator<Item = (u32, &C)> {
        self.0.iter().map(|(partition, seat)| (*partition, &seat.coordinator))
    }

    pub(super) fn all_mut(&mut self) -> impl Iterator<Item = &mut Seat<C, W>> {
        self.0.values_mut()
    }

    pub(super) fn get_mut(&mut self, partition: u32) -> Option<&mut Seat<C, W>> {
        self.0.get_mut(&partition)
    }

    /// A seat that is there, because its coordinator has just decided something.
    pub(super) fn taken(&mut self, partition: u32) -> &mut Seat<C, W> {
        self.0.get_mut(&partition).expect("somebody decides")
    }

    /// The seat of a partition, which somebody takes now if nobody has.
    pub(super) fn take(&mut self, partition: u32, fresh: impl FnOnce() -> Seat<C, W>) -> &mut Seat<C, W> {
        self.0.entry(partition).or_insert_with(fresh)
    }

    /// A coordinator ends with the epoch it began in: takes it out, unless this is the epoch that is led.
    pub(super) fn leave(&mut self, partition: u32, led: Option<LeaderEpoch>) -> Option<Seat<C, W>> {
        self.0.get(&partition).filter(|seat| Some(seat.epoch) != led)?;
        self.0.remove(&partition)
    }

    pub(super) fn next_concluded(&mut self, partition: u32, committed: Offset) -> Option<(W, Result<(), ErrorCode>)> {
        self.0.get_mut(&partition)?.next_concluded(committed)
    }
}

impl Broker {
    /// Appends what a coordinator writes; the offset behind it is what has to be committed.
    pub(super) fn append_for_coordinator(
        &mut self,
        now: SimTime,
        number: Number,
        records: impl Into<Rc<[Record]>>,
    ) -> Result<Offset, ErrorCode> {
        let (replica, scene) = self.stage(now, number);
        replica.append(&scene, Batch::new(records, None), Acks::All).map(|appended| appended.end)
    }
}

/// The partition of a replica, and the epoch in which it leads, if it does; nothing if it is of another topic.
pub(super) fn led(replica: &Replica, topic: &str) -> Option<(u32, Option<LeaderEpoch>)> {
    let name = replica.name();
    (*name.topic == *topic).then(|| (name.partition, replica.leads().then(|| replica.epoch())))
}

/// What a new leader's coordinator reads, once all of that is committed.
pub(super) fn inherited(replica: &Replica) -> Option<Vec<Batch>> {
    let (end, log) = (replica.inherited()?, replica.log());
    Some(log.read(log.start()..end, ReadLimit { bytes: u64::MAX, whole_first: true }))
}
