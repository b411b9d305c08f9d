//! Which leader wrote from where on: the leader-epoch cache (KIP-101, KIP-279; B2).
//!
//! **Never here:** truncation itself; this only says where two logs part.

use crate::kafka::types::{LeaderEpoch, Offset};

/// Epochs and the offsets at which they began, both growing.
#[derive(Clone, Debug, Default)]
pub(super) struct Epochs(Vec<(LeaderEpoch, Offset)>);

impl Epochs {
    pub(super) fn latest(&self) -> Option<LeaderEpoch> {
        self.0.last().map(|(epoch, _)| *epoch)
    }

    /// From `start` on, records are of this epoch. An older or known epoch changes nothing.
    pub(super) fn assign(&mut self, epoch: LeaderEpoch, start: Offset) {
        if self.latest().is_none_or(|latest| latest < epoch) {
            // A leader that appended nothing leaves no trace.
            self.0.retain(|(_, began)| *began < start);
            self.0.push((epoch, start));
        }
    }

    /// The largest known epoch up to `epoch` and its end; `log_end` for the newest. Nothing if `epoch` is later than all
    /// (AK: LeaderEpochFileCache.endOffsetFor).
    pub(super) fn end_of(&self, epoch: LeaderEpoch, log_end: Offset) -> Option<(LeaderEpoch, Offset)> {
        if self.latest()? == epoch {
            return Some((epoch, log_end));
        }
        let later = self.0.partition_point(|(known, _)| *known <= epoch);
        let (_, end) = self.0.get(later)?;
        let floor = later.checked_sub(1).map_or(epoch, |nth| self.0[nth].0);
        Some((floor, *end))
    }

    /// Forgets epochs that begin at `end` or later.
    pub(super) fn truncate_end(&mut self, end: Offset) {
        self.0.retain(|(_, start)| *start < end);
    }

    /// Forgets epochs that end at `start` or before; the one that holds `start` begins there now.
    pub(super) fn truncate_start(&mut self, start: Offset) {
        let first = self.0.partition_point(|(_, began)| *began <= start).saturating_sub(1);
        self.0.drain(..first);
        if let Some((_, began)) = self.0.first_mut() {
            *began = (*began).max(start);
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
