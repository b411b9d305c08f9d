//! The engine on madsim: the only file that uses it.
//!
//! One pump task sleeps to the head of the heap. Each node has one runner, a madsim task on that node, which polls the model
//! task whose turn it is; so madsim's random choice among ready tasks never has a choice to make. The kernel's clock is
//! the time of the event being performed. madsim's own clock, which moves a little at every poll, only follows it, and
//! stays within [`LEAD`] of it.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use madsim::runtime::{Handle, NodeHandle, Runtime};
use madsim::time::{Sleep, TimeHandle};

use super::choice::{Guest, NoGuests, Nodes};
use super::event::TaskKey;
use super::kernel::{Kernel, Step};
use super::{NodeId, SimDuration, SimTime};

/// How far the kernel may run ahead of madsim's clock before the pump sleeps: the shortest sleep madsim knows (`sleep` rounds
/// up to 1 ms), so code that lives by madsim's clock cannot tell. Sleeping for each event instead costs a third of the speed.
const LEAD: SimDuration = SimDuration::from_millis(1);

thread_local! {
    /// The driver of the run on this thread. madsim builds runners through `Send` closures, which cannot carry an `Rc`.
    static CURRENT: RefCell<Option<Rc<Driver>>> = const { RefCell::new(None) };
}

/// Connects the kernel to madsim's executor.
pub(crate) struct Driver {
    kernel: Rc<Kernel>,
    handle: Handle,
    time: TimeHandle,
    /// The task whose turn it is, until its runner has polled it.
    turn: Cell<Option<(NodeId, TaskKey)>>,
    runners: RefCell<Vec<Runner>>,
    pump: RefCell<Waker>,
    alarm: RefCell<Option<Pin<Box<Sleep>>>>,
    done: Cell<bool>,
    /// What [`Driver::clock`] said last: asking costs a lock, and an old answer only stops too early.
    limit: Cell<SimTime>,
}

struct Runner {
    node: NodeHandle,
    waker: Option<Waker>,
    /// Guests that wait to be started by the runner, on its node.
    guests: Vec<Guest>,
}

enum Next {
    /// A runner has been woken or the alarm is set: give way.
    Elsewhere,
    /// The turn belongs to the asking node.
    Mine(TaskKey),
}

/// Plays what `build` sets up to the end of the kernel's time, and returns what its closure reads then. Must be called on a
/// thread that has run nothing before.
pub(crate) fn play<T, F: FnOnce() -> T>(kernel: Rc<Kernel>, build: impl FnOnce() -> F) -> T {
    let runtime = Runtime::with_seed_and_config(kernel.seed, madsim::Config::default());
    let handle = runtime.handle().clone();
    runtime.block_on(async move {
        let driver = Rc::new(Driver {
            kernel,
            handle,
            time: TimeHandle::current(),
            turn: Cell::new(None),
            runners: RefCell::default(),
            pump: RefCell::new(Waker::noop().clone()),
            alarm: RefCell::new(None),
            done: Cell::new(false),
            limit: Cell::new(SimTime::ZERO),
        });
        CURRENT.set(Some(driver.clone()));
        driver.kernel.keep(driver.clone());
        let read = build();
        poll_fn(|cx| driver.poll_pump(cx)).await;
        let result = read(); // before anything is torn down: destructors emit events, too
        driver.shut_down().await;
        CURRENT.set(None);
        result
    })
}

impl Nodes for Driver {
    fn add(&self, name: &str) {
        let id = NodeId(self.runners.borrow().len() as u32);
        let node = self.handle.create_node().name(name).init(move || run_node(id)).build();
        self.runners.borrow_mut().push(Runner { node, waker: None, guests: Vec::new() });
    }

    fn kill(&self, node: NodeId) {
        let left = {
            let runner = &mut self.runners.borrow_mut()[node.index()];
            runner.waker = None;
            std::mem::take(&mut runner.guests)
        };
        drop(left); // after the borrow: a guest may own anything
        self.handle.kill(self.madsim_id(node));
    }

    fn restart(&self, node: NodeId) {
        self.handle.restart(self.madsim_id(node));
    }

    fn pause(&self, node: NodeId) {
        self.handle.pause(self.madsim_id(node));
    }

