//! What belongs to no panel: headings, faults, tick labels, the time axis.

use std::collections::BTreeMap;

use gridlock_sim::report::FaultWindow;

use crate::canvas::{Canvas, Hold, Type, ink};
use crate::layout::{GUTTER, Layout};
use crate::panel::ticks_in;
use crate::plan::Plan;
use crate::theme::{HEADING, LEADING, PX, TEXT};
use crate::{Column, FigureError, scale, text};

/// Ordinary text.
const PLAIN: Type = Type { size: TEXT, hold: Hold::Start, alpha: 0.75, bold: false };

/// Shades the fault windows down the page and names each once: in the first column, and where a column has other ones.
pub(crate) fn faults(canvas: &mut Canvas, layout: &Layout, columns: &[Column]) -> Result<(), FigureError> {
    let bottom = layout.rows.last().map_or(layout.faults_y, |r| r.bottom);
    let top = layout.faults_y + 11 * PX;
    for (i, column) in columns.iter().enumerate() {
        let faults = &column.report.faults;
        canvas.group(&[("class", "faults".to_owned())], None, |layer| {
            for fault in faults {
                let (from, until) =
                    (layout.x(i, fault.from_us), layout.x(i, fault.until_us).max(layout.x(i, fault.from_us) + PX));
                layer.rect((from, top), (until, bottom), ink(0.08))?;
                layer.rect((from, top - PX), (until, top), ink(0.6))?;
            }
            Ok(())
        })?;
        if i == 0 || *faults != columns[0].report.faults {
            fault_names(canvas, layout, i, faults)?;
        }
    }
    Ok(())
}

/// Names above their windows, each once, as many as fit beside each other; the rest as a number.
fn fault_names(canvas: &mut Canvas, layout: &Layout, column: usize, faults: &[FaultWindow]) -> Result<(), FigureError> {
    canvas.group(&[("class", "fault-names".to_owned())], None, |layer| {
        let names = place_names(layout, column, faults);
        names.iter().try_for_each(|(x, name)| layer.text(name, (*x, layout.faults_y), PLAIN))
    })
}

/// Where each name begins.
fn place_names(layout: &Layout, column: usize, faults: &[FaultWindow]) -> Vec<(i32, String)> {
    let (left, right) = layout.columns[column];
    // A name may reach into the gutter, whose other side is named only if its faults differ.
    let end = right + GUTTER - 4 * PX;
    let mut first: BTreeMap<&str, u64> = BTreeMap::new();
    for fault in faults {
        first.entry(&fault.name).or_insert(fault.from_us);
    }
    let mut first: Vec<(u64, &str)> = first.into_iter().map(|(name, from_us)| (from_us, name)).collect();
    first.sort_unstable();
    let (mut placed, mut free) = (Vec::new(), left);
    for (i, (from_us, name)) in first.iter().enumerate() {
        let name = text::wrap(name, TEXT, end - left, 1).concat();
        let rest = format!("+{}", first.len() - i);
        // Room for the number of those that will not fit.
        let reserved = if i + 1 < first.len() { text::width(&rest, TEXT) + 6 * PX } else { 0 };
        let start = layout.x(column, *from_us).min(end - reserved - text::width(&name, TEXT)).max(left);
        if start < free {
            placed.push((free, rest));
            break;
        }
        free = start + text::width(&name, TEXT) + 6 * PX;
        placed.push((start, name));
    }
    placed
}

/// Titles and notes of the columns.
pub(crate) fn headings(canvas: &mut Canvas, layout: &Layout) -> Result<(), FigureError> {
    let title = Type { size: HEADING, alpha: 1.0, bold: true, ..PLAIN };
    for (heading, (left, _)) in layout.headings.iter().zip(&layout.columns) {
        canvas.group(&[("class", "heading".to_owned())], None, |layer| {
            for (line, i) in heading.title.iter().zip(0..) {
                layer.text(line, (*left, 14 * PX + i * LEADING), title)?;
            }
            for (line, i) in heading.note.iter().zip(heading.title.len() as i32..) {
                layer.text(line, (*left, 14 * PX + i * LEADING), PLAIN)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Heading and tick labels of a row.
pub(crate) fn row(canvas: &mut Canvas, layout: &Layout, plan: &Plan, index: usize) -> Result<(), FigureError> {
    let row = layout.rows[index];
    let left = layout.columns[0].0;
    let tick = Type { hold: Hold::End, ..PLAIN };
    canvas.group(&[("class", "row".to_owned())], None, |layer| {
        layer.text(&plan.title, (left, row.title_y), Type { alpha: 1.0, bold: true, ..PLAIN })?;
        let mut free = i32::MAX;
        for (value, label) in &plan.scale.ticks {
            let y = row.y(plan.scale.share(*value));
            if y <= free {
                layer.text(label, (left - 6 * PX, y), tick)?;
                free = y - 15 * PX;
            }
        }
        Ok(())
    })
}

/// Seconds below the last row, the unit at the first tick.
pub(crate) fn time_axis(canvas: &mut Canvas, layout: &Layout) -> Result<(), FigureError> {
    let y = layout.rows.last().map_or(0, |r| r.bottom) + 14 * PX;
    for (i, (left, right)) in layout.columns.iter().enumerate() {
        let ticks = scale::time_ticks(layout.duration_us, ticks_in(right - left));
        canvas.group(&[("class", "axis".to_owned())], None, |layer| {
            for (n, tick) in ticks.iter().enumerate() {
                let x = layout.x(i, tick * 1_000_000);
                let text = if n == 0 { format!("{tick} s") } else { tick.to_string() };
                let half = text::width(&text, TEXT) / 2;
                let (x, hold) = match n {
                    0 => (*left, Hold::Start),
                    _ if x + half > right + 4 * PX => (*right, Hold::End),
                    _ => (x, Hold::Middle),
                };
                layer.text(&text, (x, y), Type { hold, ..PLAIN })?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
