//! A make-believe cluster for tests of the driver and the clients: topics in memory, leaders by decree, one group coordinator.
//!
//! It answers what a real broker would where that is simple, and lets a test say the rest: who leads, who is alive, which errors
//! come, how long a Produce is parked. All nodes share one [`World`].

mod group;
mod lab;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

pub(crate) use self::group::FakeGroup;
pub(crate) use self::lab::{Lab, PORT};

use super::machine::{Input, Output, Ticket};
use super::node::Machine;
use super::protocol::*;
use super::record::Batch;
use super::types::*;
use crate::engine::{SimDuration, SimTime};
use crate::trace::Exit;

/// What all fake brokers share.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) partitions: BTreeMap<TopicPartition, FakePartition>,
    /// Brokers that metadata names.
    pub(crate) alive: Vec<BrokerId>,
    /// What came, when (ms), to whom.
    pub(crate) log: Vec<(u64, u32, &'static str)>,
    /// Errors for the next Produce, Fetch and Group requests.
    pub(crate) produce_errors: VecDeque<ErrorCode>,
    pub(crate) fetch_errors: VecDeque<ErrorCode>,
    pub(crate) commit_errors: VecDeque<ErrorCode>,
    pub(crate) coordinator_errors: VecDeque<ErrorCode>,
    /// So many Produce requests are appended and answered with an error.
    pub(crate) lost_answers: u32,
    /// A Produce with acks=all is appended at once and answered this much later.
    pub(crate) replication: SimDuration,
    /// A produce request that comes before this is answered then.
    pub(crate) parked_until: SimTime,
    pub(crate) group: FakeGroup,
    pub(crate) committed: BTreeMap<TopicPartition, Offset>,
    /// Commits as they came: when (ms), partition, offset.
    pub(crate) commits: Vec<(u64, u32, u64)>,
}

/// A partition and its records.
#[derive(Default)]
pub(crate) struct FakePartition {
    pub(crate) leader: Option<BrokerId>,
    pub(crate) batches: Vec<Batch>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// Sequence numbers as they came, refused ones included.
    pub(crate) sequences: Vec<u32>,
    pub(crate) next_sequence: u32,
}

impl World {
    pub(crate) fn count(&self, what: &str) -> usize {
        self.log.iter().filter(|(_, _, name)| *name == what).count()
    }

    pub(crate) fn append(&mut self, partition: &TopicPartition, mut batch: Batch) -> u64 {
        let known = self.partitions.get_mut(partition).expect("the topic exists");
        batch.base = Offset(known.end);
        known.end += batch.count();
        known.batches.push(batch);
        known.end - 1
    }

    /// What the sequence number of a batch says: whether something is wrong with it, and whether it is new (C4).
    fn judge(&mut self, partition: &TopicPartition, batch: &Batch) -> (ErrorCode, bool) {
        let (Some(stamp), Some(known)) = (batch.stamp, self.partitions.get_mut(partition)) else {
            return (ErrorCode::None, true);
        };
        known.sequences.push(stamp.sequence);
        if stamp.sequence > known.next_sequence {
            return (ErrorCode::OutOfOrderSequenceNumber, false);
        }
        let is_new = stamp.sequence == known.next_sequence;
        if is_new {
            known.next_sequence += batch.count() as u32;
        }
        (ErrorCode::None, is_new)
    }

    /// Values of a partition, as texts.
    pub(crate) fn values(&self, partition: &TopicPartition) -> Vec<String> {
        let records = self.partitions[partition].batches.iter().flat_map(|batch| batch.records.iter());
        let text =
            |value: &Option<Rc<[u8]>>| String::from_utf8_lossy(value.as_deref().unwrap_or_default()).into_owned();
        records.map(|record| text(&record.value)).collect()
    }
}

/// A broker of the make-believe cluster.
pub(crate) struct FakeBroker {
    pub(crate) id: BrokerId,
    pub(crate) world: Rc<RefCell<World>>,
    /// Answers that leave later.
    later: Vec<(SimTime, Ticket, Response)>,
    fetches: Vec<(SimTime, Ticket, Request)>,
    pub(crate) gone: usize,
}

impl FakeBroker {
    pub(crate) fn new(id: BrokerId, world: Rc<RefCell<World>>) -> Self {
        Self { id, world, later: Vec::new(), fetches: Vec::new(), gone: 0 }
    }

