//! G3, Little 1961: L = lambda W, for every queue that can be seen.

use std::collections::BTreeMap;
use std::rc::Rc;

use gridlock_sim::engine::{SimDuration, SimTime};
use gridlock_sim::trace::{Event, Gauge, Name, Names, Sink};

use super::{Bound, Check, Effort, Row, play};
use crate::catalog::{CATALOG, load};
use crate::run::watch;
use crate::spec::Ignored;

pub(super) fn checks(effort: Effort) -> Vec<Check> {
    let told = |name: &&str| effort == Effort::Full || ["slow-dependency", "silent-partition"].contains(name);
    let names = CATALOG.iter().map(|(name, _)| *name).filter(told);
    let mut checks: Vec<Check> = names.map(|name| Check::new(300, move || vec![catalogue(name)])).collect();
    checks.push(Check::new(50, hanging));
    checks
}

/// A queue seen from outside: how many are in it, and how long those who left were in it.
///
/// The books are closed whenever the queue is empty: then what has been in it has left it, and over any such time the law is exact. What
/// a process held when it died left without telling how long it had stayed: the books of that busy period are thrown away.
#[derive(Clone, Debug, Default)]
struct Queue {
    /// Whether its length was ever told.
    shown: bool,
    level: u64,
    since: SimTime,
    /// Customers times nanoseconds, since the queue was last empty.
    area: u128,
    /// Sum of the stays of those who left, in nanoseconds, since then.
    stays: u128,
    left: u64,
    closed: Books,
}

/// What is known of the times from empty to empty.
#[derive(Clone, Copy, Debug, Default)]
struct Books {
    area: u128,
    stays: u128,
    left: u64,
}

impl Queue {
    fn set(&mut self, now: SimTime, level: u64) {
        if self.level == 0 && level > 0 {
            self.close();
        }
        self.area += u128::from(self.level) * u128::from(now.since(self.since).as_nanos());
        (self.level, self.since, self.shown) = (level, now, true);
    }

    fn leave(&mut self, stay: SimDuration) {
        self.stays += u128::from(stay.as_nanos());
        self.left += 1;
    }

    fn close(&mut self) {
        let Books { area, stays, left } = &mut self.closed;
        (*area, *stays, *left) = (*area + self.area, *stays + self.stays, *left + self.left);
        self.forget();
    }

    fn forget(&mut self) {
        (self.area, self.stays, self.left) = (0, 0, 0);
    }

    /// L over lambda W; none if it never was a queue, or if those who leave it do not tell how long they stayed.
    fn ratio(&self) -> Option<f64> {
        let mut end = self.clone();
        if end.level == 0 {
            end.close();
        }
        let Books { area, stays, left } = end.closed;
        (end.shown && left > 0 && area.max(stays) > 0).then(|| area as f64 / stays as f64)
    }
}

/// All queues that a trace shows.
struct Queues {
    names: Rc<Names>,
    customers: BTreeMap<Name, Queue>,
    gauged: BTreeMap<(Name, Gauge), Queue>,
}

impl Queues {
    fn customers(&mut self, now: SimTime, class: Name, stay: Option<SimDuration>) {
        let queue = self.customers.entry(class).or_default();
        let level = if stay.is_some() { queue.level - 1 } else { queue.level + 1 };
        queue.set(now, level);
        stay.into_iter().for_each(|stay| queue.leave(stay));
    }

    fn leave(&mut self, of: Name, gauge: Gauge, stay: SimDuration) {
        self.gauged.entry((of, gauge)).or_default().leave(stay);
    }

    /// What belongs to a process is gone with it.
    fn died(&mut self, now: SimTime, process: Name) {
        let owner = self.names.text(process);
        for ((of, _), queue) in &mut self.gauged {
            let name = self.names.text(*of);
            let inside = name.strip_prefix(&*owner).is_some_and(|rest| rest.is_empty() || rest.starts_with("->"));
            if inside && queue.level > 0 {
                queue.set(now, 0);
                queue.forget();
            }
        }
    }

    /// Names of the queues and their ratios.
    fn ratios(&self) -> Vec<(String, f64)> {
        let customers =
            self.customers.iter().map(|(class, queue)| (format!("{} present", self.names.text(*class)), queue));
        let gauged = self
            .gauged
            .iter()
            .map(|((of, gauge), queue)| (format!("{}/{}", self.names.text(*of), gauge.text()), queue));
        customers.chain(gauged).filter_map(|(name, queue)| Some((name, queue.ratio()?))).collect()
    }
}

