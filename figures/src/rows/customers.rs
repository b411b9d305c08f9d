//! Rows of a request class: who came and what became of them, and how long it took.

use gridlock_sim::report::{ClassReport, Report};

use super::names;
use crate::plan::{Height, Label, Mark, Plan, Weight};
use crate::samples::{Merge, Place, Sample, ending, outline, peak, samples};
use crate::scale::Scale;
use crate::theme::{Dash, Meaning, PX};
use crate::{Column, FigureError, Unit, text};

/// The layers of a goodput panel from the bottom up.
const LAYERS: [Meaning; 3] = [Meaning::Ok, Meaning::Failed, Meaning::Unanswered];

/// Customers per second by arrival.
pub(crate) fn goodput(class: &str, columns: &[Column]) -> Result<Plan, FigureError> {
    let title = format!("{}: customers per second, by arrival", names::of_class(class));
    let found = names::class(&title, class, columns)?;
    let stacks: Vec<Option<Stack>> =
        columns.iter().zip(found).map(|(column, class)| class.map(|c| Stack::of(column.report, c))).collect();
    let top = stacks.iter().flatten().map(|s| peak(&s.offered).max(peak(&s.tops[2]))).fold(0.0, f64::max);
    let cells = columns.iter().zip(&stacks).map(|(c, s)| s.as_ref().map(|s| stack_marks(s, c, class))).collect();
    Ok(Plan {
        slug: text::slug(&format!("goodput {class}")),
        title,
        scale: Scale::linear(top, Unit::Count),
        unit: "per-second",
        height: 76 * PX,
        strip: false,
        lanes: None,
        rule: None,
        cells,
        labels: stack_labels(class, &stacks),
    })
}

/// Layered rates of one panel.
struct Stack {
    offered: Vec<Sample>,
    /// Upper edge of each layer.
    tops: [Vec<Sample>; 3],
}

impl Stack {
    fn of(report: &Report, class: &ClassReport) -> Self {
        let rate = |values: &[u64]| samples(report, values, Merge::Rate);
        let ok = rate(&class.ok_by_arrival);
        let failed = on_top(&ok, &rate(&class.failed_by_arrival));
        let unanswered = on_top(&failed, &rate(&class.unanswered_by_arrival));
        Self { offered: rate(&class.offered_by_arrival), tops: [ok, failed, unanswered] }
    }

    /// Lower edge of a layer.
    fn base(&self, layer: usize) -> Vec<Sample> {
        match layer {
            0 => self.tops[0].iter().map(|s| Sample { value: 0.0, ..*s }).collect(),
            _ => self.tops[layer - 1].clone(),
        }
    }

    /// Whether a layer is anywhere thicker than nothing.
    fn has(&self, layer: usize) -> bool {
        self.tops[layer].iter().zip(self.base(layer)).any(|(top, base)| top.value > base.value)
    }
}

fn on_top(base: &[Sample], more: &[Sample]) -> Vec<Sample> {
    base.iter().zip(more).map(|(b, m)| Sample { value: b.value + m.value, ..*b }).collect()
}

fn stack_marks(stack: &Stack, column: &Column, class: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = (0..LAYERS.len())
        .filter(|i| stack.has(*i))
        .map(|i| Mark::Area { meaning: LAYERS[i], lower: outline(&stack.base(i)), upper: outline(&stack.tops[i]) })
        .collect();
    for (report, other) in column.others.iter().filter_map(|r| r.classes.get(class).map(|c| (*r, c))) {
        let ok = samples(report, &other.ok_by_arrival, Merge::Rate);
        marks.push(line(Meaning::Ok, Dash::Solid, outline(&ok), Weight::Faint));
    }
    marks.push(line(Meaning::Other, Dash::Solid, outline(&stack.offered), Weight::Edge));
    marks
}

fn line(meaning: Meaning, dash: Dash, points: Vec<Place>, weight: Weight) -> Mark {
    Mark::Line { meaning, dash, points, weight }
}

/// Labels from the top down; layers that are nowhere are not named.
fn stack_labels(class: &str, stacks: &[Option<Stack>]) -> Vec<Label> {
    let Some(last) = stacks.iter().flatten().next_back() else { return Vec::new() };
    let offered = Label {
        text: "offered".to_owned(),
        at: Height::Value(ending(&last.offered)),
        meaning: Some(Meaning::Other),
        dash: Some(Dash::Solid),
    };
    let layers = (0..LAYERS.len()).rev().filter(|i| stacks.iter().flatten().any(|s| s.has(*i)));
    let layer_label = |i: usize| Label {
        text: ["ok", "failed", names::unanswered(class)][i].to_owned(),
        at: Height::Value((ending(&last.tops[i]) + ending(&last.base(i))) / 2.0),
        meaning: Some(LAYERS[i]),
        dash: None,
    };
    std::iter::once(offered).chain(layers.map(layer_label)).collect()
}

