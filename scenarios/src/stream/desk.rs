//! What a consumer does with one event: parse it, reserve stock for it, and deal with the failure of either.
//!
//! **Not modelled:** a database that can fail; handlers that take a batch at once.

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::engine::{Draws, SimDuration};
use gridlock_sim::grpc::Site;
use gridlock_sim::kafka::client::{Kafka, ProducerConfig};
use gridlock_sim::kafka::consumer::{Delivery, HandlerError};
use gridlock_sim::kafka::facts;
use gridlock_sim::kafka::producer::Producer;
use gridlock_sim::kafka::record::Record;

use super::books::Books;
use super::code::{Event, Failure, Failures, Next, Once, StreamCode};
use super::spec::{ConsumersSpec, OnError, Parse, Poison, PoisonSpec, Reservation, StreamSpec};
use super::{dead_letters, retries};
use crate::kafka::payload;

/// Attempts of an event at most, whatever code says: every retry has a bound.
const ATTEMPTS_MAX: u32 = 100;
/// The header that counts the attempts of an event so far.
const ATTEMPTS: &str = "attempts";

/// Where events are handled.
pub(super) struct Desk {
    site: Site,
    spec: ConsumersSpec,
    poison: PoisonSpec,
    topic: String,
    cpu: Draws,
    wait: Draws,
    books: Books,
    /// Decides about failures in place of `on_error`.
    failures: Option<RefCell<Box<dyn Failures>>>,
    /// Recognises events in place of `idempotent`.
    once: Option<RefCell<Box<dyn Once>>>,
    /// Writes what goes to other topics.
    pub(super) letters: Producer,
}

impl Desk {
    pub(super) fn new(site: &Site, kafka: &Kafka, spec: &StreamSpec, code: &StreamCode, books: &Books) -> Self {
        let draws = |label| site.process.sim().draws(label);
        Self {
            site: site.clone(),
            spec: spec.consumers.clone(),
            poison: spec.poison.clone(),
            topic: spec.topic.name.clone(),
            cpu: draws("consumers/cpu"),
            wait: draws("consumers/wait"),
            books: books.clone(),
            failures: code.failures.map(|make| RefCell::new(make())),
            once: code.once.map(|make| RefCell::new(make())),
            letters: kafka.producer(ProducerConfig::default()),
        }
    }

    // ANCHOR: handle
    pub(super) async fn handle(self: Rc<Self>, delivery: Delivery) -> Result<(), HandlerError> {
        if let Some(code) = &self.failures {
            return self.handle_by(code, delivery, 1).await;
        }
        let mut parsed = payload::read(&delivery.record);
        if self.spec.parse == Parse::Outside {
            parsed = Ok(parsed?);
        }
        let handled = match parsed {
            Ok((order, _)) => self.reserve(order, &delivery).await,
            Err(error) => Err(error),
        };
        match (handled, self.spec.on_error) {
            (Ok(()), _) => Ok(()),
            (Err(error), OnError::Throw) => Err(error),
            (Err(_), OnError::Swallow) => Ok(()),
            (Err(_), OnError::DeadLetter) => self.write(&dead_letters(&self.topic), &delivery.record, 1).await,
            (Err(_), OnError::RetryTopic) => self.write(&retries(&self.topic), &delivery.record, 1).await,
        }
    }

    async fn reserve(&self, order: u64, delivery: &Delivery) -> Result<(), HandlerError> {
        if !self.begins(order, delivery) {
            return Ok(());
        }
        let left = self.books.in_stock();
        self.site.process.cpu(self.spec.cpu.sample(&mut self.cpu.at(order))).await;
        self.wait(self.spec.wait.sample(&mut self.wait.at(order)) + self.delay(order), delivery).await?;
        if self.fails(order) {
            return Err(HandlerError::Error);
        }
        let in_stock = if self.spec.reservation == Reservation::LookFirst { left } else { self.books.in_stock() };
        let took_effect = self.takes_effect(order, delivery)
            && self.books.reserve(order, in_stock, self.spec.idempotent && self.once.is_none());
        if let Some(key) = delivery.record.key.as_deref().filter(|_| took_effect) {
            let trace = self.site.process.trace();
            trace.emit(facts::applied(trace, key, order));
        }
        Ok(())
    }
    // ANCHOR_END: handle

    // ANCHOR: count
    /// What nobody thought of when the producer was written. It changes nothing but its own tables.
    pub(super) async fn count(self: Rc<Self>, delivery: Delivery) -> Result<(), HandlerError> {
        let (order, _) = payload::read(&delivery.record)?;
        self.site.process.cpu(self.spec.cpu.sample(&mut self.cpu.at(order))).await;
        self.books.counted(order);
        Ok(())
    }
    // ANCHOR_END: count

