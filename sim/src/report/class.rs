//! Folds what the customers of one class meet.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::steps::Steps;
use super::{ClassReport, Quantiles};
use crate::engine::SimDuration;

pub(super) struct Class {
    pub(super) report: ClassReport,
    pub(super) waiting: BTreeMap<u64, usize>,
    latency: Histogram<u64>,
    step_latency: Histogram<u64>,
    current: usize,
    pub(super) offered: Steps,
    ok: Steps,
    pub(super) failed: Steps,
    pub(super) unanswered: Steps,
    answered: Steps,
    p50: Steps,
    p99: Steps,
}

impl Class {
    pub(super) fn new() -> Self {
        let histogram = || {
            let mut histogram = Histogram::new(3).expect("three digits are valid");
            histogram.auto(true);
            histogram
        };
        Self {
            report: ClassReport::default(),
            waiting: BTreeMap::new(),
            latency: histogram(),
            step_latency: histogram(),
            current: 0,
            offered: Steps::default(),
            ok: Steps::default(),
            failed: Steps::default(),
            unanswered: Steps::default(),
            answered: Steps::default(),
            p50: Steps::default(),
            p99: Steps::default(),
        }
    }

    /// Closes the latency band of past steps.
    pub(super) fn advance(&mut self, step: usize) {
        if step > self.current {
            if !self.step_latency.is_empty() {
                *self.p50.at(self.current) = self.step_latency.value_at_quantile(0.5);
                *self.p99.at(self.current) = self.step_latency.value_at_quantile(0.99);
                self.step_latency.reset();
            }
            self.current = step;
        }
    }

    pub(super) fn arrival_step(&mut self, customer: u64) -> usize {
        self.waiting.remove(&customer).expect("a customer leaves once, after arriving")
    }

    pub(super) fn served(&mut self, step: usize, customer: u64, waited: SimDuration) {
        self.advance(step);
        self.report.ok += 1;
        let arrived = self.arrival_step(customer);
        *self.ok.at(arrived) += 1;
        *self.answered.at(step) += 1;
        self.latency += waited.as_micros();
        self.step_latency += waited.as_micros();
    }

    pub(super) fn finish(mut self, steps: usize) -> ClassReport {
        self.advance(steps);
        let mut report = self.report;
        report.pending = self.waiting.len() as u64;
        for &arrived in self.waiting.values() {
            *self.unanswered.at(arrived) += 1;
        }
        report.latency_us = quantiles(&self.latency);
        report.offered_by_arrival = self.offered.padded(steps);
        report.ok_by_arrival = self.ok.padded(steps);
        report.failed_by_arrival = self.failed.padded(steps);
        report.unanswered_by_arrival = self.unanswered.padded(steps);
        report.ok_by_answer = self.answered.padded(steps);
        report.p50_us = self.p50.padded(steps);
        report.p99_us = self.p99.padded(steps);
        report
    }
}

fn quantiles(histogram: &Histogram<u64>) -> Quantiles {
    if histogram.is_empty() {
        return Quantiles::default();
    }
    Quantiles {
        p50: histogram.value_at_quantile(0.5),
        p90: histogram.value_at_quantile(0.9),
        p99: histogram.value_at_quantile(0.99),
        max: histogram.max(),
    }
}
