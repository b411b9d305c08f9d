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
mod bars;
mod canvas;
mod columns;
mod dark;
mod extra;
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
mod spec;
mod svg;
mod sweep;
mod text;
mod theme;
mod topology;

use crate::canvas::Canvas;
use crate::layout::Frame;

pub use self::bands::{Band, BandRow, Bands, render_bands};
pub use self::bars::{Bars, bars};
pub use self::columns::bands_of;
pub use self::dark::{dark, page_css};
pub use self::extra::{Case, Extra, Measure, MeasureOf, Show, extra};
pub use self::figure::{Column, Figure, FigureError, Row, Unit};
pub use self::phase::{Cell, Phase, PhasePanel, render_phase};
pub use self::spec::FigureSpec;
pub use self::sweep::{About, Axis};
pub use self::topology::{Design, Part, PartKind, Topology, Way, topology};

/// Draws a figure as a self-contained SVG document, in the light theme (see [`dark`]).
///
/// # Errors
///
/// If there is nothing to draw, or a row names something that is in no column.
pub fn render(figure: &Figure) -> Result<String, FigureError> {
    let duration_us = duration(figure)?;
    let id = text::slug(figure.id);
    let per_band = layout::columns_in_band(figure.columns.len());
    let bands = columns::bands(figure, per_band)?;
    let label_room = layout::label_room(bands.iter().flat_map(|band| &band.plans));
    let frame = Frame { per_band, label_room, duration_us };
    let mut canvas = Canvas::default();
    let mut bottom = 0;
    for (n, band) in bands.iter().enumerate() {
        let top = if n == 0 { 0 } else { bottom + layout::BAND_GAP };
        bottom = band.draw(&mut canvas, frame, top, &id)?;
    }
    let size = (layout::WIDTH, bottom);
    let document = svg::Document { id: &id, title: figure.title, description: figure.description, size };
    Ok(document.wrap(&canvas.into_body()))
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
