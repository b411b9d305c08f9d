//! Rows of series: gauges with their capacity, and things counted per second.

use gridlock_sim::report::{Series, SeriesKind};

use super::names;
use crate::plan::{Height, Label, Mark, Plan, Weight};
use crate::samples::{Merge, Sample, ending, outline, peak, samples};
use crate::scale::Scale;
use crate::theme::{Dash, Meaning, PX};
use crate::{Column, FigureError, Row, Unit, text};

/// Lines of gauges.
pub(crate) fn gauges(
    title: &str,
    unit: Option<Unit>,
    keys: &[String],
    capacity: Option<u64>,
    columns: &[Column],
) -> Result<Plan, FigureError> {
    let kind = check(title, keys, columns, |kind| !matches!(kind, SeriesKind::Count | SeriesKind::Holder))?;
    let unit = unit.unwrap_or_else(|| unit_of(kind, keys));
    let rule = capacity.map(|c| if unit == Unit::Percent { c as f64 * 10.0 } else { c as f64 });
    let mut plan = lines(title, keys, columns, Merge::Max, unit, rule);
    plan.height = 64 * PX;
    if !plan.scale.suffix.is_empty() {
        plan.title = format!("{title}, {}", plan.scale.suffix);
    }
    if let (Some(rule), Some(capacity)) = (rule, capacity) {
        plan.labels.push(rule_label(rule, capacity, unit));
    }
    Ok(plan)
}

/// Lines of event counts.
pub(crate) fn counts(title: &str, keys: &[String], columns: &[Column]) -> Result<Plan, FigureError> {
    check(title, keys, columns, |kind| kind == SeriesKind::Count)?;
    let mut plan = lines(title, keys, columns, Merge::Rate, Unit::Count, None);
    plan.title = format!("{title}, per second");
    plan.unit = "per-second";
    Ok(plan)
}

/// Refuses series of a kind that the row cannot show or that differs from the first one's.
fn check(
    title: &str,
    keys: &[String],
    columns: &[Column],
    fits: fn(SeriesKind) -> bool,
) -> Result<SeriesKind, FigureError> {
    let mut first = None;
    for key in keys {
        for series in columns.iter().filter_map(|c| c.report.series.get(key)) {
            let expected = *first.get_or_insert(series.kind);
            if !fits(series.kind) || series.kind != expected {
                let expected = if fits(expected) { kind_word(expected) } else { "something else" };
                let found = kind_word(series.kind);
                return Err(FigureError::Unit { row: title.to_owned(), key: key.clone(), expected, found });
            }
        }
    }
    first.ok_or_else(|| FigureError::Empty { id: title.to_owned(), what: "series" })
}

/// Refuses keys that no column has.
pub(crate) fn check_names(row: &Row, columns: &[Column]) -> Result<(), FigureError> {
    match row {
        Row::Gauges { title, series, .. } | Row::Counts { title, series } => {
            series.iter().try_for_each(|key| names::check_series(title, key, columns))
        }
        _ => Ok(()),
    }
}

const fn kind_word(kind: SeriesKind) -> &'static str {
    match kind {
        SeriesKind::Count => "counts",
        SeriesKind::GaugeMax => "gauges",
        SeriesKind::PerMille => "shares of time",
        SeriesKind::SpanMaxUs => "spans of time",
        SeriesKind::Holder => "holders",
    }
}

fn unit_of(kind: SeriesKind, keys: &[String]) -> Unit {
    match kind {
        SeriesKind::PerMille => Unit::Percent,
        SeriesKind::SpanMaxUs => Unit::Time,
        _ if keys.iter().all(|k| k.ends_with(".bytes") || k.ends_with("link.queue")) => Unit::Bytes,
        _ => Unit::Count,
    }
}

const fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Count => "count",
        Unit::Bytes => "bytes",
        Unit::Percent => "per-mille",
        Unit::Time => "us",
    }
}

fn rule_label(rule: f64, capacity: u64, unit: Unit) -> Label {
    let value = match unit {
        Unit::Count => text::number(rule),
        Unit::Percent => format!("{capacity} %"),
        Unit::Time => text::span(rule),
        Unit::Bytes => text::bytes(rule),
    };
    Label { text: format!("limit {value}"), at: Height::Value(rule), meaning: None, dash: None }
}

/// How each key is drawn: its meaning, and a dash that no other line of the panel has (as long as there are any).
fn looks(keys: &[String]) -> Vec<(Meaning, Dash)> {
    let mut free = Dash::ALL.to_vec();
    let look = |key: &String| {
        let meaning = Meaning::of_series(key);
        let wish = if key.ends_with("/attempts") { Dash::Solid } else { meaning.dash() };
        let dash = free.iter().copied().find(|d| *d == wish).or(free.first().copied()).unwrap_or(wish);
        free.retain(|d| *d != dash);
        (meaning, dash)
    };
    keys.iter().map(look).collect()
}

fn lines(title: &str, keys: &[String], columns: &[Column], merge: Merge, unit: Unit, rule: Option<f64>) -> Plan {
    let of = |series: &Series, report| samples(report, &series.values, merge);
    let top = columns
        .iter()
        .flat_map(names::reports)
        .flat_map(|r| keys.iter().filter_map(|k| r.series.get(k)).map(|s| peak(&of(s, r))))
        .fold(rule.unwrap_or(0.0), f64::max);
    Plan {
        slug: text::slug(title),
        title: title.to_owned(),
        scale: Scale::linear(top, unit),
        unit: unit_word(unit),
        height: 56 * PX,
        strip: false,
        lanes: None,
        rule,
        cells: columns.iter().map(|c| cell(keys, c, merge)).collect(),
        labels: line_labels(keys, columns, merge),
    }
}

/// The lines of one column, the first key in front; nothing if it has none of the series.
fn cell(keys: &[String], column: &Column, merge: Merge) -> Option<Vec<Mark>> {
    if !keys.iter().any(|k| column.report.series.contains_key(k)) {
        return None;
    }
    let mut marks = Vec::new();
    let looks = looks(keys);
    let mut draw = |report, weight| {
        for (key, (meaning, dash)) in keys.iter().zip(&looks).rev() {
            let Some(series) = names::series(report, key) else { continue };
            let points = outline(&samples(report, &series.values, merge));
            marks.push(Mark::Line { meaning: *meaning, dash: *dash, points, weight });
        }
    };
    column.others.iter().for_each(|other| draw(other, Weight::Faint));
    draw(column.report, Weight::Main);
    Some(marks)
}

/// Labels at the ends of the lines in the last column that has them; a line alone is named by its row.
fn line_labels(keys: &[String], columns: &[Column], merge: Merge) -> Vec<Label> {
    if keys.len() == 1 {
        return Vec::new();
    }
    let end = |key: &String| {
        let found = columns.iter().rev().find_map(|c| c.report.series.get(key).map(|s| (c.report, s)));
        let ends: Option<Vec<Sample>> = found.map(|(report, series)| samples(report, &series.values, merge));
        ends.filter(|s| !s.is_empty()).map_or(0.0, |s| ending(&s))
    };
    let has = |key: &String| columns.iter().any(|c| c.report.series.contains_key(key));
    let entries = keys.iter().zip(names::short(keys)).zip(looks(keys));
    entries
        .filter(|((key, _), _)| has(key))
        .map(|((key, text), (meaning, dash))| Label {
            text,
            at: Height::Value(end(key)),
            meaning: Some(meaning),
            dash: Some(dash),
        })
        .collect()
}
