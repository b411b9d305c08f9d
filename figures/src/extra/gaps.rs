//! A lane for each variant: when customers were served, and when they came and nobody was.

use gridlock_sim::report::Report;

use super::{Case, PLAIN, unknown};
use crate::canvas::{Canvas, Hold, Paint, Type, ink};
use crate::layout::{WIDTH, x_in};
use crate::page::AT_TICK;
use crate::theme::{LEADING, Meaning, PX, TEXT};
use crate::{FigureError, faults, scale, svg, text};

/// Height of a lane's mark.
const MARK: i32 = 18 * PX;
/// Left edge of the lanes.
const LEFT: i32 = 190 * PX;
/// Right edge of the lanes.
const RIGHT: i32 = WIDTH - 96 * PX;

/// A stretch of steps in which customers were served, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub from_us: u64,
    pub until_us: u64,
    pub served: bool,
}

/// What became of a class over time. Before the first customer, nothing; a step without customers belongs to the stretch before it.
pub(super) fn stretches(report: &Report, class: &str) -> Option<Vec<Stretch>> {
    let class = report.classes.get(class)?;
    let mut stretches: Vec<Stretch> = Vec::new();
    for step in 0..class.offered_by_arrival.len() {
        let at = |steps: usize| (steps as u64 * report.step_us).min(report.duration_us);
        let (came, served) = (class.offered_by_arrival[step], class.ok_by_answer[step] > 0);
        match stretches.last_mut() {
            Some(last) if last.served == served || (came == 0 && !served) => last.until_us = at(step + 1),
            None if came == 0 && !served => {}
            _ => stretches.push(Stretch { from_us: at(step), until_us: at(step + 1), served }),
        }
    }
    Some(stretches)
}

/// The longest stretch without service, in microseconds.
pub(super) fn longest(stretches: &[Stretch]) -> u64 {
    stretches.iter().filter(|s| !s.served).map(|s| s.until_us - s.from_us).max().unwrap_or(0)
}

pub(super) fn draw(
    canvas: &mut Canvas,
    class: &str,
    cases: &[Case],
    (top, id): (i32, &str),
) -> Result<i32, FigureError> {
    let duration_us = cases.iter().map(|case| case.report.duration_us).max().unwrap_or(1);
    let x = |at_us| x_in((LEFT, RIGHT), duration_us, at_us);
    legend(canvas, top + LEADING / 2, id)?;
    let mut y = top + 2 * LEADING;
    let mut any = false;
    for case in cases {
        let lines = text::wrap(case.title, TEXT, LEFT - 20 * PX, 4);
        let height = (lines.len() as i32 + 1) * LEADING;
        canvas.group(&[("class", "case".to_owned())], None, |layer| {
            layer.text(case.name, (8 * PX, y), Type { bold: true, alpha: 1.0, ..PLAIN })?;
            (lines.iter().zip(1..)).try_for_each(|(line, n)| layer.text(line, (8 * PX, y + n * LEADING), PLAIN))
        })?;
        let span = (y - MARK / 2, y + MARK / 2);
        canvas.group(&[("class", "faults".to_owned())], None, |layer| {
            faults::shades(layer, &case.report.faults, x, (span.0 - 5 * PX, span.1 + 5 * PX))
        })?;
        if let Some(stretches) = stretches(case.report, class) {
            any = true;
            lane(canvas, &stretches, (x, span), id)?;
            let told = match longest(&stretches) {
                0 => "never silent".to_owned(),
                us => format!("{} silent", text::span(us as f64)),
            };
            let kind = Type { alpha: 1.0, ..PLAIN };
            canvas.group(&[("class", "value".to_owned())], None, |l| l.text(&told, (RIGHT + 8 * PX, y), kind))?;
        }
        y += height + 8 * PX;
    }
    let bottom = y - LEADING / 2;
    axis(canvas, duration_us, bottom)?;
    if any { Ok(bottom + 26 * PX) } else { Err(unknown("class", class)) }
}

fn legend(canvas: &mut Canvas, y: i32, id: &str) -> Result<(), FigureError> {
    let patch = |x: i32| ((x, y - 5 * PX), (x + 14 * PX, y + 5 * PX));
    let (ok, none) = (LEFT, LEFT + 190 * PX);
    let paint = Paint(Meaning::Ok.rgb(), Meaning::Ok.area_alpha());
    canvas.group(&[("class", "ok".to_owned())], None, |l| l.rect(patch(ok).0, patch(ok).1, paint))?;
    let hatch = format!("url(#{})", svg::hatch_id(id));
    canvas.group(&[("class", "failed".to_owned())], Some(&hatch), |l| l.rect(patch(none).0, patch(none).1, paint))?;
    canvas.group(&[("class", "legend".to_owned())], None, |layer| {
        layer.text("somebody was served", (ok + 20 * PX, y), PLAIN)?;
        layer.text("customers came, nobody was", (none + 20 * PX, y), PLAIN)
    })
}

fn lane(
    canvas: &mut Canvas,
    stretches: &[Stretch],
    (x, (top, bottom)): (impl Fn(u64) -> i32, (i32, i32)),
    id: &str,
) -> Result<(), FigureError> {
    let hatch = format!("url(#{})", svg::hatch_id(id));
    for served in [true, false] {
        let meaning = if served { Meaning::Ok } else { Meaning::Failed };
        let fill = (!served).then_some(hatch.as_str());
        let paint = Paint(meaning.rgb(), meaning.area_alpha());
        canvas.group(&[("class", meaning.word().to_owned())], fill, |layer| {
            let mut chosen = stretches.iter().filter(|s| s.served == served);
            chosen.try_for_each(|s| layer.rect((x(s.from_us), top), (x(s.until_us), bottom), paint))
        })?;
    }
    Ok(())
}

fn axis(canvas: &mut Canvas, duration_us: u64, y: i32) -> Result<(), FigureError> {
    canvas.group(&[("class", "axis".to_owned())], None, |layer| {
        layer.path(&[(LEFT, y), (RIGHT, y)], ink(0.55), 4)?;
        for (n, tick) in scale::time_ticks(duration_us, 8).into_iter().enumerate() {
            let x = x_in((LEFT, RIGHT), duration_us, tick * 1_000_000);
            layer.path(&[(x, y), (x, y + 4 * PX)], ink(0.55), 4)?;
            let text = if n == 0 { format!("{tick} s") } else { tick.to_string() };
            layer.text(&text, (x, y + AT_TICK), Type { hold: Hold::Middle, ..PLAIN })?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use gridlock_sim::report::ClassReport;

    use super::*;

    #[test]
    fn silence_begins_with_a_customer_who_is_not_served_and_ends_with_one_who_is() {
        let class = ClassReport {
            offered_by_arrival: vec![0, 1, 1, 0, 1, 0, 0, 1, 0],
            ok_by_answer: vec![0, 1, 1, 0, 0, 0, 2, 1, 0],
            ..ClassReport::default()
        };
        let report = Report {
            duration_us: 9_000_000,
            step_us: 1_000_000,
            faults: Vec::new(),
            classes: [("orders".to_owned(), class)].into(),
            totals: std::collections::BTreeMap::new(),
            series: std::collections::BTreeMap::new(),
            events: 0,
            digest: String::new(),
        };
        let found = stretches(&report, "orders").unwrap();
        let told: Vec<_> = found.iter().map(|s| (s.from_us / 1_000_000, s.until_us / 1_000_000, s.served)).collect();
        assert_eq!(told, [(1, 4, true), (4, 6, false), (6, 9, true)]);
        assert_eq!(longest(&found), 2_000_000);
    }
}
