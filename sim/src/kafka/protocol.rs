//! What clients and brokers say to each other: requests and responses, with their sizes on the wire.
//!
//! On one connection a broker handles one request at a time and answers in order (B2); who drives a broker sees to that.
//! What controllers say among themselves and to brokers is [`Request::Control`], decided in `controller`; what transactions need is in
//! [`transaction`](super::transaction).

use std::rc::Rc;

use super::fetch_session::{SessionFetch, SessionFetched};
use super::metadata::TopicConfig;
use super::record::Batch;
use super::types::{Acks, BrokerId, ErrorCode, LeaderEpoch, Offset, ProducerId, TopicPartition};
use crate::engine::{SimDuration, SimTime};

pub use super::types::{AbortedTransaction, Isolation};

/// Where a reader starts that has no offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The oldest record that is still there.
    Earliest,
    /// Behind the newest visible record.
    Latest,
    /// The first record of this time or later.
    At(SimTime),
}

/// What a fetch wants of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchPartition {
    /// Which.
    pub partition: TopicPartition,
    /// The first offset wanted; a follower says with it what it has.
    pub offset: Offset,
    /// The leader epoch the reader believes in; none is not checked.
    pub leader_epoch: Option<LeaderEpoch>,
    /// Followers: the epoch of the last record they have, by which the leader sees whether the logs agree.
    pub last_epoch: Option<LeaderEpoch>,
    /// `max.partition.fetch.bytes`. The first batch is sent even if it is larger.
    pub max_bytes: u64,
}

/// What a fetch got of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Which.
    pub partition: TopicPartition,
    /// Whether it went wrong.
    pub error: ErrorCode,
    /// Consumers see nothing at or behind it.
    pub high_watermark: Offset,
    /// The oldest offset that is still there.
    pub log_start: Offset,
    /// Where the follower's log parts from the leader's: the latest common epoch and its end in the leader's log. The
    /// follower cuts its log back and asks again.
    pub diverging: Option<(LeaderEpoch, Offset)>,
    /// Aborted transactions with records among the batches, in the order of their markers; for `read_committed` only.
    pub aborted: Vec<AbortedTransaction>,
    /// Batches in order.
    pub batches: Vec<Batch>,
}

/// What became of the batch for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// Which partition.
    pub partition: TopicPartition,
    /// Whether it went wrong.
    pub error: ErrorCode,
    /// Offset of the first record, if it was appended.
    pub base: Option<Offset>,
}

/// What a metadata response says of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// [`ErrorCode::LeaderNotAvailable`] while there is no leader.
    pub error: ErrorCode,
    /// The leader, if there is one.
    pub leader: Option<BrokerId>,
    /// Its epoch.
    pub leader_epoch: LeaderEpoch,
    /// All replicas.
    pub replicas: Rc<[BrokerId]>,
    /// Replicas in sync.
    pub isr: Vec<BrokerId>,
}

/// What a metadata response says of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicMetadata {
    /// Its name.
    pub topic: Rc<str>,
    /// [`ErrorCode::UnknownTopicOrPartition`] if there is none; asking again may find it created.
    pub error: ErrorCode,
    /// Its partitions by number.
    pub partitions: Vec<PartitionMetadata>,
}

/// What a member wants to read, as its assignor wrote it down for the group's leader.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subscription {
    /// Topics.
    pub topics: Vec<Rc<str>>,
    /// What it owns now: sticky assignors look at it.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it came to own that.
    pub generation: Option<u32>,
}

/// A member as the group's leader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: Rc<str>,
    /// Its `group.instance.id`, if it is static.
    pub instance: Option<Rc<str>>,
    /// What it wants to read.
    pub subscription: Subscription,
}

/// Who speaks to a group coordinator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub group: Rc<str>,
    /// Empty for who has none yet.
    pub id: Rc<str>,
    /// `group.instance.id`, for static members.
    pub instance: Option<Rc<str>>,
    /// Generation of the group the member believes in; none outside of one.
    pub generation: Option<u32>,
}

/// What a member says when it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// Who joins.
    pub member: Member,
    /// `session.timeout.ms`.
    pub session_timeout: SimDuration,
    /// `rebalance.timeout.ms`: how long the others wait for it to join again.
    pub rebalance_timeout: SimDuration,
    /// Names of assignors it knows, the favourite first.
    pub protocols: Vec<Rc<str>>,
    /// What it wants to read.
    pub subscription: Subscription,
}

