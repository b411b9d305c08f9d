//! Distributions of times, sampled with integers and the `libm` crate so that every machine draws the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{SimDuration, Stream};

/// A distribution of non-negative spans.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Dist {
    /// Always the same.
    Constant(SimDuration),
    /// Uniform between two spans, both included.
    Uniform(SimDuration, SimDuration),
    /// Exponential with this mean.
    Exponential(SimDuration),
    /// Log-normal with this median and 99th percentile.
    LogNormal {
        /// Half of all samples are below.
        median: SimDuration,
        /// One sample in a hundred is above.
        p99: SimDuration,
    },
    /// Normal with this mean and standard deviation, negative values folded to positive ones.
    Normal {
        /// The mean before folding.
        mean: SimDuration,
        /// The standard deviation before folding.
        sd: SimDuration,
    },
}

/// The 99 % quantile of the standard normal distribution.
const Z99: f64 = 2.326_347_874_040_841;

impl Dist {
    /// Draws one span.
    pub fn sample(&self, stream: &mut Stream) -> SimDuration {
        match *self {
            Dist::Constant(span) => span,
            Dist::Uniform(from, to) => {
                let width = to.saturating_sub(from).as_nanos();
                from + SimDuration::from_nanos(stream.below(width.saturating_add(1)))
            }
            Dist::Exponential(mean) => nanos(mean.as_nanos() as f64 * -libm::log(1.0 - stream.unit())),
            Dist::LogNormal { median, p99 } => {
                let median = median.as_nanos().max(1) as f64;
                let sigma = libm::log((p99.as_nanos().max(1) as f64 / median).max(1.0)) / Z99;
                nanos(median * libm::exp(sigma * normal(stream)))
            }
            Dist::Normal { mean, sd } => nanos((mean.as_nanos() as f64 + sd.as_nanos() as f64 * normal(stream)).abs()),
        }
    }

    /// The mean of the distribution.
    pub fn mean(&self) -> SimDuration {
        match *self {
            Dist::Constant(span) | Dist::Exponential(span) => span,
            Dist::Uniform(from, to) => (from + to) / 2,
            Dist::LogNormal { median, p99 } => {
                let median_ns = median.as_nanos().max(1) as f64;
                let sigma = libm::log((p99.as_nanos().max(1) as f64 / median_ns).max(1.0)) / Z99;
                nanos(median_ns * libm::exp(sigma * sigma / 2.0))
            }
            Dist::Normal { mean, sd } => nanos(folded_mean(mean.as_nanos() as f64, sd.as_nanos() as f64)),
        }
    }
}

/// A standard normal draw (Box and Muller 1958, one of the pair).
fn normal(stream: &mut Stream) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - stream.unit()));
    radius * libm::cos(std::f64::consts::TAU * stream.unit())
}

/// The mean of `|N(mean, sd)|`.
fn folded_mean(mean: f64, sd: f64) -> f64 {
    if sd == 0.0 {
        return mean;
    }
    let z = mean / sd;
    sd * libm::sqrt(2.0 / std::f64::consts::PI) * libm::exp(-z * z / 2.0)
        + mean * libm::erf(z / std::f64::consts::SQRT_2)
}

fn nanos(value: f64) -> SimDuration {
    SimDuration::from_nanos(value as u64) // saturates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Draws;

    #[test]
    fn samples_follow_their_mean() {
        let ms = SimDuration::from_millis;
        let dists = [
            Dist::Constant(ms(10)),
            Dist::Uniform(ms(5), ms(15)),
            Dist::Exponential(ms(10)),
            Dist::LogNormal { median: ms(8), p99: ms(40) },
            Dist::Normal { mean: ms(10), sd: ms(2) },
            Dist::Normal { mean: ms(10), sd: ms(20) },
        ];
        for dist in dists {
            let mut stream = Draws::new(1, "dist").at(0);
            let sum: u64 = (0..50_000).map(|_| dist.sample(&mut stream).as_nanos()).sum();
            let (mean, expected) = (sum / 50_000, dist.mean().as_nanos());
            assert!(mean.abs_diff(expected) < expected / 30, "{dist:?}: {mean} is not near {expected}");
        }
    }
}
