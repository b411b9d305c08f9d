//! One partition on one broker: leader or follower, log end and high watermark (B2).
//!
//! | where | what is decided there |
//! |---|---|
//! | this file | which role a replica has |
//! | `leader` | appends, what a fetch gets, when a record is committed |
//! | `progress` | how far a follower is, and whether it has caught up |
//! | `isr` | who is to leave and to join the set in sync |
//! | `follower` | what a follower makes of what it fetched; where it cuts its log |
//!
//! **Never here:** requests and their tickets, waiting, and elections: whoever holds the replica asks again after each
//! change, and the controller's decisions come in through [`Replica::assign`].
//!
//! **Not modelled:** moving replicas between brokers, reading from followers (KIP-392), tiered storage, eligible leader
//! replicas (KIP-966, opt-in in 4.0).

mod follower;
mod isr;
mod leader;
mod progress;
#[cfg(test)]
mod tests;

use self::leader::Leader;
use super::log::Log;
use super::metadata::{MetadataImage, PartitionState};
use super::types::{BrokerId, ErrorCode, LeaderEpoch, Offset, TopicPartition};
use crate::engine::{SimDuration, SimTime};

pub use self::follower::Taken;
pub use self::leader::{Reader, Told};

/// What a replica looks at but does not own.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The current instant.
    pub now: SimTime,
    /// What the broker knows of the cluster.
    pub image: &'a MetadataImage,
    /// `replica.lag.time.max.ms`.
    pub lag_max: SimDuration,
    /// Whether a leader commits by itself what it appends: never, except where a test wants it to.
    pub advances_alone: bool,
}

/// What a replica is at present.
#[derive(Clone, Debug)]
enum Role {
    /// Nobody leads, or nothing is known yet.
    Idle,
    Leader(Leader),
    /// The leader it follows.
    Follower(BrokerId),
}

/// A partition on a broker.
#[derive(Clone, Debug)]
pub struct Replica {
    me: BrokerId,
    partition: TopicPartition,
    log: Log,
    /// Everything before it is committed. Starts from a checkpoint, which may be old.
    high_watermark: Offset,
    epoch: LeaderEpoch,
    role: Role,
}

/// What can be seen of a replica from outside.
#[derive(Clone, Copy, Debug)]
pub struct PartitionView<'a> {
    /// Which partition.
    pub partition: &'a TopicPartition,
    /// The leader this replica believes in.
    pub leader: Option<BrokerId>,
    /// That leader's epoch.
    pub epoch: LeaderEpoch,
    /// The oldest offset that is still there.
    pub log_start: Offset,
    /// LEO.
    pub log_end: Offset,
    /// HW as this replica knows it.
    pub high_watermark: Offset,
    /// The committed ISR; empty unless this replica leads.
    pub isr: &'a [BrokerId],
    /// Bytes kept.
    pub bytes: u64,
}

impl Replica {
    /// A replica with what it has on disk.
    pub fn new(me: BrokerId, partition: TopicPartition, log: Log, high_watermark: Offset) -> Self {
        let high_watermark = high_watermark.clamp(log.start(), log.end());
        Self { me, partition, log, high_watermark, epoch: LeaderEpoch(0), role: Role::Idle }
    }

    /// Takes the role that the controller has decided. Older decisions change nothing.
    pub fn assign(&mut self, scene: &Scene<'_>, state: &PartitionState) {
        if state.leader_epoch < self.epoch {
            return;
        }
        match (state.leader, &mut self.role) {
            (Some(leader), Role::Leader(known)) if leader == self.me && state.leader_epoch == self.epoch => {
                known.learn(state);
            }
            (Some(leader), _) if leader == self.me => self.lead(scene, state),
            (Some(leader), _) => self.role = Role::Follower(leader),
            (None, _) => self.role = Role::Idle,
        }
        self.epoch = state.leader_epoch;
        self.advance(scene);
    }

    /// Records belong to the new epoch from here on. What followers have is not known before they fetch.
    fn lead(&mut self, scene: &Scene<'_>, state: &PartitionState) {
        self.log.begin_epoch(state.leader_epoch);
        self.role = Role::Leader(Leader::new(self.me, scene.now, self.log.end(), state));
    }

    /// The leader if this replica is one.
    fn leader(&self) -> Result<&Leader, ErrorCode> {
        match &self.role {
            Role::Leader(leader) => Ok(leader),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Which partition.
    pub fn name(&self) -> &TopicPartition {
        &self.partition
    }

    /// True if this replica leads.
    pub fn leads(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The leader it follows, if it follows one.
    pub fn follows(&self) -> Option<BrokerId> {
        match self.role {
            Role::Follower(leader) => Some(leader),
            _ => None,
        }
    }

    /// The epoch of the leader it believes in.
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// What it has.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Everything before it is committed, as far as this replica knows.
    pub fn high_watermark(&self) -> Offset {
        self.high_watermark
    }

    /// LSO: everything before it is committed and, where it belongs to a transaction, decided.
    pub fn last_stable(&self) -> Offset {
        self.log.last_stable(self.high_watermark)
    }

    /// What stays if the broker dies.
    pub fn into_log(self) -> Log {
        self.log
    }

    /// Retention, compaction and forgetting producers.
    pub fn clean(&mut self, now: SimTime, forget_producers_after: SimDuration) {
        self.log.retain(now, self.high_watermark);
        self.log.expire_producers(now, forget_producers_after);
    }

    /// Compaction, if it is due.
    pub fn compact(&mut self) {
        self.log.compact(self.high_watermark);
    }

    /// For gauges.
    pub fn view(&self) -> PartitionView<'_> {
        let (leader, isr) = match &self.role {
            Role::Idle => (None, &[][..]),
            Role::Leader(leader) => (Some(self.me), leader.isr()),
            Role::Follower(leader) => (Some(*leader), &[][..]),
        };
        PartitionView {
            partition: &self.partition,
            leader,
            epoch: self.epoch,
            log_start: self.log.start(),
            log_end: self.log.end(),
            high_watermark: self.high_watermark,
            isr,
            bytes: self.log.bytes(),
        }
    }
}
