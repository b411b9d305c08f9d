//! Bands over one key: for each of its values the middle and the spread of metrics over seeds.

use crate::canvas::{Canvas, Hold, Paint, Point, Type, ink};
use crate::page::PLAIN;
use crate::scale::Scale;
use crate::sweep::{About, Axis, CENTRED, FOOT, GUTTER, HEAD, STRONG, WIDTH, fitted, foot, heading};
use crate::theme::{Meaning, PX, TEXT};
use crate::{FigureError, Unit, text};

/// Panels side by side, at most.
const COLUMNS_MAX: usize = 3;
/// Space for tick labels left of each line of panels.
const LEFT: i32 = 58 * PX;
/// Height of a data rectangle.
const HEIGHT: i32 = 96 * PX;
/// Space below a line of panels.
const GAP: i32 = 16 * PX;
/// Height of the key to the marks, at the foot of the page.
const KEY: i32 = 24 * PX;

/// A figure of a sweep over one key.
#[derive(Clone, Debug)]
pub struct Bands<'a> {
    /// What it says of itself.
    pub about: About<'a>,
    /// The key and its values.
    pub across: Axis<'a>,
    /// Names of the variants, from left to right.
    pub variants: Vec<&'a str>,
    /// Metrics, from top to bottom.
    pub rows: Vec<BandRow<'a>>,
}

/// One metric.
#[derive(Clone, Debug)]
pub struct BandRow<'a> {
    /// Its key.
    pub metric: &'a str,
    /// How its values are written: percent in thousandths, times in microseconds.
    pub unit: Unit,
    /// For each variant the band at each value; none where the metric does not exist.
    pub bands: Vec<Vec<Option<Band>>>,
}

/// The spread of a metric over seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// 5 % of runs have no more.
    pub p5: u64,
    /// Half of the runs have no more.
    pub median: u64,
    /// 95 % of runs have no more.
    pub p95: u64,
}

/// Draws bands as a self-contained SVG document, in the light theme.
///
/// # Errors
/// If there is nothing to draw, or a row has not as many bands as there are variants and values.
pub fn render_bands(figure: &Bands) -> Result<String, FigureError> {
    if figure.variants.is_empty() || figure.across.values.is_empty() || figure.rows.is_empty() {
        return Err(figure.about.lacks("variants, values or metrics"));
    }
    let whole = |bands: &Vec<Option<Band>>| bands.len() == figure.across.values.len();
    if figure.rows.iter().any(|row| row.bands.len() != figure.variants.len() || !row.bands.iter().all(whole)) {
        return Err(figure.about.lacks("band for each variant and value"));
    }
    let mut canvas = Canvas::default();
    let mut top = 0;
    for row in &figure.rows {
        let plan = Plan::of(row);
        for (nth, variants) in figure.variants.chunks(COLUMNS_MAX).enumerate() {
            plan.line(&mut canvas, figure, (nth * COLUMNS_MAX, variants), top)?;
            top += HEAD + HEIGHT + FOOT + GAP;
        }
    }
    key(&mut canvas, figure, top + 2 * PX)?;
    Ok(figure.about.document(canvas, top + KEY))
}

/// A metric with the domain that all its panels share.
struct Plan<'a> {
    row: &'a BandRow<'a>,
    scale: Scale,
    meaning: Meaning,
}

impl<'a> Plan<'a> {
    fn of(row: &'a BandRow<'a>) -> Self {
        let bands = || row.bands.iter().flatten().flatten();
        let peak = bands().map(|band| band.p95).max().unwrap_or(0) as f64;
        let least = bands().map(|band| band.p5).filter(|value| *value > 0).min().unwrap_or(0) as f64;
        let scale = match row.unit {
            Unit::Time => Scale::decades(least, peak),
            unit => Scale::linear(peak, unit),
        };
        let meaning = match row.unit {
            Unit::Time => Meaning::Latency,
            Unit::Percent => Meaning::Ok,
            _ => Meaning::Pool,
        };
        Plan { row, scale, meaning }
    }

    /// Some panels of a metric side by side, with the name of the metric and the tick labels.
    fn line(
        &self,
        canvas: &mut Canvas,
        figure: &Bands,
        (first, variants): (usize, &[&str]),
        top: i32,
    ) -> Result<(), FigureError> {
        let columns = figure.variants.len().min(COLUMNS_MAX) as i32;
        let width = (WIDTH - LEFT - 14 * PX - (columns - 1) * GUTTER) / columns;
        let bottom = top + HEAD + HEIGHT;
        let y = |value: f64| bottom - (f64::from(HEIGHT) * self.scale.share(value)).round() as i32;
        canvas.group(&[("class", "row".to_owned())], None, |layer| {
            let unit = if self.scale.suffix.is_empty() { String::new() } else { format!(", {}", self.scale.suffix) };
            layer.text(&format!("{}{unit}", self.row.metric), (LEFT, heading(top, 0)), STRONG)?;
            let tick = Type { hold: Hold::End, ..PLAIN };
            let mut free = i32::MAX;
            for (value, label) in &self.scale.ticks {
                if y(*value) <= free {
                    layer.text(label, (LEFT - 6 * PX, y(*value)), tick)?;
                    free = y(*value) - 15 * PX;
                }
            }
            Ok(())
        })?;
        for (variant, n) in variants.iter().zip(0..) {
            let left = LEFT + n * (width + GUTTER);
            let of = first + n as usize;
            canvas.open(&[
                ("class", "panel".to_owned()),
                ("data-panel", format!("{variant}/{}", text::slug(self.row.metric))),
            ]);
            self.grid(canvas, (left, left + width), &y)?;
            canvas.group(&[("class", "heading".to_owned())], None, |layer| {
                layer.text(&fitted(variant, width), (left, heading(top, 1)), PLAIN)
            })?;
            let values = figure.across.values.len();
            let x = |index: usize| left + (width * (2 * index as i32 + 1)) / (2 * values as i32);
            self.marks(canvas, &self.row.bands[of], (left + width / 2, bottom - HEIGHT / 2), &x, &y)?;
            foot(canvas, figure.across, (left, left + width, bottom), x)?;
            canvas.close();
        }
        Ok(())
    }

