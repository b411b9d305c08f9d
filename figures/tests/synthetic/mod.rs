//! Made-up reports with realistic shapes: a fault from 30 s to 70 s, and four ways to live with it.

use std::collections::BTreeMap;

use gridlock_figures::{Column, Figure, Row, Unit};
use gridlock_sim::report::{ClassReport, FaultWindow, Quantiles, Report, Series, SeriesKind};

const STEPS: u64 = 120;
const MIB: u64 = 1 << 20;

/// How a variant lives with the fault.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Healthy,
    Cascading,
    Metastable,
    Degraded,
}

/// A small deterministic jitter between 0 and `below`.
fn jitter(t: u64, salt: u64, below: u64) -> u64 {
    let mut x = t.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt.wrapping_mul(0xD1B5_4A32_D192_ED03);
    x ^= x >> 29;
    x = x.wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (x ^ (x >> 32)) % below
}

/// Trouble in thousandths at second `t`.
fn trouble(shape: Shape, t: u64) -> u64 {
    let rise = (t.saturating_sub(30) * 90).min(1000);
    let fall = 1000 - (t.saturating_sub(72) * 60).min(1000);
    match (shape, t) {
        (_, ..30) => 0,
        (Shape::Healthy, ..=70) => 40,
        (Shape::Healthy, _) => 0,
        (Shape::Cascading, _) => rise.min(fall),
        (Shape::Metastable, _) => rise,
        (Shape::Degraded, ..=70) => rise.min(350),
        (Shape::Degraded, _) => fall.min(350),
    }
}

fn class(shape: Shape, seed: u64) -> ClassReport {
    let mut class = ClassReport::default();
    for t in 0..STEPS {
        let offered = 92 + jitter(t, seed, 17);
        let bad = offered * trouble(shape, t) / 1000;
        let lost = if shape == Shape::Degraded { 0 } else { bad * (6 + jitter(t, seed + 1, 3)) / 10 };
        let ok = offered - bad;
        class.offered_by_arrival.push(offered);
        class.ok_by_arrival.push(ok);
        class.unanswered_by_arrival.push(lost);
        class.failed_by_arrival.push(bad - lost);
        class.ok_by_answer.push(ok);
        let slow = 1 + trouble(shape, t) / 12;
        class.p50_us.push(if ok == 0 { 0 } else { 21_000 * slow / 2 + jitter(t, seed, 4_000) });
        class.p99_us.push(if ok == 0 { 0 } else { 64_000 * slow + jitter(t, seed + 2, 30_000) });
    }
    class.offered = class.offered_by_arrival.iter().sum();
    class.ok = class.ok_by_arrival.iter().sum();
    class.abandoned = class.unanswered_by_arrival.iter().sum();
    class.failed = BTreeMap::from([("UNAVAILABLE".to_owned(), class.failed_by_arrival.iter().sum())]);
    class.latency_us = Quantiles { p50: 21_000, p90: 40_000, p99: 64_000, max: 90_000 };
    class
}

fn series(kind: SeriesKind, value: impl Fn(u64) -> u64) -> Series {
    Series { kind, values: (0..STEPS).map(value).collect() }
}

