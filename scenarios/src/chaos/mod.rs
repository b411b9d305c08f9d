//! Random faults: a schedule drawn from the seed, in place of the faults of the file.
//!
//! What is drawn is data like the faults of a file: it is put in as an override, checked as such, listed in the outcome, and can be written down and
//! played without being drawn again. The draws come from streams of their own, so customers, service times and everything else of
//! a seed stay as they are. A scenario's `[chaos]` table says what may happen; when the last fault has ended, the run must come back
//! to life (`liveness`). Checkers run as always.
//!
//! This module never plays anything and knows no engine.

mod draw;
mod liveness;
mod parts;
#[cfg(test)]
mod tests;

use serde::de::DeserializeOwned;

pub use self::draw::draw;
pub(crate) use self::liveness::claims;
use crate::spec::{Override, Resolved, Scenario, SpecError, write};
use crate::world::WorldSpec;

/// A variant with the overrides of the command line, and with the faults that `seed` draws for it. Two variants with the same nodes
/// get the same faults.
///
/// # Errors
/// As [`Scenario::resolve`] says; or the run leaves no time for faults.
pub fn resolve<F: DeserializeOwned + Default>(
    scenario: &Scenario<WorldSpec, F>,
    variant: Option<&str>,
    overrides: &[Override],
    seed: u64,
) -> Result<Resolved<WorldSpec, F>, SpecError> {
    let calm = scenario.resolve(variant, overrides)?;
    let span = calm.spec.chaos.span(calm.spec.duration, calm.spec.warmup);
    if span.is_empty() {
        let message =
            format!("no time for faults: they may begin at {} and must have ended by {}", span.start, span.end);
        let help = "a longer `duration`, a shorter `warmup`, or `from` and `heal_by` in a table `[chaos]`";
        return Err(SpecError::at(&scenario.file, 0..0, &message, help));
    }
    let faults = draw(&calm.spec, seed);
    let drawn = Override::parse(&format!("fault={}", write::faults(&faults)))?;
    scenario.resolve(variant, &[overrides, &[drawn]].concat())
}
