//! Made-up reports for tests: one-second steps, a rate of arrivals, and a share of them served that changes at given seconds.

use std::collections::BTreeMap;

use super::{ClassReport, FaultWindow, Report, Series, SeriesKind};

/// A report in the making.
pub(super) struct Story(Report);

/// A fault of the part `inventory`, in seconds.
pub(super) fn fault(from: u64, until: u64) -> FaultWindow {
    FaultWindow { name: "inventory: slow CPU".into(), from_us: from * 1_000_000, until_us: until * 1_000_000 }
}

/// A small generator of pseudo-random numbers (SplitMix64).
pub(super) struct Noise(pub u64);

impl Noise {
    fn chance(&mut self, per_million: u64) -> bool {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % 1_000_000 < per_million
    }

    /// Successes of `trials`.
    fn binomial(&mut self, trials: u64, per_million: u64) -> u64 {
        (0..trials).filter(|_| self.chance(per_million)).count() as u64
    }
}

impl Story {
    /// A run of `seconds` in which nothing happens yet.
    pub(super) fn new(seconds: u64) -> Self {
        Self(Report {
            duration_us: seconds * 1_000_000,
            step_us: 1_000_000,
            faults: Vec::new(),
            classes: BTreeMap::new(),
            totals: BTreeMap::new(),
            series: BTreeMap::new(),
            events: 0,
            digest: String::new(),
        })
    }

    pub(super) fn faults(mut self, faults: &[FaultWindow]) -> Self {
        self.0.faults = faults.to_vec();
        self
    }

    /// Exactly `rate` customers a second, of whom from each given second on so many percent are served.
    pub(super) fn class(self, name: &str, rate: u64, percents: &[(usize, u64)]) -> Self {
        self.add(name, percents, |percent| (rate, rate * percent / 100))
    }

    /// The same with counts near a Poisson distribution's, and each customer served or not by chance, in parts of 1000.
    pub(super) fn noisy(self, name: &str, rate: u64, permilles: &[(usize, u64)], noise: &mut Noise) -> Self {
        self.add(name, permilles, |permille| {
            let offered = noise.binomial(rate * 10, 100_000);
            (offered, noise.binomial(offered, permille * 1000))
        })
    }

    fn add(mut self, name: &str, shares: &[(usize, u64)], mut draw: impl FnMut(u64) -> (u64, u64)) -> Self {
        let share_at = |second| shares.iter().rev().find(|(from, _)| *from <= second).map_or(0, |(_, share)| *share);
        let mut class = ClassReport::default();
        for second in 0..self.0.steps() {
            let (offered, ok) = draw(share_at(second));
            class.offered_by_arrival.push(offered);
            class.ok_by_arrival.push(ok);
            class.ok_by_answer.push(ok);
            class.unanswered_by_arrival.push(offered - ok);
        }
        class.offered = class.offered_by_arrival.iter().sum();
        class.ok = class.ok_by_arrival.iter().sum();
        class.abandoned = class.offered - class.ok;
        self.0.classes.insert(name.into(), class);
        self
    }

    /// Leaves one customer unanswered in each of the last `count` seconds.
    pub(super) fn pending(mut self, name: &str, count: u64) -> Self {
        let class = self.0.classes.get_mut(name).expect("the class was added");
        let steps = class.unanswered_by_arrival.len();
        for second in steps - count as usize..steps {
            class.ok_by_arrival[second] -= 1;
            class.unanswered_by_arrival[second] += 1;
        }
        (class.pending, class.ok) = (count, class.ok - count);
        self
    }

    /// A gauge that has each value from its second on.
    pub(super) fn gauge(mut self, key: &str, levels: &[(usize, u64)]) -> Self {
        let level = |second| levels.iter().rev().find(|(from, _)| *from <= second).map_or(0, |(_, value)| *value);
        let values = (0..self.0.steps()).map(level).collect();
        self.0.series.insert(key.into(), Series { kind: SeriesKind::GaugeMax, values });
        self
    }

    pub(super) fn total(mut self, key: &str, value: u64) -> Self {
        self.0.totals.insert(key.into(), value);
        self
    }

    pub(super) fn report(self) -> Report {
        self.0
    }
}
