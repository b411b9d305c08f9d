//! What can be made smaller, in the order in which it is tried.

use gridlock_sim::engine::SimDuration;
use gridlock_sim::units::Factor;
use toml::{Table, Value};

use super::case::{Case, set};
use super::search::{LENGTH, Search};
use crate::spec::{Fault, Inject, Percent};
use crate::world::WorldSpec;

const SECOND: SimDuration = SimDuration::from_secs(1);
/// What stays between the warm-up and the first fault, to measure the baseline in.
const BASELINE: SimDuration = SimDuration::from_secs(5);
/// A delay is narrowed in steps of this.
const DELAY: SimDuration = SimDuration::from_millis(10);
/// A loss is narrowed in steps of one per cent; this many millionths.
const PERCENT: u32 = 10_000;
/// How much larger a shrunk pool may become, largest first.
const POOL_GROWTH: [u32; 5] = [32, 16, 8, 4, 2];
/// Numbers in `arrivals` that are a rate or a number of clients.
const RATES: [&str; 6] = ["constant", "poisson", "rate", "base", "peak", "clients"];
/// A rate is narrowed in so many parts of what it was.
const RATE_PARTS: u64 = 20;

impl Search<'_> {
    /// Everything but removing faults, once.
    pub(super) fn pass(&mut self) {
        self.drop_workloads();
        for index in 0..self.best.spec().fault.len() {
            self.one_way(index);
            self.shorten(index);
            self.weaken(index);
        }
        self.move_earlier();
        self.shorten_run();
        for index in 0..self.best.spec().workload.len() {
            self.lower_rate(index);
        }
        self.lower_counts();
    }

    fn drop_workloads(&mut self) {
        for index in (0..self.best.spec().workload.len()).rev() {
            let without = self.best.with(|root| {
                if let Some(Value::Array(loads)) = root.get_mut("workload") {
                    loads.remove(index);
                }
            });
            self.attempt(vec![without]);
        }
    }

    fn one_way(&mut self, index: usize) {
        let Inject::Cut { from, to, both: true } = self.best.spec().fault[index].inject.clone() else { return };
        let ways = [(from.clone(), to.clone()), (to, from)];
        let cut = |(from, to)| changed(&self.best, index, |fault| fault.inject = Inject::Cut { from, to, both: false });
        let cases = ways.map(cut).into_iter().collect();
        self.attempt(cases);
    }

    /// The length of a fault, down to one step of the resolution. One that lasts to the end is given an end.
    fn shorten(&mut self, index: usize) {
        let fault = &self.best.spec().fault[index];
        if matches!(fault.inject, Inject::Crash { .. }) {
            return;
        }
        let end = fault.end().unwrap_or(self.best.spec().duration);
        let now = end.saturating_sub(fault.at).as_nanos().div_ceil(LENGTH.as_nanos());
        self.narrow(1, now, |best, steps| {
            changed(best, index, |fault| (fault.length, fault.until) = (Some(LENGTH * steps), None))
        });
    }

    /// The strength of a fault, towards none.
    fn weaken(&mut self, index: usize) {
        let inject = &self.best.spec().fault[index].inject;
        if let Inject::PoolShrink { pool, size } = inject {
            let larger = |growth: u32| Inject::PoolShrink { pool: pool.clone(), size: size.saturating_mul(growth) };
            let case = |growth| changed(&self.best, index, |fault| fault.inject = larger(growth));
            let cases = POOL_GROWTH.into_iter().map(case).collect();
            self.attempt(cases);
        } else if let Some((least, now)) = strength(inject) {
            self.narrow(least, now, |best, value| changed(best, index, |fault| weakened(&mut fault.inject, value)));
        }
    }

    /// All faults to an earlier second, then each closer to the one before it. The warm-up and some time for a baseline stay before them.
    fn move_earlier(&mut self) {
        let Some(first) = first_at(&self.best) else { return };
        let least = seconds(self.best.spec().warmup + BASELINE);
        self.narrow(least, seconds(first), |best, second| {
            let by = first_at(best)?.saturating_sub(SECOND * second);
            moved(best, 0, by)
        });
        for index in 1..self.best.spec().fault.len() {
            let gap = |case: &Case| {
                let faults = &case.spec().fault;
                faults[index].at.saturating_sub(faults[index - 1].at)
            };
            self.narrow(0, seconds(gap(&self.best)), |best, seconds| {
                moved(best, index, gap(best).saturating_sub(SECOND * seconds))
            });
        }
    }

    /// The run, down to a second; what must be watched of it after the last fault remains.
    fn shorten_run(&mut self) {
        let Some(end) = self.best.last_end().or(self.best.spec().fault.is_empty().then_some(self.best.spec().warmup))
        else {
            return;
        };
        let (least, now) = (seconds(end + self.watched).max(1), seconds(self.best.spec().duration));
        self.narrow(least, now, |best, seconds| best.with_duration(SECOND * seconds));
    }

    fn lower_rate(&mut self, index: usize) {
        let original = self.best.root.clone();
        self.narrow(1, RATE_PARTS, |best, parts| {
            best.with(|root| {
                if let (Some(load), Some(was)) = (arrivals(root, index), arrivals(&mut original.clone(), index)) {
                    *load = was.clone();
                    scale(load, parts);
                }
            })
        });
    }

    /// Consumers, partitions and services, as the world has them.
    fn lower_counts(&mut self) {
        let counts = match &self.best.spec().world {
            WorldSpec::Stream(spec) => vec![
                ("world.stream.consumers.count", spec.consumers.count),
                ("world.stream.topic.partitions", spec.topic.partitions),
            ],
            WorldSpec::Chain(spec) => return self.drop_services(spec.services.len()),
            WorldSpec::Shop(_) => return,
        };
        for (path, now) in counts {
            self.narrow(1, now.into(), |best, count| best.with(|root| set(root, path, Value::Integer(count as i64))));
        }
    }

    fn drop_services(&mut self, count: usize) {
        for index in (0..count).rev() {
            let without = self.best.with(|root| {
                let services = root.get_mut("world").and_then(|world| world.get_mut("chain")?.get_mut("services"));
                if let Some(Value::Array(services)) = services {
                    services.remove(index);
                }
            });
            self.attempt(vec![without]);
        }
    }
}