    fn resume(&self, node: NodeId) {
        self.handle.resume(self.madsim_id(node));
    }

    fn host(&self, node: NodeId, guest: Guest) -> Result<(), NoGuests> {
        let runner = &mut self.runners.borrow_mut()[node.index()];
        runner.guests.push(guest);
        runner.waker.iter().for_each(Waker::wake_by_ref);
        Ok(())
    }
}

impl Driver {
    fn madsim_id(&self, node: NodeId) -> madsim::task::NodeId {
        self.runners.borrow()[node.index()].node.id()
    }

    fn poll_pump(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.pump.borrow_mut().clone_from(cx.waker());
        if self.turn.get().is_none() {
            self.advance(None);
        }
        if self.done.get() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn poll_runner(self: &Rc<Self>, node: NodeId, cx: &mut Context<'_>) -> Poll<()> {
        let guests = std::mem::take(&mut self.runners.borrow_mut()[node.index()].guests);
        guests.into_iter().for_each(|guest| self.start(guest));
        match &mut self.runners.borrow_mut()[node.index()].waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        let Some((_, mut key)) = self.turn.get().filter(|(owner, _)| *owner == node) else {
            return Poll::Pending;
        };
        loop {
            self.turn.set(None);
            self.kernel.poll(key);
            match self.advance(Some(node)) {
                Next::Mine(next) => key = next,
                Next::Elsewhere => return Poll::Pending,
            }
        }
    }

    /// Starts a guest as a madsim task of its own, on the node of the task that is being polled. Whom it wakes runs at madsim's time.
    fn start(self: &Rc<Self>, mut guest: Guest) {
        let driver = self.clone();
        madsim::task::spawn_local(poll_fn(move |cx| {
            let done = guest.as_mut().poll(cx);
            if driver.kernel.wake_at(driver.now()) {
                driver.pump.borrow().wake_by_ref();
            }
            done
        }));
    }

    /// madsim's time.
    fn now(&self) -> SimTime {
        SimTime::from_nanos(u64::try_from(self.time.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    /// Performs events until someone must be polled or time must pass, and arranges for that to happen.
    fn advance(&self, asking: Option<NodeId>) -> Next {
        let mut limit = self.limit.get();
        loop {
            match self.kernel.step(limit) {
                Step::Poll(node, key) => {
                    if asking == Some(node) {
                        return Next::Mine(key);
                    }
                    self.turn.set(Some((node, key)));
                    if let Some(waker) = &self.runners.borrow()[node.index()].waker {
                        waker.wake_by_ref(); // a runner without a waker is new and about to be polled
                    }
                    return Next::Elsewhere;
                }
                Step::Wait(at) => {
                    limit = self.clock();
                    self.limit.set(limit);
                    if at > limit && !self.set_alarm(at) {
                        return Next::Elsewhere;
                    }
                }
                Step::Done => {
                    self.done.set(true);
                    self.pump.borrow().wake_by_ref();
                    return Next::Elsewhere;
                }
            }
        }
    }

    /// Everything up to here may be performed without sleeping.
    fn clock(&self) -> SimTime {
        self.now() + LEAD
    }

    /// Wakes the pump at `at`. True if that time has come already.
    fn set_alarm(&self, at: SimTime) -> bool {
        let wait = Duration::from_nanos(at.as_nanos()).saturating_sub(self.time.elapsed());
        let deadline = self.time.now_instant() + wait;
        let mut alarm = self.alarm.borrow_mut();
        let alarm = alarm.get_or_insert_with(|| Box::pin(self.time.sleep_until(deadline)));
        alarm.as_mut().reset(deadline); // `sleep` would round up to a millisecond, `reset` is exact
        alarm.as_mut().poll(&mut Context::from_waker(&self.pump.borrow())).is_ready()
    }

    /// Drops everything the run owns; a madsim task that is alive when its runtime ends is never freed.
    async fn shut_down(&self) {
        self.kernel.finish();
        for runner in self.runners.borrow().iter() {
            self.handle.kill(runner.node.id());
        }
        self.time.sleep(Duration::from_millis(5)).await;
    }
}

async fn run_node(node: NodeId) {
    let driver = CURRENT.with_borrow(Clone::clone).expect("runners are built during a run");
    poll_fn(|cx| driver.poll_runner(node, cx)).await;
}
