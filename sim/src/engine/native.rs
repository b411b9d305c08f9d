//! The native engine: a single-threaded executor on the kernel, and nothing else. No threads, no wall clock, no entropy, no cfg: it
//! builds wherever Rust does, and a run happens on the thread that asks for it.
//!
//! The kernel says who is next; this engine polls. Nodes are the kernel's own business: it drops the tasks of a killed one, oldest
//! first, and parks those of a paused one.

use std::rc::Rc;

use super::SimTime;
use super::kernel::{Kernel, Step};

/// Plays what `build` sets up to the end of the kernel's time, and returns what its closure reads then.
pub(crate) fn play<T, F: FnOnce() -> T>(kernel: &Rc<Kernel>, build: impl FnOnce() -> F) -> T {
    let read = build();
    while let Step::Poll(_, key) = kernel.step(SimTime::MAX) {
        kernel.poll(key);
    }
    let result = read(); // before anything is torn down: destructors emit events, too
    kernel.finish();
    result
}
