//! Processes of many threads, such as a broker's: a thread is always free, and only SIGSTOP holds things up.
//!
//! What a thread computes costs nothing here; a pool of workers says what it costs (see [`super::Workers`]).

use super::turn::Then;
use super::{Process, ProcessTimer};
use crate::engine::{SimDuration, SimTime};

impl Process {
    /// Runs `then` in a thread, within this call. While the process is stopped, and until it has caught up afterwards, it waits in
    /// order; on a process that is down it is dropped.
    pub fn in_thread(&self, then: impl FnOnce() + 'static) {
        if self.has_free_thread() {
            then();
        } else {
            self.enqueue(SimDuration::ZERO, Then::Call(Box::new(then)));
        }
    }

    /// The same at `at`, as [`Process::call_later`] does it for a loop.
    pub fn in_thread_at(&self, at: SimTime, then: impl FnOnce() + 'static) -> ProcessTimer {
        self.set_alarm(at, true, Box::new(then))
    }

    pub(super) fn has_free_thread(&self) -> bool {
        self.is_up() && self.is_idle() && !self.is_paused()
    }
}
