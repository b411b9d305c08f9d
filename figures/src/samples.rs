//! Series of a report as samples with their place on the time axis.

use gridlock_sim::report::Report;

/// A panel shows at most this many samples, about one for each pixel of a narrow column; neighbours are merged beyond that.
const SAMPLES_MAX: usize = 120;

/// A value that holds for a span of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Beginning, in microseconds.
    pub from_us: u64,
    /// End, in microseconds.
    pub until_us: u64,
    /// The value.
    pub value: f64,
}

/// A moment in microseconds and a value.
pub(crate) type Place = (u64, f64);

/// How neighbouring values become one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Merge {
    /// Their sum per second.
    Rate,
    /// The largest.
    Max,
    /// The middle one of those that are not zero.
    Median,
}

/// The samples of a series. A rate over a last step that was cut to less than half its width is left out: it would be noise.
pub(crate) fn samples(report: &Report, values: &[u64], merge: Merge) -> Vec<Sample> {
    let factor = report.steps().div_ceil(SAMPLES_MAX).max(1);
    let width_us = report.step_us * factor as u64;
    let mut out = Vec::with_capacity(values.len().div_ceil(factor));
    for (i, chunk) in values.chunks(factor).enumerate() {
        let from_us = i as u64 * width_us;
        let until_us = (from_us + width_us).min(report.duration_us);
        if matches!(merge, Merge::Rate) && i > 0 && until_us < from_us + width_us / 2 {
            break;
        }
        out.push(Sample { from_us, until_us, value: merged(chunk, merge, until_us - from_us) });
    }
    out
}

fn merged(chunk: &[u64], merge: Merge, span_us: u64) -> f64 {
    match merge {
        Merge::Rate => chunk.iter().sum::<u64>() as f64 * 1e6 / span_us.max(1) as f64,
        Merge::Max => chunk.iter().copied().max().unwrap_or(0) as f64,
        Merge::Median => {
            let mut some: Vec<u64> = chunk.iter().copied().filter(|v| *v > 0).collect();
            some.sort_unstable();
            some.get(some.len() / 2).copied().unwrap_or(0) as f64
        }
    }
}

/// A line through the middles of the samples, lengthened to the outer edges of the first and the last.
pub(crate) fn outline(samples: &[Sample]) -> Vec<Place> {
    let middle = |s: &Sample| (s.from_us + (s.until_us - s.from_us) / 2, s.value);
    let first = samples.first().map(|s| (s.from_us, s.value));
    let last = samples.last().map(|s| (s.until_us, s.value));
    first.into_iter().chain(samples.iter().map(middle)).chain(last).collect()
}

/// The largest value.
pub(crate) fn peak(samples: &[Sample]) -> f64 {
    samples.iter().map(|s| s.value).fold(0.0, f64::max)
}

/// Mean of the last tenth: where a line ends, without its last jitter.
pub(crate) fn ending(samples: &[Sample]) -> f64 {
    let tail = &samples[samples.len() - samples.len().div_ceil(10)..];
    tail.iter().map(|s| s.value).sum::<f64>() / tail.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn report(duration_us: u64, step_us: u64) -> Report {
        Report {
            duration_us,
            step_us,
            faults: Vec::new(),
            classes: BTreeMap::new(),
            totals: BTreeMap::new(),
            series: BTreeMap::new(),
            events: 0,
            digest: String::new(),
        }
    }

    #[test]
    fn a_cut_step_counts_at_its_own_width_or_not_at_all() {
        let rate = |duration_us| samples(&report(duration_us, 500_000), &[50, 50, 40], Merge::Rate);
        assert_eq!(rate(1_400_000).iter().map(|s| s.value).collect::<Vec<_>>(), [100.0, 100.0, 100.0]);
        assert_eq!(rate(1_100_000).len(), 2);
    }

    #[test]
    fn long_runs_are_merged() {
        let values: Vec<u64> = (0..1000).collect();
        let merged = samples(&report(1_000_000_000, 1_000_000), &values, Merge::Max);
        assert!(merged.len() <= SAMPLES_MAX);
        assert_eq!(peak(&merged), 999.0);
        assert_eq!(merged.last().map(|s| s.until_us), Some(1_000_000_000));
    }

    #[test]
    fn an_outline_reaches_both_ends() {
        let samples = samples(&report(2_000_000, 1_000_000), &[1, 3], Merge::Max);
        assert_eq!(outline(&samples), [(0, 1.0), (500_000, 1.0), (1_500_000, 3.0), (2_000_000, 3.0)]);
    }
}
