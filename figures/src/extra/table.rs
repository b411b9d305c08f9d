//! A table: a row for each variant, a column for each measure, the largest value of a column as long as the column is wide.

use super::gaps::{longest, stretches};
use super::{Case, Measure, MeasureOf, PLAIN, unknown};
use crate::canvas::{Canvas, Hold, Paint, Type, ink};
use crate::layout::WIDTH;
use crate::theme::{LEADING, Meaning, PX, TEXT};
use crate::{FigureError, svg, text};

/// Right edge of the names of the variants.
const NAMES: i32 = 258 * PX;
/// Space between two columns.
const GAP: i32 = 14 * PX;

/// A column worked out.
struct Values<'a> {
    measure: &'a Measure,
    /// One for each variant; nothing where it was not measured.
    values: Vec<Option<u64>>,
    /// Its edges.
    span: (i32, i32),
}

pub(super) fn draw(
    canvas: &mut Canvas,
    measures: &[Measure],
    cases: &[Case],
    (top, id): (i32, &str),
) -> Result<i32, FigureError> {
    if measures.is_empty() {
        return Err(FigureError::Empty { id: id.to_owned(), what: "columns" });
    }
    let count = measures.len() as i32;
    let width = (WIDTH - 8 * PX - NAMES) / count - GAP;
    let span = |n: i32| (NAMES + n * (width + GAP) + GAP, NAMES + (n + 1) * (width + GAP));
    let columns: Vec<Values> =
        measures.iter().zip(0..).map(|(measure, n)| Values::of(measure, cases, span(n))).collect::<Result<_, _>>()?;
    let heads = columns.iter().map(|column| text::wrap(&column.measure.title, TEXT, width, 3));
    let heads: Vec<Vec<String>> = heads.collect();
    let lines = heads.iter().map(Vec::len).max().unwrap_or(0) as i32;
    for (column, head) in columns.iter().zip(&heads) {
        head_of(canvas, column, head, top + LEADING / 2 + (lines - head.len() as i32) * LEADING)?;
    }
    let mut y = top + (lines + 1) * LEADING;
    for (n, case) in cases.iter().enumerate() {
        let words = text::wrap(case.title, TEXT, NAMES - 16 * PX, 3);
        let height = (words.len() as i32 + 1) * LEADING;
        name(canvas, case, &words, y)?;
        columns.iter().try_for_each(|column| cell(canvas, column, n, y, id))?;
        y += height + 8 * PX;
    }
    Ok(y)
}

impl<'a> Values<'a> {
    fn of(measure: &'a Measure, cases: &[Case], span: (i32, i32)) -> Result<Self, FigureError> {
        let value = |case: &Case| match &measure.of {
            MeasureOf::Metric(key) => case.metrics.get(key).copied(),
            MeasureOf::LongestGap(class) => stretches(case.report, class).map(|found| longest(&found)),
        };
        let values: Vec<Option<u64>> = cases.iter().map(value).collect();
        if values.iter().all(Option::is_none) {
            let (MeasureOf::Metric(key) | MeasureOf::LongestGap(key)) = &measure.of;
            return Err(unknown("metric", key));
        }
        Ok(Self { measure, values, span })
    }

    fn text(&self, value: u64) -> String {
        match &self.measure.of {
            MeasureOf::Metric(key) if key.ends_with("_ms") => seconds(value * 1000),
            MeasureOf::Metric(key) if !key.ends_with("_us") => text::number(value as f64),
            _ => seconds(value),
        }
    }
}

/// A time with two digits that count.
fn seconds(us: u64) -> String {
    match us {
        0 => "0 s".to_owned(),
        us if us >= 1_000_000 => text::span((us as f64 / 1e5).round() * 1e5),
        us => text::span((us as f64 / 1e3).round() * 1e3),
    }
}

fn head_of(canvas: &mut Canvas, column: &Values, lines: &[String], y: i32) -> Result<(), FigureError> {
    let kind = Type { bold: true, alpha: 1.0, ..PLAIN };
    canvas.group(&[("class", "heading".to_owned())], None, |layer| {
        lines.iter().zip(0..).try_for_each(|(line, n)| layer.text(line, (column.span.0, y + n * LEADING), kind))
    })
}

fn name(canvas: &mut Canvas, case: &Case, words: &[String], y: i32) -> Result<(), FigureError> {
    canvas.group(&[("class", "case".to_owned())], None, |layer| {
        let rule = y - LEADING / 2 - 5 * PX;
        layer.path(&[(8 * PX, rule), (WIDTH - 8 * PX, rule)], ink(0.2), 3)?;
        layer.text(case.name, (8 * PX, y), Type { bold: true, alpha: 1.0, ..PLAIN })?;
        words.iter().zip(1..).try_for_each(|(line, n)| layer.text(line, (8 * PX, y + n * LEADING), PLAIN))
    })
}

/// The value, and a bar below it; what is bad is hatched, and bold unless it is nothing.
fn cell(canvas: &mut Canvas, column: &Values, row: usize, y: i32, id: &str) -> Result<(), FigureError> {
    let (left, right) = column.span;
    let Some(value) = column.values[row] else {
        return canvas.group(&[("class", "absent".to_owned())], None, |layer| layer.text("–", (left, y), PLAIN));
    };
    let bad = column.measure.bad && value > 0;
    let kind = Type { alpha: 1.0, bold: bad, hold: Hold::Start, ..PLAIN };
    canvas.group(&[("class", "value".to_owned())], None, |layer| layer.text(&column.text(value), (left, y), kind))?;
    let most = column.values.iter().flatten().copied().max().unwrap_or(1).max(1);
    let length = (f64::from(right - left) * value as f64 / most as f64).round() as i32;
    if value == 0 {
        return Ok(());
    }
    let meaning = if bad { Meaning::Failed } else { Meaning::Ok };
    let hatch = bad.then(|| format!("url(#{})", svg::hatch_id(id)));
    let paint = Paint(meaning.rgb(), meaning.area_alpha());
    let (top, bottom) = (y + 9 * PX, y + 19 * PX);
    canvas.group(&[("class", meaning.word().to_owned())], hatch.as_deref(), |layer| {
        layer.rect((left, top), (left + length.max(2 * PX), bottom), paint)
    })
}