impl Sink for Queues {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Arrived { class, .. } => self.customers(at, class, None),
            Event::Served { class, waited, .. }
            | Event::Failed { class, waited, .. }
            | Event::Abandoned { class, waited, .. } => self.customers(at, class, Some(waited)),
            Event::CallEnded { channel, took, .. } => self.leave(channel, Gauge::CallsPending, took),
            Event::Handled { server, took, .. } => self.leave(server, Gauge::CallsServed, took),
            Event::Ran { process, waited, .. } if waited > SimDuration::ZERO => {
                self.leave(process, Gauge::WorkQueue, waited);
            }
            Event::Gauged { of, gauge, value } if QUEUES.contains(&gauge) => {
                self.gauged.entry((of, gauge)).or_default().set(at, value);
            }
            Event::Exited { process, .. } => self.died(at, process),
            _ => {}
        }
    }
}

/// Gauges of queues, of which those who leave tell how long they stayed. Callbacks that are cancelled while they wait for an event loop do
/// not, so `loop.queue` is missing: G1 has the loop.
const QUEUES: [Gauge; 3] = [Gauge::CallsPending, Gauge::CallsServed, Gauge::WorkQueue];

/// The queue of a scenario, in any of its variants, that is farthest from the law.
fn catalogue(name: &str) -> Row {
    let scenario = load::<Ignored>(name).expect("a built-in scenario is valid");
    let mut found: Vec<(String, f64)> = Vec::new();
    for variant in &scenario.spec.variant {
        let variant = variant.name.get_ref();
        let spec = scenario.resolve(Some(variant), &[]).expect("a built-in variant is valid").spec;
        let ratios = watch(&spec, spec.seed, queues, |queues| queues.ratios());
        found.extend(ratios.into_iter().map(|(queue, ratio)| (format!("{variant}: {queue}"), ratio)));
    }
    let far = |ratio: f64| (ratio - 1.0).abs();
    let (queue, ratio) =
        found.iter().max_by(|a, b| far(a.1).total_cmp(&far(b.1))).expect("every scenario has customers");
    let row = Row::new("G3", "", 1.0, *ratio).bound(Bound::Percent(1.0));
    let culprit = if row.holds() { String::new() } else { format!(": {queue}") };
    Row { quantity: format!("{name}: L / (λ W), farthest of {} queues{culprit}", found.len()), ..row }
}

fn queues(names: &Rc<Names>) -> Queues {
    Queues { names: names.clone(), customers: BTreeMap::new(), gauged: BTreeMap::new() }
}

/// 200 calls a second that hang for 30 s: 6000 pending, and 84 MB at 14 kB each in the tier between.
fn hanging() -> Vec<Row> {
    let run = play(
        "title = 't'\nsummary = 's'\nduration = '60s'\n\
         [world.chain]\nservices = ['front', 'middle', 'back']\n\
         each = { cpu = { constant = '0.1ms' }, request_state = '0 B' }\n\
         last = { cpu = { constant = '0.1ms' }, wait = { constant = '30s' }, request_state = '0 B', process = { heap = { limit = '2 GiB' } } }\n\
         [[workload]]\nclass = 'requests'\narrivals = { constant = 200 }\n",
        1,
    );
    let pending = run.report.peak("middle->back/calls.pending") as f64;
    let series = &run.report.series["middle/heap.bytes"].values;
    let heap = run.report.peak("middle/heap.bytes").saturating_sub(series[0].min(20 << 20)) as f64;
    vec![
        Row::new("G3", "pending, 200/s that hang for 30 s", 6000.0, pending).unit("calls").bound(Bound::Percent(1.0)),
        Row::new("G3", "heap of the tier between", 84.0, heap / 1e6).unit("MB").bound(Bound::Percent(4.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> SimTime {
        SimTime::from_secs(second)
    }

    #[test]
    fn the_law_holds_from_empty_to_empty_and_what_is_still_there_does_not_count() {
        let mut queue = Queue::default();
        queue.set(at(1), 1);
        queue.set(at(2), 2);
        queue.set(at(3), 1);
        queue.leave(SimDuration::from_secs(2));
        queue.set(at(5), 0);
        queue.leave(SimDuration::from_secs(3));
        queue.set(at(7), 1);
        queue.set(at(9), 2);
        assert_eq!((queue.ratio(), queue.closed.left), (Some(1.0), 2));
    }

    #[test]
    fn who_does_not_tell_the_truth_about_a_stay_is_noticed() {
        let mut queue = Queue::default();
        queue.set(at(1), 1);
        queue.set(at(3), 0);
        queue.leave(SimDuration::from_secs(1));
        assert_eq!(queue.ratio(), Some(2.0));
    }
}
