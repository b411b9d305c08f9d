//! The run as sparklines: how many customers were served, and the resources that changed most, under the fault's window.

use std::collections::BTreeMap;

use anstyle::Style;
use gridlock_sim::report::{ClassReport, FaultWindow, Report, Series, SeriesKind};

use super::format::{bytes, columns, cut, number, share, span_us};
use super::{ink, paint};

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// Resources shown under the classes.
const RESOURCES_MAX: usize = 4;
/// Faults shown above the sparklines.
const FAULTS_MAX: usize = 4;
/// Columns of the longest label.
const LABEL_MAX: usize = 28;
/// Columns of each of the three numbers beside a sparkline, its gap included.
const NUMBER: usize = 10;
/// Narrower than this, a sparkline tells nothing.
const CHART_MIN: usize = 12;
/// Gauges that hold a state's code and no quantity.
const STATES: [&str; 2] = ["breaker", "channel"];

/// One sparkline: a level between 0 and 7 and a colour for each column, if anything happened in it.
struct Row {
    label: String,
    cells: Vec<Option<(usize, Style)>>,
    numbers: [String; 3],
}

/// How steps of the report fall into columns of the chart.
#[derive(Clone, Copy)]
struct Axis {
    steps: usize,
    columns: usize,
    step_us: u64,
    duration_us: u64,
    /// Steps before the first fault, or the first quarter of a run without faults; at least one.
    baseline: usize,
}

/// The sparklines of a run for a terminal of `width` columns; nothing if there is nothing to draw.
/// `wanted` are the series its scenario finds telling; without any the choice is made by what was measured.
pub(crate) fn sparks(report: &Report, width: usize, wanted: &[String]) -> String {
    if report.steps() == 0 {
        return String::new();
    }
    let keys = chosen(report, wanted);
    let label =
        report.classes.keys().map(|name| columns(name) + " served".len()).chain(keys.iter().map(|key| columns(key)));
    let label = label.max().unwrap_or(0).min(LABEL_MAX);
    let room = width.saturating_sub(2 + label + 1 + 3 * NUMBER);
    if report.classes.is_empty() && keys.is_empty() {
        return String::new();
    }
    let axis = axis(report, room.max(CHART_MIN));
    let classes = report.classes.iter().map(|(name, class)| class_row(name, class, axis));
    let resources = keys.iter().map(|key| resource_row(key, &report.series[*key], axis));
    let rows: Vec<Row> = classes.chain(resources).collect();
    let mut text = heading(label, axis) + &faults(&report.faults, label, axis);
    text.extend(rows.iter().map(|row| line(row, label, axis)));
    text + &ruler(&report.faults, label, axis)
}

fn axis(report: &Report, room: usize) -> Axis {
    let steps = report.steps();
    let first = report.faults.iter().map(|fault| fault.from_us / report.step_us).min();
    let baseline = first.map_or(steps / 4, |step| step as usize).clamp(1, steps);
    Axis { steps, columns: room.min(steps), step_us: report.step_us, duration_us: report.duration_us, baseline }
}

impl Axis {
    /// The steps that fall into a column.
    fn steps_of(self, column: usize) -> std::ops::Range<usize> {
        column * self.steps / self.columns..(column + 1) * self.steps / self.columns
    }

    fn column_of(self, at_us: u64) -> usize {
        let at = u128::from(at_us.min(self.duration_us)) * self.columns as u128 / u128::from(self.duration_us.max(1));
        at as usize
    }
}

/// The series that the scenario wants to be seen, without those in which nothing happened; else those that stand out.
fn chosen<'a>(report: &'a Report, wanted: &[String]) -> Vec<&'a str> {
    let present = wanted.iter().filter_map(|key| report.series.get_key_value(key));
    let keys: Vec<&str> = present.filter(|(key, _)| report.peak(key) > 0).map(|(key, _)| key.as_str()).collect();
    if keys.is_empty() { telling(report) } else { keys }
}

/// The series worth a line: those whose peak stands out most from what they were before the fault, one of each kind of resource.
fn telling(report: &Report) -> Vec<&str> {
    let baseline = axis(report, 1).baseline;
    let mut best: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
    for (key, series) in &report.series {
        let kind = key.rsplit('/').next().unwrap_or(key);
        let gain = gain(&series.values, baseline);
        let beaten = best.get(kind).is_none_or(|(other, _)| *other < gain);
        if gain >= 15 && beaten && !STATES.contains(&kind) {
            best.insert(kind, (gain, key));
        }
    }
    let mut best: Vec<_> = best.into_values().collect();
    best.sort_by_key(|(gain, key)| (std::cmp::Reverse(*gain), *key));
    best.into_iter().take(RESOURCES_MAX).map(|(_, key)| key).collect()
}

/// Ten times the peak over the largest value before the fault; one is added to both, so that nothing can be compared with something.
fn gain(values: &[u64], baseline: usize) -> u64 {
    let (before, after) = values.split_at(baseline.min(values.len()));
    let peak = |values: &[u64]| values.iter().copied().max().unwrap_or(0).saturating_add(1);
    peak(after).saturating_mul(10) / peak(before)
}

