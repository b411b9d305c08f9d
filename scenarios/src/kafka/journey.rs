//! How long an accepted event's journey takes: from the acknowledgement to the end of its processing, as a class of its own.
//!
//! Whoever is answered "accepted" still waits for what was accepted. The class `<class>.e2e` counts them: they come when they are accepted and
//! are served when the last service is done for the first time. None of them is impatient.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gridlock_sim::check::Keys;
use gridlock_sim::engine::SimTime;
use gridlock_sim::trace::{Event, Name, Trace};

/// All journeys of a class. Cheap to clone.
#[derive(Clone)]
pub struct Journeys(Rc<Inner>);

struct Inner {
    trace: Trace,
    class: Name,
    seen: RefCell<Keys>,
    under_way: RefCell<BTreeMap<u64, SimTime>>,
    /// Processed before whoever accepted them knew that they were stored.
    early: RefCell<BTreeSet<u64>>,
}

impl Journeys {
    /// Nobody has set out yet.
    pub fn new(trace: &Trace, class: &str) -> Self {
        let class = trace.name(&format!("{class}.e2e"));
        Self(Rc::new(Inner {
            trace: trace.clone(),
            class,
            seen: RefCell::default(),
            under_way: RefCell::default(),
            early: RefCell::default(),
        }))
    }

    /// An event was accepted. Accepting it again changes nothing.
    pub fn set_out(&self, id: u64, now: SimTime) {
        if self.0.seen.borrow_mut().insert(id) {
            self.0.under_way.borrow_mut().insert(id, now);
            self.0.trace.emit(Event::Arrived { class: self.0.class, customer: id });
        }
        if self.0.early.borrow_mut().remove(&id) {
            self.arrive(id, now);
        }
    }

    /// Its processing has ended. Later ends are nobody's business. One that was stored without its acknowledgement having come back has
    /// not set out yet; its journey takes no time.
    pub fn arrive(&self, id: u64, now: SimTime) {
        let since = self.0.under_way.borrow_mut().remove(&id);
        if !self.0.seen.borrow().contains(id) {
            self.0.early.borrow_mut().insert(id);
        } else if let Some(since) = since {
            self.0.trace.emit(Event::Served { class: self.0.class, customer: id, waited: now.since(since) });
        }
    }
}
