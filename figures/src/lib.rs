//! Charts of reports, as SVG text.
//!
//! One figure for each scenario: small multiples with one time axis down the page, rows from cause to effect, variants as
//! columns with the same domains. The bytes depend on the arguments alone: no fonts, no clock, ordered maps, integer coordinates.
//! This crate never runs a simulation and never touches files.

mod figure;

pub use self::figure::{Column, Figure, FigureError, Row, Unit};

/// Draws a figure as a self-contained SVG document.
///
/// # Errors
///
/// If there is nothing to draw, or a row names something that is in no column.
pub fn render(figure: &Figure) -> Result<String, FigureError> {
    Err(FigureError::Draw(format!("`{}` cannot be drawn yet", figure.id)))
}