    fn grid(&self, canvas: &mut Canvas, (left, right): (i32, i32), y: &impl Fn(f64) -> i32) -> Result<(), FigureError> {
        canvas.group(&[("class", "grid".to_owned())], None, |layer| {
            for (value, _) in &self.scale.ticks {
                let strong = *value <= self.scale.min;
                let (alpha, width) = if strong { (0.55, 4) } else { (0.13, 3) };
                layer.path(&[(left, y(*value)), (right, y(*value))], ink(alpha), width)?;
            }
            Ok(())
        })
    }

    /// The band, the line through the medians, and a point at each value; gaps where there is none.
    fn marks(
        &self,
        canvas: &mut Canvas,
        bands: &[Option<Band>],
        middle: Point,
        x: &impl Fn(usize) -> i32,
        y: &impl Fn(f64) -> i32,
    ) -> Result<(), FigureError> {
        let there: Vec<(i32, Band)> = bands.iter().enumerate().filter_map(|(i, band)| Some((x(i), (*band)?))).collect();
        if there.is_empty() {
            let attributes = [("class", "absent".to_owned())];
            return canvas.group(&attributes, None, |layer| layer.text("not in this design", middle, CENTRED));
        }
        let place = |pick: fn(&Band) -> u64| -> Vec<Point> {
            there.iter().map(|(x, band)| (*x, y(pick(band) as f64))).collect()
        };
        let medians = place(|band| band.median);
        let colour = self.meaning.rgb();
        canvas.group(&[("class", self.meaning.word().to_owned())], None, |layer| {
            for runs in spans(bands) {
                let edge = |pick: fn(&Band) -> u64| {
                    runs.clone().filter_map(move |i| bands[i].as_ref().map(|band| (x(i), y(pick(band) as f64))))
                };
                let outline: Vec<Point> = edge(|band| band.p95).chain(edge(|band| band.p5).rev()).collect();
                let line: Vec<Point> = edge(|band| band.median).collect();
                layer.polygon(&outline, Paint(colour, 0.35))?;
                layer.path(&line, Paint(colour, 1.0), 7)?;
            }
            for ((x, low), (_, high)) in place(|band| band.p5).into_iter().zip(place(|band| band.p95)) {
                layer.path(&[(x, low), (x, high)], Paint(colour, 1.0), 3)?;
            }
            for (x, y) in &medians {
                layer.rect((x - 3 * PX, y - 3 * PX), (x + 3 * PX, y + 3 * PX), ink(0.78))?;
            }
            Ok(())
        })
    }
}

/// Neighbouring values that have a band.
fn spans(bands: &[Option<Band>]) -> Vec<std::ops::Range<usize>> {
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for index in (0..bands.len()).filter(|index| bands[*index].is_some()) {
        match spans.last_mut() {
            Some(last) if last.end == index => last.end += 1,
            _ => spans.push(index..index + 1),
        }
    }
    spans
}

/// What the marks mean.
fn key(canvas: &mut Canvas, figure: &Bands, top: i32) -> Result<(), FigureError> {
    let meaning = figure.rows.first().map_or(Meaning::Other, |row| Plan::of(row).meaning);
    let y = top + 8 * PX;
    let says = "median over seeds";
    let then = LEFT + 18 * PX + text::width(says, TEXT) + 16 * PX;
    canvas.group(&[("class", "key".to_owned())], None, |layer| {
        layer.rect((LEFT, y - 3 * PX), (LEFT + 6 * PX, y + 3 * PX), ink(0.78))?;
        layer.text(says, (LEFT + 14 * PX, y), PLAIN)?;
        layer.rect((then, y - 5 * PX), (then + 16 * PX, y + 5 * PX), Paint(meaning.rgb(), 0.35))?;
        layer.text("from the 5th to the 95th percentile", (then + 22 * PX, y), PLAIN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_leaves_a_gap() {
        let band = Some(Band { p5: 1, median: 2, p95: 3 });
        assert_eq!(spans(&[band, band, None, band]), [0..2, 3..4]);
        assert_eq!(spans(&[None, None]), []);
    }
}
