//! What every engine shares: the heap, the tasks, the nodes and the rule in which order things happen.
//!
//! The kernel decides *what* is next; the engine behind it decides *who* polls. At any moment at most one
//! task may run. A task that wakes another does not make it run: the wake-up becomes an event of the same instant with
//! the next `seq`, so no executor's order can show through.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Waker};

use super::choice::{NoNodes, Nodes};
use super::event::{Event, TaskKey};
use super::nodes::NodeTable;
use super::queue::{Due, EventQueue};
use super::ties::{Lane, Order};
use super::wake::{Signal, Woken};
use super::{EventId, NodeId, SimTime};

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

/// A place for tasks, one after the other: on one cache line, because a wide world waits for memory and nothing else.
#[derive(Default)]
#[repr(align(64))]
struct Place {
    life: u32,
    task: Option<Task>,
}

struct Task {
    /// Order of spawning.
    serial: u64,
    node: NodeId,
    /// Taken out while it is being polled, with a waker to poll it with.
    body: Option<(BoxFuture, Waker)>,
    signal: Arc<Signal>,
}

/// One run's world of events, tasks and nodes.
pub(crate) struct Kernel {
    pub(crate) seed: u64,
    pub(crate) now: Cell<SimTime>,
    end: SimTime,
    queue: RefCell<EventQueue<Event>>,
    tasks: RefCell<Vec<Place>>,
    free: RefCell<Vec<u32>>,
    next_serial: Cell<u64>,
    nodes: RefCell<NodeTable>,
    /// What the engine keeps for each node. Here and not in [`Sim`](super::Sim): handles are everywhere, and should be small.
    kept: RefCell<Rc<dyn Nodes>>,
    woken: Arc<Woken>,
    running: Cell<Option<TaskKey>>,
    at_end: RefCell<Vec<Box<dyn FnOnce()>>>,
    careless: bool,
}

impl Kernel {
    pub(crate) fn new(seed: u64, end: SimTime, order: Order) -> Self {
        Self {
            seed,
            now: Cell::new(SimTime::ZERO),
            end,
            queue: RefCell::new(EventQueue::new(order)),
            tasks: RefCell::new(Vec::new()),
            free: RefCell::new(Vec::new()),
            next_serial: Cell::new(0),
            nodes: RefCell::default(),
            kept: RefCell::new(Rc::new(NoNodes)),
            woken: Arc::default(),
            running: Cell::new(None),
            at_end: RefCell::new(Vec::new()),
            careless: false,
        }
    }

    /// A kernel with a mistake: wake-ups overtake what is due.
    pub(crate) fn careless(seed: u64, end: SimTime, order: Order) -> Self {
        Self { careless: true, ..Self::new(seed, end, order) }
    }

    pub(crate) fn end(&self) -> SimTime {
        self.end
    }

    /// Schedules an event; a time in the past means now.
    pub(crate) fn push(&self, at: SimTime, event: Event) -> EventId {
        self.queue.borrow_mut().push(at, event)
    }

    /// Schedules an event at this instant, behind everything that is due.
    pub(crate) fn push_last(&self, event: Event) -> EventId {
        self.queue.borrow_mut().push_last(event)
    }

    /// Schedules an event that does not overtake earlier ones of its lane.
    pub(crate) fn push_in_lane(&self, lane: &Lane, at: SimTime, event: Event) -> EventId {
        self.queue.borrow_mut().push_in_lane(lane, at, event)
    }

    pub(crate) fn cancel(&self, id: EventId) -> bool {
        let event = self.queue.borrow_mut().cancel(id); // dropped after the borrow: it may own a timer
        event.is_some()
    }

    /// The event that runs whoever polls with `waker`: the running task itself when that is its own waker.
    pub(crate) fn wake_event(&self, waker: &Waker) -> Event {
        let is_its_own = |task: &Task| waker.data() == Arc::as_ptr(&task.signal).cast();
        let own = self.running.get().filter(|&key| self.with_task(key, is_its_own) == Some(true));
        own.map_or_else(|| Event::Wake(waker.clone()), Event::Run)
    }

