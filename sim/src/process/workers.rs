//! A server with several workers and one FIFO line, such as a database: M/G/c without an event loop.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::slice::Slice;
use crate::engine::{Actor, Sim, SimDuration, SimTime, slot};
use crate::trace::{Event, Gauge, Name, Trace};
use crate::units::Factor;

/// How many workers there are and how many jobs may wait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkersSpec {
    /// Jobs done at one time. Always stated; in code the default is 4: an assumption, the cores of a small database host.
    pub workers: u32,
    /// Jobs that may wait; beyond that a job is refused at once. Unbounded by default, because what bounds a database's line is
    /// its clients' connections.
    #[serde(default)]
    pub queue: Option<u32>,
}

impl Default for WorkersSpec {
    fn default() -> Self {
        Self { workers: 4, queue: None }
    }
}

/// Told when a job is done (true) or refused (false).
type Done = Box<dyn FnOnce(bool)>;

struct Job {
    ready: SimTime,
    demand: SimDuration,
    then: Done,
}

struct Running {
    slice: Slice,
    waited: SimDuration,
    then: Done,
}

/// A multi-worker server. Cheap to clone.
///
/// It outlives its callers: a job goes on when nobody waits for it any more, as a query does.
#[derive(Clone)]
pub struct Workers(Rc<Inner>);

struct Inner {
    sim: Sim,
    trace: Trace,
    name: Name,
    spec: WorkersSpec,
    factor: Cell<Factor>,
    /// One place for each worker; the lowest free one takes the next job.
    running: RefCell<Vec<Option<Running>>>,
    queue: RefCell<VecDeque<Job>>,
}

impl Actor for Inner {
    fn fire(self: Rc<Self>, worker: u64) {
        Workers(self).finish(worker as usize);
    }
}

impl Workers {
    /// A server called `name` in the trace.
    ///
    /// # Panics
    /// When the spec has no workers.
    pub fn new(sim: &Sim, trace: &Trace, name: &str, spec: WorkersSpec) -> Workers {
        assert!(spec.workers > 0, "a server without workers never answers");
        let running = (0..spec.workers).map(|_| None).collect();
        let workers = Workers(Rc::new(Inner {
            sim: sim.clone(),
            trace: trace.clone(),
            name: trace.name(name),
            spec,
            factor: Cell::new(Factor::ONE),
            running: RefCell::new(running),
            queue: RefCell::default(),
        }));
        let at_end = workers.clone();
        sim.at_end(move || drop((at_end.0.running.take(), at_end.0.queue.take())));
        workers
    }

    /// Asks for `demand` of one worker's time. `then(true)` runs when it is done; `then(false)` runs within this call when
    /// the line is full.
    pub fn submit(&self, demand: SimDuration, then: impl FnOnce(bool) + 'static) {
        let job = Job { ready: self.0.sim.now(), demand, then: Box::new(then) };
        let free = self.0.running.borrow().iter().position(Option::is_none);
        if let Some(worker) = free {
            self.begin(worker, job);
        } else if self.0.spec.queue.is_some_and(|bound| self.queued() >= bound as usize) {
            (job.then)(false);
        } else {
            self.0.queue.borrow_mut().push_back(job);
            self.gauge();
        }
    }

    /// Waits until `demand` has been worked off; false if the job was refused. Dropping the future does not stop the job.
    pub async fn work(&self, demand: SimDuration) -> bool {
        let (done, outcome) = slot();
        self.submit(demand, move |accepted| done.set(accepted));
        outcome.await.unwrap_or(false)
    }

    /// Makes all work take `factor` times longer, from now on and for the rest of running jobs.
    pub fn set_slowdown(&self, factor: Factor) {
        self.0.factor.set(factor);
        let now = self.0.sim.now();
        for (worker, running) in self.0.running.borrow_mut().iter_mut().enumerate() {
            let Some(running) = running else { continue };
            running.slice.set_factor(now, factor);
            running.slice.event.take().map(|event| self.0.sim.cancel(event));
            running.slice.event = Some(self.0.sim.fire_at(running.slice.ends_at(), self.0.clone(), worker as u64));
        }
    }

    /// Workers at work.
    pub fn busy(&self) -> usize {
        self.0.running.borrow().iter().flatten().count()
    }

    /// Jobs that wait.
    pub fn queued(&self) -> usize {
        self.0.queue.borrow().len()
    }

    fn begin(&self, worker: usize, job: Job) {
        let now = self.0.sim.now();
        let mut slice = Slice::new(now, job.demand, self.0.factor.get());
        slice.event = Some(self.0.sim.fire_at(slice.ends_at(), self.0.clone(), worker as u64));
        let running = Running { slice, waited: now.since(job.ready), then: job.then };
        self.0.running.borrow_mut()[worker] = Some(running);
    }

    fn finish(&self, worker: usize) {
        let done = self.0.running.borrow_mut()[worker].take();
        let Running { slice, waited, then } = done.expect("only a running job ends");
        let busy = slice.busy(self.0.sim.now());
        self.0.trace.emit(Event::Ran { process: self.0.name, busy, waited, gc: SimDuration::ZERO });
        let next = self.0.queue.borrow_mut().pop_front();
        if let Some(job) = next {
            self.begin(worker, job);
            self.gauge();
        }
        then(true);
    }

    fn gauge(&self) {
        self.0.trace.gauge(self.0.name, Gauge::WorkQueue, self.queued() as u64);
    }
}