    // ANCHOR: retry
    /// Handles an event of the retry topic when its time has come.
    pub(super) async fn handle_later(self: Rc<Self>, delivery: Delivery) -> Result<(), HandlerError> {
        let due = delivery.record.timestamp + self.spec.retry_delay;
        self.site.process.timer_at(due).await;
        if let Some(code) = &self.failures {
            let attempts = attempts(&delivery.record) + 1;
            return self.handle_by(code, delivery, attempts).await;
        }
        let handled = match payload::read(&delivery.record) {
            Ok((order, _)) => self.reserve(order, &delivery).await,
            Err(error) => Err(error),
        };
        let attempts = attempts(&delivery.record) + 1;
        match handled {
            Ok(()) => Ok(()),
            Err(_) if attempts < self.spec.retry_attempts => {
                self.write(&retries(&self.topic), &delivery.record, attempts).await
            }
            Err(_) => self.write(&dead_letters(&self.topic), &delivery.record, attempts).await,
        }
    }
    // ANCHOR_END: retry

    /// Handles an event, and does what `code` says when that fails. `attempt` is the first to be made here.
    async fn handle_by(
        &self,
        code: &RefCell<Box<dyn Failures>>,
        delivery: Delivery,
        mut attempt: u32,
    ) -> Result<(), HandlerError> {
        let parsed = payload::read(&delivery.record);
        loop {
            let handled = match &parsed {
                Ok((order, _)) => self.reserve(*order, &delivery).await,
                Err(error) => Err(error.clone()),
            };
            let Err(error) = handled else { return Ok(()) };
            let failure = Failure {
                partition: delivery.partition.partition,
                offset: delivery.offset.0,
                attempts: attempt,
                malformed: parsed.is_err(),
                at: self.site.process.sim().now(),
            };
            let next = if attempt < ATTEMPTS_MAX { code.borrow_mut().failed(&failure) } else { Next::Throw };
            match next {
                Next::Again(wait) => self.wait(wait, &delivery).await?,
                Next::Later => return self.write(&retries(&self.topic), &delivery.record, attempt).await,
                Next::Park => return self.write(&dead_letters(&self.topic), &delivery.record, attempt).await,
                Next::Skip => return Ok(()),
                Next::Throw => return Err(error),
            }
            attempt += 1;
        }
    }

    /// Whether the work of an event is to be done.
    fn begins(&self, order: u64, delivery: &Delivery) -> bool {
        self.asked(|code, event, books| books.table(|table| code.begins(event, table)), order, delivery)
    }

    /// Whether work that is done takes effect.
    fn takes_effect(&self, order: u64, delivery: &Delivery) -> bool {
        self.asked(|code, event, books| books.table(|table| code.takes_effect(event, table)), order, delivery)
    }

    fn asked(&self, ask: impl FnOnce(&mut dyn Once, &Event, &Books) -> bool, order: u64, delivery: &Delivery) -> bool {
        let event = Event { partition: delivery.partition.partition, offset: delivery.offset.0, order };
        self.once.as_ref().is_none_or(|code| ask(&mut **code.borrow_mut(), &event, &self.books))
    }

    /// Writes an event to another topic, with the attempts so far. Only then is it done with.
    async fn write(&self, topic: &str, event: &Record, attempts: u32) -> Result<(), HandlerError> {
        let now = self.site.process.sim().now();
        let headers = Rc::from([(ATTEMPTS.to_owned(), attempts.to_string())]);
        let letter = Record { headers, timestamp: now, ..event.clone() };
        self.letters.send(topic, [letter]).await?;
        self.books.happened(
            if topic.ends_with("dlq") { "events.parked" } else { "events.retried" },
            self.site.process.name(),
        );
        Ok(())
    }

    async fn wait(&self, span: SimDuration, delivery: &Delivery) -> Result<(), HandlerError> {
        let until = self.site.process.sim().now() + span;
        while self.site.process.sim().now() < until {
            let left = until.since(self.site.process.sim().now());
            self.site.process.sleep(self.spec.heartbeat_every.map_or(left, |every| every.min(left))).await;
            if self.spec.heartbeat_every.is_some() {
                delivery.heartbeat().await?;
            }
        }
        Ok(())
    }

    fn is_poison(&self, order: u64) -> bool {
        self.poison.orders.contains(&order)
    }

    fn delay(&self, order: u64) -> SimDuration {
        match self.poison.kind {
            Poison::Slow(span) if self.is_poison(order) => span,
            _ => SimDuration::ZERO,
        }
    }

    fn fails(&self, order: u64) -> bool {
        let now = self.site.process.sim().now();
        let fails = match self.poison.kind {
            Poison::Fails => true,
            Poison::FailsUntil(end) => now < gridlock_sim::engine::SimTime::ZERO + end,
            Poison::Malformed | Poison::Slow(_) => false,
        };
        fails && self.is_poison(order)
    }
}

fn attempts(event: &Record) -> u32 {
    let count = event.headers.iter().find(|(name, _)| name == ATTEMPTS);
    count.and_then(|(_, count)| count.parse().ok()).unwrap_or(1)
}