    fn request(&mut self, now: SimTime, ticket: Ticket, request: Request) -> Vec<Output> {
        let name = name(&request);
        self.world.borrow_mut().log.push((now.as_nanos() / 1_000_000, self.id.0, name));
        let response = match request {
            Request::ApiVersions => Response::ApiVersions,
            Request::Metadata { topics, .. } => self.metadata(topics),
            Request::Produce { acks, batches, .. } => return self.produce(now, ticket, acks, batches),
            Request::Fetch { max_wait, .. } => return self.fetch(now, now + max_wait, ticket, request),
            Request::ListOffsets { partitions, .. } => {
                Response::ListOffsets(partitions.into_iter().map(|w| self.position(w)).collect())
            }
            Request::FindCoordinator(_) => {
                let error = self.world.borrow_mut().coordinator_errors.pop_front();
                Response::FindCoordinator(error.map_or(Ok(BrokerId(1)), Err))
            }
            Request::InitProducerId => Response::InitProducerId(Ok((ProducerId(7), 0))),
            Request::Group(request) => return group::handle(&mut self.world.borrow_mut(), now, ticket, request),
            Request::CreateTopic(_)
            | Request::Control(_)
            | Request::SessionFetch(_)
            | Request::FindTransactionCoordinator(_)
            | Request::Transaction(_)
            | Request::WriteTxnMarkers(_) => Response::CreateTopic(ErrorCode::None),
        };
        vec![answer(ticket, response)]
    }

    fn metadata(&self, topics: Option<Vec<Rc<str>>>) -> Response {
        let world = self.world.borrow();
        let all: Vec<Rc<str>> = world.partitions.keys().map(|partition| partition.topic.clone()).collect();
        let mut wanted = topics.unwrap_or(all);
        wanted.dedup();
        let topics = wanted.into_iter().map(|topic| {
            let own = world.partitions.iter().filter(|(partition, _)| partition.topic == topic);
            let partitions: Vec<_> = own.map(|(_, known)| metadata_of(known.leader)).collect();
            let error = if partitions.is_empty() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::None };
            TopicMetadata { topic, error, partitions }
        });
        Response::Metadata {
            brokers: world.alive.clone(),
            controller: world.alive.first().copied(),
            topics: topics.collect(),
        }
    }

    fn produce(
        &mut self,
        now: SimTime,
        ticket: Ticket,
        acks: Acks,
        batches: Vec<(TopicPartition, Batch)>,
    ) -> Vec<Output> {
        let mut world = self.world.borrow_mut();
        let error = world.produce_errors.pop_front();
        let mut produced = Vec::new();
        for (partition, batch) in batches {
            let leads = world.partitions.get(&partition).is_some_and(|known| known.leader == Some(self.id));
            let error = error.unwrap_or(if leads { ErrorCode::None } else { ErrorCode::NotLeaderOrFollower });
            let (error, is_new) = if error.is_ok() { world.judge(&partition, &batch) } else { (error, false) };
            let base = is_new.then(|| Offset(world.append(&partition, batch)));
            produced.push(Produced { partition, error, base });
        }
        if world.lost_answers > 0 {
            world.lost_answers -= 1;
            produced.iter_mut().for_each(|partition| partition.error = ErrorCode::NotEnoughReplicasAfterAppend);
        }
        let due = world.parked_until.max(now + world.replication);
        drop(world);
        let mut outputs = self.wake(now);
        match acks {
            Acks::None => outputs.push(Output::Answer { ticket, response: None }),
            Acks::All if due > now => self.later.push((due, ticket, Response::Produce(produced))),
            _ => outputs.push(answer(ticket, Response::Produce(produced))),
        }
        outputs
    }

    fn fetch(&mut self, now: SimTime, deadline: SimTime, ticket: Ticket, request: Request) -> Vec<Output> {
        let (fetched, empty) = self.read(&request);
        if empty && deadline > now {
            self.fetches.push((deadline, ticket, request));
            return Vec::new();
        }
        vec![answer(ticket, Response::Fetch(fetched))]
    }

    fn read(&self, request: &Request) -> (Vec<Fetched>, bool) {
        let Request::Fetch { partitions, .. } = request else { return (Vec::new(), true) };
        let mut world = self.world.borrow_mut();
        let forced = world.fetch_errors.pop_front();
        let fetched: Vec<Fetched> = partitions
            .iter()
            .map(|wanted| {
                let known = &world.partitions[&wanted.partition];
                let in_range = (known.start..=known.end).contains(&wanted.offset.0);
                let own = if known.leader != Some(self.id) {
                    ErrorCode::NotLeaderOrFollower
                } else if in_range {
                    ErrorCode::None
                } else {
                    ErrorCode::OffsetOutOfRange
                };
                let error = forced.unwrap_or(own);
                let batches = known.batches.iter().filter(|b| error.is_ok() && b.end() > wanted.offset).cloned();
                Fetched {
                    partition: wanted.partition.clone(),
                    error,
                    high_watermark: Offset(known.end),
                    log_start: Offset(known.start),
                    diverging: None,
                    aborted: Vec::new(),
                    batches: batches.collect(),
                }
            })
            .collect();
        let empty = fetched.iter().all(|partition| partition.error.is_ok() && partition.batches.is_empty());
        (fetched, empty)
    }

    /// Looks again at parked fetches.
    pub(crate) fn wake(&mut self, now: SimTime) -> Vec<Output> {
        let parked = std::mem::take(&mut self.fetches);
        parked.into_iter().flat_map(|(deadline, ticket, request)| self.fetch(now, deadline, ticket, request)).collect()
    }

    fn position(&self, (partition, position): (TopicPartition, Position)) -> (TopicPartition, ErrorCode, Offset) {
        let world = self.world.borrow();
        let known = &world.partitions[&partition];
        let offset = if position == Position::Earliest { known.start } else { known.end };
        (partition, ErrorCode::None, Offset(offset))
    }
}