/// The share of the customers who arrived in each column that was served, whenever that was.
fn class_row(name: &str, class: &ClassReport, axis: Axis) -> Row {
    let sum =
        |values: &[u64], steps: std::ops::Range<usize>| values.iter().take(steps.end).skip(steps.start).sum::<u64>();
    let served = |steps: std::ops::Range<usize>| {
        (sum(&class.ok_by_arrival, steps.clone()), sum(&class.offered_by_arrival, steps))
    };
    let shares: Vec<(u64, u64)> = (0..axis.columns).map(|column| served(axis.steps_of(column))).collect();
    let cells = shares.iter().map(|&(ok, offered)| (offered > 0).then(|| share_cell(ok, offered))).collect();
    let arrived = || shares.iter().copied().filter(|(_, offered)| *offered > 0);
    let worst = arrived().min_by(|a, b| (u128::from(a.0) * u128::from(b.1)).cmp(&(u128::from(b.0) * u128::from(a.1))));
    let numbers = [Some(served(0..axis.baseline)), worst, arrived().next_back()];
    let numbers = numbers.map(|number| number.map_or_else(String::new, |(ok, offered)| share(ok, offered)));
    Row { label: format!("{name} served"), cells, numbers }
}

/// Green from 99 % on, where a run counts as healthy; red below 80 %, where it counts as lost.
fn share_cell(ok: u64, offered: u64) -> (usize, Style) {
    let style = match ok.saturating_mul(100) / offered {
        99.. => ink::GOOD,
        80.. => ink::WORSE,
        _ => ink::BAD,
    };
    (level(ok, offered), style)
}

/// The largest value in each column, on a scale from zero to the peak.
fn resource_row(key: &str, series: &Series, axis: Axis) -> Row {
    let peak_of = |steps: std::ops::Range<usize>| series.values.iter().take(steps.end).skip(steps.start).copied().max();
    let peaks: Vec<Option<u64>> = (0..axis.columns).map(|column| peak_of(axis.steps_of(column))).collect();
    let peak = peak_of(0..axis.steps).unwrap_or(0);
    let full = if series.kind == SeriesKind::PerMille { peak.max(1_000) } else { peak };
    let cells = peaks.iter().map(|value| value.map(|value| (level(value, full), ink::RESOURCE))).collect();
    let numbers = [peak_of(0..axis.baseline), Some(peak), peaks.last().copied().flatten()];
    let numbers = numbers.map(|value| value.map_or_else(String::new, |value| quantity(key, series.kind, value, axis)));
    Row { label: key.to_owned(), cells, numbers }
}

fn level(part: u64, whole: u64) -> usize {
    let top = LEVELS.len() as u128 - 1;
    let level = (u128::from(part) * top + u128::from(whole) / 2).checked_div(u128::from(whole)).unwrap_or(0).min(top);
    level as usize
}

fn quantity(key: &str, kind: SeriesKind, value: u64, axis: Axis) -> String {
    match kind {
        SeriesKind::Count => format!("{}/s", number(value.saturating_mul(1_000_000).div_ceil(axis.step_us))),
        SeriesKind::GaugeMax if key.ends_with("bytes") => bytes(value),
        SeriesKind::GaugeMax | SeriesKind::Holder => number(value),
        SeriesKind::PerMille => share(value, 1_000),
        SeriesKind::SpanMaxUs => span_us(value),
    }
}

fn line(row: &Row, label: usize, axis: Axis) -> String {
    let mut text = format!("  {:label$} ", cut(&row.label, label));
    text += &runs(&row.cells);
    text += &" ".repeat(axis.columns - row.cells.len());
    for number in &row.numbers {
        text += &format!("{number:>NUMBER$}");
    }
    text.trim_end().to_owned() + "\n"
}

/// Neighbouring cells of one colour share one pair of escape codes.
fn runs(cells: &[Option<(usize, Style)>]) -> String {
    let style = |cell: &Option<(usize, Style)>| cell.map_or(ink::PLAIN, |(_, style)| style);
    let glyph = |cell: &Option<(usize, Style)>| cell.map_or(' ', |(level, _)| LEVELS[level]);
    cells
        .chunk_by(|a, b| style(a) == style(b))
        .map(|run| paint(style(&run[0]), &run.iter().map(glyph).collect::<String>()))
        .collect()
}

/// The window of each fault as a bar, named beside it.
fn faults(faults: &[FaultWindow], label: usize, axis: Axis) -> String {
    let mut text: String = faults.iter().take(FAULTS_MAX).map(|fault| fault_line(fault, label, axis)).collect();
    if let Some(more @ 1..) = faults.len().checked_sub(FAULTS_MAX) {
        text += &format!("  {:label$} {}\n", "", paint(ink::FAULT, &format!("… and {more} more faults")));
    }
    text
}

