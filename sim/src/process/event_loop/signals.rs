//! What is done to a loop from outside: a slower machine, SIGSTOP and SIGCONT. SIGTERM is the supervisor's.

use super::State;
use crate::process::Process;
use crate::trace::Exit;
use crate::units::Factor;

impl Process {
    /// Makes all computing take `factor` times longer, from now on and for the rest of a running slice. It is a property of
    /// the machine and survives restarts.
    pub fn set_slowdown(&self, factor: Factor) {
        self.0.event_loop.factor.set(factor);
        let now = self.0.sim.now();
        let frozen = self.0.event_loop.paused.get();
        self.with_running(|running| {
            if frozen {
                running.slice.go_on(now);
            }
            running.slice.set_factor(now, factor);
        });
        if !frozen {
            self.reschedule();
        }
    }

    /// Freezes the process as SIGSTOP does: the loop stands still, callbacks queue up, timers become late.
    pub fn pause(&self) {
        if !self.is_up() || self.0.event_loop.paused.replace(true) {
            return;
        }
        self.0.sim.pause(self.0.node);
        let now = self.0.sim.now();
        let event = self.with_running(|running| {
            running.slice.book(now);
            running.slice.event.take()
        });
        if let Some(event) = event.flatten() {
            self.0.sim.cancel(event);
        }
    }

    /// True from SIGSTOP to SIGCONT.
    pub(in crate::process) fn is_paused(&self) -> bool {
        self.0.event_loop.paused.get()
    }

    /// Lets a paused process go on as SIGCONT does: the interrupted slice first, then what has queued up, in order.
    pub fn resume(&self) {
        if self.is_paused() && self.ends_when_continued() {
            return self.exit(Exit::Stopped);
        }
        if !self.0.event_loop.paused.replace(false) {
            return;
        }
        self.0.sim.resume(self.0.node);
        let now = self.0.sim.now();
        match &mut *self.0.event_loop.state.borrow_mut() {
            State::Running(running) => running.slice.go_on(now),
            State::Settling(at, _) => {
                *at = now;
                self.0.event_loop.settled.set(Some(now));
            }
            State::Writing => {}
            idle @ State::Idle => *idle = State::Settling(now, None),
        }
        self.reschedule();
        self.settle();
    }
}