/// Time from arrival to success, and the shares that were never answered.
pub(crate) fn latency(class: &str, columns: &[Column]) -> Result<Plan, FigureError> {
    let title = format!("{}: time to success", names::of_class(class));
    let found = names::class(&title, class, columns)?;
    let bands: Vec<Option<Band>> =
        columns.iter().zip(&found).map(|(column, class)| class.map(|c| Band::of(column.report, c))).collect();
    let values =
        |pick: fn(&Band) -> &Vec<Sample>| bands.iter().flatten().flat_map(pick).map(|s| s.value).filter(|v| *v > 0.0);
    let least = values(|b| &b.p50).fold(f64::INFINITY, f64::min);
    let scale = Scale::decades(if least.is_finite() { least } else { 1e3 }, values(|b| &b.p99).fold(1e3, f64::max));
    let cells = columns.iter().zip(&bands).map(|(c, b)| b.as_ref().map(|b| band_marks(b, c, class))).collect();
    Ok(Plan {
        slug: text::slug(&format!("latency {class}")),
        title,
        scale,
        unit: "us",
        height: 76 * PX,
        strip: true,
        lanes: None,
        rule: None,
        cells,
        labels: band_labels(class, &bands),
    })
}

/// Latencies of one panel; zero where nobody was served.
struct Band {
    p50: Vec<Sample>,
    p99: Vec<Sample>,
    unanswered: Vec<Sample>,
}

impl Band {
    fn of(report: &Report, class: &ClassReport) -> Self {
        let rate = |values: &[u64]| samples(report, values, Merge::Rate);
        let share =
            |(u, o): (Sample, Sample)| Sample { value: if o.value > 0.0 { u.value / o.value } else { 0.0 }, ..u };
        let pairs = rate(&class.unanswered_by_arrival).into_iter().zip(rate(&class.offered_by_arrival));
        Self {
            p50: samples(report, &class.p50_us, Merge::Median),
            p99: samples(report, &class.p99_us, Merge::Max),
            unanswered: pairs.map(share).collect(),
        }
    }
}

/// Runs of samples that are not zero.
fn runs(samples: &[Sample]) -> impl Iterator<Item = &[Sample]> {
    samples.split(|s| s.value <= 0.0).filter(|run| !run.is_empty())
}

fn band_marks(band: &Band, column: &Column, class: &str) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (p50, p99) in runs(&band.p50).zip(runs(&band.p99)) {
        marks.push(Mark::Area { meaning: Meaning::Latency, lower: outline(p50), upper: outline(p99) });
    }
    for (report, other) in column.others.iter().filter_map(|r| r.classes.get(class).map(|c| (*r, c))) {
        let p99 = samples(report, &other.p99_us, Merge::Max);
        marks.extend(runs(&p99).map(|run| line(Meaning::Latency, Dash::Solid, outline(run), Weight::Faint)));
    }
    marks.extend(runs(&band.p99).map(|run| line(Meaning::Latency, Dash::Dashed, outline(run), Weight::Edge)));
    marks.extend(runs(&band.p50).map(|run| line(Meaning::Other, Dash::Solid, outline(run), Weight::Main)));
    let shares = band.unanswered.iter().filter(|s| s.value > 0.0);
    marks.push(Mark::Shares(shares.map(|s| Sample { value: s.value.min(1.0), ..*s }).collect()));
    marks
}

fn band_labels(class: &str, bands: &[Option<Band>]) -> Vec<Label> {
    let unanswered = names::unanswered(class).to_owned();
    let strip = Label { text: unanswered, at: Height::Strip, meaning: Some(Meaning::Unanswered), dash: None };
    let last = bands.iter().flatten().next_back();
    let end = |samples: &[Sample]| runs(samples).last().map_or(0.0, ending);
    let edge = |text: &str, at: f64, meaning, dash| Label {
        text: text.to_owned(),
        at: Height::Value(at),
        meaning: Some(meaning),
        dash: Some(dash),
    };
    let p99 = edge("p99", last.map_or(0.0, |b| end(&b.p99)), Meaning::Latency, Dash::Dashed);
    let p50 = edge("median", last.map_or(0.0, |b| end(&b.p50)), Meaning::Other, Dash::Solid);
    vec![strip, p99, p50]
}