/// What a group coordinator is asked (MODEL-REFERENCE.md D1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// Enter the group, or enter it anew for the next generation.
    Join(Join),
    /// Ask for one's share; the group's leader brings everybody's.
    Sync {
        /// Who asks.
        member: Member,
        /// Member ids with their shares; empty unless the leader asks.
        assignments: Vec<(Rc<str>, Vec<TopicPartition>)>,
    },
    /// Say that one lives.
    Heartbeat(Member),
    /// Leave the group.
    Leave(Member),
    /// Store offsets: the next record to read of each partition.
    OffsetCommit {
        /// Who commits.
        member: Member,
        /// Partitions and their next offsets.
        offsets: Vec<(TopicPartition, Offset)>,
    },
    /// Ask for stored offsets.
    OffsetFetch {
        /// Which group.
        group: Rc<str>,
        /// Which partitions.
        partitions: Vec<TopicPartition>,
    },
}

impl GroupRequest {
    /// The group it is about.
    pub fn group(&self) -> &Rc<str> {
        match self {
            GroupRequest::Join(join) => &join.member.group,
            GroupRequest::Heartbeat(member) | GroupRequest::Leave(member) => &member.group,
            GroupRequest::Sync { member, .. } | GroupRequest::OffsetCommit { member, .. } => &member.group,
            GroupRequest::OffsetFetch { group, .. } => group,
        }
    }
}

/// What a group coordinator answers. An error is the whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupResponse {
    /// It went wrong. `member` is the id to ask again with, for [`ErrorCode::MemberIdRequired`].
    Error {
        /// What went wrong.
        error: ErrorCode,
        /// The id to use from now on.
        member: Option<Rc<str>>,
    },
    /// A generation has begun.
    Joined {
        /// Its number.
        generation: u32,
        /// The assignor all members know.
        protocol: Rc<str>,
        /// The member that assigns.
        leader: Rc<str>,
        /// The id of who asked.
        member: Rc<str>,
        /// All members, for the leader only.
        members: Vec<GroupMember>,
    },
    /// One's share.
    Synced(Vec<TopicPartition>),
    /// Done: heartbeat, leaving.
    Done,
    /// What became of each offset.
    Committed(Vec<(TopicPartition, ErrorCode)>),
    /// Stored offsets; none where nothing is stored.
    Offsets(Vec<(TopicPartition, Option<Offset>)>),
}

/// What a topic is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub topic: Rc<str>,
    /// How it is kept.
    pub config: Rc<TopicConfig>,
}

/// What a broker is asked.
#[derive(Clone, Debug)]
pub enum Request {
    /// Which versions it speaks: the first request on a connection.
    ApiVersions,
    /// Who leads what.
    Metadata {
        /// Topics by name; none asks for all.
        topics: Option<Vec<Rc<str>>>,
        /// Create unknown ones (with the broker's defaults).
        create: bool,
    },
    /// Append.
    Produce {
        /// When to answer.
        acks: Acks,
        /// How long to wait for replicas.
        timeout: SimDuration,
        /// A batch for each partition.
        batches: Vec<(TopicPartition, Batch)>,
    },
    /// Read.
    Fetch {
        /// The follower that asks, with its broker epoch; none for consumers.
        replica: Option<(BrokerId, u64)>,
        /// What consumers may have; followers get everything.
        isolation: Isolation,
        /// How long the answer may wait for data.
        max_wait: SimDuration,
        /// How much data is worth an answer.
        min_bytes: u64,
        /// `fetch.max.bytes`.
        max_bytes: u64,
        /// What of which partitions.
        partitions: Vec<FetchPartition>,
    },
    /// Read, as a follower does: in a fetch session.
    SessionFetch(SessionFetch),
    /// Where to start.
    ListOffsets {
        /// Behind what the newest visible record is.
        isolation: Isolation,
        /// Of which partitions.
        partitions: Vec<(TopicPartition, Position)>,
    },
    /// Who coordinates a group.
    FindCoordinator(Rc<str>),
    /// Who coordinates a transactional id.
    FindTransactionCoordinator(Rc<str>),
    /// For the transaction's coordinator.
    Transaction(super::transaction::TransactionRequest),
    /// For the group's coordinator.
    Group(GroupRequest),
    /// A producer session wants an id.
    InitProducerId,
    /// End a transaction.
    WriteTxnMarkers(super::transaction::WriteTxnMarkers),
    /// Create a topic.
    CreateTopic(NewTopic),
    /// For the controller.
    Control(super::controller::ControlRequest),
}

