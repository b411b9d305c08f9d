//! How many attempts at the last service a request costs, over the layers that retry.

use gridlock_sim::report::Report;

use super::curve::{Curve, Line, Shape};
use super::{Case, unknown};
use crate::canvas::Canvas;
use crate::scale::Scale;
use crate::theme::{INK, PALETTE};
use crate::{FigureError, text};

pub(super) fn draw(
    canvas: &mut Canvas,
    (class, callee, attempts): (&str, &str, u32),
    cases: &[Case],
    top: i32,
) -> Result<i32, FigureError> {
    let found = cases.iter().filter_map(|case| {
        let (layers, cost) = measure(case.report, class, callee)?;
        Some((case.name, layers, cost))
    });
    let found: Vec<(&str, u32, f64)> = found.collect();
    let Some(most) = found.iter().map(|(_, layers, _)| *layers).max() else { return Err(unknown("class", class)) };
    let power = |n: u32| f64::from(attempts.max(2).pow(n));
    let theory = Line {
        name: String::new(),
        colour: INK,
        theory: true,
        shape: Shape::Square,
        points: (0..=most).map(|n| (f64::from(n), power(n))).collect(),
    };
    let point = |(name, layers, cost): &(&str, u32, f64)| Line {
        name: format!("{name} {}", text::decimals((cost * 10.0).round() / 10.0)),
        colour: PALETTE[5],
        theory: false,
        shape: Shape::Diamond,
        points: vec![(f64::from(*layers), *cost)],
    };
    let curve = Curve {
        x_title: "layers that retry",
        y_title: format!(
            "Attempts at the last service for each request, from ten seconds after the trigger on. Dashed: {attempts} attempts in \
             each of n layers, {attempts}ⁿ. Each line of the grid is {attempts} times the one below."
        ),
        x_range: (0.0, f64::from(most) + 0.3),
        x_ticks: (0..=most).collect(),
        y: Scale {
            log: true,
            min: 0.6,
            max: power(most) * 1.2,
            ticks: (0..=most).map(|n| (power(n), text::number(power(n)))).collect(),
            suffix: "",
        },
        lines: std::iter::once(theory).chain(found.iter().map(point)).collect(),
    };
    curve.draw(canvas, top)
}

/// Layers that call, and attempts at the last service for each request that came, from ten seconds after the last fault on.
fn measure(report: &Report, class: &str, callee: &str) -> Option<(u32, f64)> {
    let end = report.faults.iter().map(|fault| fault.until_us).max()?;
    let first = ((end + 10_000_000) / report.step_us) as usize;
    let sum = |values: &[u64]| values.get(first..).unwrap_or(&[]).iter().sum::<u64>() as f64;
    let came = sum(&report.classes.get(class)?.offered_by_arrival);
    let channels = report.series.iter().filter(|(key, _)| key.ends_with("/attempts"));
    let ending = format!("->{callee}/attempts");
    let tried: f64 =
        channels.clone().filter(|(key, _)| key.ends_with(&ending)).map(|(_, series)| sum(&series.values)).sum();
    (came > 0.0).then(|| (channels.count() as u32, tried / came))
}
