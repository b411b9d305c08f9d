//! Reads for consumers, and their long poll (B2). What followers read is in `sessions`.
//!
//! **Never here:** who may see what; a replica knows that.

use super::purgatory::Watches;
use super::replicas::{Number, Replicas};
use super::{Broker, answer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::log::ReadLimit;
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{FetchPartition, Fetched, Response};
use crate::kafka::replica::Reader;
use crate::kafka::types::{ErrorCode, Offset};

/// A fetch, perhaps one that waits for data.
#[derive(Clone, Debug)]
pub(super) struct ParkedFetch {
    pub(super) reader: Reader,
    pub(super) min_bytes: u64,
    pub(super) max_bytes: u64,
    pub(super) wants: Vec<Want>,
}

/// What a fetch wants of a partition, and which replica that is, if it is here.
pub(super) type Want = (Option<Number>, FetchPartition);

impl Watches for ParkedFetch {
    fn watched(&self) -> impl Iterator<Item = Number> {
        self.wants.iter().filter_map(|(number, _)| *number)
    }
}

impl Broker {
    /// Finds the partitions of a fetch.
    pub(super) fn found(&self, partitions: Vec<FetchPartition>) -> Vec<Want> {
        partitions.into_iter().map(|want| (self.replicas.number(&want.partition), want)).collect()
    }

    pub(super) fn fetch(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        fetch: ParkedFetch,
        max_wait: SimDuration,
        out: &mut Vec<Output>,
    ) {
        let fetched = self.read(&fetch);
        self.note_fetches(now, &fetch, &fetched);
        let at_once = max_wait == SimDuration::ZERO || fetch.wants.is_empty();
        if at_once || is_urgent(&fetched) || bytes(&fetched) >= fetch.min_bytes {
            out.push(answer(ticket, Response::Fetch(fetched)));
        } else {
            self.fetches.park(ticket, now + max_wait, fetch);
        }
    }

    /// Whoever follows outside of a session says with its fetch what it has, too.
    fn note_fetches(&mut self, now: SimTime, fetch: &ParkedFetch, fetched: &[Fetched]) {
        let Reader::Follower(id, epoch) = fetch.reader else { return };
        for ((number, want), got) in fetch.wants.iter().zip(fetched) {
            let Some(number) = number.filter(|_| got.error.is_ok() && got.diverging.is_none()) else { continue };
            let (replica, scene) = self.stage(now, number);
            if replica.note_fetch(&scene, (id, epoch), want.offset) {
                self.dirty.insert(number);
            }
        }
    }

    /// Reads partition by partition while there is room; only the very first batch may be larger than the room (AK:
    /// ReplicaManager.readFromLog).
    fn read(&self, fetch: &ParkedFetch) -> Vec<Fetched> {
        let mut limit = ReadLimit { bytes: fetch.max_bytes, whole_first: true };
        let mut read = |(number, want): &Want| {
            let fetched = match number {
                Some(number) => self.replicas.at(*number).read(fetch.reader, want, limit),
                None => not_here(want, self.absent(&want.partition)),
            };
            narrow(&mut limit, &fetched);
            fetched
        };
        fetch.wants.iter().map(&mut read).collect()
    }

    /// Looks at those who wait for a replica that has changed.
    pub(super) fn complete_fetches(&mut self, number: Number, out: &mut Vec<Output>) {
        for ticket in self.fetches.watching(number) {
            let replicas = &self.replicas;
            if self.fetches.get(ticket).is_some_and(|fetch| fetch.is_worth_an_answer(replicas, number)) {
                self.answer_fetch(ticket, out);
            }
        }
    }

    fn answer_fetch(&mut self, ticket: Ticket, out: &mut Vec<Output>) {
        if let Some(fetch) = self.fetches.remove(ticket) {
            out.push(answer(ticket, Response::Fetch(self.read(&fetch))));
        }
    }

    pub(super) fn expire_fetches(&mut self, now: SimTime, out: &mut Vec<Output>) {
        while let Some((ticket, fetch)) = self.fetches.expired(now) {
            out.push(answer(ticket, Response::Fetch(self.read(&fetch))));
        }
    }
}

impl ParkedFetch {
    fn is_worth_an_answer(&self, replicas: &Replicas, changed: Number) -> bool {
        let wants = self.wants.iter().map(|(number, want)| (*number, want));
        is_worth_an_answer(replicas, wants, self.reader, self.min_bytes, changed)
    }
}

/// Whether a fetch that waits has reached what it waits for, now that one replica has changed. What has nothing new for it cannot
/// be the reason, so others are looked at only if that one has.
pub(super) fn is_worth_an_answer<'a>(
    replicas: &Replicas,
    wants: impl Iterator<Item = (Option<Number>, &'a FetchPartition)> + Clone,
    reader: Reader,
    min_bytes: u64,
    changed: Number,
) -> bool {
    let available = |number: Number, want: &FetchPartition| replicas.at(number).available(reader, want, min_bytes);
    let Some((_, want)) = wants.clone().find(|(number, _)| *number == Some(changed)) else { return false };
    match available(changed, want) {
        None => true,
        Some(0) => min_bytes == 0,
        Some(bytes) if bytes >= min_bytes => true,
        Some(_) => {
            let all: Option<Vec<u64>> = wants.map(|(number, want)| available(number?, want)).collect();
            all.is_none_or(|all| all.iter().sum::<u64>() >= min_bytes)
        }
    }
}

/// Room that is left behind what was read.
pub(super) fn narrow(limit: &mut ReadLimit, fetched: &Fetched) {
    if !fetched.batches.is_empty() {
        limit.bytes = limit.bytes.saturating_sub(bytes(std::slice::from_ref(fetched)));
        limit.whole_first = false;
    }
}

pub(super) fn not_here(want: &FetchPartition, error: ErrorCode) -> Fetched {
    Fetched {
        partition: want.partition.clone(),
        error,
        high_watermark: Offset(0),
        log_start: Offset(0),
        diverging: None,
        aborted: Vec::new(),
        batches: Vec::new(),
    }
}

fn bytes(fetched: &[Fetched]) -> u64 {
    fetched.iter().flat_map(|one| &one.batches).map(crate::kafka::record::Batch::bytes).sum()
}

fn is_urgent(fetched: &[Fetched]) -> bool {
    fetched.iter().any(|one| !one.error.is_ok() || one.diverging.is_some())
}
