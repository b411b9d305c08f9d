//! The event loop: one slice of CPU at a time.
//!
//! **Settling.** A task cannot run inside the callback that woke it: its wake-up is an event of the same instant. So when a slice
//! has been computed and its `then` has run, the callback is not over yet; it *settles*. Computing that is asked for while it
//! settles continues it ahead of the queue, as synchronous code after an `await` does. The callback is over [`SETTLE_HOPS`]
//! events later at the same instant. Those events are scheduled only when something waits behind the callback; an otherwise
//! idle loop costs one event a slice.

mod signals;

use std::cell::{Cell, RefCell};

use super::Process;
use super::slice::Slice;
use super::turn::{Job, Then, Turns, Write};
use crate::engine::{EventId, SimDuration, SimTime, slot};
use crate::trace::{Event, Gauge};
use crate::units::Factor;

/// How long a callback settles, in events of the same instant. The first is scheduled before the wake-ups of `then`, so the
/// second comes behind the woken tasks and the third behind those which they have woken in turn. A task that is reached
/// through more hops queues like a new callback.
const SETTLE_HOPS: u64 = 3;
/// The token of a slice's end; other tokens count the hops left.
const SLICE_END: u64 = u64::MAX;

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Running(Running),
    /// The callback of this instant may be continued. Without an event nothing waits behind it.
    Settling(SimTime, Option<EventId>),
    /// Late writes leave.
    Writing,
}

struct Running {
    slice: Slice,
    ready: SimTime,
    started: SimTime,
    gc: SimDuration,
    work: SimDuration,
    then: Then,
}

/// The loop of one process.
pub(super) struct EventLoop {
    state: RefCell<State>,
    turns: RefCell<Turns>,
    /// When the current callback last ended a slice: computing asked for at that instant belongs to it.
    settled: Cell<Option<SimTime>>,
    paused: Cell<bool>,
    factor: Cell<Factor>,
    gauged: Cell<usize>,
}

impl Default for EventLoop {
    fn default() -> Self {
        Self {
            state: RefCell::default(),
            turns: RefCell::default(),
            settled: Cell::new(None),
            paused: Cell::new(false),
            factor: Cell::new(Factor::ONE),
            gauged: Cell::new(0),
        }
    }
}

impl EventLoop {
    /// Takes out everything that may own closures, so that it can be dropped without a borrow.
    pub(super) fn take_work(&self) -> Work {
        self.settled.set(None);
        Work(self.state.take(), self.turns.take())
    }
}

