//! Success by arrival over stretches of a run: the arithmetic that the verdict and the flat metrics share.
//!
//! Goodput as a rate is as noisy as the arrivals are. The share of the customers of a stretch who were served is not: it is
//! measured against the same share before the first fault, the *baseline*.

use std::ops::Range;

use super::{ClassReport, Report};
use crate::engine::SimDuration;

/// Width of the sliding windows, in microseconds: at 60 customers a second, 300 of them.
pub(super) const WINDOW_US: u64 = 5_000_000;
/// A class is back when every following window reaches this share of the baseline, in thousandths.
pub(super) const BACK_PERMILLE: u64 = 950;
/// Recovery must have been watched for this long, or it may be a pause between two collapses.
const HOLD_US: u64 = 10_000_000;
/// Customers unanswered at the end count as not served when they had waited for this long.
const GRACE_US: u64 = 10_000_000;

/// Customers served, of those who arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ratio {
    pub ok: u64,
    pub of: u64,
}

impl Ratio {
    /// Everyone was served.
    pub(super) const PERFECT: Ratio = Ratio { ok: 1, of: 1 };

    /// Served customers of each thousand; nothing if nobody came.
    pub(super) fn permille(self) -> Option<u64> {
        (self.of > 0).then(|| share(self.ok.into(), self.of.into()))
    }

    /// This success in thousandths of `baseline`; a thousand if either says nothing.
    pub(super) fn relative_to(self, baseline: Ratio) -> u64 {
        let whole = u128::from(self.of) * u128::from(baseline.ok);
        if whole == 0 { 1000 } else { share(u128::from(self.ok) * u128::from(baseline.of), whole) }
    }

    /// True when this lies below `permille` of `baseline` and chance does not explain it.
    pub(super) fn below(self, permille: u64, baseline: Ratio) -> bool {
        self.relative_to(baseline) < permille && self.differs_from(baseline)
    }

    /// True when failures exceed those expected, e, by more than 4·√(e+1): four standard deviations of a Poisson count, with one
    /// added so that a few failures in a sparse window are no event where the baseline had none.
    fn differs_from(self, baseline: Ratio) -> bool {
        let [ok, of, base_ok, base_of] = [self.ok, self.of, baseline.ok, baseline.of].map(i128::from);
        let expected = of * (base_of - base_ok);
        let excess = (of - ok) * base_of - expected;
        excess > 0 && excess * excess > 16 * base_of * (expected + base_of)
    }
}

fn share(part: u128, whole: u128) -> u64 {
    u64::try_from(part * 1000 / whole).unwrap_or(u64::MAX)
}

/// The phases of a run, in steps.
pub(super) struct Timeline {
    step_us: u64,
    duration_us: u64,
    /// From the end of the warm-up to the first fault, or to the end if there is none.
    pub before: Range<usize>,
    /// One stretch for each fault, merged where they touch.
    pub during: Vec<Range<usize>>,
    /// From the end of the last fault; nothing if there is none or it lasts to the end of the run.
    pub after: Option<Range<usize>>,
}

impl Timeline {
    pub(super) fn new(report: &Report, warmup: SimDuration) -> Self {
        let steps = report.steps();
        let floor = |us: u64| ((us / report.step_us) as usize).min(steps);
        let ceil = |us: u64| (us.div_ceil(report.step_us) as usize).min(steps);
        let spans =
            report.faults.iter().map(|fault| floor(fault.from_us)..ceil(fault.until_us).max(floor(fault.from_us) + 1));
        let during = merged(spans.map(|span| span.start.min(steps)..span.end.min(steps)).collect());
        let first = during.first().map_or(steps, |span| span.start);
        let warm = ceil(warmup.as_micros());
        let gone = report.faults.iter().map(|fault| fault.until_us).max().filter(|&until| until < report.duration_us);
        let after = gone.and_then(|_| during.last()).map(|span| span.end..steps);
        let before = if warm < first { warm..first } else { 0..first };
        Self { step_us: report.step_us, duration_us: report.duration_us, before, during, after }
    }