    /// Lets an engine keep something for each node, until [`Kernel::finish`].
    #[cfg(madsim)]
    pub(super) fn keep(&self, kept: Rc<dyn Nodes>) {
        self.kept.replace(kept);
    }

    /// What the engine keeps for each node.
    pub(super) fn kept(&self) -> Rc<dyn Nodes> {
        self.kept.borrow().clone()
    }

    pub(crate) fn add_node(&self) -> NodeId {
        self.nodes.borrow_mut().add()
    }

    /// Adds a task; it runs for the first time at this instant, behind what is already due. On a dead node it never runs.
    pub(crate) fn spawn(&self, node: NodeId, future: BoxFuture) -> Option<TaskKey> {
        if self.nodes.borrow().is_down(node) {
            return None;
        }
        let serial = self.next_serial.replace(self.next_serial.get() + 1);
        let free = self.free.borrow_mut().pop();
        let mut tasks = self.tasks.borrow_mut();
        let slot = free.unwrap_or_else(|| {
            tasks.push(Place::default());
            u32::try_from(tasks.len() - 1).expect("fewer than 2^32 tasks live at once")
        });
        let place = &mut tasks[slot as usize];
        let key = TaskKey { slot, life: place.life };
        let signal = Arc::new(Signal { key, pending: AtomicBool::new(true), woken: self.woken.clone() });
        let waker = Waker::from(signal.clone());
        place.task = Some(Task { serial, node, body: Some((future, waker)), signal });
        drop(tasks);
        self.let_run(key);
        Some(key)
    }

    /// Drops a task's future. A task that is running drops at the end of its turn.
    pub(crate) fn abort(&self, key: TaskKey) {
        let task = self.remove(key);
        drop(task); // after the borrow: a future's destructors may wake, spawn and abort
    }

    /// Drops all tasks of a node in the order in which they were spawned; what they leave behind stays the caller's business.
    pub(crate) fn kill(&self, node: NodeId) {
        let keys = self.keys_of(|task| task.node == node);
        self.nodes.borrow_mut().kill(node);
        keys.into_iter().for_each(|key| self.abort(key));
    }

    /// Lets a killed node take tasks again; a paused one is resumed.
    pub(crate) fn restart(&self, node: NodeId) {
        self.resume(node);
        self.nodes.borrow_mut().restart(node);
    }

    pub(crate) fn pause(&self, node: NodeId) {
        self.nodes.borrow_mut().pause(node);
    }

    pub(crate) fn resume(&self, node: NodeId) {
        let parked = self.nodes.borrow_mut().resume(node);
        parked.into_iter().for_each(|key| self.let_run(key));
    }

    /// Performs due events up to `limit` until a task must be polled or nothing is due.
    pub(crate) fn step(&self, limit: SimTime) -> Step {
        loop {
            let due = self.queue.borrow_mut().pop_due(limit.min(self.end));
            let Some((at, due)) = due else {
                return match self.queue.borrow_mut().next_at() {
                    Some(at) if at <= self.end => Step::Wait(at),
                    _ => Step::Done,
                };
            };
            self.now.set(at);
            match due {
                Due::Task(key) | Due::Event(Event::Run(key)) => {
                    if let Some(node) = self.ready(key) {
                        return Step::Poll(node, key);
                    }
                    continue;
                }
                Due::Event(Event::Wake(waker)) => waker.wake(),
                Due::Event(Event::Fire(actor, token)) => actor.fire(token),
                Due::Event(Event::Call(call)) => call(),
            }
            if let Some(key) = self.take_wake_ups()
                && let Some(node) = self.ready(key)
            {
                return Step::Poll(node, key);
            }
        }
    }

