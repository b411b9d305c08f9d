//! What may happen: the entries of the event queue, and whom they concern.

use std::rc::Rc;
use std::task::Waker;

use super::queue::Ahead;

/// Names one task: its place, and which of the tasks that have been there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskKey {
    pub(super) slot: u32,
    pub(super) life: u32,
}

impl TaskKey {
    pub(super) const fn pack(self) -> u64 {
        (self.slot as u64) << 32 | self.life as u64
    }

    pub(super) const fn unpack(packed: u64) -> Self {
        Self { slot: (packed >> 32) as u32, life: packed as u32 }
    }
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

impl Ahead for Event {
    #[inline]
    fn look(&self) -> usize {
        if let Event::Fire(actor, _) = self { Rc::strong_count(actor) } else { 0 }
    }
}
