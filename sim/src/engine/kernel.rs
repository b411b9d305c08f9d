//! What every engine shares: the heap, the tasks, the nodes and the rule in which order things happen.
//!
//! The kernel decides *what* is next; the engine behind it ([`super::madsim`]) decides *who* polls. At any moment at most one
//! task may run. A task that wakes another does not make it run: the wake-up becomes an event of the same instant with
//! the next `seq`, so no executor's order can show through.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

use super::queue::EventQueue;
use super::{EventId, NodeId, SimTime};

/// Names one task; stays unique for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskKey {
    serial: u64,
    slot: u32,
}

/// Something that can be told that its time has come. `token` is what was given when the event was scheduled.
pub trait Actor {
    /// Called once for each scheduled event, at its time.
    fn fire(self: Rc<Self>, token: u64);
}

/// What the heap holds.
pub(crate) enum Event {
    /// Poll a task.
    Run(TaskKey),
    /// Call a foreign waker (a timer inside a combinator with wakers of its own).
    Wake(Waker),
    /// Tell a model.
    Fire(Rc<dyn Actor>, u64),
    /// Run a closure.
    Call(Box<dyn FnOnce()>),
}

/// What an engine must do next.
pub(crate) enum Step {
    /// Poll this task of this node, then ask again.
    Poll(NodeId, TaskKey),
    /// Nothing is due before this time.
    Wait(SimTime),
    /// The run is over.
    Done,
}

type BoxFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    serial: u64,
    node: NodeId,
    /// Taken out while it is being polled, with a waker to poll it with.
    body: Option<(BoxFuture, Waker)>,
    waker: Waker,
    signal: Arc<Signal>,
}

/// The wake-up flag of one task: at most one wake-up is on its way.
struct Signal {
    key: TaskKey,
    pending: AtomicBool,
    woken: Arc<Woken>,
}

