//! kafkajs' consumer as its users see it: connect, subscribe, run, stop; and what a crash leads to (KJ:consumer/index.js).

use std::cell::RefCell;
use std::rc::Rc;

use super::group::Group;
use super::runner::Runner;
use super::{ConsumerEvent, Handler, Listener};
use crate::engine::{SimDuration, Task};
use crate::kafka::client::cluster::Cluster;
use crate::kafka::client::{ConsumerConfig, Kafka, KafkaError, RetryConfig};
use crate::kafka::types::TopicPartition;

/// A member of a consumer group, after kafkajs. Cheap to clone.
#[derive(Clone)]
pub struct Consumer(Rc<Inner>);

struct Inner {
    cluster: Cluster,
    config: Rc<ConsumerConfig>,
    retry: RetryConfig,
    group: Rc<str>,
    topics: RefCell<Vec<Rc<str>>>,
    listeners: Rc<RefCell<Vec<Listener>>>,
    runner: RefCell<Option<Rc<Runner>>>,
    restart: RefCell<Option<Task<()>>>,
}

impl Kafka {
    /// A consumer of the group `group` that is not connected.
    ///
    /// # Panics
    /// When it would have no workers, or heartbeats rarer than its session allows.
    pub fn consumer(&self, group: &str, config: ConsumerConfig) -> Consumer {
        assert!(config.concurrency > 0, "a consumer without workers handles nothing");
        assert!(
            config.heartbeat_interval < config.session_timeout,
            "heartbeats must be more frequent than sessions are long"
        );
        let label = format!("{}/consumer", self.label());
        Consumer(Rc::new(Inner {
            cluster: self.cluster(&label, config.metadata_max_age, config.create_topics),
            config: Rc::new(config),
            retry: self.config().retry,
            group: group.into(),
            topics: RefCell::default(),
            listeners: Rc::default(),
            runner: RefCell::default(),
            restart: RefCell::default(),
        }))
    }
}

impl Consumer {
    /// Adds somebody who hears what happens.
    pub fn on(&self, listener: impl Fn(&ConsumerEvent) + 'static) {
        self.0.listeners.borrow_mut().push(Rc::new(listener));
    }

    /// Connects to a seed broker.
    ///
    /// # Errors
    /// When no seed answers in all attempts.
    pub async fn connect(&self) -> Result<(), KafkaError> {
        self.0.cluster.connect().await
    }

    /// Wants to read topics; naming one twice changes nothing. Call it before [`Consumer::run`].
    ///
    /// # Errors
    /// As [`Cluster::add_target_topics`].
    pub async fn subscribe(&self, topics: &[&str]) -> Result<(), KafkaError> {
        let topics: Vec<Rc<str>> = topics.iter().map(|topic| Rc::from(*topic)).collect();
        for topic in &topics {
            let mut wanted = self.0.topics.borrow_mut();
            if !wanted.contains(topic) {
                wanted.push(topic.clone());
            }
        }
        self.0.cluster.add_target_topics(&topics).await
    }

    /// Joins the group and starts to consume; returns when it has joined, or crashed at that. Does nothing while it runs.
    pub async fn run(&self, handler: Handler) {
        if self.0.runner.borrow().is_none() {
            self.start(handler).await;
        }
    }

    async fn start(&self, handler: Handler) {
        let inner = &self.0;
        let listener = self.listener();
        let group = Group::new(&inner.cluster, &inner.config, &listener, &inner.group, inner.topics.borrow().clone());
        let runner = Runner::new(group, &inner.config, &listener, &handler);
        *inner.runner.borrow_mut() = Some(runner.clone());
        if let Err(error) = runner.start().await {
            return self.crashed(error, handler).await;
        }
        let me = self.clone();
        inner.cluster.process().spawn(async move {
            if let Err(error) = runner.consume().await {
                me.crashed(error, handler).await;
            }
        });
    }

    /// The runner has given up: disconnects, and starts again after a while unless the error is hopeless (D5).
    async fn crashed(&self, error: KafkaError, handler: Handler) {
        let inner = &self.0;
        if let KafkaError::ConnectionClosed(endpoint) = error {
            inner.cluster.remove_broker(endpoint);
        }
        inner.runner.borrow_mut().take();
        inner.cluster.disconnect().await;
        let retriable = matches!(error, KafkaError::RetriesExceeded { .. }) || error.root().claims_retriable();
        let restart = retriable && inner.retry.restart_on_failure;
        let wait = match &error {
            KafkaError::RetriesExceeded { retry_time, .. } => *retry_time,
            _ => inner.retry.initial,
        };
        self.emit(&ConsumerEvent::Crashed { error, restart });
        if restart {
            self.restart_after(wait, handler);
        }
    }

    fn restart_after(&self, wait: SimDuration, handler: Handler) {
        let me = self.clone();
        let restart = self.0.cluster.process().spawn(async move {
            me.0.cluster.process().sleep(wait).await;
            me.start(handler).await;
        });
        *self.0.restart.borrow_mut() = Some(restart);
    }

    /// Stops consuming after the messages being handled now, long polls included, and leaves the group.
    pub async fn stop(&self) {
        let runner = self.0.runner.borrow().clone();
        if let Some(runner) = runner {
            runner.stop().await;
            self.0.runner.borrow_mut().take();
            self.emit(&ConsumerEvent::Stopped);
        }
        let restart = self.0.restart.borrow_mut().take();
        restart.iter().for_each(Task::abort);
    }

    /// Stops and ends all connections.
    pub async fn disconnect(&self) {
        self.stop().await;
        self.0.cluster.disconnect().await;
    }

    /// The partitions it reads now.
    pub fn assigned(&self) -> Vec<TopicPartition> {
        self.0.runner.borrow().as_ref().map(|runner| runner.group.assigned()).unwrap_or_default()
    }

    /// The generation of its group in which it is a member.
    pub fn generation(&self) -> Option<u32> {
        self.0.runner.borrow().as_ref().and_then(|runner| runner.group.generation())
    }

    fn emit(&self, event: &ConsumerEvent) {
        let listeners = self.0.listeners.borrow().clone();
        listeners.iter().for_each(|listener| listener(event));
    }

    /// Tells all who listen, also those who come later.
    fn listener(&self) -> Listener {
        let listeners = self.0.listeners.clone();
        Rc::new(move |event| {
            let listeners = listeners.borrow().clone();
            listeners.iter().for_each(|listener| listener(event));
        })
    }
}
