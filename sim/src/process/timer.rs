//! JS timers: they expire at their time, their callbacks wait their turn in the loop.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::Process;
use super::turn::Then;
use crate::engine::{Actor, EventId, SimDuration, SimTime, slot};

/// A pending timer. Dropping it cancels it, also when it has expired but its callback still waits for the loop.
#[must_use = "dropping a timer cancels it"]
pub struct ProcessTimer(Rc<Alarm>);

/// A timer on the heap and later in the loop's queue.
pub(super) struct Alarm {
    process: Process,
    incarnation: u64,
    event: Cell<Option<EventId>>,
    /// A thread takes it, if one is free; else it waits for the loop.
    in_thread: bool,
    then: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Alarm {
    /// The callback, unless it was cancelled.
    pub(super) fn take(&self) -> Option<Box<dyn FnOnce()>> {
        self.then.borrow_mut().take()
    }

    /// True when there is nothing left to call.
    pub(super) fn is_cancelled(&self) -> bool {
        self.then.borrow().is_none()
    }
}

impl Actor for Alarm {
    fn fire(self: Rc<Self>, _: u64) {
        self.event.set(None);
        let process = self.process.clone();
        if process.incarnation() != self.incarnation {
            return;
        }
        if self.in_thread && process.has_free_thread() {
            self.take().into_iter().for_each(|call| call());
        } else {
            process.enqueue(SimDuration::ZERO, Then::Timer(self));
        }
    }
}

impl ProcessTimer {
    /// Takes the timer back: its callback will not run.
    pub fn cancel(self) {}
}

impl Drop for ProcessTimer {
    fn drop(&mut self) {
        if let Some(event) = self.0.event.take() {
            self.0.process.sim().cancel(event);
        }
        drop(self.0.take()); // after the borrow: a closure's destructors may do anything
    }
}

impl Process {
    /// Calls `then` in the loop once `at` has passed, as `setTimeout` does: late when the loop is busy, never after the
    /// process has died.
    pub fn call_later(&self, at: SimTime, then: impl FnOnce() + 'static) -> ProcessTimer {
        self.set_alarm(at, false, Box::new(then))
    }

    pub(super) fn set_alarm(&self, at: SimTime, in_thread: bool, then: Box<dyn FnOnce()>) -> ProcessTimer {
        let alarm = Rc::new(Alarm {
            process: self.clone(),
            incarnation: self.incarnation(),
            event: Cell::new(None),
            in_thread,
            then: RefCell::new(Some(then)),
        });
        if self.is_up() {
            alarm.event.set(Some(self.sim().fire_at(at, alarm.clone(), 0)));
        }
        ProcessTimer(alarm)
    }

    /// Waits until `at` and then for the loop. Dropping the future cancels the timer.
    pub async fn timer_at(&self, at: SimTime) {
        let (done, expired) = slot();
        let _timer = self.call_later(at, move || done.set(()));
        expired.await;
    }

    /// Waits for `span` and then for the loop. Dropping the future cancels the timer.
    pub async fn sleep(&self, span: SimDuration) {
        self.timer_at(self.sim().now() + span).await;
    }
}
