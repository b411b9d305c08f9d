//! What brokers ask the controller, and what controllers say among themselves.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::kafka::metadata::MetadataRecord;
use crate::kafka::protocol::NewTopic;
use crate::kafka::types::{BrokerId, ErrorCode, LeaderEpoch, TopicPartition};

/// A leader wants another ISR (AlterPartition).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IsrChange {
    /// Which partition.
    pub partition: TopicPartition,
    /// The epoch in which the asking broker leads it.
    pub leader_epoch: LeaderEpoch,
    /// The state the asking broker has seen.
    pub partition_epoch: u32,
    /// The ISR it wants.
    pub isr: Vec<BrokerId>,
}

/// One entry of the metadata log. Entries without a record are those that the quorum itself writes: a new leader's first, and
/// an idle leader's signs of life. They have offsets in the log, but no part in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The epoch in which it was appended.
    pub epoch: u32,
    /// What was decided.
    pub record: Option<MetadataRecord>,
}

/// For a controller.
#[derive(Clone, Debug)]
pub enum ControlRequest {
    /// A broker has started and wants an epoch.
    Register(BrokerId),
    /// A broker lives.
    Heartbeat {
        /// Which.
        broker: BrokerId,
        /// Its epoch.
        epoch: u64,
        /// How many metadata records it has applied.
        offset: u64,
        /// It wants to stop: its leaderships should move first.
        stop: bool,
    },
    /// A leader wants other ISRs.
    AlterIsr {
        /// The leader.
        broker: BrokerId,
        /// Its epoch.
        epoch: u64,
        /// What it wants.
        changes: Vec<IsrChange>,
    },
    /// Somebody wants a topic.
    CreateTopic(NewTopic),
    /// A voter, or a broker that observes, wants the metadata log from `offset` on (a fetch of `__cluster_metadata`).
    FetchMetadata {
        /// Who asks.
        from: BrokerId,
        /// Whether it votes.
        voter: bool,
        /// The quorum's epoch it believes in.
        epoch: u32,
        /// The first entry it wants.
        offset: u64,
        /// Epoch of the last entry it has.
        last_epoch: u32,
    },
    /// A candidate asks for a vote.
    Vote {
        /// The candidate.
        candidate: BrokerId,
        /// The epoch it would lead.
        epoch: u32,
        /// The end of its log.
        end: u64,
        /// Epoch of its last entry.
        last_epoch: u32,
    },
    /// The new leader says that it leads.
    BeginEpoch {
        /// The leader.
        leader: BrokerId,
        /// Its epoch.
        epoch: u32,
    },
    /// The leader stops of its own will: the voters need not wait until they miss it.
    EndEpoch {
        /// The leader.
        leader: BrokerId,
        /// Its epoch.
        epoch: u32,
        /// Voters with the longest logs first.
        successors: Vec<BrokerId>,
    },
    /// For the ensemble, in ZooKeeper mode.
    ZooKeeper(ZooKeeperRequest),
}

impl ControlRequest {
    /// Whether it is one among members of the quorum; all others are for the active controller.
    pub const fn is_among_members(&self) -> bool {
        use ControlRequest as R;
        matches!(
            self,
            R::FetchMetadata { .. } | R::Vote { .. } | R::BeginEpoch { .. } | R::EndEpoch { .. } | R::ZooKeeper(_)
        )
    }
}

/// What a broker asks the ensemble.
#[derive(Clone, Debug)]
pub enum ZooKeeperRequest {
    /// A session for the broker, which is also its node under `/brokers/ids`.
    Open(BrokerId),
    /// The session lives.
    Ping(u64),
    /// The session ends: the broker stops of its own will.
    Close(u64),
    /// Answer when something is no longer as in this version: stands for watches that fire.
    Watch {
        /// The session.
        session: u64,
        /// What has been seen.
        version: u64,
    },
    /// Create `/controller`, if there is none.
    Claim(u64),
    /// Everything that controllers have written.
    Load(u64),
    /// Add what the controller has decided.
    Write {
        /// The controller's epoch: the ensemble takes nothing from a controller of the past.
        epoch: u32,
        /// Number of records before these.
        offset: u64,
        /// What is to be written.
        records: Vec<MetadataRecord>,
    },
}

/// What everybody watches in ZooKeeper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZooKeeperState {
    /// Rises with each change.
    pub version: u64,
    /// Brokers with their sessions.
    pub live: BTreeMap<BrokerId, u64>,
    /// Who holds `/controller`.
    pub controller: Option<BrokerId>,
    /// `/controller_epoch`: how many controllers there have been.
    pub epoch: u32,
}

/// What the ensemble answers.
#[derive(Clone, Debug)]
pub enum ZooKeeperResponse {
    /// The new session.
    Opened(u64),
    /// The session is closed.
    Closed,
    /// An earlier session of the broker has not ended yet.
    Exists,
    /// The session has ended.
    Expired,
    /// The session lives.
    Alive,
    /// How things are.
    State(ZooKeeperState),
    /// Everything written so far.
    Loaded(Vec<MetadataRecord>),
    /// Written.
    Written,
    /// Not written: there is a newer controller.
    Fenced,
}

/// From a controller.
#[derive(Clone, Debug)]
pub enum ControlResponse {
    /// It went wrong, or the asked one is not active: then it says who is, if it knows.
    Refused {
        /// Why.
        error: ErrorCode,
        /// Who leads the quorum, if known.
        leader: Option<BrokerId>,
    },
    /// The broker's new epoch.
    Registered(u64),
    /// The broker lives on.
    Alive {
        /// Whether it is fenced still.
        fenced: bool,
        /// It leads nothing any more and may stop.
        may_stop: bool,
    },
    /// For each change: whether it was made.
    Altered(Vec<(TopicPartition, ErrorCode)>),
    /// Whether the topic exists now.
    Created(ErrorCode),
    /// A part of the metadata log.
    Metadata {
        /// The quorum's epoch.
        epoch: u32,
        /// Who leads it.
        leader: Option<BrokerId>,
        /// Number of entries that are committed.
        committed: u64,
        /// Entries from the offset asked for; none unless the leader answers.
        entries: Rc<[LogEntry]>,
        /// Where the asking log parts from the leader's: cut back to here.
        diverging: Option<u64>,
    },
    /// Whether the vote is given.
    Vote {
        /// The voter's epoch.
        epoch: u32,
        /// Given or not.
        granted: bool,
    },
    /// Understood.
    Begun,
    /// From the ensemble, in ZooKeeper mode.
    ZooKeeper(ZooKeeperResponse),
}