/// Tasks that were woken since the kernel looked last. The types must be `Sync` because wakers are, but only the run's own thread
/// wakes: so plain loads and stores suffice, and the lock is taken only when somebody was woken.
#[derive(Default)]
struct Woken {
    any: AtomicBool,
    keys: Mutex<Vec<TaskKey>>,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.pending.load(Ordering::Relaxed) {
            self.pending.store(true, Ordering::Relaxed);
            lock(&self.woken.keys).push(self.key);
            self.woken.any.store(true, Ordering::Relaxed);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum NodeState {
    Up,
    Paused,
    Down,
}

struct Node {
    state: NodeState,
    /// Tasks that became ready during a pause, in order.
    parked: Vec<TaskKey>,
}

/// One run's world of events, tasks and nodes.
pub(crate) struct Kernel {
    pub(crate) seed: u64,
    pub(crate) now: Cell<SimTime>,
    end: SimTime,
    queue: RefCell<EventQueue<Event>>,
    tasks: RefCell<Vec<Option<Task>>>,
    free: RefCell<Vec<u32>>,
    next_serial: Cell<u64>,
    nodes: RefCell<Vec<Node>>,
    woken: Arc<Woken>,
    running: Cell<Option<TaskKey>>,
    at_end: RefCell<Vec<Box<dyn FnOnce()>>>,
}

impl Kernel {
    pub(crate) fn new(seed: u64, end: SimTime) -> Self {
        Self {
            seed,
            now: Cell::new(SimTime::ZERO),
            end,
            queue: RefCell::new(EventQueue::new()),
            tasks: RefCell::new(Vec::new()),
            free: RefCell::new(Vec::new()),
            next_serial: Cell::new(0),
            nodes: RefCell::new(Vec::new()),
            woken: Arc::default(),
            running: Cell::new(None),
            at_end: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn end(&self) -> SimTime {
        self.end
    }

    /// Schedules an event; a time in the past means now.
    pub(crate) fn push(&self, at: SimTime, event: Event) -> EventId {
        self.queue.borrow_mut().push(at.max(self.now.get()), event)
    }

    pub(crate) fn cancel(&self, id: EventId) -> bool {
        let event = self.queue.borrow_mut().cancel(id); // dropped after the borrow: it may own a timer
        event.is_some()
    }

    /// The event that runs whoever polls with `waker`: the running task itself when that is its own waker.
    pub(crate) fn wake_event(&self, waker: &Waker) -> Event {
        let own = self.running.get().filter(|&key| self.with_task(key, |t| t.waker.will_wake(waker)) == Some(true));
        own.map_or_else(|| Event::Wake(waker.clone()), Event::Run)
    }

    pub(crate) fn add_node(&self) -> NodeId {
        let mut nodes = self.nodes.borrow_mut();
        nodes.push(Node { state: NodeState::Up, parked: Vec::new() });
        NodeId(u32::try_from(nodes.len() - 1).expect("fewer than 2^32 nodes"))
    }

    /// Adds a task; it runs for the first time at this instant, behind what is already due. On a dead node it never runs.
    pub(crate) fn spawn(&self, node: NodeId, future: BoxFuture) -> Option<TaskKey> {
        if self.nodes.borrow()[node.index()].state == NodeState::Down {
            return None;
        }
        let serial = self.next_serial.replace(self.next_serial.get() + 1);
        let slot = self.free.borrow_mut().pop();
        let mut tasks = self.tasks.borrow_mut();
        let slot = slot.unwrap_or_else(|| {
            tasks.push(None);
            u32::try_from(tasks.len() - 1).expect("fewer than 2^32 tasks live at once")
        });
        let key = TaskKey { serial, slot };
        let signal = Arc::new(Signal { key, pending: AtomicBool::new(true), woken: self.woken.clone() });
        let waker = Waker::from(signal.clone());
        tasks[slot as usize] = Some(Task { serial, node, body: Some((future, waker.clone())), waker, signal });
        drop(tasks);
        self.push(self.now.get(), Event::Run(key));
        Some(key)
    }

    /// Drops a task's future. A task that is running drops at the end of its turn.
    pub(crate) fn abort(&self, key: TaskKey) {
        let task = self.remove(key);
        drop(task); // after the borrow: a future's destructors may wake, spawn and abort
    }

    /// Drops all tasks of a node in the order in which they were spawned; what they leave behind stays the caller's business.
    pub(crate) fn kill(&self, node: NodeId) {
        let mut keys: Vec<TaskKey> = self.keys_of(node);
        keys.sort_unstable();
        {
            let node = &mut self.nodes.borrow_mut()[node.index()];
            node.state = NodeState::Down;
            node.parked.clear();
        }
        keys.into_iter().for_each(|key| self.abort(key));
    }

    /// Lets a killed node take tasks again; a paused one is resumed.
    pub(crate) fn restart(&self, node: NodeId) {
        self.resume(node);
        self.nodes.borrow_mut()[node.index()].state = NodeState::Up;
    }

    pub(crate) fn pause(&self, node: NodeId) {
        let state = &mut self.nodes.borrow_mut()[node.index()].state;
        if *state == NodeState::Up {
            *state = NodeState::Paused;
        }
    }

    pub(crate) fn resume(&self, node: NodeId) {
        let parked = {
            let node = &mut self.nodes.borrow_mut()[node.index()];
            if node.state != NodeState::Paused {
                return;
            }
            node.state = NodeState::Up;
            std::mem::take(&mut node.parked)
        };
        for key in parked {
            self.push(self.now.get(), Event::Run(key));
        }
    }

    /// Performs due events up to `limit` until a task must be polled or nothing is due.
    pub(crate) fn step(&self, limit: SimTime) -> Step {
        loop {
            let due = self.queue.borrow_mut().pop_due(limit.min(self.end));
            let Some((at, event)) = due else {
                return match self.queue.borrow_mut().next_at() {
                    Some(at) if at <= self.end => Step::Wait(at),
                    _ => Step::Done,
                };
            };
            self.now.set(at);
            match event {
                Event::Run(key) => {
                    if let Some(node) = self.ready(key) {
                        return Step::Poll(node, key);
                    }
                    continue;
                }
                Event::Wake(waker) => waker.wake(),
                Event::Fire(actor, token) => actor.fire(token),
                Event::Call(call) => call(),
            }
            self.take_wake_ups();
        }
    }

    /// Polls one task, the turn granted by [`Step::Poll`].
    pub(crate) fn poll(&self, key: TaskKey) {
        let taken = {
            let mut tasks = self.tasks.borrow_mut();
            let task = tasks[key.slot as usize].as_mut().filter(|t| t.serial == key.serial);
            task.and_then(|t| {
                t.signal.pending.store(false, Ordering::Relaxed);
                t.body.take()
            })
        };
        let Some((mut future, waker)) = taken else { return };
        self.running.set(Some(key));
        let finished = future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
        self.running.set(None);
        if finished {
            drop(future);
            self.abort(key);
        } else {
            self.put_back(key, (future, waker));
        }
        self.take_wake_ups();
    }

    /// Registers what must be undone when the run ends, to break reference cycles between models.
    pub(crate) fn at_end(&self, hook: Box<dyn FnOnce()>) {
        self.at_end.borrow_mut().push(hook);
    }

    /// Ends the run: drops every task, every event and what models registered.
    pub(crate) fn finish(&self) {
        let nodes = self.nodes.borrow().len();
        for node in 0..nodes {
            self.kill(NodeId(node as u32));
        }
        for hook in self.at_end.take() {
            hook();
        }
        let events = self.queue.borrow_mut().drain();
        drop(events);
        lock(&self.woken.keys).clear();
    }

    fn ready(&self, key: TaskKey) -> Option<NodeId> {
        let node = self.with_task(key, |t| t.node)?;
        let mut nodes = self.nodes.borrow_mut();
        match nodes[node.index()].state {
            NodeState::Up => Some(node),
            NodeState::Paused => {
                nodes[node.index()].parked.push(key);
                None
            }
            NodeState::Down => None,
        }
    }

    fn put_back(&self, key: TaskKey, body: (BoxFuture, Waker)) {
        let mut tasks = self.tasks.borrow_mut();
        match tasks[key.slot as usize].as_mut().filter(|t| t.serial == key.serial) {
            Some(task) => task.body = Some(body),
            None => {
                drop(tasks); // killed during its own turn
                drop(body);
            }
        }
    }

    fn take_wake_ups(&self) {
        if self.woken.any.load(Ordering::Relaxed) {
            self.woken.any.store(false, Ordering::Relaxed);
            let mut queue = self.queue.borrow_mut();
            for key in lock(&self.woken.keys).drain(..) {
                queue.push(self.now.get(), Event::Run(key));
            }
        }
    }

    fn keys_of(&self, node: NodeId) -> Vec<TaskKey> {
        let tasks = self.tasks.borrow();
        let of_node = |(slot, task): (usize, &Option<Task>)| {
            task.as_ref().filter(|t| t.node == node).map(|t| TaskKey { serial: t.serial, slot: slot as u32 })
        };
        tasks.iter().enumerate().filter_map(of_node).collect()
    }

    fn remove(&self, key: TaskKey) -> Option<Task> {
        let mut tasks = self.tasks.borrow_mut();
        let slot = tasks.get_mut(key.slot as usize)?;
        if slot.as_ref()?.serial != key.serial {
            return None;
        }
        self.free.borrow_mut().push(key.slot);
        slot.take()
    }

    fn with_task<T>(&self, key: TaskKey, read: impl FnOnce(&Task) -> T) -> Option<T> {
        let tasks = self.tasks.borrow();
        tasks.get(key.slot as usize)?.as_ref().filter(|t| t.serial == key.serial).map(read)
    }
}

/// A mutex that no other thread ever holds; a panic while holding it ends the run anyway.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
