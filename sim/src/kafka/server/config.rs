//! Everything that can be set on a cluster, as data.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::kafka::broker::BrokerConfig;
use crate::kafka::controller::ControllerConfig;
use crate::kafka::group::GroupConfig;
use crate::kafka::types::BrokerId;

/// How all nodes of a cluster behave. Defaults are those of Apache Kafka 3.9.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Logs, replication, liveness.
    pub broker: BrokerConfig,
    /// Who decides, and how fast.
    pub controller: ControllerConfig,
    /// Consumer groups.
    pub groups: GroupConfig,
    /// Where decisions are kept.
    pub mode: Mode,
}

/// Where the controller's decisions are kept (B3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// In a log of the controllers' own.
    #[default]
    Kraft,
    /// In a ZooKeeper ensemble, as before Kafka 4.0.
    Zookeeper,
}

/// Which node of the cluster a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: BrokerId,
    /// Whether it keeps data and serves clients. In ZooKeeper mode every node but the ensemble's does.
    pub broker: bool,
    /// KRaft: the voters; a node that is none of them observes. ZooKeeper: the one node that stands for the ensemble.
    pub quorum: Rc<[BrokerId]>,
}
