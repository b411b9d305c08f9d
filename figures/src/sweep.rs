//! What the figures of a sweep share: a page of panels, each with a heading and labelled values of a key along its foot.

use crate::canvas::{Canvas, Hold, Type};
use crate::page::PLAIN;
use crate::theme::{LEADING, PX, TEXT};
use crate::{FigureError, svg, text};

/// Width of the page, in viewBox units.
pub(crate) const WIDTH: i32 = 740 * PX;
/// Space between two panels side by side.
pub(crate) const GUTTER: i32 = 24 * PX;
/// Height of the two lines above a panel, [`heading`] says where each is.
pub(crate) const HEAD: i32 = 2 * LEADING + 6 * PX;
/// Height of the values along the foot of a panel and of the name of their key.
pub(crate) const FOOT: i32 = 2 * LEADING + 8 * PX;

/// What a figure of a sweep says of itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Names the figure in the page; also the prefix of the ids inside the SVG.
    pub id: &'a str,
    /// The SVG's `<title>`.
    pub title: &'a str,
    /// What a reader who cannot see it should know: the SVG's `<desc>`.
    pub description: &'a str,
}

impl About<'_> {
    /// The document around what was drawn.
    pub(crate) fn document(&self, canvas: Canvas, height: i32) -> String {
        let id = text::slug(self.id);
        let Self { title, description, .. } = *self;
        svg::Document { id: &id, title, description, size: (WIDTH, height) }.wrap(&canvas.into_body())
    }

    /// An error: this is missing.
    pub(crate) fn lacks(&self, what: &'static str) -> FigureError {
        FigureError::Empty { id: self.id.to_owned(), what }
    }
}

/// A key that varies, and its values as given.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    /// The dotted path.
    pub key: &'a str,
    /// From first to last.
    pub values: &'a [String],
}

/// Ordinary text, strong.
pub(crate) const STRONG: Type = Type { alpha: 1.0, bold: true, ..PLAIN };
/// Ordinary text around its middle.
pub(crate) const CENTRED: Type = Type { hold: Hold::Middle, ..PLAIN };

/// Middle of the `n`th of the two lines of a heading whose upper edge is `top`.
pub(crate) const fn heading(top: i32, n: i32) -> i32 {
    top + 10 * PX + n * LEADING
}

/// A text that fits in a width, with an ellipsis if something is left out.
pub(crate) fn fitted(text: &str, room: i32) -> String {
    text::wrap(text, TEXT, room, 1).pop().unwrap_or_default()
}

/// Writes the values at their places along the foot of a panel, `room` wide each, and the name of the key below. Of values that would
/// touch each other only every second, third … is written.
pub(crate) fn foot(
    canvas: &mut Canvas,
    axis: Axis,
    (left, right, bottom): (i32, i32, i32),
    place: impl Fn(usize) -> i32,
) -> Result<(), FigureError> {
    let room = (right - left) / axis.values.len().max(1) as i32;
    let widest = axis.values.iter().map(|value| text::width(value, TEXT)).max().unwrap_or(0) + 8 * PX;
    let every = if widest <= room { 1 } else { (widest / room.max(1) + 1).min(axis.values.len() as i32 / 2).max(1) };
    canvas.group(&[("class", "axis".to_owned())], None, |layer| {
        for (index, value) in axis.values.iter().enumerate().step_by(every as usize) {
            layer.text(&fitted(value, room * every), (place(index), bottom + 12 * PX), CENTRED)?;
        }
        let key = fitted(axis.key, right - left);
        layer.text(&key, (left + (right - left) / 2, bottom + 12 * PX + LEADING), CENTRED)
    })
}
