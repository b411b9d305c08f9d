//! What can be seen of the cluster from outside.

use std::collections::BTreeSet;

use super::{Server, World};
use crate::kafka::broker::Broker;
use crate::kafka::log::ReadLimit;
use crate::kafka::metadata::{MetadataImage, PartitionState};
use crate::kafka::types::{BrokerId, TopicPartition};

impl World {
    pub(in crate::kafka::server::tests) fn is_up(&self, id: BrokerId) -> bool {
        self.nodes[&id].server.is_some()
    }

    /// The nodes whose processes run.
    pub(in crate::kafka::server::tests) fn servers(&self) -> impl Iterator<Item = (BrokerId, &Server)> {
        let nodes = self.nodes.iter().filter(|(_, node)| node.frozen.is_none());
        nodes.filter_map(|(id, node)| Some((*id, node.server.as_ref()?)))
    }

    /// The brokers among them.
    pub(in crate::kafka::server::tests) fn brokers(&self) -> impl Iterator<Item = (BrokerId, &Broker)> {
        self.servers().filter_map(|(id, server)| Some((id, server.broker()?)))
    }

    pub(in crate::kafka::server::tests) fn broker(&self, id: BrokerId) -> Option<&Broker> {
        self.nodes[&id].server.as_ref()?.broker()
    }

    /// The newest decisions that any broker knows.
    pub(in crate::kafka::server::tests) fn image(&self) -> Option<&MetadataImage> {
        self.brokers().map(|(_, broker)| broker.image()).max_by_key(|image| image.offset)
    }

    /// How many brokers are let in, as all who run know.
    pub(in crate::kafka::server::tests) fn let_in(&self) -> usize {
        let alive = |broker: &Broker| broker.image().brokers.values().filter(|state| !state.fenced).count();
        self.brokers().map(|(_, broker)| alive(broker)).min().unwrap_or_default()
    }

    pub(in crate::kafka::server::tests) fn state(&self, partition: &TopicPartition) -> Option<&PartitionState> {
        self.image()?.partition(partition)
    }

    pub(in crate::kafka::server::tests) fn leader(&self, partition: &TopicPartition) -> Option<BrokerId> {
        self.state(partition)?.leader
    }

    /// The node whose controller is active, of those that run.
    pub(in crate::kafka::server::tests) fn active(&self) -> Option<BrokerId> {
        self.servers().find(|(_, server)| server.member().is_active()).map(|(id, _)| id)
    }

    /// Values below the high watermark of the partition's leader.
    pub(in crate::kafka::server::tests) fn committed(&self, partition: &TopicPartition) -> BTreeSet<String> {
        let leader = self.leader(partition).and_then(|leader| self.broker(leader)).expect("a leader runs");
        let replica = leader.replica(partition).expect("it keeps what it leads");
        let limit = ReadLimit { bytes: u64::MAX, whole_first: true };
        let batches = replica.log().read(replica.log().start()..replica.high_watermark(), limit);
        let records = batches.iter().flat_map(|batch| batch.records.iter());
        records.filter_map(|record| Some(String::from_utf8_lossy(record.value.as_deref()?).into_owned())).collect()
    }
}
