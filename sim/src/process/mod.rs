//! The process: what a Node.js service is made of, and the worker pools of what it calls.
//!
//! A [`Process`] is one Node.js process on an engine node of its own: **one** event loop (a FIFO of callbacks on simulated time;
//! awaiting costs nothing, computing blocks everything, timers included), a heap that presses on the CPU near its limit and
//! aborts the process at it, and a supervisor that starts it again with backoff. A [`Pool`] is a bounded resource inside a
//! process (database connections, upstream slots); [`Workers`] is a server with several workers, such as a database.
//!
//! | where | what |
//! |---|---|
//! | `event_loop` | slices of CPU, settling, pause and slowdown |
//! | `turn` | which callback is next, and when late writes leave |
//! | `slice` | how far a piece of computing has come at a changing speed |
//! | `timer` | JS timers |
//! | `threads` | processes without a loop: a broker's threads |
//! | `heap` | live bytes, garbage collection pressure, out of memory |
//! | `supervisor` | when a dead process starts again, and when one that does not stop is killed |
//! | `pool`, `workers` | bounded pools and multi-worker servers |
//!
//! **Not modelled:** the order of microtasks within a callback; the phases of libuv's loop (timers before poll before
//! check: here all callbacks share one FIFO); the libuv thread pool (`dns.lookup`, files); worker threads and several
//! processes that share cores; V8's young generation, incremental and concurrent marking (collection is one surcharge on
//! every slice) and just-in-time warm-up; stdout back-pressure; a container limit below the heap limit (exit 137).
//!
//! **Never here:** sockets, messages or protocols; those belong to `net` and `grpc`, which call in through
//! [`Process::readable`] and learn of deaths through [`Process::on_exit`].

mod event_loop;
mod heap;
mod pool;
mod slice;
mod spec;
mod supervisor;
mod threads;
mod timer;
mod turn;
mod workers;

#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

pub use self::heap::Held;
pub use self::pool::{Pool, PoolError, PoolGuard, PoolSpec};
pub use self::spec::{HeapSpec, ProcessSpec, RestartSpec};
pub use self::timer::ProcessTimer;
pub use self::workers::{Workers, WorkersSpec};

use self::event_loop::EventLoop;
use self::heap::Heap;
use self::supervisor::Supervisor;
use crate::engine::{Actor, NodeId, Sim, Task};
use crate::trace::{Event, Exit, Name, Trace};

type StartHook = Rc<dyn Fn()>;
type ExitHook = Rc<dyn Fn(Exit)>;
type TermHook = Rc<dyn Fn()>;

/// One Node.js process on an engine node of the same name. Cheap to clone.
#[derive(Clone)]
pub struct Process(Rc<Inner>);

struct Inner {
    sim: Sim,
    trace: Trace,
    node: NodeId,
    name: Name,
    spec: ProcessSpec,
    up: Cell<bool>,
    incarnation: Cell<u64>,
    event_loop: EventLoop,
    heap: Heap,
    supervisor: Supervisor,
    on_start: RefCell<Vec<StartHook>>,
    on_exit: RefCell<Vec<ExitHook>>,
    on_term: RefCell<Vec<TermHook>>,
}

impl Actor for Inner {
    fn fire(self: Rc<Self>, token: u64) {
        Process(self).loop_event(token);
    }
}

impl Process {
    /// Creates the engine node and a process on it that has not been started.
    pub fn new(sim: &Sim, trace: &Trace, name: &str, spec: ProcessSpec) -> Process {
        let process = Process(Rc::new(Inner {
            sim: sim.clone(),
            trace: trace.clone(),
            node: sim.add_node(name),
            name: trace.name(name),
            spec,
            up: Cell::new(false),
            incarnation: Cell::new(0),
            event_loop: EventLoop::default(),
            heap: Heap::default(),
            supervisor: Supervisor::default(),
            on_start: RefCell::default(),
            on_exit: RefCell::default(),
            on_term: RefCell::default(),
        }));
        let at_end = process.clone();
        sim.at_end(move || at_end.clear());
        process
    }

