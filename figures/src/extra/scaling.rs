//! What a group of consumers gets done over its size.

use std::collections::BTreeMap;

use gridlock_sim::report::Report;

use super::curve::{Curve, Line, Shape};
use super::{Case, unknown};
use crate::canvas::Canvas;
use crate::scale::Scale;
use crate::theme::{INK, PALETTE};
use crate::{FigureError, Unit};

/// One variant: how large its group and its topic are, and what it did in a second.
struct Measured {
    consumers: u64,
    partitions: u64,
    rate: f64,
}

pub(super) fn draw(
    canvas: &mut Canvas,
    (class, group): (&str, &str),
    cases: &[Case],
    top: i32,
) -> Result<i32, FigureError> {
    let measured: Vec<Measured> = cases.iter().filter_map(|case| Measured::of(case.report, class, group)).collect();
    // What one consumer does by itself is the unit of the theory.
    let alone = measured.iter().filter(|m| m.consumers == 1).map(|m| m.rate).fold(0.0, f64::max);
    if alone <= 0.0 {
        return Err(unknown("class", class));
    }
    let most = measured.iter().map(|m| m.consumers).max().unwrap_or(1);
    let peak = measured
        .iter()
        .map(|m| m.rate)
        .fold(alone * measured.iter().map(|m| m.consumers.min(m.partitions)).max().unwrap_or(1) as f64, f64::max);
    let mut by_partitions: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for m in &measured {
        by_partitions.entry(m.partitions).or_default().push((m.consumers as f64, m.rate));
    }
    let mut lines = Vec::new();
    for (nth, (partitions, mut points)) in by_partitions.into_iter().enumerate() {
        // Theory lies over the measurement, or the two could not be told apart.
        let theory = (1..=most).map(|n| (n as f64, alone * n.min(partitions) as f64)).collect();
        let colour = PALETTE[nth % PALETTE.len()];
        let shape = [Shape::Square, Shape::Diamond, Shape::Triangle][nth % 3];
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = format!("{partitions} partition{}", if partitions == 1 { "" } else { "s" });
        lines.push(Line { name, colour, theory: false, shape, points });
        lines.push(Line { name: String::new(), colour: INK, theory: true, shape, points: theory });
    }
    let curve = Curve {
        x_title: "consumers in the group",
        y_title: "Events processed per second. Dashed: what one consumer does by itself, times consumers or partitions, whichever are fewer."
            .to_owned(),
        x_range: (0.0, most as f64),
        x_ticks: (0..=most as u32).collect(),
        y: Scale::linear(peak, Unit::Count),
        lines,
    };
    curve.draw(canvas, top)
}

impl Measured {
    /// Counts members and partitions that the group has, and what it did in the second half of the run.
    fn of(report: &Report, class: &str, group: &str) -> Option<Self> {
        let half = report.steps() / 2;
        let done: u64 = report.classes.get(class)?.ok_by_answer.get(half..)?.iter().sum();
        let span_us = report.duration_us - half as u64 * report.step_us;
        let prefix = format!("{group}.");
        let partitions = report.series.keys().filter(|key| key.starts_with(&prefix) && key.ends_with("/owner")).count();
        let consumers = report.peak(&format!("{group}/members"));
        Some(Self { consumers, partitions: partitions as u64, rate: done as f64 * 1e6 / span_us.max(1) as f64 })
    }
}
