//! Drawing through plotters' SVG backend, group by group. Each group has a backend of its own, so that it can carry attributes.

use std::fmt::Write as _;

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{IntoFont, IntoTextStyle, RGBAColor, ShapeStyle};

use crate::{FigureError, svg};

/// A point in viewBox units.
pub(crate) type Point = (i32, i32);

/// A colour with its strength.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub (u8, u8, u8), pub f64);

/// The ink of the page, in a strength.
pub(crate) const fn ink(alpha: f64) -> Paint {
    Paint((0, 0, 0), alpha)
}

/// Where a text is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// At its beginning.
    Start,
    /// In its middle.
    Middle,
    /// At its end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Type {
    /// Size in viewBox units.
    pub size: i32,
    /// Where it is held.
    pub hold: Hold,
    /// Strength of the ink.
    pub alpha: f64,
    /// Bold.
    pub bold: bool,
}

/// The body of an SVG under construction.
#[derive(Default)]
pub(crate) struct Canvas {
    body: String,
}

impl Canvas {
    /// Draws a `<g>` with these attributes. `fill` replaces the fill of every shape, e.g. by a pattern.
    pub(crate) fn group(
        &mut self,
        attributes: &[(&str, String)],
        fill: Option<&str>,
        draw: impl FnOnce(&mut Layer) -> Result<(), FigureError>,
    ) -> Result<(), FigureError> {
        let mut text = String::new();
        let mut layer = Layer { backend: SVGBackend::with_string(&mut text, (1, 1)) };
        draw(&mut layer)?;
        drop(layer);
        self.open(attributes);
        self.body.push_str(&svg::tidy(&text, fill));
        self.close();
        Ok(())
    }

    /// Opens a `<g>` that holds other groups.
    pub(crate) fn open(&mut self, attributes: &[(&str, String)]) {
        self.body.push_str("<g");
        for (key, value) in attributes {
            // Writing to a string cannot fail.
            let _ = write!(self.body, " {key}=\"{}\"", svg::escape(value));
        }
        self.body.push_str(">\n");
    }

    /// Closes what [`Canvas::open`] opened.
    pub(crate) fn close(&mut self) {
        self.body.push_str("</g>\n");
    }

    /// The groups drawn so far.
    pub(crate) fn into_body(self) -> String {
        self.body
    }
}

/// One group being drawn.
pub(crate) struct Layer<'a> {
    backend: SVGBackend<'a>,
}

impl Layer<'_> {
    /// A filled rectangle.
    pub(crate) fn rect(&mut self, from: Point, to: Point, paint: Paint) -> Result<(), FigureError> {
        self.backend.draw_rect(from, to, &style(paint, 1), true).map_err(refused)
    }

    /// A line through points.
    pub(crate) fn path(&mut self, points: &[Point], paint: Paint, width: u32) -> Result<(), FigureError> {
        self.backend.draw_path(points.iter().copied(), &style(paint, width)).map_err(refused)
    }

    /// A filled polygon.
    pub(crate) fn polygon(&mut self, points: &[Point], paint: Paint) -> Result<(), FigureError> {
        self.backend.fill_polygon(points.iter().copied(), &style(paint, 1)).map_err(refused)
    }

    /// A line of text, centred on the height of `at`.
    pub(crate) fn text(&mut self, text: &str, at: Point, kind: Type) -> Result<(), FigureError> {
        let hold = match kind.hold {
            Hold::Start => HPos::Left,
            Hold::Middle => HPos::Center,
            Hold::End => HPos::Right,
        };
        // plotters writes the size divided by 1.24.
        let font = ("sans-serif", f64::from(kind.size) * 1.24).into_font();
        let font = if kind.bold { font.style(plotters::style::FontStyle::Bold) } else { font };
        let colour = rgba(ink(kind.alpha));
        let style = font.into_text_style(&(1, 1)).color(&colour).pos(Pos::new(hold, VPos::Center));
        self.backend.draw_text(text, &style, at).map_err(refused)
    }
}

fn style(paint: Paint, stroke_width: u32) -> ShapeStyle {
    ShapeStyle { color: rgba(paint), filled: false, stroke_width }
}

fn rgba(Paint((r, g, b), alpha): Paint) -> RGBAColor {
    RGBAColor(r, g, b, alpha)
}

fn refused(error: impl std::fmt::Display) -> FigureError {
    FigureError::Draw(error.to_string())
}
