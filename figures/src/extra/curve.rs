//! A chart of points and lines over a number, with a label at each line's end.

use super::PLAIN;
use crate::canvas::{Canvas, Hold, Layer, Paint, Point, Type, ink};
use crate::labels::stroke;
use crate::layout::WIDTH;
use crate::page::AT_TICK;
use crate::scale::Scale;
use crate::theme::{Dash, LEADING, Meaning, PX, Rgb, TEXT};
use crate::{FigureError, text};

/// Left edge of the data.
const LEFT: i32 = 58 * PX;
/// Right edge of the data.
const RIGHT: i32 = WIDTH - 210 * PX;
/// Height of the data.
const HEIGHT: i32 = 290 * PX;

/// What is drawn.
pub(super) struct Curve {
    /// What x counts.
    pub x_title: &'static str,
    /// What y counts.
    pub y_title: String,
    /// The largest x; the least is 0 or 1.
    pub x_range: (f64, f64),
    /// Where x is marked.
    pub x_ticks: Vec<u32>,
    /// The domain of y.
    pub y: Scale,
    /// Behind to front.
    pub lines: Vec<Line>,
}

/// A line with points, or without.
pub(super) struct Line {
    /// Name at its end; may be empty.
    pub name: String,
    /// Its colour.
    pub colour: Rgb,
    /// A theory is a dashed line, a measurement has marks.
    pub theory: bool,
    /// Shape of its marks.
    pub shape: Shape,
    /// x and y, and the words beside the mark.
    pub points: Vec<(f64, f64)>,
}

/// The shapes of marks: the second cue beside their colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Square,
    Diamond,
    Triangle,
}

impl Curve {
    /// Draws it from `top` on, and says where it ends.
    pub(super) fn draw(&self, canvas: &mut Canvas, top: i32) -> Result<i32, FigureError> {
        let words = text::wrap(&self.y_title, TEXT, WIDTH - 16 * PX, 3);
        let data = top + (words.len() as i32 + 1) * LEADING;
        let data = (data, data + HEIGHT);
        canvas.group(&[("class", "grid".to_owned())], None, |layer| {
            let mut lines = words.iter().zip(0..);
            lines.try_for_each(|(line, n)| layer.text(line, (8 * PX, top + LEADING / 2 + n * LEADING), PLAIN))?;
            self.grid(layer, data)
        })?;
        for line in &self.lines {
            let points: Vec<Point> = line.points.iter().map(|(x, y)| self.place(*x, *y, data)).collect();
            let dash = if line.theory { Dash::Dashed } else { Dash::Solid };
            let paint = Paint(line.colour, if line.theory { 0.75 } else { 1.0 });
            let width = if line.theory { 4 } else { 7 };
            canvas.group(&stroke(Meaning::Other, dash), None, |layer| layer.path(&points, paint, width))?;
            if !line.theory {
                canvas.group(&[("class", "points".to_owned())], None, |layer| {
                    points.iter().try_for_each(|at| mark(layer, *at, line.shape, line.colour))
                })?;
            }
        }
        self.names(canvas, data)?;
        Ok(data.1 + AT_TICK + 2 * LEADING)
    }

    fn place(&self, x: f64, y: f64, (top, bottom): (i32, i32)) -> Point {
        let (least, most) = self.x_range;
        let across = (x - least) / (most - least);
        let up = self.y.share(y);
        (
            LEFT + (f64::from(RIGHT - LEFT) * across).round() as i32,
            bottom - (f64::from(bottom - top) * up).round() as i32,
        )
    }

    fn grid(&self, layer: &mut Layer, data: (i32, i32)) -> Result<(), FigureError> {
        for (value, label) in &self.y.ticks {
            let (_, y) = self.place(self.x_range.0, *value, data);
            layer.path(&[(LEFT, y), (RIGHT, y)], ink(if y == data.1 { 0.55 } else { 0.13 }), 3)?;
            layer.text(label, (LEFT - 6 * PX, y), Type { hold: Hold::End, ..PLAIN })?;
        }
        for tick in &self.x_ticks {
            let (x, _) = self.place(f64::from(*tick), self.y.min, data);
            layer.path(&[(x, data.1), (x, data.1 + 4 * PX)], ink(0.55), 4)?;
            layer.text(&tick.to_string(), (x, data.1 + AT_TICK), Type { hold: Hold::Middle, ..PLAIN })?;
        }
        let middle = LEFT + (RIGHT - LEFT) / 2;
        layer.text(self.x_title, (middle, data.1 + AT_TICK + LEADING), Type { hold: Hold::Middle, ..PLAIN })
    }

    /// Names: of lines at the right, moved apart where they would touch; of single points beside them, those at one place together.
    fn names(&self, canvas: &mut Canvas, data: (i32, i32)) -> Result<(), FigureError> {
        let named = self.lines.iter().filter(|line| !line.name.is_empty());
        let end = |line: &Line| line.points.last().map_or((RIGHT, data.1), |(x, y)| self.place(*x, *y, data));
        let (lines, points): (Vec<&Line>, Vec<&Line>) = named.partition(|line| line.points.len() > 1);
        let mut ends: Vec<(Point, &Line)> = lines.into_iter().map(|line| (end(line), line)).collect();
        ends.sort_by_key(|((x, y), _)| (*y, *x));
        let mut free = data.0 - LEADING;
        for ((x, y), line) in ends {
            let lines = text::wrap(&line.name, TEXT, WIDTH - RIGHT - 34 * PX, 3);
            let at = y.max(free);
            free = at + lines.len() as i32 * LEADING;
            canvas.group(&[("class", "name".to_owned())], None, |layer| {
                layer.path(&[(x + 7 * PX, y), (RIGHT + 22 * PX, at)], ink(0.3), 2)?;
                let kind = Type { alpha: if line.theory { 0.75 } else { 1.0 }, bold: !line.theory, ..PLAIN };
                let mut lines = lines.iter().zip(0..);
                lines.try_for_each(|(text, n)| layer.text(text, (RIGHT + 26 * PX, at + n * LEADING), kind))
            })?;
        }
        let mut places: Vec<(Point, &str)> = points.into_iter().map(|line| (end(line), line.name.as_str())).collect();
        places.sort();
        let close =
            |((ax, ay), _): &(Point, &str), ((bx, by), _): &(Point, &str)| ax == bx && (ay - by).abs() < LEADING;
        canvas.group(&[("class", "name".to_owned())], None, |layer| {
            places.chunk_by(close).try_for_each(|group| {
                let told = group.iter().map(|(_, name)| *name).collect::<Vec<_>>().join("; ");
                let (x, y) = group[0].0;
                layer.text(&told, (x + 12 * PX, y + 9 * PX), Type { alpha: 1.0, ..PLAIN })
            })
        })
    }
}

fn mark(layer: &mut Layer, (x, y): Point, shape: Shape, colour: Rgb) -> Result<(), FigureError> {
    let r = 6 * PX;
    let points: Vec<Point> = match shape {
        Shape::Square => vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)],
        Shape::Diamond => vec![(x, y - r - PX), (x + r + PX, y), (x, y + r + PX), (x - r - PX, y)],
        Shape::Triangle => vec![(x, y - r), (x + r, y + r), (x - r, y + r)],
    };
    layer.polygon(&points, Paint(colour, 1.0))
}
