//! The books of the business: what was placed, acknowledged and reserved. Facts for the checkers, and the two ledgers of the audit.

use std::cell::RefCell;
use std::rc::Rc;

use gridlock_sim::check::Keys;
use gridlock_sim::kafka::cluster::Cluster;
use gridlock_sim::stage::Stage;
use gridlock_sim::trace::{Event, Name, Trace};

use crate::kafka::audit::Audit;
use crate::kafka::journey::Journeys;

/// All books. Those of the consumers are tables of a database: they outlive every process. Cheap to clone.
#[derive(Clone)]
pub(super) struct Books(Rc<Inner>);

struct Inner {
    stage: Stage,
    audit: Audit,
    journeys: Journeys,
    reserved: RefCell<Keys>,
}

impl Books {
    pub(super) fn new(stage: &Stage) -> Self {
        let journeys = Journeys::new(stage.trace(), "orders");
        Self(Rc::new(Inner { stage: stage.clone(), audit: Audit::default(), journeys, reserved: RefCell::default() }))
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

    /// Stock is reserved for it; an idempotent consumer does so once. True when it took effect.
    pub(super) fn reserve(&self, order: u64, idempotent: bool) -> bool {
        let is_new = self.0.reserved.borrow_mut().insert(order);
        if !is_new {
            self.note("events.redelivered", order);
        }
        if is_new || !idempotent {
            self.note("stock.reserved", order);
        }
        if is_new {
            self.note("orders.completed", order);
            self.0.audit.processed(order);
            self.0.journeys.arrive(order, self.0.stage.sim().now());
        } else if !idempotent {
            self.note("orders.duplicated", order);
        }
        is_new || !idempotent
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
