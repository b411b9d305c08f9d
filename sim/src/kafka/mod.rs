//! Kafka after Apache Kafka 3.9 and kafkajs 2.2.4 (MODEL-REFERENCE.md B–E, I).
//!
//! Everything on the server side is a state machine without I/O: `handle(now, input)` returns what is to be sent, and
//! `next_timeout` says when to call again. No sockets, no clock, no tasks: the same broker is tested alone, fuzzed, and
//! driven over a simulated network.
//!
//! | where | what is decided there |
//! |---|---|
//! | [`types`], [`record`] | names, numbers and records that everything shares |
//! | [`protocol`] | what clients and brokers say to each other |
//! | [`machine`] | how machines and their drivers talk |
//! | [`log`] | one partition's records on one broker |
//! | [`replica`] | leader and follower of a partition; what is committed |
//! | [`broker`] | what a broker answers, and what it asks of others |
//! | [`controller`] | who is alive, who leads, who is in sync |
//! | [`group`] | consumer groups: who is a member, what is committed |
//! | [`transaction`] | transactions across partitions: how they end, who is fenced |
//! | [`assignor`], [`partitioner`], [`retry`] | what clients decide without asking: shares, partitions, waits |
//! | [`wire`] | what travels over a connection |
//! | [`node`] | hosts a machine on a process and a network |
//! | [`client`], [`producer`], [`consumer`] | clients after kafkajs and Java |
//! | [`server`] | one node: broker and controller side by side |
//! | [`facts`] | what clients say for the checkers |
//! | [`watch`] | what of all this is shown: gauges of partitions and groups |
//! | [`metadata`] | what the controller has decided, as records and as the image they add up to |
//!
//! **Not modelled**, in short; each module says more:
//! - the network's bytes: compression, TLS, SASL, versions of the protocol, fetch sessions of consumers, quotas, ACLs;
//! - disks: files, page cache, flushes, power failures, full disks, moving and removing replicas, tiered storage;
//! - the clients' calls for transactions (brokers have them, C4), offsets committed within one, and how the controller hands out
//!   producer ids;
//! - reading from followers (KIP-392), eligible leader replicas (KIP-966, opt-in in 4.0);
//! - deletion of topics, more partitions for a topic, racks;
//! - the group protocols of KIP-848 and KIP-932, and the time it takes a coordinator or controller to load;
//! - single servers of a ZooKeeper ensemble, and snapshots of the metadata log.
//!
//! **Departs from Kafka:** a group coordinator loads when all before its leader's epoch is committed, not at once; a broker whose
//! registration is unknown registers again; each topic's replicas begin one broker after the last topic's, not at random.
//!
//! **Never here:** the meaning of a record's value, and any knowledge of what is modelled with Kafka.

pub mod assignor;
pub mod broker;
pub mod client;
pub mod cluster;
pub mod consumer;
pub mod controller;
pub mod facts;
#[cfg(test)]
pub(crate) mod fake;
pub mod fetch_session;
pub mod group;
pub mod log;
pub mod machine;
pub mod metadata;
pub mod node;
pub mod partitioner;
pub mod producer;
pub mod protocol;
pub mod record;
pub mod replica;
pub mod retry;
pub mod server;
#[cfg(test)]
mod tests;
pub mod transaction;
pub mod types;
pub mod watch;
pub mod wire;
