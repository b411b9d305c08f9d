//! Incremental fetches (KIP-227): a follower names a partition once, and again only when something about it has changed; its
//! leader remembers the rest, and answers only for partitions that have news.
//!
//! **Never here:** what either side keeps; see `broker`.
//!
//! **Not modelled:** sessions of consumers (kafkajs asks for none; Java does); the bound on sessions and their eviction
//! (`max.incremental.fetch.session.cache.slots`): there is one for each follower, which evicts nobody. Ids are counted and not drawn.

use super::protocol::{FetchPartition, Fetched};
use super::types::{BrokerId, ErrorCode, TopicPartition};
use crate::engine::SimDuration;

/// Where in which session a fetch stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionTurn {
    /// The session; 0 for one that is to begin.
    pub id: u32,
    /// Counts its fetches, so that none is taken for another; 0 begins a session (AK: FetchMetadata.java).
    pub epoch: u32,
}

impl SessionTurn {
    /// Begins a session. What the leader remembers of an older one is dropped.
    pub const FIRST: Self = Self { id: 0, epoch: 0 };

    /// The turn behind this one. The epoch never becomes 0 again (AK: FetchMetadata.nextEpoch).
    pub const fn next(self, id: u32) -> Self {
        Self { id, epoch: if self.epoch == u32::MAX { 1 } else { self.epoch + 1 } }
    }
}

/// A follower's fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFetch {
    /// The follower, with its broker epoch.
    pub replica: (BrokerId, u64),
    /// Which session.
    pub turn: SessionTurn,
    /// How long the answer may wait for data.
    pub max_wait: SimDuration,
    /// How much data is worth an answer.
    pub min_bytes: u64,
    /// `fetch.max.bytes`.
    pub max_bytes: u64,
    /// Partitions that are new to the session, or of which something else is wanted than last time.
    pub partitions: Vec<FetchPartition>,
    /// Partitions that are wanted no more.
    pub forgotten: Vec<TopicPartition>,
}

/// What a follower's fetch got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionFetched {
    /// Whether the session itself went wrong: then it is over, and nothing else is said.
    pub error: ErrorCode,
    /// The session.
    pub id: u32,
    /// Partitions with data, an error, or a new high watermark or log start. All of them in the session's first answer.
    pub partitions: Vec<Fetched>,
}

impl SessionFetched {
    /// The session is over.
    pub const fn refused(error: ErrorCode) -> Self {
        Self { error, id: 0, partitions: Vec::new() }
    }
}
