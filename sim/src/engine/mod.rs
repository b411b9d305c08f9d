//! The engine: one history from one seed.
//!
//! The rest of the crate sees only what this page offers: simulated time, tasks on nodes, timers, scheduled events, named
//! random streams, and channels whose wake-ups travel over the event queue. Two executors stand behind it, `native` and, with
//! `--cfg madsim`, `madsim`; they give the same history.
//!
//! | where | what is decided there |
//! |---|---|
//! | `kernel`, `event`, `nodes` | what happens next; tasks and nodes |
//! | `queue`, `ties` | the order of events |
//! | `wake` | how a task is woken: an event, never a poll |
//! | `choice` | which engine plays |
//! | `native`, `madsim` | who polls the tasks that the kernel names |
//! | `timer`, `channel`, `task` | what models await |
//! | `random` | named streams |
//!
//! **Order.** Events happen by `(time, rank)`; `rank` counts requests, unless [`Options::ties`] draws it. Waking a task is itself
//! an event of the same instant. So there is one order, and it is ours.
//!
//! **Never here:** wall clocks, threads other than the one a run owns, entropy, or any knowledge of what is modelled.

mod channel;
mod choice;
mod event;
mod kernel;
#[cfg(madsim)]
mod madsim;
mod native;
mod nodes;
mod queue;
mod random;
mod task;
#[cfg(test)]
mod tests;
mod ties;
mod time;
mod timer;
mod wake;

use std::future::Future;
use std::rc::Rc;

use futures_util::FutureExt;

pub use self::channel::{Gate, Notify, Receiver, Sender, channel};
pub use self::choice::{Engine, NoGuests, Options, UnknownEngine};
pub use self::event::Actor;
pub use self::queue::EventId;
pub use self::random::{Draws, Stream};
pub use self::task::{Slot, SlotWriter, Task, slot};
pub use self::ties::Lane;
pub use self::time::{SimDuration, SimTime};
pub use self::timer::{Sleep, race};

use self::event::Event;
use self::kernel::Kernel;

/// Names a node: a machine-like unit whose tasks can be killed, restarted and paused together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// Position in order of creation.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The handle to a run. Cheap to clone; lives on the run's own thread.
#[derive(Clone)]
pub struct Sim {
    kernel: Rc<Kernel>,
}

/// Plays one run with the usual [`Options`] and returns its result.
///
/// `build` sets the world up at time zero and returns what to do at the end (usually: hand out the report). Events at `end`
/// still happen, later ones do not.
///
/// # Panics
/// When a model panics: that is a bug, never an outcome.
pub fn run<T, F>(seed: u64, end: SimTime, build: impl FnOnce(&Sim) -> F + Send) -> T
where
    T: Send,
    F: FnOnce() -> T,
{
    run_with(Options::default(), seed, end, build)
}

/// Plays one run as [`run`] does, on the engine and with the ties of `options`. The result does not depend on the engine.
///
/// # Panics
/// When a model panics: that is a bug, never an outcome.
pub fn run_with<T, F>(options: Options, seed: u64, end: SimTime, build: impl FnOnce(&Sim) -> F + Send) -> T
where
    T: Send,
    F: FnOnce() -> T,
{
    choice::play(options, seed, end, build)
}

impl Sim {
    /// The current instant: the time of the event being performed.
    pub fn now(&self) -> SimTime {
        self.kernel.now.get()
    }

    /// When the run ends.
    pub fn end(&self) -> SimTime {
        self.kernel.end()
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.kernel.seed
    }

    /// The random stream called `label`. Two calls with one label give the same numbers: ask once and keep it.
    pub fn stream(&self, label: &str) -> Stream {
        Stream::new(self.kernel.seed, label)
    }

    /// The family of random streams called `label`.
    pub fn draws(&self, label: &str) -> Draws {
        Draws::new(self.kernel.seed, label)
    }

    /// Adds a node.
    pub fn add_node(&self, name: &str) -> NodeId {
        self.kernel.kept().add(name);
        self.kernel.add_node()
    }