impl Machine for FakeBroker {
    type Disk = u32;

    fn handle(&mut self, now: SimTime, input: Input) -> Vec<Output> {
        match input {
            Input::Request { ticket, request } => self.request(now, ticket, request),
            Input::Gone(ticket) => {
                self.gone += 1;
                self.later.retain(|(_, waiting, _)| *waiting != ticket);
                self.fetches.retain(|(_, waiting, _)| *waiting != ticket);
                self.world.borrow_mut().group.gone(ticket);
                Vec::new()
            }
            Input::Answer { .. } => Vec::new(),
            Input::Timeout => {
                let (due, later) = self.later.drain(..).partition(|(at, _, _)| *at <= now);
                self.later = later;
                let due: Vec<_> = due;
                let mut outputs: Vec<Output> =
                    due.into_iter().map(|(_, ticket, response)| answer(ticket, response)).collect();
                outputs.extend(self.wake(now));
                if self.id == BrokerId(1) {
                    outputs.extend(self.world.borrow_mut().group.timeout(now));
                }
                outputs
            }
        }
    }

    fn next_timeout(&self) -> Option<SimTime> {
        let later = self.later.iter().map(|(at, _, _)| *at);
        let group = self.world.borrow().group.next_timeout().filter(|_| self.id == BrokerId(1));
        later.chain(self.fetches.iter().map(|(at, _, _)| *at)).chain(group).min()
    }

    fn crash(self, _why: Exit) -> u32 {
        self.id.0
    }
}

pub(crate) fn answer(ticket: Ticket, response: Response) -> Output {
    Output::Answer { ticket, response: Some(response) }
}

fn metadata_of(leader: Option<BrokerId>) -> PartitionMetadata {
    let error = if leader.is_some() { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    let replicas: Vec<BrokerId> = leader.into_iter().collect();
    PartitionMetadata { error, leader, leader_epoch: LeaderEpoch(0), replicas: replicas.clone().into(), isr: replicas }
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::ApiVersions => "ApiVersions",
        Request::Metadata { .. } => "Metadata",
        Request::Produce { .. } => "Produce",
        Request::Fetch { .. } => "Fetch",
        Request::SessionFetch(_) => "SessionFetch",
        Request::ListOffsets { .. } => "ListOffsets",
        Request::FindCoordinator(_) => "FindCoordinator",
        Request::InitProducerId => "InitProducerId",
        Request::FindTransactionCoordinator(_) => "FindTransactionCoordinator",
        Request::Transaction(_) => "Transaction",
        Request::WriteTxnMarkers(_) => "WriteTxnMarkers",
        Request::CreateTopic(_) => "CreateTopic",
        Request::Control(_) => "Control",
        Request::Group(GroupRequest::Join(_)) => "Join",
        Request::Group(GroupRequest::Sync { .. }) => "Sync",
        Request::Group(GroupRequest::Heartbeat(_)) => "Heartbeat",
        Request::Group(GroupRequest::Leave(_)) => "Leave",
        Request::Group(GroupRequest::OffsetCommit { .. }) => "OffsetCommit",
        Request::Group(GroupRequest::OffsetFetch { .. }) => "OffsetFetch",
    }
}
