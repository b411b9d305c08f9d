//! The supervisor: when a dead process starts again. Rules after Kubernetes' `CrashLoopBackOff` (see [`super::RestartSpec`]).

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
            self.start_after(self.0.spec.restart.boot);
        }
    }

    /// Decides what follows a death.
    pub(super) fn supervise(&self, why: Exit) {
        self.cancel_restart();
        let supervisor = &self.0.supervisor;
        supervisor.host_lost.set(why == Exit::HostLost);
        if matches!(why, Exit::OutOfMemory | Exit::Crashed) {
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
