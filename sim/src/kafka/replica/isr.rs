//! Who is in sync: leaving by lag, joining again, both through the controller (B2).
//!
//! One change is under way at a time. Until it is decided the leader counts on the larger set: who is about to leave still
//! holds commits back, and who is about to join does already.
//!
//! **Never here:** talking to the controller. Whoever holds the replica asks for [`Replica::wanted_isr`] and brings
//! [`Replica::altered`].

use super::leader::Leader;
use super::{Replica, Role, Scene};
use crate::kafka::controller::IsrChange;
use crate::kafka::types::{BrokerId, ErrorCode};

impl Replica {
    /// Asks the followers out that have not caught up for too long; to be called every half `replica.lag.time.max.ms`.
    pub fn shrink(&mut self, scene: &Scene<'_>) {
        let end = self.log.end();
        if let Role::Leader(leader) = &mut self.role {
            let late = leader.late(scene, end);
            if leader.pending.is_none() && !late.is_empty() {
                leader.pending = Some(leader.isr.iter().copied().filter(|member| !late.contains(member)).collect());
            }
        }
    }

    /// Asks a follower in that has what is committed, if the controller would take it. True if it does.
    pub(super) fn expand(&mut self, scene: &Scene<'_>, follower: BrokerId) -> bool {
        let committed = self.high_watermark;
        let Role::Leader(leader) = &mut self.role else { return false };
        if leader.pending.is_some() || leader.isr.contains(&follower) {
            return false;
        }
        let reached = leader.followers[&follower].end.is_some_and(|end| end >= committed && end >= leader.start);
        let joins = reached && leader.may_join(scene, follower);
        if joins {
            let order = leader.replicas.clone();
            let member = |id: &&BrokerId| leader.isr.contains(id) || **id == follower;
            leader.pending = Some(order.iter().filter(member).copied().collect());
        }
        joins
    }

    /// The ISR this leader wants and does not have yet.
    pub fn wanted_isr(&self) -> Option<IsrChange> {
        let leader = self.leader().ok()?;
        Some(IsrChange {
            partition: self.partition.clone(),
            leader_epoch: self.epoch,
            partition_epoch: leader.partition_epoch,
            isr: leader.pending.clone()?,
        })
    }

    /// The controller has answered for a change; of one that is out of date, nothing is learnt. True if it should be asked
    /// again (AK: Partition.handleAlterPartitionError).
    pub fn altered(&mut self, scene: &Scene<'_>, asked: &IsrChange, error: ErrorCode) -> bool {
        if self.wanted_isr().as_ref() != Some(asked) {
            return false;
        }
        let Role::Leader(leader) = &mut self.role else { return false };
        match error {
            ErrorCode::None => {
                leader.isr = asked.isr.clone();
                leader.partition_epoch += 1;
                leader.pending = None;
                self.advance(scene);
                false
            }
            ErrorCode::IneligibleReplica => {
                leader.pending = None;
                false
            }
            // Newer metadata is on its way and will settle it.
            ErrorCode::FencedLeaderEpoch | ErrorCode::InvalidUpdateVersion => false,
            _ => true,
        }
    }
}

impl Leader {
    /// Whether the controller would let this follower in: alive, not about to stop, and the same incarnation that fetched.
    pub(super) fn may_join(&self, scene: &Scene<'_>, follower: BrokerId) -> bool {
        let fetched_as = self.followers.get(&follower).and_then(|progress| progress.broker_epoch);
        let state = scene.image.brokers.get(&follower);
        state.is_some_and(|state| !state.fenced && !state.stopping && Some(state.epoch) == fetched_as)
    }

    fn late(&self, scene: &Scene<'_>, end: crate::kafka::types::Offset) -> Vec<BrokerId> {
        let late = |id: &&BrokerId| {
            let progress = self.followers.get(id);
            progress.is_some_and(|progress| !progress.is_caught_up(scene.now, end, scene.lag_max))
        };
        self.isr.iter().filter(late).copied().collect()
    }
}
