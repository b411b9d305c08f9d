//! Turns of the loop: which callback is next, and when late writes leave. Pure bookkeeping without time or events.
//!
//! A turn takes all callbacks that are ready when it begins and runs them in order. What its handlers wrote late leaves at the
//! end of the *next* turn, or at once when no callback is ready at the end of this one (MODEL-REFERENCE.md A8, EXP-17).

use std::collections::VecDeque;
use std::rc::Rc;

use super::timer::Alarm;
use crate::engine::{SimDuration, SimTime, SlotWriter};

/// An output on its way out.
pub(super) type Write = Box<dyn FnOnce()>;

/// What happens when a slice has been computed.
pub(super) enum Then {
    /// The body of an I/O callback.
    Call(Box<dyn FnOnce()>),
    /// A task goes on.
    Wake(SlotWriter<()>),
    /// A timer's callback, unless it is cancelled by then.
    Timer(Rc<Alarm>),
}

/// A callback that wants `demand` of CPU.
pub(super) struct Job {
    pub(super) ready: SimTime,
    pub(super) demand: SimDuration,
    pub(super) then: Then,
}

impl Job {
    /// True when nobody is interested any more: a cancelled timer, or a task that was dropped before its computing began.
    fn is_void(&self) -> bool {
        match &self.then {
            Then::Call(_) => false,
            Then::Wake(task) => task.is_abandoned(),
            Then::Timer(alarm) => alarm.is_cancelled(),
        }
    }
}

/// The queue of one loop.
///
/// It has no bound of its own: what waits here waits in the kernel's socket buffers in the real system, and is bounded by
/// what the peers keep in flight (streams, calls, pools) and by the heap.
#[derive(Default)]
pub(super) struct Turns {
    ready: VecDeque<Job>,
    /// How many of `ready` belong to the current turn.
    left: usize,
    /// Computing that continues the current callback, ahead of `ready`.
    continued: VecDeque<Job>,
    /// Written late during the current turn.
    fresh: Vec<Write>,
    /// Written late during the previous turn.
    due: Vec<Write>,
}

impl Turns {
    /// Adds a callback.
    pub(super) fn push(&mut self, job: Job) {
        self.ready.push_back(job);
    }

    /// Adds computing that belongs to the current callback.
    pub(super) fn push_continued(&mut self, job: Job) {
        self.continued.push_back(job);
    }

    /// Adds a late write of the current turn.
    pub(super) fn write(&mut self, write: Write) {
        self.fresh.push(write);
    }

    /// The next job of the current turn; none when the turn is over.
    pub(super) fn next(&mut self) -> Option<Job> {
        loop {
            let job = match self.continued.pop_front() {
                Some(job) => job,
                None => {
                    self.left = self.left.checked_sub(1)?;
                    self.ready.pop_front().expect("a turn counts only callbacks that are in the queue")
                }
            };
            if !job.is_void() {
                return Some(job);
            }
        }
    }

    /// Ends a turn: what leaves now. `None` when there is nothing left to run or to write: the loop is idle.
    pub(super) fn end(&mut self) -> Option<Vec<Write>> {
        debug_assert!(self.left == 0 && self.continued.is_empty(), "a turn ended before its callbacks");
        let mut leaving = std::mem::take(&mut self.due);
        if self.ready.is_empty() {
            leaving.append(&mut self.fresh);
            return (!leaving.is_empty()).then_some(leaving);
        }
        std::mem::swap(&mut self.due, &mut self.fresh);
        self.left = self.ready.len();
        Some(leaving)
    }

    /// True when nothing waits to run or to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting() == 0 && self.fresh.is_empty() && self.due.is_empty()
    }

    /// Callbacks that wait.
    pub(super) fn waiting(&self) -> usize {
        self.ready.len() + self.continued.len()
    }
}