    /// The phases by name, each as its stretches; a phase that does not exist has none.
    pub(super) fn phases(&self) -> [(&'static str, Vec<Range<usize>>); 3] {
        let after = self.after.iter().cloned().collect();
        [("before", vec![self.before.clone()]), ("during", self.during.clone()), ("after", after)]
    }

    /// Success over several stretches, without the customers who may still await their answer.
    pub(super) fn success_over(&self, class: &ClassReport, spans: &[Range<usize>]) -> Ratio {
        let parts = spans.iter().map(|span| success(class, self.settled_part(class, span)));
        parts.fold(Ratio::default(), |sum, part| Ratio { ok: sum.ok + part.ok, of: sum.of + part.of })
    }

    /// Steps in `us`, at least one.
    pub(super) fn steps_in(&self, us: u64) -> usize {
        us.div_ceil(self.step_us).max(1) as usize
    }

    /// Time covered by steps; the last step of a run may be cut short.
    pub(super) fn span_us(&self, steps: &Range<usize>) -> u64 {
        let at = |step: usize| (step as u64 * self.step_us).min(self.duration_us);
        at(steps.end).saturating_sub(at(steps.start))
    }

    /// The most that a backlog usually is. A group that starts has to work off what came before it, so this is the most in the later half of
    /// the time before the first fault.
    pub(super) fn usual(&self, values: &[u64]) -> u64 {
        let later = self.before.start.midpoint(self.before.end)..self.before.end;
        values.get(later).unwrap_or_default().iter().copied().max().unwrap_or(0)
    }

    /// Success over the baseline stretch; perfect if nobody came then.
    pub(super) fn baseline(&self, class: &ClassReport) -> Ratio {
        let ratio = success(class, self.before.start..self.before.end.min(self.settled(class)));
        if ratio.ok == 0 { Ratio::PERFECT } else { ratio }
    }

    /// The first step whose customers cannot all have been answered yet.
    ///
    /// Walks back from the end until as many unanswered customers are passed as were pending: with one patience for all, nobody
    /// who came later can have given up, so these are they. At most ten seconds: who waited longer was not served.
    pub(super) fn settled(&self, class: &ClassReport) -> usize {
        let steps = class.unanswered_by_arrival.len();
        let earliest = steps.saturating_sub(self.steps_in(GRACE_US));
        let mut pending = class.pending;
        let mut end = steps;
        while pending > 0 && end > earliest {
            end -= 1;
            pending = pending.saturating_sub(class.unanswered_by_arrival[end]);
        }
        end
    }

    /// `steps` without those in which customers may still await their answer.
    pub(super) fn settled_part(&self, class: &ClassReport, steps: &Range<usize>) -> Range<usize> {
        let end = steps.end.min(self.settled(class));
        steps.start.min(end)..end
    }

    /// Every window of `width_us` inside `steps`, each one step after the last; one shorter window if none fits.
    pub(super) fn windows<'a>(
        &self,
        class: &'a ClassReport,
        steps: Range<usize>,
        width_us: u64,
    ) -> impl Iterator<Item = (usize, Ratio)> + use<'a> {
        let width = self.steps_in(width_us).min(steps.len());
        let starts = if width == 0 { 0..0 } else { steps.start..steps.end - width + 1 };
        starts.map(move |start| (start, success(class, start..start + width))).filter(|(_, ratio)| ratio.of > 0)
    }

    /// Time from the end of the last fault until every following window is back at the baseline; nothing if that was never seen.
    pub(super) fn recovery_us(&self, class: &ClassReport, baseline: Ratio) -> Option<u64> {
        let after = self.settled_part(class, self.after.as_ref()?);
        let is_bad = |(_, ratio): &(usize, Ratio)| ratio.below(BACK_PERMILLE, baseline);
        let Some((last_bad, _)) = self.windows(class, after.clone(), WINDOW_US).filter(is_bad).last() else {
            return Some(0);
        };
        let held = self.span_us(&(last_bad + 1..after.end));
        (held >= HOLD_US).then(|| self.span_us(&(after.start..last_bad + 1)))
    }
}

/// Stretches in order, those that touch or overlap made one.
fn merged(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// Sum of a series over steps; steps beyond its end count nothing.
pub(super) fn sum(values: &[u64], steps: &Range<usize>) -> u64 {
    let end = steps.end.min(values.len());
    values[steps.start.min(end)..end].iter().sum()
}

/// Success of the customers who arrived in `steps`.
pub(super) fn success(class: &ClassReport, steps: Range<usize>) -> Ratio {
    Ratio { ok: sum(&class.ok_by_arrival, &steps), of: sum(&class.offered_by_arrival, &steps) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::synthetic::{Story, fault};

    #[test]
    fn a_few_failures_in_a_sparse_window_are_chance() {
        let sparse = Ratio { ok: 47, of: 50 };
        assert!(!sparse.below(950, Ratio { ok: 990, of: 1000 }));
        assert!(Ratio { ok: 40, of: 50 }.below(950, Ratio { ok: 990, of: 1000 }));
        assert!(!Ratio { ok: 0, of: 4 }.below(950, Ratio::PERFECT));
        assert!(Ratio { ok: 0, of: 5 }.below(950, Ratio::PERFECT));
    }

    #[test]
    fn pending_customers_are_left_out_for_ten_seconds_at_most() {
        let report = Story::new(60).class("orders", 10, &[(0, 100)]).pending("orders", 3).report();
        let timeline = Timeline::new(&report, SimDuration::ZERO);
        assert_eq!(timeline.settled(&report.classes["orders"]), 57);
        let report = Story::new(60).class("orders", 10, &[(0, 100)]).pending("orders", 40).report();
        assert_eq!(timeline.settled(&report.classes["orders"]), 50);
    }

    #[test]
    fn phases_follow_the_union_of_the_faults() {
        let report = Story::new(100).faults(&[fault(30, 40), fault(35, 50), fault(60, 60)]).report();
        let timeline = Timeline::new(&report, SimDuration::from_secs(10));
        assert_eq!((timeline.before, timeline.during), (10..30, vec![30..50, 60..61]));
        assert_eq!(timeline.after, Some(61..100));
        let endless = Story::new(100).faults(&[fault(30, 100)]).report();
        assert_eq!(Timeline::new(&endless, SimDuration::from_secs(40)).before, 0..30);
        assert_eq!(Timeline::new(&endless, SimDuration::ZERO).after, None);
    }

    #[test]
    fn recovery_must_be_watched() {
        let back_at = |second| {
            let story = Story::new(100).faults(&[fault(30, 50)]);
            let report = story.class("orders", 100, &[(0, 100), (30, 20), (second, 100)]).report();
            Timeline::new(&report, SimDuration::ZERO).recovery_us(&report.classes["orders"], Ratio::PERFECT)
        };
        assert_eq!(back_at(50), Some(0));
        assert_eq!(back_at(70), Some(20_000_000));
        assert_eq!(back_at(90), Some(40_000_000));
        assert_eq!(back_at(91), None);
    }
}