fn changed(best: &Case, index: usize, change: impl FnOnce(&mut Fault)) -> Option<Case> {
    let mut faults = best.spec().fault.clone();
    change(faults.get_mut(index)?);
    best.with_faults(&faults)
}

/// The least strength that does anything, and the strength of a fault, both in its own steps.
fn strength(inject: &Inject) -> Option<(u64, u64)> {
    match inject {
        Inject::Slow { factor, .. } => Some((2, factor.0 / Factor::ONE.0)),
        Inject::Loss { percent, .. } => Some((1, u64::from(percent.ppm() / PERCENT))),
        Inject::Delay { by, .. } => Some((1, by.as_nanos() / DELAY.as_nanos())),
        _ => None,
    }
}

/// Gives a fault a strength, in the steps of [`strength`].
fn weakened(inject: &mut Inject, value: u64) {
    match inject {
        Inject::Slow { factor, .. } => *factor = Factor(value * Factor::ONE.0),
        Inject::Loss { percent, .. } => *percent = Percent::from_percent(value as u32),
        Inject::Delay { by, .. } => *by = DELAY * value,
        _ => {}
    }
}

/// The case with all faults from the `index`-th on earlier by some time; their ends move with them.
fn moved(best: &Case, index: usize, by: SimDuration) -> Option<Case> {
    let mut faults = best.spec().fault.clone();
    for fault in &mut faults[index..] {
        fault.until = fault.until.map(|until| until.saturating_sub(by));
        fault.at = fault.at.saturating_sub(by);
    }
    best.with_faults(&faults)
}

fn first_at(case: &Case) -> Option<SimDuration> {
    case.spec().fault.iter().map(|fault| fault.at).min()
}

/// Whole seconds in a span, a begun one included.
fn seconds(span: SimDuration) -> u64 {
    span.as_nanos().div_ceil(SECOND.as_nanos())
}

fn arrivals(root: &mut Table, index: usize) -> Option<&mut Value> {
    root.get_mut("workload")?.get_mut(index)?.get_mut("arrivals")
}

/// Scales every rate in a value to so many parts of [`RATE_PARTS`]: to whole numbers, and not to nothing.
pub(super) fn scale(value: &mut Value, parts: u64) {
    match value {
        Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                match value {
                    Value::Integer(rate) if RATES.contains(&key.as_str()) && *rate > 0 => {
                        *rate = ((*rate as u64 * parts).div_ceil(RATE_PARTS)).max(1) as i64;
                    }
                    Value::Float(rate) if RATES.contains(&key.as_str()) => *rate *= parts as f64 / RATE_PARTS as f64,
                    value => scale(value, parts),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scale(item, parts)),
        _ => {}
    }
}

/// Removes what the world would have anyway: keys without which it is the same.
pub(super) fn without_defaults(case: &Case) -> Case {
    let world = |case: &Case| serde_json::to_value(&case.spec().world).ok();
    let mut best = case.clone();
    let mut open: Vec<Vec<String>> = vec![vec!["world".into()]];
    while let Some(path) = open.pop() {
        let keys: Vec<String> =
            table_at(&mut best.root.clone(), &path).map_or(Vec::new(), |table| table.keys().cloned().collect());
        for key in keys {
            let without = best.with(|root| {
                if let Some(table) = table_at(root, &path) {
                    table.remove(&key);
                }
            });
            match without.filter(|without| world(without) == world(&best)) {
                Some(without) => best = without,
                None => open.push([&path[..], &[key]].concat()),
            }
        }
    }
    best
}

fn table_at<'t>(root: &'t mut Table, path: &[String]) -> Option<&'t mut Table> {
    path.iter().try_fold(root, |table, key| table.get_mut(key)?.as_table_mut())
}

/// A rate as it is written, for words.
pub(super) fn rates(case: &Case, index: usize) -> String {
    arrivals(&mut case.root.clone(), index).map_or_else(String::new, |value| value.to_string())
}
