//! What producers and consumers share: connections, metadata, retries, after kafkajs 2.2.4 (MODEL-REFERENCE.md C0, C3, C5).
//!
//! | where | what |
//! |---|---|
//! | [`config`] | every default, with its source |
//! | [`error`] | what goes wrong, and what may be tried again |
//! | [`retry`] | trying again |
//! | `socket`, [`connection`] | one TCP connection: connect and request timeouts, races of reconnecting |
//! | [`broker`] | two connections to one broker |
//! | [`java`] | the network side of the Java profile |
//! | [`pool`], [`cluster`] | seeds, brokers, metadata, leaders, coordinators |
//!
//! A client is ordinary code on the event loop of a [`Process`](crate::process::Process): parsing an answer costs CPU there, and
//! waiting costs nothing.
//!
//! **Not modelled:** SASL, TLS, throttling, `maxInFlightRequests`, compression, regular expressions as subscriptions, brokers that
//! change their address.

pub mod broker;
pub mod cluster;
pub mod config;
pub mod connection;
pub mod error;
pub mod java;
pub mod pool;
pub mod retry;
pub(crate) mod shared;
mod socket;
#[cfg(test)]
pub(crate) mod tests;

use std::cell::Cell;
use std::rc::Rc;

pub use self::config::{
    ClientConfig, ConsumerConfig, JavaConfig, JavaConsumerConfig, JavaProducerConfig, ProducerConfig,
};
pub use self::error::{ConnectionFault, KafkaError};
pub use super::retry::{RetryConfig, Thrown};

use self::cluster::Cluster;
use self::pool::PoolSpec;
use self::retry::Retries;
use crate::engine::SimDuration;
use crate::grpc::Site;
use crate::kafka::types::BrokerId;
use crate::kafka::wire::{AddressBook, Endpoint};

/// `new Kafka({ clientId, brokers })`: makes producers and consumers. Cheap to clone; belongs to one incarnation of its process.
#[derive(Clone)]
pub struct Kafka(Rc<Inner>);

struct Inner {
    site: Site,
    name: String,
    book: AddressBook,
    seeds: Vec<Endpoint>,
    config: Rc<ClientConfig>,
    made: Cell<u64>,
}

impl Kafka {
    /// A client called `name` of the cluster in `book`, which knows the brokers `seeds` from the start. The name is that of its random
    /// streams, so it must be unique in its process.
    ///
    /// # Panics
    /// When a seed is not in the book, or there is none.
    pub fn new(site: &Site, name: &str, book: &AddressBook, seeds: &[BrokerId], config: ClientConfig) -> Self {
        assert!(!seeds.is_empty(), "a client without seeds never connects");
        Self(Rc::new(Inner {
            site: site.clone(),
            name: name.into(),
            book: book.clone(),
            seeds: seeds.iter().map(|seed| book[seed]).collect(),
            config: Rc::new(config),
            made: Cell::new(0),
        }))
    }

    /// Its name, by which it is found in the trace.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it lives.
    pub fn site(&self) -> &Site {
        &self.0.site
    }

    /// What its producers and consumers share.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// A label for the random streams of the next producer or consumer.
    pub(crate) fn label(&self) -> String {
        let nth = self.0.made.replace(self.0.made.get() + 1);
        format!("{}/{}/{nth}", self.0.name, self.0.site.process.incarnation())
    }

    /// A cluster of its own for one producer or consumer.
    pub(crate) fn cluster(&self, label: &str, metadata_max_age: SimDuration, create_topics: bool) -> Cluster {
        let inner = &self.0;
        let sim = inner.site.process.sim();
        let spec = PoolSpec {
            site: inner.site.clone(),
            book: inner.book.clone(),
            seeds: inner.seeds.clone(),
            config: inner.config.clone(),
            metadata_max_age,
            create_topics,
        };
        let waits = sim.stream(&format!("{label}/retry"));
        let retrier = Retries::new(&inner.site.process, inner.config.retry, waits);
        Cluster::new(spec, retrier, sim.stream(&format!("{label}/brokers")))
    }
}
