//! A bounded pool inside a process: database connections, upstream slots.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};

use futures_util::future::Either;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Process;
use crate::engine::{SimDuration, Slot, SlotWriter, race, slot};
use crate::trace::{Gauge, Mark, Name};

/// The size of a pool and how long one waits for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PoolSpec {
    /// Units. Always stated: a pool's size is what its scenario is about. In code the default is 10 (`pg.Pool`'s `max`).
    pub size: u32,
    /// How many may wait; beyond that acquiring fails at once. Unbounded by default, as in `pg.Pool`: the trap the pool's
    /// users fall into, bounded then only by their own calls in flight and the heap.
    #[serde(default)]
    pub queue: Option<u32>,
    /// How long one waits at most. None by default (`pg.Pool`'s `connectionTimeoutMillis` is 0: no time-out).
    #[serde(default)]
    pub acquire_timeout: Option<SimDuration>,
}

impl Default for PoolSpec {
    fn default() -> Self {
        Self { size: 10, queue: None, acquire_timeout: None }
    }
}

/// Why no unit was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The queue of the pool is full.
    #[error("no unit is free and the queue of the pool is full")]
    Full,
    /// None became free in time.
    #[error("no unit of the pool became free in time")]
    Timeout,
}

/// A FIFO pool of one process; empty again after each restart. Cheap to clone.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    process: Process,
    name: Name,
    spec: PoolSpec,
    /// Units that may be in use: the spec's size unless a fault has shrunk the pool.
    limit: Cell<u32>,
    used: Cell<u32>,
    next_ticket: Cell<u64>,
    waiting: RefCell<BTreeMap<u64, SlotWriter<()>>>,
    /// Counts deaths of the process: units of an earlier life are void.
    life: Cell<u64>,
}

/// One unit. Dropping it hands the unit to the first who waits.
#[must_use = "dropping the guard gives the unit back"]
pub struct PoolGuard {
    pool: Pool,
    life: u64,
}

impl Drop for PoolGuard {
    fn drop(&mut self) {
        self.pool.give_back(self.life);
    }
}

impl Pool {
    /// A pool called `<process>.<name>` in the trace.
    pub fn new(process: &Process, name: &str, spec: PoolSpec) -> Pool {
        let trace = process.trace();
        let full_name = format!("{}.{name}", trace.text(process.name()));
        let pool = Rc::new(Inner {
            process: process.clone(),
            name: trace.name(&full_name),
            limit: Cell::new(spec.size),
            spec,
            used: Cell::new(0),
            next_ticket: Cell::new(0),
            waiting: RefCell::default(),
            life: Cell::new(0),
        });
        let weak: Weak<Inner> = Rc::downgrade(&pool);
        process.on_exit(move |_| weak.upgrade().map(Pool).iter().for_each(Pool::reset));
        let pool = Pool(pool);
        pool.set_used(0); // so that an idle pool is seen as one
        pool.gauge_waiting();
        pool
    }

    /// Takes a unit, waiting in line if there is none. Dropping the future leaves the line.
    ///
    /// # Errors
    /// [`PoolError::Full`] at once when the line is full, [`PoolError::Timeout`] after the spec's time-out (a JS timer, so a busy
    /// loop makes it late); both emit [`Mark::PoolTimeout`].
    pub async fn acquire(&self) -> Result<PoolGuard, PoolError> {
        if self.used() < self.0.limit.get() {
            self.set_used(self.used() + 1);
            return Ok(PoolGuard { pool: self.clone(), life: self.0.life.get() });
        }
        if self.0.spec.queue.is_some_and(|bound| self.waiting() >= bound as usize) {
            return Err(self.refuse(PoolError::Full));
        }
        let turn = self.stand_in_line();
        match self.0.spec.acquire_timeout {
            None => Ok(turn.await),
            Some(span) => match race(turn, self.0.process.sleep(span)).await {
                Either::Left(guard) => Ok(guard),
                Either::Right(()) => Err(self.refuse(PoolError::Timeout)),
            },
        }
    }

    /// Units taken.
    pub fn used(&self) -> u32 {
        self.0.used.get()
    }

    /// How many wait in line.
    pub fn waiting(&self) -> usize {
        self.0.waiting.borrow().len()
    }

    /// Leaves `size` units in the pool, or all of the spec's again. Units in use stay in use until they are given back.
    pub fn shrink_to(&self, size: Option<u32>) {
        self.0.limit.set(size.unwrap_or(self.0.spec.size).min(self.0.spec.size));
        while self.used() < self.0.limit.get() {
            let first = self.0.waiting.borrow_mut().pop_first();
            let Some((_, granted)) = first else { return };
            self.set_used(self.used() + 1);
            granted.set(());
            self.gauge_waiting();
        }
    }

    fn stand_in_line(&self) -> Waiter {
        let ticket = self.0.next_ticket.replace(self.0.next_ticket.get() + 1);
        let (granted, slot) = slot();
        self.0.waiting.borrow_mut().insert(ticket, granted);
        self.gauge_waiting();
        Waiter { pool: self.clone(), ticket, life: self.0.life.get(), slot: Some(slot) }
    }

    fn give_back(&self, life: u64) {
        if life != self.0.life.get() {
            return;
        }
        let shrunk = self.used() > self.0.limit.get();
        let first = if shrunk { None } else { self.0.waiting.borrow_mut().pop_first() };
        match first {
            Some((_, granted)) => {
                granted.set(());
                self.gauge_waiting();
            }
            None => self.set_used(self.used() - 1),
        }
    }

    fn refuse(&self, why: PoolError) -> PoolError {
        self.0.process.trace().mark(self.0.name, Mark::PoolTimeout);
        why
    }

    /// The process is gone and all its connections with it.
    fn reset(&self) {
        self.0.life.set(self.0.life.get() + 1);
        let waiting = self.0.waiting.take();
        if !waiting.is_empty() {
            self.gauge_waiting();
        }
        drop(waiting);
        if self.used() > 0 {
            self.set_used(0);
        }
    }

    fn set_used(&self, used: u32) {
        self.0.used.set(used);
        self.0.process.trace().gauge(self.0.name, Gauge::PoolUsed, used.into());
    }

    fn gauge_waiting(&self) {
        self.0.process.trace().gauge(self.0.name, Gauge::PoolWaiting, self.waiting() as u64);
    }
}

/// A place in line.
struct Waiter {
    pool: Pool,
    ticket: u64,
    life: u64,
    /// Taken when the unit has been passed on.
    slot: Option<Slot<()>>,
}

impl Future for Waiter {
    type Output = PoolGuard;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<PoolGuard> {
        let Some(slot) = &mut self.slot else { return Poll::Pending };
        match Pin::new(slot).poll(cx) {
            Poll::Ready(Some(())) => {
                self.slot = None;
                Poll::Ready(PoolGuard { pool: self.pool.clone(), life: self.life })
            }
            _ => Poll::Pending, // the process is gone, and soon this task
        }
    }
}

impl Drop for Waiter {
    /// Leaves the line, or passes on a unit that was granted and never seen.
    fn drop(&mut self) {
        if self.slot.is_none() || self.life != self.pool.0.life.get() {
            return;
        }
        let left = self.pool.0.waiting.borrow_mut().remove(&self.ticket);
        match left {
            Some(_) => self.pool.gauge_waiting(),
            None => self.pool.give_back(self.life),
        }
    }
}