fn fault_line(fault: &FaultWindow, label: usize, axis: Axis) -> String {
    let from = axis.column_of(fault.from_us).min(axis.columns - 1);
    let until = axis.column_of(fault.until_us).clamp(from + 1, axis.columns);
    let bar = "━".repeat(until - from);
    let right = axis.columns + 3 * NUMBER - until - 1;
    let (before, after) = if columns(&fault.name) > right && from > right {
        let name = cut(&fault.name, from - 1);
        (format!("{}{name} ", " ".repeat(from - 1 - columns(&name))), String::new())
    } else {
        (" ".repeat(from), format!(" {}", cut(&fault.name, right)))
    };
    format!("  {:label$} {}\n", "fault", paint(ink::FAULT, &format!("{before}{bar}{after}")))
}

fn heading(label: usize, axis: Axis) -> String {
    let mut text = format!("  {:label$} {}", "", " ".repeat(axis.columns));
    for head in ["before", "worst", "end"] {
        text += &format!("{head:>NUMBER$}");
    }
    paint(ink::FAINT, &text) + "\n"
}

/// Simulated time under the sparklines: both ends, then the edges of the faults as far as there is room.
fn ruler(faults: &[FaultWindow], label: usize, axis: Axis) -> String {
    let edges = faults.iter().flat_map(|fault| [fault.from_us, fault.until_us]);
    let middle = faults.is_empty().then_some(axis.duration_us / 2);
    let mut line = vec![' '; axis.columns];
    for at in [axis.duration_us, 0].into_iter().chain(edges).chain(middle) {
        place(&mut line, axis.column_of(at), &if at == 0 { "0".to_owned() } else { span_us(at) });
    }
    let text: String = line.into_iter().collect();
    paint(ink::FAINT, &format!("  {:label$} {text}", "")) + "\n"
}

/// Puts `mark` at a column, or ending at the right edge, unless it would touch another mark.
fn place(line: &mut [char], column: usize, mark: &str) {
    let Some(last) = line.len().checked_sub(columns(mark)) else { return };
    let from = column.min(last);
    let until = from + columns(mark);
    if line[from.saturating_sub(1)..(until + 1).min(line.len())].iter().all(|&c| c == ' ') {
        line[from..until].iter_mut().zip(mark.chars()).for_each(|(place, c)| *place = c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(steps: u64, faults: u64) -> Report {
        let fault = |index| FaultWindow { name: "x".repeat(200), from_us: index * 1_000, until_us: u64::MAX };
        let values = (0..steps).map(|step| step * 7).collect();
        Report {
            duration_us: steps * 1_000,
            step_us: 1_000,
            faults: (0..faults).map(fault).collect(),
            classes: BTreeMap::from([("browse".to_owned(), ClassReport::default())]),
            totals: BTreeMap::new(),
            series: BTreeMap::from([("order/loop.queue".to_owned(), Series { kind: SeriesKind::GaugeMax, values })]),
            events: 0,
            digest: String::new(),
        }
    }

    #[test]
    fn any_report_can_be_drawn_at_any_width() {
        for (steps, faults) in [(0, 1), (1, 0), (1, 9), (2, 3), (100, 0), (100, 9)] {
            for width in [0, 20, 80, 500] {
                let text = anstream::adapter::strip_str(&sparks(&report(steps, faults), width, &[])).to_string();
                let narrowest = 2 + LABEL_MAX + 1 + CHART_MIN + 3 * NUMBER;
                assert!(
                    text.lines().all(|line| columns(line) <= width.max(narrowest)),
                    "{steps} {faults} {width}\n{text}"
                );
            }
        }
    }

    #[test]
    fn levels_cover_the_scale() {
        assert_eq!(
            [(0, 7), (7, 7), (9, 7), (0, 0), (1, 1_000)].map(|(part, whole)| level(part, whole)),
            [0, 7, 7, 0, 0]
        );
    }

    #[test]
    fn a_resource_stands_out_by_its_peak_over_its_baseline() {
        assert_eq!(gain(&[4, 4, 4, 9], 3), 20);
        assert_eq!(gain(&[0, 0, 1], 2), 20);
        assert_eq!(gain(&[9, 9, 9], 2), 10);
        assert_eq!(gain(&[5], 1), 1);
    }

    #[test]
    fn marks_on_the_ruler_never_touch() {
        let mut line = vec![' '; 12];
        for (column, mark) in [(12, "180 s"), (0, "0"), (1, "5 s"), (3, "60 s")] {
            place(&mut line, column, mark);
        }
        assert_eq!(line.iter().collect::<String>(), "0      180 s");
        place(&mut line, 2, "9 s");
        assert_eq!(line.iter().collect::<String>(), "0 9 s  180 s");
    }

    #[test]
    fn every_step_falls_into_exactly_one_column() {
        let axis = Axis { steps: 181, columns: 40, step_us: 1, duration_us: 181, baseline: 1 };
        let steps: Vec<usize> = (0..40).flat_map(|column| axis.steps_of(column)).collect();
        assert_eq!(steps, (0..181).collect::<Vec<_>>());
    }
}
