//! What is committed stays committed: the high watermark of a partition never goes back under one leader.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Gauge, Name, Names, Sink};

/// `high_watermark_monotone`.
///
/// A new leader may know an older high watermark than its predecessor (KIP-101), so the first value after a new epoch may be lower, if it
/// comes in the same instant.
pub(super) struct HighWatermarkMonotone {
    names: Rc<Names>,
    partitions: BTreeMap<Name, Partition>,
    first: First,
}

#[derive(Default)]
struct Partition {
    epoch: u64,
    high_watermark: u64,
    /// When the epoch began, as long as no high watermark was seen in it.
    begun: Option<SimTime>,
}

impl HighWatermarkMonotone {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { names: names.clone(), partitions: BTreeMap::new(), first: First::default() }
    }

    fn moved(&mut self, at: SimTime, of: Name, value: u64) {
        let known = self.partitions.entry(of).or_default();
        let (begun, before) = (known.begun.take(), known.high_watermark);
        known.high_watermark = value;
        if value < before && begun != Some(at) {
            let (names, epoch) = (&self.names, known.epoch);
            self.first.note(at, || {
                format!("the high watermark of {} went back from {before} to {value} in epoch {epoch}", names.text(of))
            });
        }
    }
}

impl Sink for HighWatermarkMonotone {
    fn record(&mut self, at: SimTime, event: &Event) {
        match *event {
            Event::Gauged { of, gauge: Gauge::LeaderEpoch, value } => {
                let known = self.partitions.entry(of).or_default();
                (known.epoch, known.begun) = (value, Some(at));
            }
            Event::Gauged { of, gauge: Gauge::HighWatermark, value } => self.moved(at, of, value),
            _ => {}
        }
    }
}

impl Check for HighWatermarkMonotone {
    fn name(&self) -> &'static str {
        "high_watermark_monotone"
    }

    fn kinds(&self) -> Kinds {
        Kinds::GAUGES
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;

    /// Gauges of `orders-0` with their seconds.
    fn violation(gauges: &[(u64, Gauge, u64)]) -> Option<String> {
        first_violation(HighWatermarkMonotone::new, |names| {
            let of = names.intern("orders-0");
            gauges.iter().map(|&(at, gauge, value)| (at, Event::Gauged { of, gauge, value })).collect()
        })
    }

    const EPOCH: Gauge = Gauge::LeaderEpoch;
    const HW: Gauge = Gauge::HighWatermark;

    #[test]
    fn rising_and_beginning_lower_under_a_new_leader_are_quiet() {
        let gauges = [(1, EPOCH, 0), (1, HW, 5), (2, HW, 9), (3, EPOCH, 1), (3, HW, 7), (4, HW, 8), (5, Gauge::Isr, 1)];
        assert_eq!(violation(&gauges), None);
    }

    #[test]
    fn going_back_under_one_leader_fires() {
        let expected = Some("at 3 s: the high watermark of orders-0 went back from 9 to 8 in epoch 0".to_string());
        assert_eq!(violation(&[(1, EPOCH, 0), (1, HW, 9), (3, HW, 8)]), expected);
        let later = [(1, EPOCH, 0), (1, HW, 9), (2, EPOCH, 1), (3, HW, 8)]; // in epoch 1 it has been 9 for a second
        assert_eq!(violation(&later), expected.map(|text| text.replace("epoch 0", "epoch 1")));
        assert!(violation(&[(1, EPOCH, 1), (1, HW, 9), (1, HW, 8)]).is_some());
    }
}
