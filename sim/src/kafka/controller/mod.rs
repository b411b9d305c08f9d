//! The controller: who is alive, who leads, who is in sync.
//!
//! | where | what is decided there |
//! |---|---|
//! | `config` | every time and limit |
//! | [`quorum`] | which controller is active, and what is committed (KRaft) |
//! | `member` | who may decide, and when it is answered |
//! | [`zookeeper`] | the same before KRaft |
//! | `cluster` | which rule a request meets |
//! | `brokers`, `sessions` | registration, heartbeats, fencing, controlled stop |
//! | `elect`, `isr`, `balance`, `topics` | leaders, ISRs, preferred leaders, placement |

mod balance;
mod brokers;
mod cluster;
mod config;
mod elect;
mod isr;
mod member;
mod messages;
pub mod quorum;
mod sessions;
#[cfg(test)]
mod tests;
mod topics;
pub mod zookeeper;

pub use self::cluster::{ClusterController, Decision};
pub use self::config::{ControllerConfig, QuorumConfig, ZooKeeperConfig};
pub use self::member::{Member, QuorumMember};
pub use self::messages::{
    ControlRequest, ControlResponse, IsrChange, LogEntry, ZooKeeperRequest, ZooKeeperResponse, ZooKeeperState,
};
