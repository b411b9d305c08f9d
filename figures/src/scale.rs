//! Domains, their ticks, and where a value lies in a panel.

use crate::{Unit, text};

/// The y domain of a row, shared by its panels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scale {
    /// Logarithmic; linear otherwise.
    pub log: bool,
    /// Value at the lower edge.
    pub min: f64,
    /// Value at the upper edge.
    pub max: f64,
    /// Ruled values with their text.
    pub ticks: Vec<(f64, String)>,
    /// Unit of the tick labels where they do not say it themselves, e.g. `MiB`.
    pub suffix: &'static str,
}

impl Scale {
    /// From zero to a little above `peak`, with about four ticks. Percent always shows the whole.
    pub(crate) fn linear(peak: f64, unit: Unit) -> Self {
        let (divisor, suffix) = divisor(peak, unit);
        if unit == Unit::Percent && peak <= 1000.0 {
            let ticks = [0.0, 500.0, 1000.0].map(|v| (v, text::number(v / 10.0))).to_vec();
            return Self { log: false, min: 0.0, max: 1000.0, ticks, suffix };
        }
        let top = if peak > 0.0 { peak * 1.04 / divisor } else { 1.0 };
        let step = nice_step(top / 4.0);
        // Nobody wants half a connection ruled.
        let step = if unit == Unit::Count && top >= 1.0 { step.max(1.0) } else { step };
        let max = (top / (step / 5.0)).ceil() * (step / 5.0);
        let count = (max / step + 1e-9).floor() as u32;
        let ticks = (0..=count).map(|i| f64::from(i) * step).map(|v| (v * divisor, text::number(v))).collect();
        Self { log: false, min: 0.0, max: max * divisor, ticks, suffix }
    }

    /// Whole decades of microseconds around the values, two at least. The least value lies above the edge, or its line could not be told
    /// from it.
    pub(crate) fn decades(least: f64, peak: f64) -> Self {
        let low = libm::floor(libm::log10((least * 0.9).max(100.0)) + 1e-9) as i32;
        let high = (libm::ceil(libm::log10(peak.max(100.0)) - 1e-9) as i32).max(low + 2);
        let ticks = (low..=high).map(power).map(|v| (v, text::span(v))).collect();
        Self { log: true, min: power(low), max: power(high), ticks, suffix: "" }
    }

    /// Where a value lies between the lower (0) and the upper (1) edge.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let share = if self.log {
            libm::log10(value.max(self.min) / self.min) / libm::log10(self.max / self.min)
        } else {
            (value - self.min) / (self.max - self.min)
        };
        share.clamp(0.0, 1.0)
    }
}

/// Ten to the power of a small whole number, exactly.
fn power(exponent: i32) -> f64 {
    (0..exponent).fold(1.0, |v, _| v * 10.0)
}

/// What values are divided by before they are written, and the unit after that.
fn divisor(peak: f64, unit: Unit) -> (f64, &'static str) {
    match unit {
        Unit::Count => (1.0, ""),
        Unit::Percent => (10.0, "%"),
        Unit::Time if peak >= 2e6 => (1e6, "s"),
        Unit::Time => (1e3, "ms"),
        Unit::Bytes if peak >= 4.0 * GIB => (GIB, "GiB"),
        Unit::Bytes if peak >= 4.0 * MIB => (MIB, "MiB"),
        Unit::Bytes => (KIB, "KiB"),
    }
}

const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * KIB;
const GIB: f64 = 1024.0 * MIB;

/// The least of 1, 2, 5 times a power of ten that is not below `least`.
pub(crate) fn nice_step(least: f64) -> f64 {
    let decade = libm::pow(10.0, libm::floor(libm::log10(least)));
    let factor = [1.0, 2.0, 5.0].into_iter().find(|f| f * decade >= least * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * decade
}

/// Whole seconds at which the time axis is marked: about `count`, in steps people count in.
pub(crate) fn time_ticks(duration_us: u64, count: u64) -> Vec<u64> {
    const STEPS: [u64; 16] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400];
    let seconds = duration_us / 1_000_000;
    let step = STEPS.into_iter().find(|s| seconds / s <= count).unwrap_or(seconds.div_ceil(count.max(1)));
    (0..=seconds / step).map(|i| i * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<&str> {
        scale.ticks.iter().map(|t| t.1.as_str()).collect()
    }

    #[test]
    fn ticks_are_numbers_people_count_in() {
        assert_eq!(labels(&Scale::linear(107.0, Unit::Count)), ["0", "50", "100"]);
        assert_eq!(labels(&Scale::linear(2.0, Unit::Count)), ["0", "1", "2"]);
        assert_eq!(labels(&Scale::linear(0.0, Unit::Count)), ["0", "1"]);
        assert_eq!(labels(&Scale::linear(730.0, Unit::Percent)), ["0", "50", "100"]);
        assert_eq!(labels(&Scale::linear(1e9, Unit::Bytes)), ["0", "500", "1000"]);
        assert_eq!(labels(&Scale::decades(3_000.0, 2e6)), ["1 ms", "10 ms", "100 ms", "1 s", "10 s"]);
    }

    #[test]
    fn the_peak_lies_within_the_domain() {
        for peak in [0.3, 1.0, 7.0, 99.0, 1000.0, 123_456.0] {
            for unit in [Unit::Count, Unit::Bytes, Unit::Percent, Unit::Time] {
                assert!(Scale::linear(peak, unit).max >= peak, "{peak} {unit:?}");
            }
        }
    }

    #[test]
    fn shares_run_from_edge_to_edge() {
        let log = Scale::decades(2_000.0, 1_000_000.0);
        assert_eq!([1e3, 1e6, 1.0, 1e9].map(|v| log.share(v)), [0.0, 1.0, 0.0, 1.0]);
        let linear = Scale::linear(1000.0, Unit::Percent);
        assert_eq!([0.0, 500.0, 1000.0].map(|v| linear.share(v)), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn time_ticks_are_whole_and_few() {
        assert_eq!(time_ticks(120_000_000, 4), [0, 30, 60, 90, 120]);
        assert_eq!(time_ticks(400_000, 4), [0]);
        assert!(time_ticks(86_400_000_000, 4).len() <= 8);
    }
}