/// What a broker answers. The kind follows that of the request.
#[derive(Clone, Debug)]
pub enum Response {
    /// It speaks our version.
    ApiVersions,
    /// Who leads what.
    Metadata {
        /// Brokers that are alive.
        brokers: Vec<BrokerId>,
        /// The active controller, if it is known.
        controller: Option<BrokerId>,
        /// The topics asked for.
        topics: Vec<TopicMetadata>,
    },
    /// What became of each batch.
    Produce(Vec<Produced>),
    /// What was read.
    Fetch(Vec<Fetched>),
    /// What was read in a fetch session.
    SessionFetch(SessionFetched),
    /// Offsets found.
    ListOffsets(Vec<(TopicPartition, ErrorCode, Offset)>),
    /// The coordinator, or [`ErrorCode::CoordinatorNotAvailable`].
    FindCoordinator(Result<BrokerId, ErrorCode>),
    /// From the transaction's coordinator.
    Transaction(super::transaction::TransactionResponse),
    /// From the group's coordinator.
    Group(GroupResponse),
    /// The id and its epoch.
    InitProducerId(Result<(ProducerId, u16), ErrorCode>),
    /// Whether the marker is committed, for each partition.
    WriteTxnMarkers(Vec<(TopicPartition, ErrorCode)>),
    /// Whether the topic exists now.
    CreateTopic(ErrorCode),
    /// From the controller.
    Control(super::controller::ControlResponse),
}

/// Bytes of a request or response around its payload. With a batch of one JSON order of 118 bytes a Produce request comes
/// to the 247 bytes of MODEL-REFERENCE.md F.
const ENVELOPE: u64 = 60;
/// Bytes for each partition, member or broker named in a request or response.
const PER_ITEM: u64 = 24;
/// Bytes for each aborted transaction in the answer to a fetch: a producer id and an offset.
const PER_ABORTED: u64 = 16;

impl Request {
    /// Bytes on the wire.
    pub fn bytes(&self) -> u32 {
        let payload = match self {
            Request::Produce { batches, .. } => batches.iter().map(|(_, batch)| batch.bytes()).sum(),
            Request::Fetch { partitions, .. } => PER_ITEM * partitions.len() as u64,
            Request::SessionFetch(fetch) => PER_ITEM * (fetch.partitions.len() + fetch.forgotten.len()) as u64,
            Request::ListOffsets { partitions, .. } => PER_ITEM * partitions.len() as u64,
            Request::Transaction(request) => PER_ITEM * request.partitions().len() as u64,
            Request::WriteTxnMarkers(markers) => PER_ITEM * markers.partitions.len() as u64,
            Request::Metadata { topics, .. } => PER_ITEM * topics.as_ref().map_or(0, Vec::len) as u64,
            Request::Group(GroupRequest::Sync { assignments, .. }) => PER_ITEM * assignments.len() as u64,
            Request::Group(GroupRequest::OffsetCommit { offsets, .. }) => PER_ITEM * offsets.len() as u64,
            _ => 0,
        };
        clamp(ENVELOPE + payload)
    }
}

impl Response {
    /// Bytes on the wire.
    pub fn bytes(&self) -> u32 {
        let payload = match self {
            Response::Fetch(partitions) | Response::SessionFetch(SessionFetched { partitions, .. }) => {
                let data = |p: &Fetched| p.batches.iter().map(Batch::bytes).sum::<u64>();
                partitions.iter().map(|p| PER_ITEM + PER_ABORTED * p.aborted.len() as u64 + data(p)).sum()
            }
            Response::Metadata { brokers, topics, .. } => {
                let partitions: usize = topics.iter().map(|topic| topic.partitions.len() + 1).sum();
                PER_ITEM * (brokers.len() + partitions) as u64
            }
            Response::Produce(partitions) => PER_ITEM * partitions.len() as u64,
            Response::WriteTxnMarkers(partitions) => PER_ITEM * partitions.len() as u64,
            Response::ListOffsets(partitions) => PER_ITEM * partitions.len() as u64,
            Response::Group(GroupResponse::Joined { members, .. }) => PER_ITEM * members.len() as u64,
            _ => 0,
        };
        clamp(ENVELOPE + payload)
    }
}

fn clamp(bytes: u64) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