    /// Polls one task, the turn granted by [`Step::Poll`].
    pub(crate) fn poll(&self, key: TaskKey) {
        let taken = {
            let mut tasks = self.tasks.borrow_mut();
            find(&mut tasks, key).and_then(|t| {
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
        if let Some(next) = self.take_wake_ups() {
            self.let_run(next);
        }
    }

    /// Registers what must be undone when the run ends, to break reference cycles between models.
    pub(crate) fn at_end(&self, hook: Box<dyn FnOnce()>) {
        self.at_end.borrow_mut().push(hook);
    }

    /// Ends the run: drops every task, every event and what models registered.
    pub(crate) fn finish(&self) {
        self.nodes.borrow_mut().kill_all();
        self.keys_of(|_| true).into_iter().for_each(|key| self.abort(key));
        for hook in self.at_end.take() {
            hook();
        }
        let events = self.queue.borrow_mut().drain();
        drop(events);
        self.woken.drain(|_| ());
        self.kept.replace(Rc::new(NoNodes)); // the engine owns the kernel, too
    }

    fn ready(&self, key: TaskKey) -> Option<NodeId> {
        let node = self.with_task(key, |t| t.node)?;
        if self.nodes.borrow_mut().park(node, key) { None } else { Some(node) }
    }

    fn put_back(&self, key: TaskKey, body: (BoxFuture, Waker)) {
        let mut tasks = self.tasks.borrow_mut();
        match find(&mut tasks, key) {
            Some(task) => task.body = Some(body),
            None => {
                drop(tasks); // killed during its own turn
                drop(body);
            }
        }
    }

    /// Lets a task run at this instant, behind what is due.
    fn let_run(&self, key: TaskKey) {
        let mut queue = self.queue.borrow_mut();
        if queue.is_by_request() {
            queue.push_task(key);
        } else {
            queue.push(self.now.get(), Event::Run(key));
        }
    }

    /// Lets those run who were woken. A single one who would be next at once is returned instead.
    #[inline]
    fn take_wake_ups(&self) -> Option<TaskKey> {
        if let Some(key) = self.woken.only() {
            if self.queue.borrow().is_due_empty() {
                return Some(key);
            }
            self.let_run_woken(key);
        } else {
            self.woken.drain(|key| self.let_run_woken(key));
        }
        None
    }

    fn let_run_woken(&self, key: TaskKey) {
        if self.careless { self.queue.borrow_mut().push_task_first(key) } else { self.let_run(key) }
    }

    /// Lets those run at `at` who were woken from outside of the kernel; false if nobody was.
    #[cfg(madsim)]
    pub(crate) fn wake_at(&self, at: SimTime) -> bool {
        let mut any = false;
        self.woken.drain(|key| {
            any = true;
            self.queue.borrow_mut().push(at, Event::Run(key));
        });
        any
    }

    /// Some of the tasks, oldest first.
    fn keys_of(&self, wanted: impl Fn(&Task) -> bool) -> Vec<TaskKey> {
        let tasks = self.tasks.borrow();
        let key = |(slot, place): (usize, &Place)| {
            let task = place.task.as_ref().filter(|task| wanted(task))?;
            Some((task.serial, TaskKey { slot: slot as u32, life: place.life }))
        };
        let mut keys: Vec<(u64, TaskKey)> = tasks.iter().enumerate().filter_map(key).collect();
        keys.sort_unstable_by_key(|(serial, _)| *serial);
        keys.into_iter().map(|(_, key)| key).collect()
    }

    fn remove(&self, key: TaskKey) -> Option<Task> {
        let mut tasks = self.tasks.borrow_mut();
        let place = tasks.get_mut(key.slot as usize).filter(|place| place.life == key.life)?;
        let task = place.task.take()?;
        place.life = place.life.wrapping_add(1);
        self.free.borrow_mut().push(key.slot);
        Some(task)
    }

    fn with_task<T>(&self, key: TaskKey, read: impl FnOnce(&Task) -> T) -> Option<T> {
        let tasks = self.tasks.borrow();
        tasks.get(key.slot as usize).filter(|place| place.life == key.life)?.task.as_ref().map(read)
    }
}

fn find(tasks: &mut [Place], key: TaskKey) -> Option<&mut Task> {
    tasks.get_mut(key.slot as usize).filter(|place| place.life == key.life)?.task.as_mut()
}
