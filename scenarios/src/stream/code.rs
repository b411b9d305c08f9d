//! Decisions of the stream that may be left to code in Rust, in place of what its specification says.
//!
//! **Never here:** a decision. Without code, everything is as the specification has it.

use std::collections::BTreeMap;

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::kafka::assignor::Own;
use gridlock_sim::kafka::partitioner::MakePartitioner;

/// Who decides what.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamCode {
    /// Where the producer's events go (a kafkajs producer that is kept).
    pub partitioner: Option<MakePartitioner>,
    /// How the group shares partitions out.
    pub assignor: Option<Own>,
    /// What a consumer does with an event whose handling failed.
    pub failures: Option<MakeFailures>,
    /// Whether a consumer's work takes effect once.
    pub once: Option<MakeOnce>,
}

/// An event, as a consumer's code sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it was read.
    pub partition: u32,
    /// Its place there.
    pub offset: u64,
    /// The order that it is about.
    pub order: u64,
}

/// A table of the consumers' database, from number to number. It outlives every process, and all consumers share it.
pub type Table = BTreeMap<u64, u64>;

/// Recognises events that come again. One instance serves one consumer process, until it dies. The order takes stock only when both answer
/// with true.
pub trait Once {
    /// An event has come: is its work to be done? What is written to the table is committed at once.
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool;

    /// Its work is done: does it take effect? What is written to the table is in one transaction with the effect.
    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool;
}

/// Makes what recognises events, anew in each life of a process.
pub type MakeOnce = fn() -> Box<dyn Once>;

/// An event whose handling failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Where it was read: of the topic, or of the retry topic.
    pub partition: u32,
    /// Its place there.
    pub offset: u64,
    /// Attempts so far, counted from 1, those before it went to the retry topic among them.
    pub attempts: u32,
    /// Whether it cannot even be parsed.
    pub malformed: bool,
    /// When.
    pub at: SimTime,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Tried again in its place, after a wait. What comes behind it waits as well.
    Again(SimDuration),
    /// Written to the retry topic, to be tried again after `retry_delay`. Those behind it go on.
    Later,
    /// Written to the dead letter queue.
    Park,
    /// Done with.
    Skip,
    /// The error leaves the handler.
    Throw,
}

/// Decides about failures. One instance serves one consumer process, until it dies.
pub trait Failures {
    /// The handling of an event has failed.
    fn failed(&mut self, failure: &Failure) -> Next;
}

/// Makes what decides about failures, anew in each life of a process.
pub type MakeFailures = fn() -> Box<dyn Failures>;
