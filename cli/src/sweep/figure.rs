//! The figure of a sweep: bands over one key, a phase diagram over two.

use gridlock_figures::{About, Axis, Band, BandRow, Bands, Cell, Phase, PhasePanel, Unit, render_bands, render_phase};

use super::plan::{Plan, Shard};
use super::summary::{ALIASES, Summary, VariantSummary};

/// Share of a class that is served while the fault lasts.
const SERVED: &str = ".ok_permille.during";
/// Metrics in one figure of bands, at most.
const ROWS_MAX: usize = 6;

/// Name and text of the figure; none without a grid of one or two keys, and none of a part of the sweep.
///
/// # Errors
/// When it cannot be drawn.
pub(crate) fn draw(plan: &Plan, shard: Shard, summary: &Summary) -> Result<Option<(&'static str, String)>, String> {
    let drawn = match plan.grid.len() {
        _ if shard != Shard::WHOLE => None,
        1 => bands(plan, summary).map(|svg| ("bands.svg", svg)),
        2 => Some(("phase.svg", phase(plan, summary))),
        _ => None,
    };
    drawn.map(|(name, svg)| svg.map(|svg| (name, svg)).map_err(|error| error.to_string())).transpose()
}

type Drawn = Result<String, gridlock_figures::FigureError>;

fn axis(axis: &super::plan::Axis) -> Axis<'_> {
    Axis { key: &axis.key, values: &axis.values }
}

/// For each metric the median and the spread; none if nothing was measured.
fn bands(plan: &Plan, summary: &Summary) -> Option<Drawn> {
    let variants = || summary.points.iter().flat_map(|point| &point.variants);
    let mut metrics: Vec<&str> = variants().flat_map(|variant| variant.metrics.keys().map(String::as_str)).collect();
    // What is served comes before how long it takes.
    metrics.retain(|key| key.ends_with(SERVED) || key.ends_with(".p99_us"));
    metrics.retain(|key| !ALIASES.iter().any(|alias| key.starts_with(alias)));
    metrics.sort_by_key(|key| (!key.ends_with(SERVED), *key));
    metrics.dedup();
    metrics.truncate(ROWS_MAX);
    let row = |metric| {
        let of = |nth: usize| summary.points.iter().map(|point| band(&point.variants[nth], metric)).collect();
        let unit = if metric.ends_with("_us") { Unit::Time } else { Unit::Percent };
        BandRow { metric, unit, bands: (0..plan.variants.len()).map(of).collect() }
    };
    let figure = Bands {
        about: About {
            id: &format!("{}-bands", summary.scenario),
            title: &format!("{}: metrics over {}", summary.title, plan.grid[0].key),
            description: &format!("Median and spread of metrics over {} seeds at each value.", plan.seed_count()),
        },
        across: axis(&plan.grid[0]),
        variants: plan.variants.iter().map(String::as_str).collect(),
        rows: metrics.into_iter().map(row).collect(),
    };
    (!figure.rows.is_empty()).then(|| render_bands(&figure))
}

fn band(variant: &VariantSummary, metric: &str) -> Option<Band> {
    let values = variant.metrics.get(metric)?;
    Some(Band { p5: values.p5, median: values.median, p95: values.p95 })
}

/// For each combination the usual verdict, and how many of each class were served meanwhile.
fn phase<'a>(plan: &'a Plan, summary: &Summary) -> Drawn {
    let panel = |(nth, variant): (usize, &'a String)| {
        let cells = summary.points.iter().map(|point| cell(&point.variants[nth])).collect();
        PhasePanel { variant, cells }
    };
    render_phase(&Phase {
        about: About {
            id: &format!("{}-phase", summary.scenario),
            title: &format!("{}: verdicts over {} and {}", summary.title, plan.grid[0].key, plan.grid[1].key),
            description: &format!(
                "The usual verdict of {} seeds at each combination, and its share.",
                plan.seed_count()
            ),
        },
        across: axis(&plan.grid[1]),
        down: axis(&plan.grid[0]),
        panels: plan.variants.iter().enumerate().map(panel).collect(),
        caption: "Usual verdict, how many runs get it, and the share of each class served during the fault (median).",
    })
}

fn cell(variant: &VariantSummary) -> Option<Cell> {
    let (verdict, share) = variant.usual()?;
    // What follows an order is another class of the same customers: orders.e2e.
    let served = variant.metrics.iter().filter_map(|(key, values)| {
        let class = key.strip_suffix(SERVED).filter(|class| !class.contains('.'))?;
        Some(format!("{class} {} %", values.median / 10))
    });
    Some(Cell { verdict, permille: share.ppm / 1000, notes: served.collect() })
}
