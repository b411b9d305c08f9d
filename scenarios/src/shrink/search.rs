//! The order of attempts: whole parts are removed first, then numbers are narrowed, and all of it again until nothing changes.

use std::collections::BTreeSet;

use gridlock_sim::engine::SimDuration;

use super::case::Case;
use super::keep::Keep;
use crate::spec::Fault;

/// The resolution of the length of a fault.
pub const LENGTH: SimDuration = SimDuration::from_millis(100);
/// A verdict or a claim needs some of the run after the last fault: as much as there was, up to this. That is the minute over
/// which `metastable` is judged; with less, what would have recovered a little later passes for lost.
pub const WATCHED_MAX: SimDuration = SimDuration::from_secs(60);
/// Candidates that are tried between two ends of a range.
const CUTS: u64 = 3;

/// Finds the index of the first candidate that keeps the outcome.
pub(super) type Test<'a> = &'a dyn Fn(&[Case]) -> Option<usize>;

/// The smallest case so far, and what was spent on it.
pub(super) struct Search<'a> {
    pub(super) best: Case,
    /// The time after the last fault that must remain.
    pub(super) watched: SimDuration,
    budget: u32,
    runs: u32,
    /// Texts of candidates that did not keep the outcome.
    refused: BTreeSet<String>,
    tell: &'a mut dyn FnMut(&str),
    test: Test<'a>,
}

impl<'a> Search<'a> {
    pub(super) fn new(start: Case, keep: &Keep, budget: u32, tell: &'a mut dyn FnMut(&str), test: Test<'a>) -> Self {
        let duration = start.spec().duration;
        let after = start.last_end().map_or(SimDuration::ZERO, |end| duration.saturating_sub(end));
        let watched = if keep.needs_watching() { after.min(WATCHED_MAX) } else { SimDuration::ZERO };
        Self { best: start, watched, budget, runs: 0, refused: BTreeSet::new(), tell, test }
    }

    /// The smallest case, the candidates that were run, and whether more would have been.
    pub(super) fn result(self) -> (Case, u32, bool) {
        (self.best, self.runs, self.runs >= self.budget)
    }

    /// Shrinks until nothing changes or the budget is spent.
    pub(super) fn run(&mut self) {
        loop {
            let before = self.best.text().to_owned();
            self.remove_faults();
            self.pass();
            if self.best.text() == before || self.runs >= self.budget {
                return;
            }
        }
    }

    /// Takes the first of the candidates that keeps the outcome, and says which it was.
    pub(super) fn attempt(&mut self, candidates: Vec<Option<Case>>) -> Option<usize> {
        let fresh = |case: &Case| case.text() != self.best.text() && !self.refused.contains(case.text());
        let numbered = candidates.into_iter().enumerate();
        let mut fresh: Vec<(usize, Case)> =
            numbered.filter_map(|(index, case)| Some((index, case.filter(&fresh)?))).collect();
        fresh.truncate((self.budget - self.runs) as usize);
        let (indices, mut cases): (Vec<usize>, Vec<Case>) = fresh.into_iter().unzip();
        if cases.is_empty() {
            return None;
        }
        let found = (self.test)(&cases);
        let failed = found.unwrap_or(cases.len());
        self.runs += found.map_or(cases.len(), |index| index + 1) as u32;
        self.refused.extend(cases.iter().take(failed).map(|case| case.text().to_owned()));
        if let Some(index) = found {
            self.best = cases.swap_remove(index);
        }
        let faults = self.best.spec().fault.len();
        (self.tell)(&format!("shrinking: {} runs, {faults} faults left", self.runs));
        found.map(|index| indices[index])
    }

    /// Brings a number from what it is towards `least`, assuming that more of it keeps the outcome if less does. `make` builds
    /// the case with a number from the one that is best so far.
    pub(super) fn narrow(&mut self, least: u64, now: u64, make: impl Fn(&Case, u64) -> Option<Case>) {
        if now <= least || self.attempt(vec![make(&self.best, least)]).is_some() {
            return;
        }
        let (mut low, mut high) = (least, now);
        while high - low > 1 {
            let cut = |nth: u64| low + ((high - low) * nth).div_ceil(CUTS + 1);
            let mut cuts: Vec<u64> = (1..=CUTS).map(cut).filter(|cut| (low + 1..high).contains(cut)).collect();
            cuts.dedup();
            let cases = cuts.iter().map(|cut| make(&self.best, *cut)).collect();
            match self.attempt(cases) {
                Some(index) => {
                    high = cuts[index];
                    low = if index == 0 { low } else { cuts[index - 1] };
                }
                None => low = cuts[cuts.len() - 1],
            }
        }
    }

    /// Removes faults: none at all, then ever smaller parts of them (Zeller and Hildebrandt, "Simplifying and isolating
    /// failure-inducing input", 2002).
    fn remove_faults(&mut self) {
        if self.best.spec().fault.is_empty() || self.attempt(vec![self.best.with_faults(&[])]).is_some() {
            return;
        }
        let mut parts = 2;
        loop {
            let faults = self.best.spec().fault.clone();
            if faults.len() < 2 {
                return;
            }
            let parts_now = parts.min(faults.len());
            let kept = subsets(&faults, parts_now);
            let halves = kept.len() - if parts_now == 2 { 0 } else { parts_now };
            match self.attempt(kept.iter().map(|faults| self.best.with_faults(faults)).collect()) {
                // One part alone keeps it: begin anew with that part. All but one part does: go on with the parts that are left.
                Some(index) => parts = if index < halves { 2 } else { (parts_now - 1).max(2) },
                None if parts_now == faults.len() => return,
                None => parts = (parts_now * 2).min(faults.len()),
            }
        }
    }
}

/// The parts of a list, then the list without each of them; for two parts that is the same.
fn subsets(faults: &[Fault], parts: usize) -> Vec<Vec<Fault>> {
    let bound = |part: usize| faults.len() * part / parts;
    let part = |nth: usize| faults[bound(nth)..bound(nth + 1)].to_vec();
    let rest = |nth: usize| [&faults[..bound(nth)], &faults[bound(nth + 1)..]].concat();
    let parts_alone = (0..parts).map(part);
    if parts == 2 { parts_alone.collect() } else { parts_alone.chain((0..parts).map(rest)).collect() }
}
