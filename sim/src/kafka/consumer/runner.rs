//! kafkajs' `Runner`: the processing loop (KJ:consumer/runner.js; MODEL-REFERENCE.md D4, D5).
//!
//! Heartbeats and commits happen here, between messages and after fetches that bring nothing, and nowhere else. So a slow handler
//! outlasts its session only while no other broker answers a long poll: on one broker, or while their batches wait for the worker.

use std::cell::Cell;
use std::rc::Rc;

use super::fetching::FetchManager;
use super::group::{Fetch, Group};
use super::{ConsumerEvent, Delivery, Handler, Heart, Listener};
use crate::engine::Notify;
use crate::kafka::client::retry::Failure;
use crate::kafka::client::{ConsumerConfig, KafkaError};
use crate::kafka::types::{BrokerId, ErrorCode};

/// The loop of a consumer from its start to its stop or crash.
pub(super) struct Runner {
    pub(super) group: Rc<Group>,
    pub(super) config: Rc<ConsumerConfig>,
    pub(super) fetching: FetchManager,
    listener: Listener,
    handler: Handler,
    running: Cell<bool>,
    consuming: Cell<bool>,
    stopped: Notify,
}

impl Runner {
    pub(super) fn new(group: Group, config: &Rc<ConsumerConfig>, listener: &Listener, handler: &Handler) -> Rc<Self> {
        Rc::new(Self {
            group: Rc::new(group),
            config: config.clone(),
            fetching: FetchManager::new(config.concurrency),
            listener: listener.clone(),
            handler: handler.clone(),
            running: Cell::new(false),
            consuming: Cell::new(false),
            stopped: Notify::new(),
        })
    }

    /// Connects and joins.
    pub(super) async fn start(&self) -> Result<(), KafkaError> {
        self.group.connect().await?;
        self.group.join_and_sync().await?;
        self.running.set(true);
        self.consuming.set(true);
        Ok(())
    }

    /// Consumes until it is stopped or crashes. A generation of the group has one budget of retries, which no success refills (D5).
    pub(super) async fn consume(self: &Rc<Self>) -> Result<(), KafkaError> {
        let mut result = Ok(());
        while self.running.get() && result.is_ok() {
            result = self.group.cluster().retrier().run(async || self.round().await).await;
        }
        if result.is_err() {
            self.running.set(false);
            let _ = self.group.leave().await; // kafkajs swallows what goes wrong here
        }
        self.consuming.set(false);
        self.stopped.notify_all();
        result
    }

    /// Fetches until something happens. Re-joining ends the round well; other errors use up a retry.
    async fn round(self: &Rc<Self>) -> Result<(), Failure> {
        if !self.running.get() {
            return Ok(());
        }
        let Err(error) = self.fetching.start(self).await else { return Ok(()) };
        if error.is_rebalancing() {
            (self.listener)(&ConsumerEvent::Rebalancing);
        } else if error.is_code(ErrorCode::UnknownMemberId) {
            self.group.forget_id();
        } else if error == KafkaError::NoBroker {
            return Err(Failure::Bail(error));
        } else {
            return Err(Failure::Thrown(error));
        }
        Ok(self.group.join_and_sync().await?)
    }

    /// Stops after what is being done now, and leaves the group.
    pub(super) async fn stop(&self) {
        if !self.running.replace(false) {
            return;
        }
        self.fetching.stop().await;
        let stopped = self.stopped.notified();
        if self.consuming.get() {
            stopped.await;
        }
        let _ = self.group.leave().await; // as above
    }

    /// Fetches from one broker.
    pub(super) async fn fetch(self: &Rc<Self>, node: BrokerId) -> Result<Vec<Fetch>, KafkaError> {
        if !self.running.get() {
            return Ok(Vec::new());
        }
        let batches = self.group.fetch(node).await?;
        if batches.is_empty() {
            self.heartbeat().await?;
        }
        Ok(batches)
    }

    /// Handles a batch, then commits (D4).
    pub(super) async fn handle(self: &Rc<Self>, batch: Fetch) -> Result<(), KafkaError> {
        if !self.running.get() {
            return Ok(());
        }
        if let Some(last) = batch.filtered {
            // Markers and aborted records: it reads on behind them (KJ:consumer/runner.js).
            self.group.offsets().resolve(&batch.partition, last);
            self.commit_if_necessary().await?;
        }
        if !batch.messages.is_empty() {
            self.each_message(&batch).await?;
            self.auto_commit().await?;
        }
        self.heartbeat().await
    }

    async fn each_message(self: &Rc<Self>, batch: &Fetch) -> Result<(), KafkaError> {
        for (offset, record) in &batch.messages {
            if !self.running.get() {
                return Ok(());
            }
            let delivery = Delivery {
                partition: batch.partition.clone(),
                offset: *offset,
                record: record.clone(),
                high_watermark: batch.high_watermark,
                heart: self.heart(),
            };
            if let Err(error) = (self.handler)(delivery).await {
                self.auto_commit().await?;
                return Err(error.into());
            }
            self.group.offsets().resolve(&batch.partition, *offset);
            self.heartbeat().await?;
            self.commit_if_necessary().await?;
        }
        Ok(())
    }

    fn heart(self: &Rc<Self>) -> Heart {
        let me = self.clone();
        Rc::new(move || {
            let me = me.clone();
            Box::pin(async move { me.heartbeat().await })
        })
    }

    /// Sends a heartbeat if one is due. When it says that the group rebalances, what is handled so far is committed first.
    async fn heartbeat(&self) -> Result<(), KafkaError> {
        let beat = self.group.heartbeat().await;
        if beat.as_ref().is_err_and(KafkaError::is_rebalancing) {
            self.auto_commit().await?;
        }
        beat
    }

    async fn commit_if_necessary(&self) -> Result<(), KafkaError> {
        if self.config.auto_commit { self.group.offsets().commit_if_necessary().await } else { Ok(()) }
    }

    async fn auto_commit(&self) -> Result<(), KafkaError> {
        if self.config.auto_commit { self.group.offsets().commit().await } else { Ok(()) }
    }
}
