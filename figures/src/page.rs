//! What belongs to no panel: headings, tick labels, the time axis.

use crate::canvas::{Canvas, Hold, Type};
use crate::layout::{Layout, RowBox, WIDTH};
use crate::panel::ticks_in;
use crate::plan::Plan;
use crate::theme::{HEADING, LEADING, PX, TEXT};
use crate::{FigureError, scale, text};

/// Ordinary text.
pub(crate) const PLAIN: Type = Type { size: TEXT, hold: Hold::Start, alpha: 0.75, bold: false };

/// Distance of tick labels from the axis above them.
pub(crate) const AT_TICK: i32 = 14 * PX;

/// Titles and notes of the columns.
pub(crate) fn headings(canvas: &mut Canvas, layout: &Layout) -> Result<(), FigureError> {
    let title = Type { size: HEADING, alpha: 1.0, bold: true, ..PLAIN };
    for (heading, (left, _)) in layout.headings.iter().zip(&layout.columns) {
        canvas.group(&[("class", "heading".to_owned())], None, |layer| {
            for (line, i) in heading.title.iter().zip(0..) {
                layer.text(line, (*left, layout.headings_y + i * LEADING), title)?;
            }
            for (line, i) in heading.note.iter().zip(heading.title.len() as i32..) {
                layer.text(line, (*left, layout.headings_y + i * LEADING), PLAIN)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Heading and tick labels of a row.
pub(crate) fn row(canvas: &mut Canvas, layout: &Layout, plan: &Plan, row: RowBox) -> Result<(), FigureError> {
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
    let y = layout.rows.last().map_or(0, |r| r.bottom) + AT_TICK;
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

/// A line for the rows of which a band has nothing, below its time axis. Returns the lower edge of the band.
pub(crate) fn absent(canvas: &mut Canvas, layout: &Layout, titles: &[String]) -> Result<i32, FigureError> {
    if titles.is_empty() {
        return Ok(layout.bottom);
    }
    let left = layout.columns[0].0;
    let told = format!("Nothing here of: {}.", titles.join("; "));
    let lines = text::wrap(&told, TEXT, WIDTH - left - 4 * PX, 3);
    canvas.group(&[("class", "absent".to_owned())], None, |layer| {
        lines.iter().zip(0..).try_for_each(|(line, n)| layer.text(line, (left, layout.bottom + n * LEADING), PLAIN))
    })?;
    Ok(layout.bottom + lines.len() as i32 * LEADING)
}