/// A report of one variant and seed.
pub(crate) fn report(shape: Shape, seed: u64) -> Report {
    let bad = move |t| trouble(shape, t);
    let mut all = BTreeMap::new();
    let mut put = |key: &str, series: Series| all.insert(key.to_owned(), series);
    put("order.db/pool.used", series(SeriesKind::GaugeMax, |t| (2 + jitter(t, seed, 3) + bad(t) / 100).min(10)));
    put("order.db/pool.waiting", series(SeriesKind::GaugeMax, |t| bad(t) / 30 + jitter(t, seed, 2) * bad(t) / 200));
    put("gateway/heap.bytes", series(SeriesKind::GaugeMax, |t| (90 + jitter(t, seed, 20) + bad(t) / 2) * MIB));
    put("order/heap.bytes", series(SeriesKind::GaugeMax, |t| (140 + jitter(t, seed, 20) + bad(t) * 2 / 3) * MIB));
    put("inventory/cpu", series(SeriesKind::PerMille, |t| (240 + jitter(t, seed, 60) + bad(t)).min(1000)));
    put("inventory/loop.lag", series(SeriesKind::SpanMaxUs, |t| 900 + bad(t) * 1_500 + jitter(t, seed, 500)));
    put("inventory/stale.completions", series(SeriesKind::Count, |t| bad(t) / 14 + jitter(t, seed, 9) * bad(t) / 1000));
    put("order->inventory/attempts", series(SeriesKind::Count, |t| 100 + jitter(t, seed, 9) + bad(t) / 4));
    if matches!(shape, Shape::Cascading | Shape::Metastable) {
        put("order->inventory/retries", series(SeriesKind::Count, |t| bad(t) / 4 + jitter(t, seed, 9) * bad(t) / 1000));
    }
    if shape == Shape::Degraded {
        put("order->inventory/breaker", series(SeriesKind::GaugeMax, |t| if bad(t) > 100 { 2 } else { 0 }));
    }
    let fault = FaultWindow { name: "inventory: slow CPU, ×20".to_owned(), from_us: 30_000_000, until_us: 70_000_000 };
    Report {
        duration_us: STEPS * 1_000_000,
        step_us: 1_000_000,
        faults: vec![fault],
        classes: BTreeMap::from([("orders".to_owned(), class(shape, seed))]),
        totals: BTreeMap::new(),
        series: all,
        events: 0,
        digest: String::new(),
    }
}

/// Variants with a key, a heading and a note.
pub(crate) const VARIANTS: [(Shape, &str, &str, &str); 4] = [
    (Shape::Metastable, "naive", "Retries, no budget", "metastable: never recovers after the fault"),
    (Shape::Cascading, "timeouts", "Deadlines", "cascading: recovers 18 s after the fault"),
    (Shape::Degraded, "breaker", "Circuit breaker", "degraded: 35 % of orders fail fast"),
    (Shape::Healthy, "hardened", "Budget, breaker, bulkhead", "healthy: 4 % fail during the fault"),
];

/// Reports of all variants: first the one to draw, then two other seeds.
pub(crate) fn reports() -> Vec<[Report; 3]> {
    VARIANTS.iter().map(|v| [1, 40, 90].map(|seed| report(v.0, seed))).collect()
}

/// All kinds of rows.
pub(crate) fn rows() -> Vec<Row> {
    let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
    let gauges = |title: &str, unit, series: &[&str], capacity| Row::Gauges {
        title: title.to_owned(),
        unit,
        series: keys(series),
        capacity,
    };
    vec![
        Row::Goodput { class: "orders".to_owned() },
        Row::Latency { class: "orders".to_owned() },
        gauges("Database pool of order", None, &["order.db/pool.used", "order.db/pool.waiting"], Some(10)),
        Row::Counts {
            title: "Calls from order to inventory".to_owned(),
            series: keys(&["order->inventory/attempts", "order->inventory/retries", "inventory/stale.completions"]),
        },
        gauges("CPU of inventory", Some(Unit::Percent), &["inventory/cpu"], None),
        gauges("Heap", None, &["gateway/heap.bytes", "order/heap.bytes"], Some(1024 * MIB)),
        gauges("Circuit breaker (0 closed, 2 open)", None, &["order->inventory/breaker"], None),
    ]
}

/// A figure of the first `columns` variants.
pub(crate) fn figure(reports: &[[Report; 3]], columns: usize, rows: Vec<Row>) -> Figure<'_> {
    let columns = reports.iter().zip(VARIANTS).take(columns).map(|(reports, (_, variant, title, note))| Column {
        variant,
        title,
        note,
        report: &reports[0],
        others: reports[1..].iter().collect(),
    });
    Figure {
        id: "retry-storm",
        title: "A retry storm & its cures",
        description: "Orders per second, latency and resources of four designs around a fault of 40 s.",
        rows,
        columns: columns.collect(),
    }
}
