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
//! | [`assignor`], [`partitioner`], [`retry`] | what clients decide without asking: shares, partitions, waits |
//! | [`wire`] | what travels over a connection |
//! | [`node`] | hosts a machine on a process and a network |
//! | [`client`], [`producer`], [`consumer`] | clients after kafkajs and Java |
//! | [`facts`] | what clients say for the checkers |
//! | [`watch`] | what of all this is shown: gauges of partitions and groups |
//! | [`metadata`] | what the controller has decided, as records and as the image they add up to |
//!
//! **Never here:** the meaning of a record's value, and any knowledge of what is modelled with Kafka.

pub mod assignor;
pub mod broker;
pub mod client;
pub mod consumer;
pub mod controller;
pub mod facts;
#[cfg(test)]
pub(crate) mod fake;
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
pub mod types;
pub mod watch;
pub mod wire;
