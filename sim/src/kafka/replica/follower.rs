//! A follower: asks its leader for what it lacks, and cuts off what its leader never had (B2; KIP-101, KIP-279, KIP-595).
//!
//! The log is cut by epoch, never by high watermark: a follower's high watermark may be older than what is committed.
//!
//! **Never here:** sending; one fetcher for each leader asks for all its partitions.

use super::{Replica, Role};
use crate::kafka::protocol::{FetchPartition, Fetched};
use crate::kafka::types::{ErrorCode, LeaderEpoch, Offset};

/// What came of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Ask on.
    Advanced,
    /// The answer belongs to an earlier question.
    Stale,
    /// Ask again later.
    Failed(ErrorCode),
}

impl Replica {
    /// What to ask the leader for; nothing unless it follows one.
    pub fn want(&self, max_bytes: u64) -> Option<FetchPartition> {
        self.follows()?;
        Some(FetchPartition {
            partition: self.partition.clone(),
            offset: self.log.end(),
            leader_epoch: Some(self.epoch),
            last_epoch: self.log.last_epoch(),
            max_bytes,
        })
    }

    /// Whether asking the leader now would be asking the same again.
    pub fn still_wants(&self, asked: &FetchPartition) -> bool {
        asked.offset == self.log.end()
            && asked.leader_epoch == Some(self.epoch)
            && asked.last_epoch == self.log.last_epoch()
    }

    /// Takes what the leader answered to `asked`.
    pub fn take(&mut self, asked: &FetchPartition, fetched: Fetched) -> Taken {
        let current = matches!(self.role, Role::Follower(_))
            && asked.leader_epoch == Some(self.epoch)
            && asked.offset == self.log.end();
        if !current {
            return Taken::Stale;
        }
        match fetched.error {
            ErrorCode::None => {}
            ErrorCode::OffsetOutOfRange => return self.start_over(&fetched),
            error => return Taken::Failed(error),
        }
        match fetched.diverging {
            Some((epoch, end)) => self.cut(epoch, end),
            None => self.extend(fetched),
        }
        Taken::Advanced
    }

    fn extend(&mut self, fetched: Fetched) {
        for batch in fetched.batches {
            self.log.append_fetched(batch);
        }
        self.log.advance_start(fetched.log_start);
        // The leader's may be lower than what an earlier leader told: then this one steps back too (AK:
        // UnifiedLog.maybeUpdateHighWatermark).
        self.high_watermark = fetched.high_watermark.clamp(self.log.start(), self.log.end());
    }

    /// Cuts back to the latest epoch that both logs have, as far as this log knows it (AK:
    /// AbstractFetcherThread.getOffsetTruncationState). If it knows only an older one, the next answer goes on from there.
    fn cut(&mut self, epoch: LeaderEpoch, leader_end: Offset) {
        let end = match self.log.end_of_epoch(epoch) {
            Some((known, end)) if known != epoch => end,
            Some((_, end)) => end.min(leader_end),
            None => leader_end,
        };
        self.log.truncate(end.min(self.log.end()));
        self.high_watermark = self.high_watermark.clamp(self.log.start(), self.log.end());
    }

    /// The leader's log lies elsewhere: begins later, or shares no epoch with this one. Kafka asks ListOffsets where; here the
    /// answer says it.
    fn start_over(&mut self, fetched: &Fetched) -> Taken {
        self.log.restart_at(fetched.log_start);
        self.high_watermark = self.log.end();
        Taken::Advanced
    }
}
