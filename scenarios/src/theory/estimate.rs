//! Means of correlated observations, with confidence intervals by the method of batch means.

use hdrhistogram::Histogram;

/// Student's t at 97.5 % for 29 degrees of freedom.
const T29: f64 = 2.045;
/// Batches of a long run: enough for a variance, few enough to be long.
const BATCHES: usize = 30;

/// A mean and half the width of its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mean {
    pub(super) value: f64,
    pub(super) half_width: f64,
}

/// The mean of independent values, as batches that are long enough are, or as separate runs.
pub(super) fn mean(values: &[f64]) -> Mean {
    let n = values.len() as f64;
    let value = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|each| (each - value).powi(2)).sum::<f64>() / (n - 1.0);
    Mean { value, half_width: T29 * (variance / n).sqrt() }
}

/// Collects the observations of a long run: a beginning that is thrown away, then equally long batches.
pub(super) struct Batches {
    skip: u64,
    size: u64,
    means: Vec<f64>,
    sum: u64,
    added: u64,
    all: Histogram<u64>,
}

impl Batches {
    /// Batches for `count` observations, of which the first twentieth is thrown away.
    pub(super) fn new(count: u64) -> Self {
        let skip = count / 20;
        let all = Histogram::new(3).expect("three digits are a precision");
        Self { skip, size: (count - skip) / BATCHES as u64, means: Vec::new(), sum: 0, added: 0, all }
    }

    /// One more observation.
    pub(super) fn add(&mut self, value: u64) {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.means.len() < BATCHES {
            (self.sum, self.added) = (self.sum + value, self.added + 1);
            self.all.record(value).expect("the histogram grows");
            if self.added == self.size {
                self.means.push(self.sum as f64 / self.size as f64);
                (self.sum, self.added) = (0, 0);
            }
        }
    }

    /// The mean.
    pub(super) fn mean(&self) -> Mean {
        mean(&self.means)
    }

    /// The 99th percentile over the mean.
    pub(super) fn p99_of_mean(&self) -> f64 {
        self.all.value_at_quantile(0.99) as f64 / self.all.mean()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_covers_the_mean_of_independent_values_as_often_as_it_says() {
        let draws = |seed: u64| {
            gridlock_sim::engine::run(seed, gridlock_sim::engine::SimTime::ZERO, |sim| {
                let mut stream = sim.stream("values");
                let values: Vec<f64> = (0..30).map(|_| stream.unit()).collect();
                move || values
            })
        };
        let covered = (0..400).map(|seed| mean(&draws(seed))).filter(|m| (m.value - 0.5).abs() <= m.half_width).count();
        assert!((365..=392).contains(&covered), "{covered} of 400 intervals hold 0.5"); // 380 +- 3 standard errors
    }

    #[test]
    fn the_beginning_is_thrown_away() {
        let mut batches = Batches::new(2000);
        (0..2000).for_each(|n| batches.add(if n < 100 { 1_000_000 } else { 7 }));
        assert_eq!(batches.mean(), Mean { value: 7.0, half_width: 0.0 });
        assert_eq!(batches.p99_of_mean(), 1.0);
    }
}