/// What a loop owned, to be dropped when no borrow is open.
pub(super) struct Work(State, #[expect(dead_code, reason = "held only to be dropped")] Turns);

impl Work {
    /// The event the loop was waiting for.
    fn event(&self) -> Option<EventId> {
        match &self.0 {
            State::Running(running) => running.slice.event,
            State::Settling(_, event) => *event,
            State::Idle | State::Writing => None,
        }
    }
}

impl Process {
    /// An I/O callback is ready: it waits for the loop, costs `cpu`, then `then` runs and may wake tasks. On a process that is
    /// down it is dropped.
    pub fn readable(&self, cpu: SimDuration, then: impl FnOnce() + 'static) {
        self.enqueue(cpu, Then::Call(Box::new(then)));
    }

    /// Computes `demand` synchronously, blocking the loop. Asked for by a task that the current callback has just woken it
    /// continues that callback, else it queues as a callback of its own. Dropping the future takes it back unless it has
    /// begun. On a process that is down it returns at once.
    pub async fn cpu(&self, demand: SimDuration) {
        let (done, computed) = slot();
        self.compute(demand, Then::Wake(done));
        computed.await;
    }

    /// An output that leaves one loop turn late (see the module `turn`); at this instant when the loop is idle, but never within
    /// this call. On a process that is down it is dropped.
    pub fn late(&self, write: impl FnOnce() + 'static) {
        if self.is_up() {
            self.open();
            self.0.event_loop.turns.borrow_mut().write(Box::new(write));
            self.settle();
        }
    }

    /// Puts a callback into the queue.
    pub(super) fn enqueue(&self, demand: SimDuration, then: Then) {
        if !self.is_up() {
            return;
        }
        let job = Job { ready: self.0.sim.now(), demand, then };
        self.0.event_loop.turns.borrow_mut().push(job);
        if self.is_idle() && !self.0.event_loop.paused.get() {
            self.advance();
        } else {
            self.settle();
            self.gauge_queue();
        }
    }

    /// Something scheduled by this loop is due.
    pub(super) fn loop_event(&self, token: u64) {
        match token {
            SLICE_END => self.end_slice(),
            hops => self.settle_hop(hops),
        }
    }

    /// Drops what the loop owns.
    pub(super) fn clear_loop(&self) {
        let event_loop = &self.0.event_loop;
        if event_loop.paused.replace(false) {
            self.0.sim.resume(self.0.node);
        }
        let work = event_loop.take_work();
        if let Some(event) = work.event() {
            self.0.sim.cancel(event);
        }
        drop(work);
        self.gauge_queue();
    }

    /// Computing for a task: part of the current callback while that settles.
    fn compute(&self, demand: SimDuration, then: Then) {
        let event_loop = &self.0.event_loop;
        let now = self.0.sim.now();
        if !self.is_up() || event_loop.settled.get() != Some(now) {
            return self.enqueue(demand, then);
        }
        let job = Job { ready: now, demand, then };
        let settling = match &*event_loop.state.borrow() {
            State::Settling(_, event) if !event_loop.paused.get() => Some(*event),
            _ => None,
        };
        match settling {
            Some(event) => {
                event.map(|event| self.0.sim.cancel(event));
                self.begin(job);
            }
            None => {
                event_loop.turns.borrow_mut().push_continued(job);
                self.gauge_queue();
            }
        }
    }

    /// Starts computing.
    fn begin(&self, job: Job) {
        let now = self.0.sim.now();
        let gc = self.gc_for(job.demand);
        let work = job.demand + gc;
        let slice = Slice::new(now, work, self.0.event_loop.factor.get());
        let running = Running { slice, ready: job.ready, started: now, gc, work, then: job.then };
        *self.0.event_loop.state.borrow_mut() = State::Running(running);
        if !self.0.event_loop.paused.get() {
            self.reschedule();
        }
    }

    /// Schedules the end of the running slice anew.
    fn reschedule(&self) {
        let sim = &self.0.sim;
        self.with_running(|running| {
            running.slice.event.take().map(|event| sim.cancel(event));
            running.slice.event = Some(sim.fire_at(running.slice.ends_at(), self.0.clone(), SLICE_END));
        });
    }

    /// A slice has been computed: its callback's body runs, and the callback settles.
    fn end_slice(&self) {
        let (event_loop, now) = (&self.0.event_loop, self.0.sim.now());
        let state = event_loop.state.replace(State::Settling(now, None));
        let State::Running(running) = state else { unreachable!("only a running slice ends") };
        event_loop.settled.set(Some(now));
        self.emit_ran(&running);
        match running.then {
            Then::Call(call) => call(),
            Then::Wake(task) => task.set(()),
            Then::Timer(alarm) => alarm.take().into_iter().for_each(|call| call()),
        }
        self.settle(); // nothing settles if the body has ended the process
    }

    fn emit_ran(&self, running: &Running) {
        let busy = running.slice.busy(self.0.sim.now());
        let waited = running.started.since(running.ready);
        let gc = part(busy, running.gc, running.work);
        self.0.trace.emit(Event::Ran { process: self.0.name, busy, waited, gc });
    }

    /// Makes sure that a settling callback will be over if something waits behind it.
    fn settle(&self) {
        let event_loop = &self.0.event_loop;
        if event_loop.paused.get() || event_loop.turns.borrow().is_empty() {
            return;
        }
        if let State::Settling(_, event @ None) = &mut *event_loop.state.borrow_mut() {
            *event = Some(self.0.sim.fire_last(self.0.clone(), SETTLE_HOPS - 1));
        }
    }

    fn settle_hop(&self, hops: u64) {
        {
            let mut state = self.0.event_loop.state.borrow_mut();
            let State::Settling(_, event) = &mut *state else { unreachable!("only a settling callback hops") };
            *event = (hops > 0).then(|| self.0.sim.fire_last(self.0.clone(), hops - 1));
        }
        if hops == 0 && !self.0.event_loop.paused.get() {
            self.advance();
        }
    }

    /// The current callback is over: the next one runs; between turns late writes leave.
    fn advance(&self) {
        let event_loop = &self.0.event_loop;
        event_loop.settled.set(None);
        let incarnation = self.incarnation();
        while self.is_alive(incarnation) {
            let next = event_loop.turns.borrow_mut().next();
            if let Some(job) = next {
                self.begin(job);
                break;
            }
            let leaving = event_loop.turns.borrow_mut().end();
            let Some(writes) = leaving else {
                *event_loop.state.borrow_mut() = State::Idle;
                break;
            };
            *event_loop.state.borrow_mut() = State::Writing;
            self.write_all(writes, incarnation);
        }
        self.gauge_queue();
    }

    /// Lets writes leave; a write may end the process, then the others never happen.
    fn write_all(&self, writes: Vec<Write>, incarnation: u64) {
        for write in writes {
            if self.is_alive(incarnation) {
                write();
            }
        }
    }

    /// Begins a callback that computes nothing, so that what is written now belongs to a turn.
    fn open(&self) {
        if self.is_idle() {
            let now = self.0.sim.now();
            *self.0.event_loop.state.borrow_mut() = State::Settling(now, None);
            self.0.event_loop.settled.set(Some(now));
        }
    }

    /// True when nothing runs and nothing of this instant settles.
    pub(super) fn is_idle(&self) -> bool {
        match &*self.0.event_loop.state.borrow() {
            State::Idle => true,
            State::Settling(at, None) => *at < self.0.sim.now(),
            _ => false,
        }
    }

    fn is_alive(&self, incarnation: u64) -> bool {
        self.is_up() && self.incarnation() == incarnation
    }

    fn with_running<R>(&self, change: impl FnOnce(&mut Running) -> R) -> Option<R> {
        match &mut *self.0.event_loop.state.borrow_mut() {
            State::Running(running) => Some(change(running)),
            _ => None,
        }
    }

    fn gauge_queue(&self) {
        let waiting = self.0.event_loop.turns.borrow().waiting();
        if self.0.event_loop.gauged.replace(waiting) != waiting {
            self.0.trace.gauge(self.0.name, Gauge::LoopQueue, waiting as u64);
        }
    }
}

/// `whole * share / of`, rounded down.
fn part(whole: SimDuration, share: SimDuration, of: SimDuration) -> SimDuration {
    if share == SimDuration::ZERO {
        return SimDuration::ZERO;
    }
    let nanos = u128::from(whole.as_nanos()) * u128::from(share.as_nanos()) / u128::from(of.as_nanos());
    SimDuration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}