    /// Starts a task on a node at this instant. On a node that is down the task is dropped at once.
    pub fn spawn<T: 'static>(&self, node: NodeId, future: impl Future<Output = T> + 'static) -> Task<T> {
        let (done, result) = slot();
        let key = self.kernel.spawn(node, Box::pin(future.map(|value| done.set(value)))); // an async block would hold the future twice
        Task::new(self.kernel.clone(), key, result)
    }

    /// Runs code that was written against another executor's API on a node, beside its models, until the node is killed. It lives by
    /// madsim's clock, which this engine follows within a millisecond, and may speak to models through channels
    /// and slots only. What it does is as deterministic as madsim and itself are; no other engine can repeat it.
    ///
    /// # Errors
    /// [`NoGuests`] on every engine but madsim's.
    pub fn host(&self, node: NodeId, guest: impl Future<Output = ()> + 'static) -> Result<(), NoGuests> {
        self.kernel.kept().host(node, Box::pin(guest))
    }

    /// Waits until `at`; at once if that has passed. Dropping the future cancels its event.
    pub fn sleep_until(&self, at: SimTime) -> Sleep {
        Sleep::new(self.kernel.clone(), at)
    }

    /// Waits for `span`.
    pub fn sleep(&self, span: SimDuration) -> Sleep {
        self.sleep_until(self.now() + span)
    }

    /// Runs a closure at `at`, or behind everything due now if that has passed.
    pub fn call_at(&self, at: SimTime, call: impl FnOnce() + 'static) -> EventId {
        self.kernel.push(at, Event::Call(Box::new(call)))
    }

    /// Runs a closure after `span`.
    pub fn call_after(&self, span: SimDuration, call: impl FnOnce() + 'static) -> EventId {
        self.call_at(self.now() + span, call)
    }

    /// Fires an actor at `at` without allocating: the way for messages and state machines on the hot path.
    pub fn fire_at(&self, at: SimTime, actor: Rc<dyn Actor>, token: u64) -> EventId {
        self.kernel.push(at, Event::Fire(actor, token))
    }

    /// Fires an actor at this instant, behind everything that is due; behind other events of this kind it comes in order.
    pub fn fire_last(&self, actor: Rc<dyn Actor>, token: u64) -> EventId {
        self.kernel.push_last(Event::Fire(actor, token))
    }

    /// Fires an actor at `at`, or when the latest event of the lane happens if that is later, and behind it.
    pub fn fire_in_lane(&self, lane: &Lane, at: SimTime, actor: Rc<dyn Actor>, token: u64) -> EventId {
        self.kernel.push_in_lane(lane, at, Event::Fire(actor, token))
    }

    /// Takes a scheduled event back; false if it has happened or was cancelled before.
    pub fn cancel(&self, id: EventId) -> bool {
        self.kernel.cancel(id)
    }

    /// Drops all tasks of a node, oldest first. Nothing can be spawned on it until [`Sim::restart`].
    pub fn kill(&self, node: NodeId) {
        self.kernel.kill(node);
        self.kernel.kept().kill(node);
    }

    /// Lets a killed node take tasks again.
    pub fn restart(&self, node: NodeId) {
        self.kernel.restart(node);
        self.kernel.kept().restart(node);
    }

    /// Stops polling the tasks of a node; their timers expire and wait.
    pub fn pause(&self, node: NodeId) {
        self.kernel.pause(node);
        self.kernel.kept().pause(node);
    }

    /// Ends a pause: what became ready meanwhile runs now, in the order in which it became ready.
    pub fn resume(&self, node: NodeId) {
        self.kernel.kept().resume(node);
        self.kernel.resume(node);
    }

    /// Registers what to undo when the run ends: models that refer to each other in circles clear themselves here.
    pub fn at_end(&self, hook: impl FnOnce() + 'static) {
        self.kernel.at_end(Box::new(hook));
    }
}
