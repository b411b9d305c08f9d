//! Reads, for consumers and followers, and their long poll (B2).
//!
//! A follower's fetch says what it has, so it may commit records. The answer to that same fetch still tells the high watermark
//! of before; the next one tells the new one, and no parked fetch is answered for it.
//!
//! **Never here:** who may see what; a replica knows that.

use super::purgatory::Watches;
use super::{Broker, answer};
use crate::engine::{SimDuration, SimTime};
use crate::kafka::log::ReadLimit;
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{FetchPartition, Fetched, Response};
use crate::kafka::replica::Reader;
use crate::kafka::types::{ErrorCode, Offset, TopicPartition};

/// A fetch, perhaps one that waits for data.
#[derive(Clone, Debug)]
pub(super) struct ParkedFetch {
    pub(super) reader: Reader,
    pub(super) min_bytes: u64,
    pub(super) max_bytes: u64,
    pub(super) partitions: Vec<FetchPartition>,
}

impl Watches for ParkedFetch {
    fn watched(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.iter().map(|want| &want.partition)
    }
}

impl Broker {
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
        let at_once = max_wait == SimDuration::ZERO || fetch.partitions.is_empty();
        if at_once || is_urgent(&fetched) || bytes(&fetched) >= fetch.min_bytes {
            out.push(answer(ticket, Response::Fetch(fetched)));
        } else {
            self.fetches.park(ticket, now + max_wait, fetch);
        }
    }

    fn note_fetches(&mut self, now: SimTime, fetch: &ParkedFetch, fetched: &[Fetched]) {
        let Some(follower) = fetch.reader else { return };
        for (want, got) in fetch.partitions.iter().zip(fetched) {
            let Some((replica, scene)) = self.stage(now, &want.partition) else { continue };
            if got.error.is_ok() && got.diverging.is_none() {
                let before = replica.high_watermark();
                replica.note_fetch(&scene, follower, want.offset);
                // A fetch names all partitions that are followed, and most of them have not changed.
                if replica.high_watermark() != before || replica.wanted_isr().is_some() {
                    self.dirty.insert(want.partition.clone());
                }
            }
        }
    }

    /// Reads partition by partition while there is room; only the very first batch may be larger than the room (AK:
    /// ReplicaManager.readFromLog).
    fn read(&self, fetch: &ParkedFetch) -> Vec<Fetched> {
        let mut limit = ReadLimit { bytes: fetch.max_bytes, whole_first: true };
        let mut read = |want: &FetchPartition| {
            let fetched = match self.replicas.get(&want.partition) {
                Some(replica) => replica.read(fetch.reader, want, limit),
                None => not_here(want, self.absent(&want.partition)),
            };
            limit.bytes = limit.bytes.saturating_sub(bytes(std::slice::from_ref(&fetched)));
            limit.whole_first &= fetched.batches.is_empty();
            fetched
        };
        fetch.partitions.iter().map(&mut read).collect()
    }

    pub(super) fn complete_fetches(&mut self, partition: &TopicPartition, out: &mut Vec<Output>) {
        for ticket in self.fetches.watching(partition) {
            if self.fetches.get(ticket).is_some_and(|fetch| self.is_worth_an_answer(fetch)) {
                self.answer_fetch(ticket, out);
            }
        }
    }

    fn is_worth_an_answer(&self, fetch: &ParkedFetch) -> bool {
        let mut sum = 0;
        for want in &fetch.partitions {
            let replica = self.replicas.get(&want.partition);
            match replica.and_then(|replica| replica.available(fetch.reader, want, fetch.min_bytes)) {
                Some(bytes) => sum += bytes,
                None => return true,
            }
        }
        sum >= fetch.min_bytes
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

fn not_here(want: &FetchPartition, error: ErrorCode) -> Fetched {
    Fetched {
        partition: want.partition.clone(),
        error,
        high_watermark: Offset(0),
        log_start: Offset(0),
        diverging: None,
        batches: Vec::new(),
    }
}

fn bytes(fetched: &[Fetched]) -> u64 {
    fetched.iter().flat_map(|one| &one.batches).map(crate::kafka::record::Batch::bytes).sum()
}

fn is_urgent(fetched: &[Fetched]) -> bool {
    fetched.iter().any(|one| !one.error.is_ok() || one.diverging.is_some())
}
