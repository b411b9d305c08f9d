//! What many runs say together: shares with their uncertainty, and percentiles.

use std::collections::BTreeMap;

use serde::Serialize;

/// The 97.5th percentile of the standard normal distribution.
const Z: f64 = 1.959_963_984_540_054;
const MILLION: f64 = 1e6;

/// How many of how many, with the 95 % confidence interval after Wilson (1927), in millionths.
///
/// The interval is about luck alone: what the share would be if all seeds could be played. It stays within 0 and 1 and is sound at the
/// ends, where most shares of a sweep lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Share {
    /// How many.
    pub(crate) runs: u64,
    /// Of how many.
    pub(crate) of: u64,
    /// Their share.
    pub(crate) ppm: u32,
    /// Lower end of the interval.
    pub(crate) low_ppm: u32,
    /// Upper end of the interval.
    pub(crate) high_ppm: u32,
}

impl Share {
    /// `runs` of `of`. Of nothing, everything is possible.
    pub(crate) fn new(runs: u64, of: u64) -> Self {
        if of == 0 {
            return Share { runs, of, ppm: 0, low_ppm: 0, high_ppm: 1_000_000 };
        }
        let (count, part) = (of as f64, runs as f64 / of as f64);
        let square = Z * Z / count;
        let centre = (part + square / 2.0) / (1.0 + square);
        let half = Z / (1.0 + square) * (part * (1.0 - part) / count + square / (4.0 * count)).sqrt();
        let ppm = |share: f64| (share.clamp(0.0, 1.0) * MILLION).round() as u32;
        Share { runs, of, ppm: ppm(part), low_ppm: ppm(centre - half), high_ppm: ppm(centre + half) }
    }
}

/// The values of a metric over seeds. Equal values are counted, so memory follows how many different ones there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Distribution {
    counts: BTreeMap<u64, u64>,
    total: u64,
}

/// Values below which given shares of all runs lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Percentiles {
    /// Runs that have the metric.
    pub(crate) runs: u64,
    /// The least value.
    pub(crate) min: u64,
    /// 5 % of runs have no more.
    pub(crate) p5: u64,
    /// Half of the runs have no more.
    pub(crate) median: u64,
    /// 95 % of runs have no more.
    pub(crate) p95: u64,
    /// The greatest value.
    pub(crate) max: u64,
}

impl Distribution {
    /// Counts a value.
    pub(crate) fn add(&mut self, value: u64) {
        *self.counts.entry(value).or_default() += 1;
        self.total += 1;
    }

    /// The percentiles by nearest rank: each is a value that some run had.
    pub(crate) fn percentiles(&self) -> Percentiles {
        let at = |percent: u64| self.ranked((self.total * percent).div_ceil(100).max(1));
        Percentiles { runs: self.total, min: at(0), p5: at(5), median: at(50), p95: at(95), max: at(100) }
    }

    fn ranked(&self, rank: u64) -> u64 {
        let mut seen = 0;
        let reached = self.counts.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        reached.map_or(0, |(value, _)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the interval is Wilson's. Method: values computed apart from this code, in millionths.
    #[test]
    fn intervals_are_those_of_wilson() {
        let interval = |runs, of| {
            let share = Share::new(runs, of);
            (share.ppm, share.low_ppm, share.high_ppm)
        };
        assert_eq!(interval(5, 10), (500_000, 236_593, 763_407));
        assert_eq!(interval(0, 32), (0, 0, 107_179));
        assert_eq!(interval(32, 32), (1_000_000, 892_821, 1_000_000));
        assert_eq!(interval(984, 1000), (984_000, 974_168, 990_128));
        assert_eq!(interval(0, 0), (0, 0, 1_000_000));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut values = Distribution::default();
        (1..=100).rev().for_each(|value| values.add(value * 10));
        let all = Percentiles { runs: 100, min: 10, p5: 50, median: 500, p95: 950, max: 1000 };
        assert_eq!(values.percentiles(), all);
        let mut one = Distribution::default();
        one.add(7);
        assert_eq!(one.percentiles(), Percentiles { runs: 1, min: 7, p5: 7, median: 7, p95: 7, max: 7 });
        assert_eq!(Distribution::default().percentiles(), Percentiles::default());
    }
}
