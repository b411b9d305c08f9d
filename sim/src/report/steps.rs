//! Values by step: the building blocks of the report's series.

use crate::engine::{SimDuration, SimTime};

/// Values by step, grown on demand.
#[derive(Default)]
pub(super) struct Steps(pub(super) Vec<u64>);

impl Steps {
    pub(super) fn at(&mut self, step: usize) -> &mut u64 {
        if self.0.len() <= step {
            self.0.resize(step + 1, 0);
        }
        &mut self.0[step]
    }

    /// Adds the nanoseconds of a span that ended at `end` to the steps in which they passed.
    pub(super) fn spread(&mut self, end: SimTime, span: SimDuration, width: SimDuration) {
        if span == SimDuration::ZERO {
            return;
        }
        let (mut until, width) = (end.as_nanos(), width.as_nanos());
        let from = until.saturating_sub(span.as_nanos());
        loop {
            let step = until.saturating_sub(1) / width;
            let start = from.max(step * width);
            *self.at(step as usize) += until - start;
            if start <= from {
                return;
            }
            until = start;
        }
    }

    pub(super) fn padded(mut self, steps: usize) -> Vec<u64> {
        self.0.resize(steps, 0);
        self.0
    }
}

#[derive(Default)]
pub(super) struct GaugeSteps {
    pub(super) value: u64,
    pub(super) max: Steps,
    pub(super) last_step: usize,
    /// Its process is dead: whatever is still said of it, for instance while the tasks are dropped, is zero.
    pub(super) dead: bool,
}

impl GaugeSteps {
    pub(super) fn die(&mut self, step: usize) {
        self.set(step, 0);
        self.dead = true;
    }

    /// Carries the current value through the steps in which nothing changed.
    pub(super) fn advance(&mut self, step: usize) {
        for quiet in self.last_step..=step {
            let value = self.value;
            let max = self.max.at(quiet);
            *max = (*max).max(value);
        }
        self.last_step = step;
    }

    pub(super) fn set(&mut self, step: usize, value: u64) {
        self.advance(step);
        let value = if self.dead { 0 } else { value };
        self.value = value;
        let max = self.max.at(step);
        *max = (*max).max(value);
    }
}

#[derive(Default)]
pub(super) struct LoopSteps {
    pub(super) busy: Steps,
    pub(super) gc: Steps,
    pub(super) lag_us: Steps,
}
