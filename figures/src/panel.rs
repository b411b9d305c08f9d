//! One panel: grid, marks, and the numbers a player needs to move a cursor over it.

use crate::canvas::{Canvas, Hold, Layer, Paint, Point, Type, ink};
use crate::labels::stroke;
use crate::layout::{Layout, RowBox};
use crate::plan::{Lane, Mark, Plan, STRIP, Weight};
use crate::samples::{Place, Sample};
use crate::theme::{Meaning, NUMBER, PALETTE, PX, TEXT};
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
            ("data-scale", scale_word(self.plan).to_owned()),
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
            let lanes = plan.lanes.map(|count| (0..=count).map(|n| n as f64).collect::<Vec<_>>());
            for value in lanes.unwrap_or_else(|| plan.scale.ticks.iter().map(|t| t.0).collect()) {
                let y = row.y(plan.scale.share(value));
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
            Mark::Layer { nth, name, lower, upper } => canvas
                .group(&[("class", "layer".to_owned())], None, |layer| self.layer(layer, *nth, name, lower, upper)),
            Mark::Lanes(spans) => self.lanes(canvas, spans),
            Mark::Moments(moments) => {
                let attributes = [("class", "moments".to_owned()), ("stroke-dasharray", "6 9".to_owned())];
                let x = |at_us| self.layout.x(self.column, at_us);
                let line = |layer: &mut Layer, x| layer.path(&[(x, self.row.top), (x, self.row.bottom)], ink(0.8), 4);
                canvas.group(&attributes, None, |layer| moments.iter().try_for_each(|at| line(layer, x(*at))))
            }
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

impl Panel<'_> {
    /// An area between its neighbours, every other one darker, with its name where it is thickest.
    fn layer(
        &self,
        layer: &mut Layer,
        nth: usize,
        name: &str,
        lower: &[Place],
        upper: &[Place],
    ) -> Result<(), FigureError> {
        let (below, above) = (self.points(lower), self.points(upper));
        let outline: Vec<Point> = above.iter().copied().chain(below.iter().rev().copied()).collect();
        layer.polygon(&outline, Paint(Meaning::Pool.rgb(), if nth.is_multiple_of(2) { 0.28 } else { 0.55 }))?;
        let y = |value: f64| self.row.y(self.plan.scale.share(value));
        let thickest = lower.iter().zip(upper).max_by_key(|(l, u)| y(l.1) - y(u.1));
        let Some((low, high)) = thickest.filter(|(l, u)| y(l.1) - y(u.1) >= NUMBER) else { return Ok(()) };
        // Half a number beside the edges of the panel would stand outside.
        let (left, right) = self.layout.columns[self.column];
        let x = self.layout.x(self.column, low.0).clamp(left + NUMBER / 2, right - NUMBER / 2);
        let at = (x, (y(low.1) + y(high.1)) / 2);
        layer.text(name, at, Type { size: NUMBER, hold: Hold::Middle, alpha: 1.0, bold: false })
    }

    /// Spans in lanes: coloured and numbered by who holds them, hatched where nobody does.
    fn lanes(&self, canvas: &mut Canvas, spans: &[Lane]) -> Result<(), FigureError> {
        let count = self.plan.lanes.unwrap_or(1) as i32;
        let height = (self.row.bottom - self.row.top) / count;
        let place = |span: &Lane| {
            let bottom = self.row.top + (span.lane as i32 + 1) * height - PX;
            let top = bottom - (f64::from(height - 2 * PX) * span.share).round() as i32;
            let x = |at_us| self.layout.x(self.column, at_us);
            ((x(span.from_us), top), (x(span.until_us), bottom))
        };
        let (held, vacant): (Vec<&Lane>, Vec<&Lane>) = spans.iter().partition(|span| span.holder.is_some());
        canvas.group(&[("class", "holders".to_owned())], None, |layer| {
            for span in held {
                let ((from, top), (until, bottom)) = place(span);
                let holder = span.holder.unwrap_or(0);
                let colour = PALETTE[holder.saturating_sub(1) as usize % PALETTE.len()];
                layer.rect((from, top), (until, bottom), Paint(colour, 0.55))?;
                let number = holder.to_string();
                if until - from > text::width(&number, NUMBER) + 4 * PX {
                    let at = (from + (until - from) / 2, bottom - (height - 2 * PX) / 2);
                    layer.text(&number, at, Type { size: NUMBER, hold: Hold::Middle, alpha: 1.0, bold: false })?;
                }
            }
            Ok(())
        })?;
        let hatch = format!("url(#{})", svg::hatch_id(self.id));
        canvas.group(&[("class", Meaning::Failed.word().to_owned())], Some(&hatch), |layer| {
            let paint = Paint(Meaning::Failed.rgb(), 1.0);
            vacant.iter().map(|span| place(span)).try_for_each(|(from, to)| layer.rect(from, to, paint))
        })
    }
}

/// The value of `data-scale`.
const fn scale_word(plan: &Plan) -> &'static str {
    match (plan.lanes, plan.scale.log) {
        (Some(_), _) => "lanes",
        (None, true) => "log",
        (None, false) => "linear",
    }
}

/// How many time ticks fit in a width.
pub(crate) fn ticks_in(width: i32) -> u64 {
    (width / (52 * PX)).clamp(2, 8) as u64
}
