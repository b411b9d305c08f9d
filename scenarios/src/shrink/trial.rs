//! Plays candidates.

use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_sim::engine::Options;

use super::case::Case;
use super::keep::Keep;
use crate::outcome::VariantOutcome;
use crate::{Request, play};

/// How candidates are played and judged.
pub(super) struct Trial<'a> {
    pub(super) keep: &'a Keep,
    pub(super) options: Options,
    pub(super) jobs: usize,
}

impl Trial<'_> {
    /// The first candidate that keeps the outcome. Those behind it may be played too, or not; that changes nothing.
    pub(super) fn first(&self, cases: &[Case]) -> Option<usize> {
        let (next, first) = (AtomicUsize::new(0), AtomicUsize::new(usize::MAX));
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(case) = cases.get(index).filter(|_| index < first.load(Ordering::Relaxed)) else { return };
                if self.outcome(case).is_some_and(|outcome| self.keep.is_in(&outcome)) {
                    first.fetch_min(index, Ordering::Relaxed);
                }
            }
        };
        if self.jobs <= 1 || cases.len() == 1 {
            work();
        } else {
            std::thread::scope(|scope| (0..self.jobs.min(cases.len())).for_each(|_| drop(scope.spawn(work))));
        }
        Some(first.into_inner()).filter(|index| *index < cases.len())
    }

    /// What comes of a candidate; nothing when it lacks the metric of the claim that is kept.
    pub(super) fn outcome(&self, case: &Case) -> Option<VariantOutcome> {
        let request = Request { options: self.options, ..Request::plain("") };
        let played = play(&case.scenario, &request).ok()?;
        played.outcome.variants.into_iter().next()
    }
}
