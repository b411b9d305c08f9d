//! The supervisor: when a dead process starts again, and how one is asked to stop. Rules after Kubernetes' `CrashLoopBackOff` and
//! termination of pods (see [`super::RestartSpec`]).

use std::cell::Cell;

use super::{Process, RestartSpec};
use crate::engine::{EventId, SimDuration, SimTime};
use crate::trace::Exit;

/// What the supervisor remembers of one process.
#[derive(Default)]
pub(super) struct Supervisor {
    started: Cell<SimTime>,
    /// Restarts since the process last ran for long.
    failures: Cell<u32>,
    pending: Cell<Option<EventId>>,
    host_lost: Cell<bool>,
    kept_down: Cell<bool>,
    /// It was asked to stop; this kills it at the end of its grace period.
    kill: Cell<Option<EventId>>,
}

impl Supervisor {
    pub(super) fn note_start(&self, now: SimTime) {
        self.started.set(now);
        self.host_lost.set(false);
    }
}

impl Process {
    /// The host has come back: starts the process after its boot time if it was lost with [`Exit::HostLost`]. The
    /// supervisor lived on that host, so its backoff starts anew.
    pub fn host_back(&self) {
        if self.0.supervisor.host_lost.replace(false) {
            self.0.supervisor.failures.set(0);
            self.start_anew();
        }
    }

    /// The supervisor starts this process no more until [`let_up`](Self::let_up); a restart that was pending is taken back. Does not
    /// end a process that is up.
    pub fn keep_down(&self) {
        self.0.supervisor.kept_down.set(true);
        self.cancel_restart();
    }

    /// Ends [`keep_down`](Self::keep_down): a process that is down starts after its boot time, or when its host is back. One that is
    /// still stopping starts when it has stopped.
    pub fn let_up(&self) {
        let supervisor = &self.0.supervisor;
        if supervisor.kept_down.replace(false) && !self.is_up() && !supervisor.host_lost.get() {
            self.start_anew();
        }
    }

    /// Asks the process to stop, as SIGTERM does: its hooks run (see [`Process::on_term`]), or it exits at once if it has none, or
    /// as soon as it goes on if it is paused. When it is still there after its grace period it is killed. Then it is started again
    /// without backoff, unless it is [kept down](Self::keep_down). Asking twice changes nothing.
    pub fn terminate(&self) {
        if !self.is_up() || self.is_terminating() {
            return;
        }
        let process = self.clone();
        let kill = self.0.sim.call_after(self.0.spec.restart.grace, move || process.exit(Exit::Crashed));
        self.0.supervisor.kill.set(Some(kill));
        let hooks = self.0.on_term.borrow().clone();
        if !hooks.is_empty() {
            self.readable(SimDuration::ZERO, move || hooks.iter().for_each(|hook| hook()));
        } else if !self.is_paused() {
            self.exit(Exit::Stopped);
        }
    }

    /// Whether SIGCONT ends it: SIGTERM has waited for it, and nothing is there to handle it.
    pub(super) fn ends_when_continued(&self) -> bool {
        self.is_terminating() && self.0.on_term.borrow().is_empty()
    }

    fn is_terminating(&self) -> bool {
        self.0.supervisor.kill.get().is_some()
    }

    /// Decides what follows a death.
    pub(super) fn supervise(&self, why: Exit) {
        self.cancel_restart();
        let supervisor = &self.0.supervisor;
        let asked = supervisor.kill.take().map(|kill| self.0.sim.cancel(kill)).is_some();
        supervisor.host_lost.set(why == Exit::HostLost);
        if supervisor.kept_down.get() || why == Exit::HostLost {
            return;
        }
        if asked {
            self.start_anew();
        } else if matches!(why, Exit::OutOfMemory | Exit::Crashed) {
            let spec = &self.0.spec.restart;
            let ran = self.0.sim.now().since(supervisor.started.get());
            let failures = if ran >= spec.reset_after { 0 } else { supervisor.failures.get() };
            supervisor.failures.set(failures.saturating_add(1));
            self.start_after(backoff(spec, failures) + spec.boot);
        }
    }

    pub(super) fn cancel_restart(&self) {
        if let Some(event) = self.0.supervisor.pending.take() {
            self.0.sim.cancel(event);
        }
    }

    /// A start that follows no failure.
    fn start_anew(&self) {
        if !self.0.supervisor.kept_down.get() {
            self.start_after(self.0.spec.restart.boot);
        }
    }

    fn start_after(&self, span: SimDuration) {
        let process = self.clone();
        let event = self.0.sim.call_after(span, move || process.start());
        self.0.supervisor.pending.set(Some(event));
    }
}

/// The wait before a restart that follows `failures` recent ones: none, 10 s, 20 s … 5 min.
fn backoff(spec: &RestartSpec, failures: u32) -> SimDuration {
    match failures.checked_sub(1) {
        None => SimDuration::ZERO,
        Some(doublings) => (spec.backoff_initial * (1 << doublings.min(32))).min(spec.backoff_max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_from_ten_seconds_to_five_minutes() {
        let spec = RestartSpec::default();
        let waits: Vec<u64> = (0..8).map(|n| backoff(&spec, n).as_millis() / 1000).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(backoff(&spec, u32::MAX), spec.backoff_max);
    }
}
