//! The metadata log of one member, and what of the quorum survives a crash.

use std::rc::Rc;

use crate::kafka::controller::messages::LogEntry;
use crate::kafka::metadata::MetadataRecord;
use crate::kafka::types::BrokerId;

/// What is written down before anything is said: a member that forgot it could vote twice in one epoch.
#[derive(Clone, Debug, Default)]
pub struct QuorumDisk {
    /// The highest epoch seen.
    pub(super) epoch: u32,
    /// For whom this member voted in that epoch.
    pub(super) vote: Option<BrokerId>,
    /// Who leads that epoch, if this member has learnt it.
    pub(super) leader: Option<BrokerId>,
    /// The log. Flushed before it is answered for.
    pub(super) log: MetadataLog,
}

impl QuorumDisk {
    /// The entries written so far, committed or not.
    pub fn entries(&self) -> &[LogEntry] {
        &self.log.entries
    }
}

/// A list of entries whose epochs never fall.
#[derive(Clone, Debug, Default)]
pub(super) struct MetadataLog {
    entries: Vec<LogEntry>,
}

impl MetadataLog {
    /// The offset behind the last entry.
    pub(super) fn end(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Epoch of the last entry; zero, which nobody leads, for an empty log.
    pub(super) fn last_epoch(&self) -> u32 {
        self.entries.last().map_or(0, |entry| entry.epoch)
    }

    pub(super) fn append(&mut self, entry: LogEntry) {
        assert!(entry.epoch >= self.last_epoch(), "epochs never fall along a log");
        self.entries.push(entry);
    }

    /// Entries from an offset on.
    pub(super) fn from(&self, offset: u64) -> Rc<[LogEntry]> {
        self.entries[offset as usize..].into()
    }

    /// The records between two offsets.
    pub(super) fn records(&self, from: u64, to: u64) -> impl Iterator<Item = &MetadataRecord> {
        self.entries[from as usize..to as usize].iter().filter_map(|entry| entry.record.as_ref())
    }

    /// Drops everything from an offset on.
    pub(super) fn truncate(&mut self, to: u64) {
        self.entries.truncate(to as usize);
    }

    /// Where a log that ends at `offset` with `last_epoch` must be cut to agree with this one; none if it agrees. Two logs
    /// that share an epoch at some offset agree up to there. Cut by one entry at least, so asking again comes to an end.
    pub(super) fn parting(&self, offset: u64, last_epoch: u32) -> Option<u64> {
        let known = self.entries.partition_point(|entry| entry.epoch <= last_epoch);
        let epoch = known.checked_sub(1).map_or(0, |last| self.entries[last].epoch);
        let agrees = offset == 0 || (epoch == last_epoch && offset <= known as u64);
        (!agrees).then(|| (known as u64).min(offset - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(epochs: &[u32]) -> MetadataLog {
        let entries = epochs.iter().map(|&epoch| LogEntry { epoch, record: None }).collect();
        MetadataLog { entries }
    }

    /// Goal: a log that has gone another way is cut back to where it agrees, and no further. Method: the leader's answer for
    /// the end and the last epoch of several logs.
    #[test]
    fn logs_part_where_their_epochs_do() {
        let leader = log(&[1, 1, 3, 3, 3]);
        assert_eq!(leader.parting(0, 0), None);
        assert_eq!(leader.parting(2, 1), None);
        assert_eq!(leader.parting(4, 3), None);
        assert_eq!(leader.parting(3, 1), Some(2), "the leader has less of epoch 1");
        assert_eq!(leader.parting(4, 2), Some(2), "the leader knows no epoch 2");
        assert_eq!(leader.parting(7, 4), Some(5), "the leader knows no epoch 4");
        assert_eq!(leader.parting(1, 2), Some(0), "at least one entry goes");
    }
}
