//! The trace: everything observable, emitted once, folded by sinks.
//!
//! Models call [`Trace::emit`]; sinks (digest, metrics, checkers, JSON lines) see each event with its time and never look
//! into a model. Nothing is stored here, so memory stays flat however long a run is.

mod digest;
mod event;
mod lines;
mod name;

use std::cell::RefCell;
use std::rc::Rc;

pub use self::digest::Digest;
pub use self::event::{Code, ConnChange, Event, Exit, Fields, Gauge, Listener, Mark, Value};
pub use self::lines::JsonLines;
pub use self::name::{Name, Names};

use crate::engine::{Sim, SimTime};

/// Folds over events.
pub trait Sink {
    /// Sees one event; times never go back.
    fn record(&mut self, at: SimTime, event: &Event);
}

/// A sink that can be taken out when the run is over.
impl<S: Sink> Sink for Option<S> {
    fn record(&mut self, at: SimTime, event: &Event) {
        if let Some(sink) = self {
            sink.record(at, event);
        }
    }
}

/// The handle through which models emit. Cheap to clone.
#[derive(Clone)]
pub struct Trace(Rc<Inner>);

struct Inner {
    sim: Sim,
    names: Rc<Names>,
    sinks: RefCell<Vec<Rc<RefCell<dyn Sink>>>>,
}

impl Trace {
    /// A trace nobody listens to yet.
    pub fn new(sim: &Sim) -> Self {
        Self(Rc::new(Inner { sim: sim.clone(), names: Rc::default(), sinks: RefCell::default() }))
    }

    /// Adds a sink; keep a clone to read its result at the end.
    pub fn attach(&self, sink: Rc<RefCell<dyn Sink>>) {
        self.0.sinks.borrow_mut().push(sink);
    }

    /// The name for a text.
    pub fn name(&self, text: &str) -> Name {
        self.0.names.intern(text)
    }

    /// The text of a name.
    pub fn text(&self, name: Name) -> Rc<str> {
        self.0.names.text(name)
    }

    /// The table of names, for sinks that write text.
    pub fn names(&self) -> Rc<Names> {
        self.0.names.clone()
    }

    /// Emits an event at the current time.
    pub fn emit(&self, event: Event) {
        let now = self.0.sim.now();
        for sink in self.0.sinks.borrow().iter() {
            sink.borrow_mut().record(now, &event);
        }
    }

    /// Emits [`Event::Marked`].
    pub fn mark(&self, at: Name, mark: Mark) {
        self.emit(Event::Marked { at, mark });
    }

    /// Emits [`Event::Gauged`].
    pub fn gauge(&self, of: Name, gauge: Gauge, value: u64) {
        self.emit(Event::Gauged { of, gauge, value });
    }
}
