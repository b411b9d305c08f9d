//! Fetching ahead: while the handler works on what a poll has returned, the next records are on their way (D2).
//!
//! A partition is fetched when none of its records wait in the buffer, with one request for each leader at a time. Only a poll sends
//! fetches, behind what it takes out of the buffer (AK: KafkaConsumer.java): while a handler works, one answer for each leader can come,
//! and no fetch leaves a partition out because its records have just arrived.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Fetched, Inner, State};
use crate::kafka::client::java::Purpose;
use crate::kafka::consumer::isolation::to_java;
use crate::kafka::protocol::{self, FetchPartition, Request, Response};
use crate::kafka::record::Batch;
use crate::kafka::types::{BrokerId, ErrorCode, Offset, TopicPartition};

impl State {
    /// What was fetched ends at `end`: there it reads on behind the last of the records that were buffered since, or at once if
    /// there were none but markers and aborted ones (AK: CompletedFetch.nextFetchedRecord).
    fn read_on(&mut self, partition: &TopicPartition, buffered: usize, end: Offset) {
        match self.buffer.range_mut(buffered..).next_back() {
            Some(last) => last.next = end,
            None => drop(self.positions.insert(partition.clone(), Some(end))),
        }
    }
}

impl Inner {
    /// Sends the fetches that can be sent now.
    pub(super) fn fetch_ahead(self: &Rc<Self>) {
        let mut by_leader: BTreeMap<BrokerId, Vec<FetchPartition>> = BTreeMap::new();
        let mut leaderless = self.network.is_stale();
        for wanted in self.wanted() {
            match self.leader_of(&wanted.partition) {
                Some(leader) => by_leader.entry(leader).or_default().push(wanted),
                None => leaderless = true,
            }
        }
        if leaderless {
            let me = self.clone();
            self.network.site().process.spawn(async move { me.network.refresh().await });
        }
        for (leader, partitions) in by_leader {
            if self.state.borrow_mut().fetching.insert(leader) {
                let me = self.clone();
                self.network.site().process.spawn(async move { me.fetch(leader, partitions).await });
            }
        }
    }

    /// Partitions with a known position and nothing in the buffer.
    fn wanted(&self) -> Vec<FetchPartition> {
        let state = self.state.borrow();
        let max_bytes = self.config.max_bytes_per_partition.0;
        let buffered = |partition: &_| state.buffer.iter().any(|fetched| fetched.partition == *partition);
        let known = state.positions.iter().filter_map(|(partition, at)| Some((partition, (*at)?)));
        let wanted = known.filter(|(partition, _)| !buffered(partition)).map(|(partition, offset)| FetchPartition {
            partition: partition.clone(),
            offset,
            leader_epoch: None,
            last_epoch: None,
            max_bytes,
        });
        wanted.collect()
    }

    async fn fetch(self: Rc<Self>, leader: BrokerId, partitions: Vec<FetchPartition>) {
        let request = Request::Fetch {
            replica: None,
            isolation: self.config.isolation,
            max_wait: self.config.max_wait,
            min_bytes: self.config.min_bytes.0,
            max_bytes: self.config.max_bytes.0,
            partitions: partitions.clone(),
        };
        let timeout = self.config.client.request_timeout;
        let healthy = match self.network.call(leader, Purpose::Data, request, timeout).await {
            Ok(Some(Response::Fetch(fetched))) => {
                let kept: Vec<bool> = fetched.into_iter().map(|fetched| self.keep(&partitions, fetched)).collect();
                kept.into_iter().all(|kept| kept)
            }
            _ => false,
        };
        if !healthy {
            self.network.sim().sleep(self.network.backoff(1)).await;
            self.network.refresh().await;
        }
        self.state.borrow_mut().fetching.remove(&leader);
        self.wake.notify_all();
    }

    /// Puts records into the buffer, unless the partition was given up or moved on meanwhile. False if it has gone wrong.
    fn keep(&self, asked: &[FetchPartition], fetched: protocol::Fetched) -> bool {
        let mut state = self.state.borrow_mut();
        let from = asked.iter().find(|asked| asked.partition == fetched.partition).map(|asked| asked.offset);
        let current = state.positions.get(&fetched.partition).copied().flatten();
        let (Some(from), true) = (from, from == current) else { return true };
        match fetched.error {
            ErrorCode::None => {
                let buffered = state.buffer.len();
                let records = to_java(&fetched).filter(|(offset, _)| *offset >= from);
                state.buffer.extend(records.map(|(offset, record)| Fetched {
                    partition: fetched.partition.clone(),
                    offset,
                    record: record.clone(),
                    high_watermark: fetched.high_watermark,
                    next: offset.plus(1),
                }));
                if let Some(end) = fetched.batches.last().map(Batch::end) {
                    state.read_on(&fetched.partition, buffered, end);
                }
                true
            }
            ErrorCode::OffsetOutOfRange => {
                state.reset.insert(fetched.partition.clone());
                state.positions.insert(fetched.partition, None);
                true
            }
            _ => false,
        }
    }
}
