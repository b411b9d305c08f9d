//! Consumers.
//!
//! [`Consumer`] is that of kafkajs 2.2.4 (MODEL-REFERENCE.md D2, D4, D5): one loop that fetches, handles, commits and sends
//! heartbeats, with nothing in the background.
//!
//! | where | what |
//! |---|---|
//! | [`Consumer`] | start, stop, crash, restart |
//! | `runner` | one message after the other: resolve, heartbeat, commit; what errors do |
//! | `fetching` | one fetcher for each broker, and the workers that share what they bring |
//! | `group` | join, sync, heartbeat, fetch, and what follows from a fetch that fails |
//! | `isolation` | which of the fetched records the application gets |
//! | `offsets` | where to read on, and what is committed |
//! | [`java`] | the Java client's consumer, for comparison |
//!
//! **Not modelled:** `eachBatch`, `pause` and `seek`, regular expressions as subscriptions, offsets committed within a transaction, rack
//! awareness. After OFFSET_OUT_OF_RANGE kafkajs stores "earliest" or "latest" with its coordinator; here the member only
//! remembers it.

mod fetching;
mod group;
mod isolation;
pub mod java;
mod kafkajs;
mod offsets;
mod runner;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

pub use self::kafkajs::Consumer;

use super::client::{KafkaError, Thrown};
use super::record::Record;
use super::types::{Offset, TopicPartition};

/// What a handler does to the message it is given.
pub type Handler = Rc<dyn Fn(Delivery) -> Pin<Box<dyn Future<Output = Result<(), HandlerError>>>>>;

/// Sends a heartbeat if one is due.
pub(crate) type Heart = Rc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), KafkaError>>>>>;

/// Makes a handler of an async closure.
pub fn handler<F, A>(handle: F) -> Handler
where
    F: Fn(Delivery) -> A + 'static,
    A: Future<Output = Result<(), HandlerError>> + 'static,
{
    Rc::new(move |delivery| Box::pin(handle(delivery)))
}

/// What a handler may end with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandlerError {
    /// It has thrown an `Error`: the message comes again (D5).
    #[error("the handler has thrown an Error")]
    Error,
    /// It has thrown a `SyntaxError`: the consumer stops for good (D5).
    #[error("the handler has thrown a SyntaxError")]
    SyntaxError,
    /// It has thrown a `TypeError`: the same.
    #[error("the handler has thrown a TypeError")]
    TypeError,
    /// It has let an error of the client through, such as that of a heartbeat.
    #[error(transparent)]
    Client(#[from] KafkaError),
}

impl From<HandlerError> for KafkaError {
    fn from(error: HandlerError) -> Self {
        match error {
            HandlerError::Error => KafkaError::Handler(Thrown::Error),
            HandlerError::SyntaxError => KafkaError::Handler(Thrown::SyntaxError),
            HandlerError::TypeError => KafkaError::Handler(Thrown::TypeError),
            HandlerError::Client(error) => error,
        }
    }
}

/// A message as its handler gets it.
#[derive(Clone)]
pub struct Delivery {
    /// Where it was read.
    pub partition: TopicPartition,
    /// Its place there.
    pub offset: Offset,
    /// What it says.
    pub record: Record,
    /// The end of the partition when it was fetched.
    pub high_watermark: Offset,
    heart: Heart,
}

impl Delivery {
    /// `heartbeat()` of kafkajs: sends one if the last is old enough. Java's profile sends its own and does nothing here.
    ///
    /// # Errors
    /// What the coordinator says, e.g. that the group rebalances. Letting it through makes the member re-join.
    pub async fn heartbeat(&self) -> Result<(), KafkaError> {
        (self.heart)().await
    }
}

/// What happens to a consumer: kafkajs' instrumentation events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConsumerEvent {
    /// It has joined a generation of its group.
    Joined {
        /// Number of the generation.
        generation: u32,
        /// Its id.
        member: Rc<str>,
        /// Whether it has assigned the shares.
        leader: bool,
        /// Its share.
        partitions: Vec<TopicPartition>,
    },
    /// It has learnt that the group rebalances.
    Rebalancing,
    /// A heartbeat was answered.
    Heartbeat,
    /// Offsets were committed.
    Committed(Vec<(TopicPartition, Offset)>),
    /// It has crashed.
    Crashed {
        /// Of what.
        error: KafkaError,
        /// Whether it will start again by itself.
        restart: bool,
    },
    /// It has stopped.
    Stopped,
}

/// Hears what happens to a consumer.
pub type Listener = Rc<dyn Fn(&ConsumerEvent)>;
