//! Charts of reports, as SVG text.
//!
//! One figure for each scenario: small multiples with one time axis down the page, rows from cause to effect, variants as
//! columns with the same domains. The bytes depend on the arguments alone: no fonts, no clock, ordered maps, integer coordinates.
//! This crate never runs a simulation and never touches files.
//!
//! Every panel is a `<g class="panel">` that carries what a player needs to move a cursor over it: `data-panel`
//! (`variant/row`), the data rectangle `data-x0 … data-y1` in viewBox units, `data-t0` and `data-t1` in seconds, `data-ymin` and
//! `data-ymax` in `data-unit`, `data-scale` and, for latencies, the upper edge of the strip `data-strip-y0`. Ink is `currentColor`, so that an inlined figure follows the theme of its page.

mod bands;
mod canvas;
mod faults;
mod figure;
mod labels;
mod layout;
mod page;
mod panel;
mod phase;
mod plan;
mod rows;
mod samples;
mod scale;
mod small;
mod spec;
mod svg;
mod text;
mod theme;

use crate::canvas::Canvas;
use crate::layout::Layout;
use crate::panel::Panel;
use crate::plan::Plan;

pub use self::bands::{Band, BandRow, Bands, render_bands};
pub use self::figure::{Column, Figure, FigureError, Row, Unit};
pub use self::phase::{Cell, Phase, PhasePanel, render_phase};
pub use self::small::Axis;
pub use self::spec::FigureSpec;

/// Draws a figure as a self-contained SVG document.
///
/// # Errors
///
/// If there is nothing to draw, or a row names something that is in no column.
pub fn render(figure: &Figure) -> Result<String, FigureError> {
    let duration_us = duration(figure)?;
    let plans: Vec<Plan> = figure.rows.iter().map(|row| rows::plan(row, &figure.columns)).collect::<Result<_, _>>()?;
    let layout = Layout::of(&plans, &figure.columns, duration_us);
    let id = text::slug(figure.id);
    let mut canvas = Canvas::default();
    faults::draw(&mut canvas, &layout, &figure.columns)?;
    page::headings(&mut canvas, &layout)?;
    for (index, plan) in plans.iter().enumerate() {
        draw_row(&mut canvas, figure, &layout, (plan, index), &id)?;
    }
    page::time_axis(&mut canvas, &layout)?;
    let document = svg::Document { id: &id, title: figure.title, description: figure.description, size: layout.size };
    Ok(document.wrap(&canvas.into_body()))
}

fn draw_row(
    canvas: &mut Canvas,
    figure: &Figure,
    layout: &Layout,
    (plan, index): (&Plan, usize),
    id: &str,
) -> Result<(), FigureError> {
    let row = layout.rows[index];
    page::row(canvas, layout, plan, index)?;
    for (column, variant) in figure.columns.iter().map(|c| c.variant).enumerate() {
        Panel { layout, plan, row, column, variant, id }.draw(canvas)?;
    }
    labels::draw(canvas, layout, id, plan, row)
}

/// The longest run; an error if the figure has nothing to show.
fn duration(figure: &Figure) -> Result<u64, FigureError> {
    let empty = |what| FigureError::Empty { id: figure.id.to_owned(), what };
    if figure.rows.is_empty() {
        return Err(empty("rows"));
    }
    let duration_us = figure.columns.iter().map(|c| c.report.duration_us).max().ok_or(empty("columns"))?;
    if duration_us == 0 { Err(empty("duration")) } else { Ok(duration_us) }
}
