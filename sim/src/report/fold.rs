//! Folds events into a [`Report`]. Sees events only; memory grows with the number of steps, not of events.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::class::Class;
use super::owners::Owners;
use super::steps::{GaugeSteps, LoopSteps, Steps};
use super::table::Table;
use super::{FaultWindow, Report, Series, SeriesKind};
use crate::engine::{SimDuration, SimTime};
use crate::trace::{Code, ConnChange, Event, Exit, Gauge, Mark, Name, Names, Sink};

/// A sink that measures.
pub struct Metrics {
    names: Rc<Names>,
    step: SimDuration,
    end: SimTime,
    events: u64,
    classes: BTreeMap<Name, Class>,
    totals: BTreeMap<String, u64>,
    counts: Table<Counted, Steps>,
    gauges: Table<Gauge, GaugeSteps>,
    loops: Table<(), LoopSteps>,
    owners: Owners,
    faults: Vec<(Name, FaultWindow)>,
}

/// What is counted by step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counted {
    Mark(Mark),
    Code(Code),
    Connection(ConnChange),
    Fact,
    Handled,
    Restart,
    Exit,
    OutOfMemory,
}

impl Counted {
    /// The last part of the series' key.
    const fn text(self) -> &'static str {
        match self {
            Counted::Mark(mark) => mark.text(),
            Counted::Code(code) => code.text(),
            Counted::Connection(change) => change.text(),
            Counted::Fact => "facts",
            Counted::Handled => "handled",
            Counted::Restart => "restarts",
            Counted::Exit => "exits",
            Counted::OutOfMemory => "oom",
        }
    }
}

impl Metrics {
    /// Measures a run that ends at `end`, in steps of `step`.
    pub fn new(names: Rc<Names>, step: SimDuration, end: SimTime) -> Self {
        Self {
            owners: Owners::new(&names),
            names,
            step,
            end,
            events: 0,
            classes: BTreeMap::new(),
            totals: BTreeMap::new(),
            counts: Table::default(),
            gauges: Table::default(),
            loops: Table::default(),
            faults: Vec::new(),
        }
    }

    /// The report, at the end of the run. `digest` comes from the run's [`Digest`](crate::trace::Digest).
    pub fn finish(mut self, digest: String) -> Report {
        let end_us = self.end.as_nanos() / 1000;
        let steps = end_us.div_ceil(self.step.as_micros()) as usize;
        let mut series = BTreeMap::new();
        let text = |name: Name, what: &str| format!("{}/{what}", self.names.text(name));
        for (name, what, values) in self.counts.take() {
            let what = what.text();
            let values = values.padded(steps);
            let sum: u64 = values.iter().sum();
            *self.totals.entry(what.into()).or_default() += sum;
            self.totals.insert(text(name, what), sum);
            series.insert(text(name, what), Series { kind: SeriesKind::Count, values });
        }
        for (name, what, mut gauge) in self.gauges.take() {
            gauge.advance(steps.saturating_sub(1));
            let values = gauge.max.padded(steps);
            series.insert(text(name, what.text()), Series { kind: SeriesKind::GaugeMax, values });
        }
        if let Some(total) = total_lag(&series, steps) {
            series.insert("lag.total".into(), total);
        }
        let owners = std::mem::replace(&mut self.owners, Owners::new(&self.names));
        series.extend(owners.finish(&self.names, self.end, (steps, self.step)));
        let step_us = self.step.as_micros();
        for (name, (), steps_of) in self.loops.take() {
            let share = |steps_of: Steps| {
                let values = steps_of.padded(steps).into_iter().map(|ns| ns / step_us.max(1)).collect();
                Series { kind: SeriesKind::PerMille, values }
            };
            series.insert(text(name, "cpu"), share(steps_of.busy));
            series.insert(text(name, "gc"), share(steps_of.gc));
            let values = steps_of.lag_us.padded(steps);
            series.insert(text(name, "loop.lag"), Series { kind: SeriesKind::SpanMaxUs, values });
        }
        let classes = std::mem::take(&mut self.classes)
            .into_iter()
            .map(|(name, class)| (self.names.text(name).to_string(), class.finish(steps)));
        Report {
            duration_us: end_us,
            step_us,
            classes: classes.collect(),
            faults: self.faults.into_iter().map(|(_, window)| window).collect(),
            totals: self.totals,
            series,
            events: self.events,
            digest,
        }
    }

    /// The step of a time. What happens at the very end belongs to the last.
    fn step_of(&self, at: SimTime) -> usize {
        let before_end = self.end.as_nanos().saturating_sub(1);
        (at.as_nanos().min(before_end) / self.step.as_nanos()) as usize
    }

    fn class(&mut self, class: Name) -> &mut Class {
        self.classes.entry(class).or_insert_with(Class::new)
    }

    /// The gauges of what a process holds. What its kernel or the network holds (its host bears its name, its links begin
    /// with it) outlives it, and so does what a group says of a partition when the group is called like the process.
    fn gauges_of(&mut self, process: Name) -> impl Iterator<Item = &mut GaugeSteps> {
        let (names, owner) = (self.names.clone(), self.names.text(process));
        let owned = move |of: Name, gauge: Gauge| {
            let of = names.text(of);
            let rest = of.strip_prefix(&*owner);
            let inside = rest.is_some_and(|rest| match gauge {
                Gauge::Assigned => rest.is_empty(),
                _ => rest.is_empty() || rest.starts_with("->") || rest.starts_with('.'),
            });
            inside && !gauge.outlives_process()
        };
        self.gauges.iter_mut().filter(move |(of, gauge, _)| owned(*of, *gauge)).map(|(_, _, gauge)| gauge)
    }

