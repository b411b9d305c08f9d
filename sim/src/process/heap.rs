//! The heap: live bytes, the collector's share of the CPU, and the end at the limit.

use std::cell::Cell;

use super::{HeapSpec, Process};
use crate::engine::SimDuration;
use crate::trace::{Exit, Gauge};

/// The collector never takes more than this many thousandths of the program's own time: 20 times. The process aborts first; the
/// cap only keeps the last instant before the limit finite.
const GC_PER_MILLE_MAX: u64 = 20_000;

/// The gauge moves in steps of at least this, or of a thousandth of the limit if that is less. Every request holds and releases a
/// few kilobytes several times, and nobody could see them.
const RESOLUTION: u64 = 64 << 10;

/// Bytes held by the work of the current incarnation.
#[derive(Default)]
pub(super) struct Heap {
    held: Cell<u64>,
    /// Set between reaching the limit and the abort at the same instant.
    aborting: Cell<bool>,
    /// What the gauge showed last.
    shown: Cell<u64>,
}

/// Bytes held by pending work until this is dropped. Inert once its process incarnation is gone.
#[must_use = "the bytes are released when this is dropped"]
pub struct Held {
    process: Process,
    incarnation: u64,
    bytes: u64,
}

impl Held {
    /// Holds `bytes` more.
    pub fn grow(&mut self, bytes: u64) {
        if self.is_live() {
            self.bytes += bytes;
            self.process.add_held(bytes);
        }
    }

    /// Bytes held, also when inert.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn is_live(&self) -> bool {
        self.process.is_up() && self.process.incarnation() == self.incarnation
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes > 0 && self.is_live() {
            let heap = &self.process.0.heap;
            heap.held.set(heap.held.get() - self.bytes);
            self.process.gauge_heap_if_moved();
        }
    }
}

impl Process {
    /// Holds `bytes` of heap until the result is dropped. When live bytes reach the limit the process aborts with
    /// [`Exit::OutOfMemory`], at this instant but not within this call. On a dead process nothing is held.
    pub fn hold(&self, bytes: u64) -> Held {
        let mut held = Held { process: self.clone(), incarnation: self.incarnation(), bytes: 0 };
        held.grow(bytes);
        held
    }

    /// Live bytes: the idle application and all that is held; 0 when the process is down.
    pub fn heap_bytes(&self) -> u64 {
        if self.is_up() { self.0.spec.heap.base.0.saturating_add(self.0.heap.held.get()) } else { 0 }
    }

    /// What the collector adds to a slice of `demand` at this instant.
    pub(super) fn gc_for(&self, demand: SimDuration) -> SimDuration {
        demand.scale(gc_per_mille(&self.0.spec.heap, self.heap_bytes()))
    }

    pub(super) fn gauge_heap(&self) {
        let bytes = self.heap_bytes();
        self.0.heap.shown.set(bytes);
        self.0.trace.gauge(self.0.name, Gauge::HeapBytes, bytes);
    }

    /// Shows the heap if it has moved enough to be seen.
    fn gauge_heap_if_moved(&self) {
        let step = RESOLUTION.min(self.0.spec.heap.limit.0 >> 10);
        if self.heap_bytes().abs_diff(self.0.heap.shown.get()) >= step {
            self.gauge_heap();
        }
    }

    pub(super) fn clear_heap(&self) {
        self.0.heap.held.set(0);
        self.0.heap.aborting.set(false);
        self.gauge_heap();
    }

    fn add_held(&self, bytes: u64) {
        let heap = &self.0.heap;
        if bytes > 0 {
            heap.held.set(heap.held.get().saturating_add(bytes));
            self.gauge_heap_if_moved();
        }
        if self.heap_bytes() >= self.0.spec.heap.limit.0 && !heap.aborting.replace(true) {
            if heap.shown.get() != self.heap_bytes() {
                self.gauge_heap();
            }
            self.abort_now();
        }
    }

    /// Aborts as an event of its own, because whoever holds bytes may have borrows open.
    fn abort_now(&self) {
        let (process, incarnation) = (self.clone(), self.incarnation());
        self.0.sim.call_at(self.0.sim.now(), move || {
            if process.is_up() && process.incarnation() == incarnation {
                process.exit(Exit::OutOfMemory);
            }
        });
    }
}

/// The collector's time in thousandths of the program's own, for `live` bytes (see [`HeapSpec`]). Less than one
/// thousandth counts as nothing.
fn gc_per_mille(spec: &HeapSpec, live: u64) -> u64 {
    let free = u128::from(spec.limit.0.saturating_sub(live));
    let passes = 1000 * u128::from(spec.churn.0) * u128::from(live);
    let share = passes.checked_div(free * u128::from(spec.mark_rate.0));
    let capped = share.unwrap_or(u128::MAX).min(u128::from(GC_PER_MILLE_MAX)) as u64;
    if spec.churn.0 == 0 { 0 } else { capped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Bytes;

    /// The derivation's curve at the documented points, with the default rates.
    #[test]
    fn collection_is_cheap_at_half_full_and_dominates_near_the_limit() {
        let spec = HeapSpec { limit: Bytes(100 << 20), ..HeapSpec::default() };
        let at = |percent: u64| gc_per_mille(&spec, (percent << 20).min(spec.limit.0));
        assert_eq!([at(1), at(50), at(90), at(95), at(99)], [0, 46, 421, 890, 4640]);
        assert_eq!(at(100), GC_PER_MILLE_MAX);
        assert_eq!(gc_per_mille(&HeapSpec { churn: Bytes(0), ..spec.clone() }, 99 << 20), 0);
    }
}
