//! The books of the business: what was placed, acknowledged and reserved. Facts for the checkers, and the two ledgers of the audit.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gridlock_sim::check::Keys;
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Event, Name, Trace};

use super::code::Table;
use crate::kafka::audit::Audit;
use crate::kafka::journey::Journeys;

/// Every order is for one piece of one item.
const ITEM: u64 = 1;

/// All books. Those of the consumers are tables of a database: they outlive every process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Books(Rc<Inner>);

struct Inner {
    stage: Stage,
    audit: Audit,
    journeys: Journeys,
    reserved: RefCell<Keys>,
    counted: RefCell<Keys>,
    /// The table of whoever recognises events in Rust.
    table: RefCell<Table>,
    /// What is left of the stock, below zero if more was sold; none if there is no end of it.
    left: Option<Cell<i64>>,
}

impl Books {
    pub(super) fn new(stage: &Stage, stock: Option<u32>) -> Self {
        let journeys = Journeys::new(stage.trace(), "orders");
        let left = stock.map(|stock| Cell::new(i64::from(stock)));
        let (stage, audit) = (stage.clone(), Audit::default());
        let (reserved, counted, table) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self(Rc::new(Inner { stage, audit, journeys, reserved, counted, table, left }))
    }

    /// An order has come in.
    pub(super) fn placed(&self, order: u64) {
        self.note("orders.placed", order);
    }

    /// Its customer was told that it is accepted.
    pub(super) fn acknowledged(&self, order: u64) {
        self.note("orders.acknowledged", order);
        self.0.audit.acknowledged(order);
        self.0.journeys.set_out(order, self.0.stage.sim().now());
    }

    /// Whether there is something left.
    pub(super) fn in_stock(&self) -> bool {
        self.0.left.as_ref().is_none_or(|left| left.get() > 0)
    }

    /// Stock is reserved for it; an idempotent consumer does so once. An order for which nothing was left is rejected, and done with.
    /// True when stock was taken.
    pub(super) fn reserve(&self, order: u64, in_stock: bool, idempotent: bool) -> bool {
        if !in_stock && !self.0.reserved.borrow().contains(order) {
            self.reject(order);
            return false;
        }
        let is_new = self.0.reserved.borrow_mut().insert(order);
        if !is_new {
            self.note("events.redelivered", order);
        }
        let took_effect = is_new || !idempotent;
        if took_effect {
            self.note("stock.reserved", order);
            self.take();
        }
        if is_new {
            self.note("orders.completed", order);
            self.0.audit.processed(order);
            self.0.journeys.arrive(order, self.0.stage.sim().now());
        } else if !idempotent {
            self.note("orders.duplicated", order);
        }
        took_effect
    }

    /// The second group has read it.
    pub(super) fn counted(&self, order: u64) {
        if self.0.counted.borrow_mut().insert(order) {
            self.note("orders.counted", order);
        }
    }

    /// Does something with the table; `facts.table.rows` counts the rows it has got.
    pub(super) fn table<T>(&self, act: impl FnOnce(&mut Table) -> T) -> T {
        let mut table = self.0.table.borrow_mut();
        let before = table.len();
        let result = act(&mut table);
        let amount = table.len().saturating_sub(before) as u64;
        if amount > 0 {
            self.trace().emit(Event::Fact { what: self.trace().name("table.rows"), key: ITEM, amount });
        }
        result
    }

    fn reject(&self, order: u64) {
        self.note("orders.rejected", order);
        self.0.audit.processed(order);
        self.0.journeys.arrive(order, self.0.stage.sim().now());
    }

    /// One piece less.
    fn take(&self) {
        let Some(left) = &self.0.left else { return };
        left.set(left.get() - 1);
        if left.get() < 0 {
            let what = self.trace().name("stock.oversold");
            self.trace().emit(Event::Fact { what, key: ITEM, amount: left.get().unsigned_abs() });
        }
    }

    /// Something that happened to an order, for the figures.
    pub(super) fn note(&self, what: &str, order: u64) {
        let what = self.trace().name(what);
        self.trace().emit(Event::Fact { what, key: order, amount: 1 });
    }

    /// Something that happened to a process.
    pub(super) fn happened(&self, what: &str, process: Name) {
        self.note(what, process.hash());
    }

    /// Compares the ledgers at the end of the run. `readers` are topics and the groups that read them.
    pub(super) fn close(&self, cluster: &Cluster, readers: &[(String, String)]) {
        self.0.audit.close_all(&self.0.stage, cluster, readers);
    }

    fn trace(&self) -> &Trace {
        self.0.stage.trace()
    }
}