    /// The engine node on which the tasks of this process run.
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The name in the trace.
    pub fn name(&self) -> Name {
        self.0.name
    }

    /// The run this process belongs to.
    pub fn sim(&self) -> &Sim {
        &self.0.sim
    }

    /// Where this process emits.
    pub fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// Adds what happens at every start and restart: listeners are registered and service tasks spawned here. Hooks run
    /// in the order in which they were added.
    pub fn on_start(&self, start: impl Fn() + 'static) {
        self.0.on_start.borrow_mut().push(Rc::new(start));
    }

    /// Adds what happens when the process is gone, e.g. telling the network to close its sockets. Hooks run in the order in
    /// which they were added, after the tasks, the queue and the heap of the dead incarnation have been dropped.
    pub fn on_exit(&self, hook: impl Fn(Exit) + 'static) {
        self.0.on_exit.borrow_mut().push(Rc::new(hook));
    }

    /// Adds what the process does when it is asked to stop (SIGTERM, see [`Process::terminate`]). Hooks run in a turn of the event
    /// loop, as Node's signal handlers do, in the order in which they were added: a blocked or paused loop does not hear. They may
    /// spawn tasks, and one of them has to end the process with [`Exit::Stopped`]; otherwise it is killed after its grace period.
    pub fn on_term(&self, hook: impl Fn() + 'static) {
        self.0.on_term.borrow_mut().push(Rc::new(hook));
    }

    /// Starts the process now, without boot time; does nothing when it is up.
    pub fn start(&self) {
        if self.is_up() {
            return;
        }
        self.cancel_restart();
        if self.incarnation() > 0 {
            self.0.sim.restart(self.0.node);
        }
        self.0.incarnation.set(self.incarnation() + 1);
        self.0.up.set(true);
        self.0.supervisor.note_start(self.0.sim.now());
        self.0.trace.emit(Event::Started { process: self.0.name, restarts: self.incarnation() - 1 });
        self.gauge_heap();
        let hooks = self.0.on_start.borrow().clone();
        hooks.iter().for_each(|hook| hook());
    }

    /// True from start to exit, also while paused.
    pub fn is_up(&self) -> bool {
        self.0.up.get()
    }

    /// How often this process was started; 0 before its first start. Tells one life from the next.
    pub fn incarnation(&self) -> u64 {
        self.0.incarnation.get()
    }

    /// Ends the process now: drops its tasks, queued callbacks, late writes and heap, calls the exit hooks, and lets the
    /// supervisor act (see [`RestartSpec`]). On a process that is down already, [`Exit::Stopped`] and [`Exit::HostLost`] still
    /// take back its pending restart and are told to the hooks (the host no longer answers); other reasons do nothing.
    pub fn exit(&self, why: Exit) {
        if self.0.up.replace(false) {
            self.0.trace.emit(Event::Exited { process: self.0.name, why });
            self.drop_life();
        } else if !matches!(why, Exit::Stopped | Exit::HostLost) {
            return;
        }
        let hooks = self.0.on_exit.borrow().clone();
        hooks.iter().for_each(|hook| hook(why));
        self.supervise(why);
    }

    /// Runs a task on this process until it ends or the process does. On a dead process it is dropped at once.
    pub fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T> {
        self.0.sim.spawn(self.0.node, future)
    }

    /// Drops what the current incarnation owns.
    fn drop_life(&self) {
        self.clear_loop();
        self.0.sim.kill(self.0.node);
        self.clear_heap();
    }

    /// Breaks the circles between this process and the closures it owns, at the end of the run.
    fn clear(&self) {
        self.0.up.set(false);
        let hooks = (self.0.on_start.take(), self.0.on_exit.take(), self.0.on_term.take());
        drop(hooks);
        drop(self.0.event_loop.take_work());
    }
}
