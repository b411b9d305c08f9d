//! One panel: grid, marks, and the numbers a player needs to move a cursor over it.

use crate::canvas::{Canvas, Hold, Paint, Point, Type, ink};
use crate::labels::stroke;
use crate::layout::{Layout, RowBox};
use crate::plan::{Mark, Plan, STRIP, Weight};
use crate::samples::{Place, Sample};
use crate::theme::{Meaning, PX, TEXT};
use crate::{Column, FigureError, faults, scale, svg, text};

impl RowBox {
    /// The height of a share of the data rectangle, from its lower edge.
    pub(crate) fn y(self, share: f64) -> i32 {
        self.bottom - (f64::from(self.bottom - self.top) * share).round() as i32
    }
}

/// A panel being drawn.
pub(crate) struct Panel<'a> {
    /// The page.
    pub layout: &'a Layout,
    /// The row.
    pub plan: &'a Plan,
    /// Its heights.
    pub row: RowBox,
    /// Index of the column.
    pub column: usize,
    /// What it shows.
    pub of: &'a Column<'a>,
    /// Id of the figure.
    pub id: &'a str,
}

impl Panel<'_> {
    /// Draws the panel as one `<g>`.
    pub(crate) fn draw(&self, canvas: &mut Canvas) -> Result<(), FigureError> {
        canvas.open(&self.data());
        self.shades(canvas)?;
        self.grid(canvas)?;
        match &self.plan.cells[self.column] {
            Some(marks) => marks.iter().try_for_each(|mark| self.mark(canvas, mark))?,
            None => self.absent(canvas)?,
        }
        self.rule(canvas)?;
        canvas.close();
        Ok(())
    }

    /// The `data-*` attributes: rectangle in viewBox units, time in seconds, values in the unit of `data-unit`.
    fn data(&self) -> Vec<(&'static str, String)> {
        let (x0, x1) = self.layout.columns[self.column];
        let scale = &self.plan.scale;
        let mut data = vec![
            ("class", "panel".to_owned()),
            ("data-panel", format!("{}/{}", self.of.variant, self.plan.slug)),
            ("data-variant", self.of.variant.to_owned()),
            ("data-row", self.plan.slug.clone()),
            ("data-x0", x0.to_string()),
            ("data-y0", self.row.top.to_string()),
            ("data-x1", x1.to_string()),
            ("data-y1", self.row.bottom.to_string()),
            ("data-t0", "0".to_owned()),
            ("data-t1", text::decimals(self.layout.duration_us as f64 / 1e6)),
            ("data-ymin", text::decimals(scale.min)),
            ("data-ymax", text::decimals(scale.max)),
            ("data-scale", if scale.log { "log" } else { "linear" }.to_owned()),
            ("data-unit", self.plan.unit.to_owned()),
        ];
        data.extend(self.row.strip_top.map(|top| ("data-strip-y0", top.to_string())));
        data
    }

    fn shades(&self, canvas: &mut Canvas) -> Result<(), FigureError> {
        let (top, bottom) = (self.row.strip_top.unwrap_or(self.row.top), self.row.bottom);
        let x = |at_us| self.layout.x(self.column, at_us);
        canvas.group(&[("class", "faults".to_owned())], None, |layer| {
            faults::shades(layer, &self.of.report.faults, x, (top, bottom))
        })
    }

    /// Thin lines at the ticks, a base line, and the bed of the strip.
    fn grid(&self, canvas: &mut Canvas) -> Result<(), FigureError> {
        let (x0, x1) = self.layout.columns[self.column];
        let Self { plan, row, .. } = self;
        canvas.group(&[("class", "grid".to_owned())], None, |layer| {
            for (value, _) in &plan.scale.ticks {
                let y = row.y(plan.scale.share(*value));
                let strong = y == row.bottom;
                layer.path(&[(x0, y), (x1, y)], ink(if strong { 0.55 } else { 0.13 }), if strong { 4 } else { 3 })?;
            }
            for tick in scale::time_ticks(self.layout.duration_us, ticks_in(x1 - x0)) {
                let x = self.layout.x(self.column, tick * 1_000_000);
                layer.path(&[(x, row.bottom), (x, row.bottom + 4 * PX)], ink(0.55), 4)?;
            }
            row.strip_top.map_or(Ok(()), |top| layer.rect((x0, top), (x1, top + STRIP), ink(0.06)))
        })
    }

    fn absent(&self, canvas: &mut Canvas) -> Result<(), FigureError> {
        let (x0, x1) = self.layout.columns[self.column];
        let kind = Type { size: TEXT, hold: Hold::Middle, alpha: 0.6, bold: false };
        let middle = (x0 + (x1 - x0) / 2, self.row.top + (self.row.bottom - self.row.top) / 2);
        // What never happened is not counted; what is not measured does not exist in this design.
        let note = if self.plan.unit == "per-second" { "none" } else { "not in this design" };
        canvas.group(&[("class", "absent".to_owned())], None, |layer| layer.text(note, middle, kind))
    }

    fn rule(&self, canvas: &mut Canvas) -> Result<(), FigureError> {
        let Some(rule) = self.plan.rule else { return Ok(()) };
        let (x0, x1) = self.layout.columns[self.column];
        let y = self.row.y(self.plan.scale.share(rule));
        canvas.group(&[("class", "rule".to_owned())], None, |layer| layer.path(&[(x0, y), (x1, y)], ink(0.7), 4))
    }

    fn points(&self, places: &[Place]) -> Vec<Point> {
        let place =
            |(at_us, value): &Place| (self.layout.x(self.column, *at_us), self.row.y(self.plan.scale.share(*value)));
        let mut points: Vec<Point> = places.iter().map(place).collect();
        points.dedup();
        points
    }

    fn mark(&self, canvas: &mut Canvas, mark: &Mark) -> Result<(), FigureError> {
        match mark {
            Mark::Area { meaning, lower, upper } => self.area(canvas, *meaning, lower, upper),
            Mark::Line { meaning, dash, points, weight } => {
                let paint = Paint(meaning.rgb(), weight.alpha());
                let dash = if *weight == Weight::Faint { crate::theme::Dash::Solid } else { *dash };
                let points = self.points(points);
                canvas.group(&stroke(*meaning, dash), None, |layer| layer.path(&points, paint, weight.width()))
            }
            Mark::Shares(shares) => self.shares(canvas, shares),
        }
    }

    fn area(&self, canvas: &mut Canvas, meaning: Meaning, lower: &[Place], upper: &[Place]) -> Result<(), FigureError> {
        let mut points = self.points(upper);
        points.extend(self.points(lower).into_iter().rev());
        let hatch = (meaning == Meaning::Failed).then(|| format!("url(#{})", svg::hatch_id(self.id)));
        let paint = Paint(meaning.rgb(), meaning.area_alpha());
        canvas.group(&[("class", meaning.word().to_owned())], hatch.as_deref(), |layer| layer.polygon(&points, paint))
    }

    /// Bars in the strip: the larger the share, the higher and the darker. The smallest can still be seen.
    fn shares(&self, canvas: &mut Canvas, shares: &[Sample]) -> Result<(), FigureError> {
        let Some(top) = self.row.strip_top else { return Ok(()) };
        let bottom = top + STRIP;
        let x = |at_us| self.layout.x(self.column, at_us);
        let attributes =
            [("class", Meaning::Unanswered.word().to_owned()), ("shape-rendering", "crispEdges".to_owned())];
        canvas.group(&attributes, None, |layer| {
            for Sample { from_us, until_us, value } in shares {
                let height = (f64::from(STRIP) * value).round().max(f64::from(2 * PX)) as i32;
                let paint = Paint(Meaning::Unanswered.rgb(), (45.0 + 40.0 * value).round() / 100.0);
                layer.rect((x(*from_us), bottom - height), (x(*until_us), bottom), paint)?;
            }
            Ok(())
        })
    }
}

/// How many time ticks fit in a width.
pub(crate) fn ticks_in(width: i32) -> u64 {
    (width / (52 * PX) + 1).clamp(2, 8) as u64
}
