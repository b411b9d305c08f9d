//! What survives the death of a broker's process: logs as they were, high watermarks as they were last written down.
//!
//! **Never here:** the loss of a disk or of power. **Not modelled:** the checkpoint of log starts, which is exact here.

use std::collections::BTreeMap;

use super::replicas::Replicas;
use crate::kafka::log::Log;
use crate::kafka::replica::Replica;
use crate::kafka::types::{BrokerId, Offset, TopicPartition};

/// The disk of a broker that does not run.
#[derive(Clone, Debug, Default)]
pub struct Disk {
    logs: BTreeMap<TopicPartition, Log>,
    checkpoints: Checkpoints,
}

/// High watermarks as last written down: older than the truth by up to the interval.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoints(BTreeMap<TopicPartition, Offset>);

impl Checkpoints {
    pub(super) fn take(&mut self, replicas: &Replicas) {
        self.0 = replicas.iter().map(|(name, replica)| (name.clone(), replica.high_watermark())).collect();
    }
}

impl Disk {
    /// The logs on it.
    pub fn logs(&self) -> impl Iterator<Item = (&TopicPartition, &Log)> {
        self.logs.iter()
    }

    pub(super) fn keep(replicas: Replicas, checkpoints: Checkpoints) -> Self {
        let log = |replica: Replica| (replica.name().clone(), replica.into_log());
        Self { logs: replicas.into_replicas().map(log).collect(), checkpoints }
    }

    pub(super) fn restore(self, me: BrokerId) -> (Replicas, Checkpoints) {
        let Self { logs, checkpoints } = self;
        let mut replicas = Replicas::default();
        for (name, log) in logs {
            let committed = checkpoints.0.get(&name).copied().unwrap_or_default();
            replicas.keep(&name, || Replica::new(me, name.clone(), log, committed));
        }
        (replicas, checkpoints)
    }
}
