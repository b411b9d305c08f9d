//! The report of a run: integers only, folded from the trace.

mod class;
mod fold;
mod owners;
mod steps;
mod summary;
#[cfg(test)]
mod synthetic;
mod table;
mod verdict;
mod window;

use std::collections::BTreeMap;

use serde::Serialize;

pub use self::fold::Metrics;
pub use self::summary::metrics;
pub use self::verdict::{Judging, Verdict, VerdictKind, judge};

/// Everything a run measured. All values are integers; keys are stable and sorted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Simulated length of the run, in microseconds.
    pub duration_us: u64,
    /// Width of one step of every series, in microseconds.
    pub step_us: u64,
    /// Faults in order of their beginning.
    pub faults: Vec<FaultWindow>,
    /// Results of each request class, e.g. `orders`, `browse`.
    pub classes: BTreeMap<String, ClassReport>,
    /// Counters over the whole run, `<what>` in sum and `<who>/<what>` in parts, e.g. `retries` and `gateway->order/retries`.
    pub totals: BTreeMap<String, u64>,
    /// Values for each step, e.g. `order.db/pool.used`. See [`Series`].
    pub series: BTreeMap<String, Series>,
    /// Number of events in the trace.
    pub events: u64,
    /// Fingerprint of the trace, 32 hexadecimal digits.
    pub digest: String,
}

/// When a fault was active.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultWindow {
    /// What it is, e.g. `inventory: slow CPU, x20`.
    pub name: String,
    /// Its beginning, in microseconds.
    pub from_us: u64,
    /// Its end, in microseconds; the end of the run if it never ended.
    pub until_us: u64,
}

/// What customers of one class met.
///
/// `offered = ok + failed (all codes) + abandoned + pending`. Every `*_by_arrival` series counts a customer in the step in which they
/// *arrived*; the others count in the step in which the thing happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ClassReport {
    /// Customers who came.
    pub offered: u64,
    /// Customers who got what they came for.
    pub ok: u64,
    /// Customers who left with an error, by code.
    pub failed: BTreeMap<String, u64>,
    /// Customers who left without an answer.
    pub abandoned: u64,
    /// Customers who still waited at the end of the run.
    pub pending: u64,
    /// Requests beyond the first of each customer (reloads).
    pub reloads: u64,
    /// Time from arrival to success, in microseconds.
    pub latency_us: Quantiles,
    /// Customers who arrived, for each step.
    pub offered_by_arrival: Vec<u64>,
    /// Customers who arrived in the step and were served, whenever that was.
    pub ok_by_arrival: Vec<u64>,
    /// Customers who arrived in the step and failed.
    pub failed_by_arrival: Vec<u64>,
    /// Customers who arrived in the step and left or still wait without an answer.
    pub unanswered_by_arrival: Vec<u64>,
    /// Customers served in the step: the goodput.
    pub ok_by_answer: Vec<u64>,
    /// Median time from arrival to success of those served in the step, in microseconds; 0 if there were none.
    pub p50_us: Vec<u64>,
    /// 99th percentile of the same.
    pub p99_us: Vec<u64>,
}

/// Quantiles of a distribution, in the unit of its field (precision: three significant digits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// Largest value.
    pub max: u64,
}

/// How the values of a series came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// Things that happened in the step.
    Count,
    /// The largest value a gauge had in the step.
    GaugeMax,
    /// Share of the step spent on something, in thousandths.
    PerMille,
    /// The longest span seen in the step, in microseconds.
    SpanMaxUs,
    /// The number of whoever held something at the end of the step, from 1 on; 0 if nobody did.
    Holder,
}

/// One value for each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Series {
    /// How to read the values.
    pub kind: SeriesKind,
    /// One value for each step; the last step may be cut short by the end of the run.
    pub values: Vec<u64>,
}

impl Report {
    /// Number of steps of each series.
    pub fn steps(&self) -> usize {
        self.duration_us.div_ceil(self.step_us) as usize
    }

    /// A total, zero if nothing of the kind happened.
    pub fn total(&self, key: &str) -> u64 {
        self.totals.get(key).copied().unwrap_or(0)
    }

    /// The largest value of a series; zero if it does not exist.
    pub fn peak(&self, key: &str) -> u64 {
        self.series.get(key).and_then(|s| s.values.iter().copied().max()).unwrap_or(0)
    }
}

impl ClassReport {
    /// Customers who left with an error, of all codes.
    pub fn failed_total(&self) -> u64 {
        self.failed.values().sum()
    }
}
