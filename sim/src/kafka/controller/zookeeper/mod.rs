//! Metadata as it was kept before KRaft (K7 of the article): ZooKeeper holds sessions, the controller's seat and all state.
//!
//! A broker lives as long as its session, which ends 18 s after its last ping, at a whole tick. One broker holds the seat of the
//! controller; when its session ends, another takes the seat, loads everything, and only then acts (B3).
//!
//! Brokers get the controller's decisions from the controller, as in KRaft. Kafka's controller pushed them; here brokers fetch
//! them with a long poll, which takes as long. Heartbeats to the controller carry what ZooKeeper-mode brokers said in other
//! requests (ControlledShutdown); they keep nobody alive.
//!
//! **Not modelled:** the servers of the ensemble and their failures (it is one node that is always there), the order and number of
//! single reads and writes, a controller's time per request, the migration to KRaft.

mod ensemble;
mod member;

pub use self::ensemble::ZooKeeperEnsemble;
pub use self::member::ZooKeeperMember;