    fn count(&mut self, step: usize, of: Name, what: Counted) {
        *self.counts.at(of, what).at(step) += 1;
    }

    fn fault(&mut self, at: SimTime, fault: Name, active: bool) {
        let (at_us, end_us) = (at.as_nanos() / 1000, self.end.as_nanos() / 1000);
        if active {
            let (name, until_us) = (self.names.text(fault).to_string(), end_us);
            self.faults.push((fault, FaultWindow { name, from_us: at_us, until_us }));
        } else if let Some((_, window)) =
            self.faults.iter_mut().rev().find(|(name, window)| *name == fault && window.until_us == end_us)
        {
            window.until_us = at_us;
        }
    }
}

/// Records behind, over all groups and partitions; none if nobody measured lag. The step maxima are added, so a peak may be
/// overstated by what moved within one step.
fn total_lag(series: &BTreeMap<String, Series>, steps: usize) -> Option<Series> {
    let mut lags = series.iter().filter(|(key, _)| key.ends_with("/lag")).map(|(_, series)| &series.values).peekable();
    lags.peek()?;
    let mut values = vec![0; steps];
    lags.for_each(|lag| values.iter_mut().zip(lag).for_each(|(total, value)| *total += value));
    Some(Series { kind: SeriesKind::GaugeMax, values })
}

impl Sink for Metrics {
    fn record(&mut self, at: SimTime, event: &Event) {
        self.events += 1;
        let step = self.step_of(at);
        self.owners.note(at, (step, self.step), event);
        match *event {
            Event::Arrived { class, customer } => {
                let class = self.class(class);
                class.report.offered += 1;
                class.waiting.insert(customer, step);
                *class.offered.at(step) += 1;
            }
            Event::Pressed { class, press, .. } => self.class(class).report.reloads += u64::from(press > 1),
            Event::Served { class, customer, waited } => self.class(class).served(step, customer, waited),
            Event::Failed { class, customer, code, .. } => {
                let class = self.class(class);
                *class.report.failed.entry(code.text().into()).or_default() += 1;
                let arrived = class.arrival_step(customer);
                *class.failed.at(arrived) += 1;
            }
            Event::Abandoned { class, customer, .. } => {
                let class = self.class(class);
                class.report.abandoned += 1;
                let arrived = class.arrival_step(customer);
                *class.unanswered.at(arrived) += 1;
            }
            Event::Fact { what, .. } => self.count(step, what, Counted::Fact),
            Event::CallEnded { channel, code, .. } => self.count(step, channel, Counted::Code(code)),
            Event::Handled { server, stale, .. } => {
                self.count(step, server, Counted::Handled);
                if stale {
                    self.count(step, server, Counted::Mark(Mark::Stale));
                }
            }
            Event::Ran { process, busy, waited, gc } => {
                let width = self.step;
                let steps = self.loops.at(process, ());
                steps.busy.spread(at, busy, width);
                steps.gc.spread(at, gc, width);
                let lag = steps.lag_us.at(step);
                *lag = (*lag).max(waited.as_micros());
            }
            Event::Started { process, restarts } if restarts > 0 => {
                self.count(step, process, Counted::Restart);
                self.gauges_of(process).for_each(|gauge| gauge.dead = false);
            }
            Event::Started { .. } => {}
            Event::Exited { process, why } => {
                self.gauges_of(process).for_each(|gauge| gauge.die(step));
                self.count(step, process, Counted::Exit);
                if why == Exit::OutOfMemory {
                    self.count(step, process, Counted::OutOfMemory);
                }
            }
            Event::Connection { from, change, .. } => self.count(step, from, Counted::Connection(change)),
            Event::Gauged { of, gauge, value } => {
                self.gauges.at(of, gauge).set(step, value);
            }
            Event::Marked { at, mark } => self.count(step, at, Counted::Mark(mark)),
            Event::Fault { fault, active } => self.fault(at, fault, active),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_process_holds_nothing() {
        let names = Rc::new(Names::default());
        let mut metrics = Metrics::new(names.clone(), SimDuration::from_secs(1), at(6));
        let gauged = |of: &str, gauge, value| Event::Gauged { of: names.intern(of), gauge, value };
        let process = names.intern("order");
        let owned = [("order", Gauge::Assigned), ("order->inventory", Gauge::Breaker), ("order.db", Gauge::PoolUsed)];
        let others = [
            ("order", Gauge::Connections),
            ("order", Gauge::Members),
            ("order.paid-0", Gauge::Lag),
            ("order.paid-0", Gauge::Assigned),
            ("order->inventory", Gauge::LinkQueue),
            ("order-db", Gauge::WorkQueue),
            ("gateway->order", Gauge::Channel),
        ];
        for (of, gauge) in owned.into_iter().chain(others) {
            metrics.record(at(1), &gauged(of, gauge, 2));
        }
        metrics.record(at(2), &Event::Exited { process, why: Exit::Crashed });
        metrics.record(at(2), &gauged("order->inventory", Gauge::Breaker, 1)); // by what drops its tasks
        metrics.record(at(4), &Event::Started { process, restarts: 1 });
        metrics.record(at(5), &gauged("order.db", Gauge::PoolUsed, 7));
        let report = metrics.finish(String::new());
        let values = |(of, gauge): (&str, Gauge)| report.series[&format!("{of}/{}", gauge.text())].values.clone();
        assert_eq!(values(owned[0]), [0, 2, 2, 0, 0, 0]);
        assert_eq!(values(owned[1]), [0, 2, 2, 0, 0, 0]);
        assert_eq!(values(owned[2]), [0, 2, 2, 0, 0, 7]);
        for other in others {
            assert_eq!(values(other), [0, 2, 2, 2, 2, 2], "{other:?}");
        }
    }

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }
}
