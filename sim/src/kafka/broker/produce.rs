//! Appends for producers, and the wait of acks=all for the replicas in sync (B2).
//!
//! **Never here:** when a record is committed; a replica knows that.

use super::purgatory::Watches;
use super::replicas::Number;
use super::{Broker, answer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{Produced, Response};
use crate::kafka::record::Batch;
use crate::kafka::transaction::WriteTxnMarkers;
use crate::kafka::types::{Acks, ErrorCode, Offset, TopicPartition};

/// A request whose records are in the log, but not committed.
#[derive(Clone, Debug)]
pub(super) struct ParkedProduce {
    parts: Vec<Part>,
    /// It came from a transaction's coordinator, and is answered as such.
    markers: bool,
}

/// What became of one batch of it.
#[derive(Clone, Debug)]
struct Part {
    produced: Produced,
    /// Which replica, if it is here.
    number: Option<Number>,
    /// It waits until everything before this is committed.
    awaits: Option<Offset>,
}

impl Watches for ParkedProduce {
    fn watched(&self) -> impl Iterator<Item = Number> {
        self.parts.iter().filter_map(|part| part.number)
    }
}

impl ParkedProduce {
    fn is_done(&self) -> bool {
        self.parts.iter().all(|part| part.awaits.is_none())
    }

    fn into_response(self) -> Response {
        let produced = self.parts.into_iter().map(|part| part.produced);
        match self.markers {
            true => Response::WriteTxnMarkers(produced.map(|each| (each.partition, each.error)).collect()),
            false => Response::Produce(produced.collect()),
        }
    }
}

impl Part {
    fn end(&mut self, error: ErrorCode) {
        self.produced.error = error;
        self.awaits = None;
    }
}

impl Broker {
    pub(super) fn produce(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        (acks, timeout): (Acks, SimDuration),
        batches: Vec<(TopicPartition, Batch)>,
        out: &mut Vec<Output>,
    ) {
        let parts = batches.into_iter().map(|(partition, batch)| self.append(now, partition, batch, acks)).collect();
        let mut parked = ParkedProduce { parts, markers: false };
        parked.parts.iter_mut().for_each(|part| self.look(part));
        match acks {
            Acks::None => out.push(Output::Answer { ticket, response: None }),
            _ if parked.is_done() => out.push(answer(ticket, parked.into_response())),
            _ => self.produces.park(ticket, now + timeout, parked),
        }
    }

    /// Appends the markers of a transaction as with acks=all (AK: KafkaApis.handleWriteTxnMarkersRequest).
    pub(super) fn write_markers(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        markers: WriteTxnMarkers,
        out: &mut Vec<Output>,
    ) {
        let WriteTxnMarkers { producer, result, coordinator, partitions } = markers;
        let marker = Batch::marker(producer, result, coordinator, now);
        let mut append = |partition| self.append_checked(now, partition, marker.clone(), Acks::All);
        let parts = partitions.into_iter().map(&mut append).collect();
        let mut parked = ParkedProduce { parts, markers: true };
        parked.parts.iter_mut().for_each(|part| self.look(part));
        match parked.is_done() {
            true => out.push(answer(ticket, parked.into_response())),
            false => self.produces.park(ticket, now + self.config.request_timeout, parked),
        }
    }

    /// What a client sends may be too large, or a marker, which only a coordinator writes.
    fn append(&mut self, now: SimTime, partition: TopicPartition, batch: Batch, acks: Acks) -> Part {
        let wrong = match () {
            () if batch.is_control() => ErrorCode::InvalidRecord,
            () if self.config.message_bytes_max.0 < batch.bytes() => ErrorCode::MessageTooLarge,
            () => return self.append_checked(now, partition, batch, acks),
        };
        let number = self.replicas.number(&partition);
        Part { produced: Produced { partition, error: wrong, base: None }, number, awaits: None }
    }

    fn append_checked(&mut self, now: SimTime, partition: TopicPartition, batch: Batch, acks: Acks) -> Part {
        let number = self.replicas.number(&partition);
        let result = match number {
            Some(number) => {
                let (replica, scene) = self.stage(now, number);
                replica.append(&scene, batch, acks)
            }
            None => Err(self.absent(&partition)),
        };
        self.dirty.extend(number.filter(|_| result.is_ok()));
        let (error, base) = (result.err().unwrap_or(ErrorCode::None), result.ok().map(|appended| appended.base));
        let awaits = result.ok().filter(|_| acks == Acks::All).map(|appended| appended.end);
        Part { produced: Produced { partition, error, base }, number, awaits }
    }

    /// Whether a part's wait is over.
    fn look(&self, part: &mut Part) {
        let (Some(end), Some(number)) = (part.awaits, part.number) else { return };
        match self.replicas.at(number).is_committed(end) {
            Ok(false) => {}
            Ok(true) => part.end(ErrorCode::None),
            Err(error) => part.end(error),
        }
    }

    pub(super) fn complete_produces(&mut self, number: Number, out: &mut Vec<Output>) {
        for ticket in self.produces.watching(number) {
            let Some(mut parked) = self.produces.get_mut(ticket).map(|parked| std::mem::take(&mut parked.parts)) else {
                continue;
            };
            parked.iter_mut().filter(|part| part.number == Some(number)).for_each(|part| self.look(part));
            let slot = self.produces.get_mut(ticket).expect("it was there");
            slot.parts = parked;
            if slot.is_done() {
                let done = self.produces.remove(ticket).expect("it was there");
                out.push(answer(ticket, done.into_response()));
            }
        }
    }

    /// Time is up: the records are in the log and may be committed yet, but the producer is told that they are not (B2).
    pub(super) fn expire_produces(&mut self, now: SimTime, out: &mut Vec<Output>) {
        while let Some((ticket, mut late)) = self.produces.expired(now) {
            late.parts
                .iter_mut()
                .filter(|part| part.awaits.is_some())
                .for_each(|part| part.end(ErrorCode::RequestTimedOut));
            out.push(answer(ticket, late.into_response()));
        }
    }
}
