//! A lab with one scenario of four variants, made of formulas instead of simulations.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use gridlock_scenarios::outcome::{Check, ClaimOutcome, Outcome, VariantOutcome};
use gridlock_scenarios::shrink::Shrunk;
use gridlock_scenarios::spec::Luck;
use gridlock_sim::engine::Engine;
use gridlock_sim::report::{ClassReport, FaultWindow, Quantiles, Report, Series, SeriesKind, Verdict, VerdictKind};
use miette::miette;
use serde_json::json;

use crate::lab::{Checked, ClaimText, Entry, Explanation, Lab, Parameter, Played, Request, ShrinkRequest, VariantText};

const STEPS: u64 = 180;
const FAULT: std::ops::Range<u64> = 60..120;

/// The knobs of the fake.
#[derive(Debug, Default)]
pub(super) struct FakeLab {
    /// Number of runs so far; part of the digest if determinism is broken.
    pub(super) runs: AtomicU64,
    /// True if every run has another digest.
    pub(super) forgetful: bool,
    /// Seeds of which `grpc` recovers after all.
    pub(super) lucky: Vec<u64>,
    /// What it says of luck.
    pub(super) luck: BTreeMap<String, Luck>,
    /// True if no figure can be drawn.
    pub(super) blind: bool,
    /// Seeds of which `grpc` panics.
    pub(super) fragile: Vec<u64>,
    /// Seeds that tell another history on the second engine.
    pub(super) torn: Vec<u64>,
    /// Changes the text of the scenario file.
    pub(super) edition: u64,
    /// Another build: changes every digest.
    pub(super) build: u64,
    /// The number of runs after which nothing can be played any more; 0 for never.
    pub(super) last: u64,
}

/// Name, title, verdict, its reason, and per cent of orders and of browsing served during and after the fault.
type Design = (&'static str, &'static str, VerdictKind, &'static str, [u64; 4]);

const DESIGNS: [Design; 4] = [
    (
        "grpc",
        "gRPC as the article wrote it: no deadline, three retries",
        VerdictKind::Metastable,
        "The fault ended at 120 s, but orders stayed at 7 % of the baseline to the end, and browsing, which needs no order, at 31 %.",
        [4, 7, 22, 31],
    ),
    (
        "grpc-deadline",
        "gRPC with deadlines of 800 ms passed on",
        VerdictKind::Cascading,
        "Browsing fell to 64 % of the baseline during the fault and came back 9 s after it.",
        [11, 97, 64, 98],
    ),
    (
        "grpc-hardened",
        "gRPC with deadlines, retry budget, breaker and shedding",
        VerdictKind::Degraded,
        "Orders fell to 9 % of the baseline while the fault lasted; browsing never fell below 99 %.",
        [9, 100, 100, 100],
    ),
    (
        "kafka",
        "Orders are accepted and processed later",
        VerdictKind::Absorbed,
        "Every order was accepted; a backlog of 1,896 events grew during the fault and was drained 48 s after it.",
        [100, 100, 100, 100],
    ),
];

impl Lab for FakeLab {
    fn list(&self) -> Vec<Entry> {
        let explanation = explanation();
        let variants = DESIGNS.map(|(name, title, ..)| (name.to_owned(), title.to_owned())).to_vec();
        vec![Entry { name: "cascade".into(), title: explanation.title, summary: explanation.summary, variants }]
    }

    fn play(&self, request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Played, miette::Report> {
        known(&request.scenario)?;
        let designs = chosen(&request.variants)?;
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        if self.last > 0 && run >= self.last {
            return Err(miette!("the power is gone"));
        }
        let seed = request.seed.unwrap_or(1);
        if self.fragile.contains(&seed) && designs.iter().any(|(name, ..)| *name == "grpc") {
            panic!("a bug that seed {seed} finds");
        }
        designs.iter().for_each(|(name, ..)| progress(&format!("playing {name}")));
        let mut variants: Vec<_> = designs.into_iter().map(|design| variant(design, seed)).collect();
        let other = self.torn.contains(&seed) && request.options.engine != Engine::Native;
        for variant in &mut variants {
            if self.forgetful {
                variant.report.digest = format!("{run:032x}");
            }
            if other || self.build > 0 {
                variant.report.digest = format!("{:032x}", seed + 1000 * self.build);
            }
            if variant.name == "grpc" && self.lucky.contains(&seed) {
                variant.verdict.kind = VerdictKind::Cascading;
            }
        }
        let line = if self.forgetful { format!("{{\"at_ns\":{run}}}\n") } else { "{\"at_ns\":0}\n".to_owned() };
        let trace = |variant: &VariantOutcome| (variant.name.clone(), line.clone());
        let traces = if request.trace { variants.iter().map(trace).collect() } else { Vec::new() };
        Ok(Played {
            outcome: Outcome {
                scenario: request.scenario.clone(),
                title: explanation().title,
                seed,
                engine: request.options.engine.text(),
                ties: request.options.ties,
                chaos: request.chaos,
                variants,
            },
            traces,
            replays: Vec::new(),
            telling: Vec::new(),
        })
    }

    fn check(&self, request: &Request) -> Result<Checked, miette::Report> {
        known(&request.scenario)?;
        let designs = chosen(&request.variants)?;
        let variants = designs.into_iter().map(|(name, ..)| name.to_owned()).collect();
        let (title, source) = (explanation().title, format!("cascade {}", self.edition));
        Ok(Checked { title, variants, luck: self.luck.clone(), source })
    }

    fn shrink(&self, request: &ShrinkRequest, progress: &mut dyn FnMut(&str)) -> Result<Shrunk, miette::Report> {
        known(&request.run.scenario)?;
        progress("shrinking: 17 runs, 1 faults left");
        Ok(Shrunk {
            text: "# A 3.1 s slowdown of inventory at 60 s is enough.\ntitle = \"t\"\n".to_owned(),
            sentence: "a 3.1 s slowdown of inventory at 60 s is enough: cascade/grpc stays metastable".to_owned(),
            removed: vec!["faults: 1 of 5".to_owned(), "the run: 96 s, was 180 s".to_owned()],
            runs: 17,
            exhausted: request.budget == 17,
            digest: format!("{:032x}", request.run.seed.unwrap_or(1)),
        })
    }

    fn explain(&self, scenario: &str) -> Result<Explanation, miette::Report> {
        known(scenario)?;
        Ok(explanation())
    }

    fn schema(&self) -> serde_json::Value {
        json!({ "title": "Scenario", "type": "object" })
    }

    fn figure(&self, _: &Outcome) -> Result<String, String> {
        if self.blind { Err("the pen is broken".to_owned()) } else { Ok("<svg/>\n".to_owned()) }
    }
}

/// The designs of these names; all if there is none.
fn chosen(names: &[String]) -> Result<Vec<Design>, miette::Report> {
    if let Some(name) = names.iter().find(|name| DESIGNS.iter().all(|(known, ..)| known != name)) {
        return Err(miette!(help = "did you mean `grpc`?", "no variant `{name}` in `cascade`"));
    }
    let all = DESIGNS.map(|(name, ..)| name.to_owned());
    let names = if names.is_empty() { &all } else { names };
    Ok(names.iter().flat_map(|wanted| DESIGNS.into_iter().filter(move |(name, ..)| wanted == name)).collect())
}

fn known(scenario: &str) -> Result<(), miette::Report> {
    match scenario {
        "cascade" => Ok(()),
        "boom" => panic!("a bug in a model"),
        _ => Err(miette!(help = "did you mean `cascade`?", "no scenario `{scenario}`")),
    }
}

/// `base` until the fault, then the share of it that is given for the fault, then the one given for the time after it.
fn story(base: u64, during: u64, after: u64) -> Vec<u64> {
    let level = |step: u64| match step {
        _ if step < FAULT.start => 100,
        _ if step < FAULT.end => during + (100 - during) / (1 + step - FAULT.start),
        _ => after.min(during + (step - FAULT.end) * 6),
    };
    (0..STEPS).map(|step| (base + step % 3) * level(step) / 100).collect()
}

fn class(rate: u64, during: u64, after: u64) -> ClassReport {
    let offered = story(rate, 100, 100);
    let ok: Vec<u64> = story(rate, during, after).iter().zip(&offered).map(|(ok, offered)| *ok.min(offered)).collect();
    let (offered_sum, ok_sum) = (offered.iter().sum::<u64>(), ok.iter().sum::<u64>());
    let lost = offered_sum - ok_sum;
    let failed = BTreeMap::from([("unavailable".to_owned(), lost / 2), ("deadline_exceeded".to_owned(), lost / 4)]);
    let answered = failed.values().sum::<u64>();
    let slow = if lost > 0 { 28_400_000 } else { 41_300 };
    ClassReport {
        offered: offered_sum,
        ok: ok_sum,
        failed,
        abandoned: lost - answered,
        latency_us: Quantiles { p50: 12_345, p90: 40_000, p99: slow, max: slow },
        offered_by_arrival: offered,
        ok_by_arrival: ok,
        ..ClassReport::default()
    }
}

fn series(kind: SeriesKind, calm: u64, peak: u64, end: u64) -> Series {
    let value = |step: u64| match step {
        _ if step < FAULT.start => calm + step % 2,
        _ if step < FAULT.end => peak.min(calm + (step - FAULT.start + 1) * peak / 20),
        _ => end + peak.saturating_sub(end) / (1 + step - FAULT.end),
    };
    Series { kind, values: (0..STEPS).map(value).collect() }
}

fn resources(after: u64) -> BTreeMap<String, Series> {
    let end = |calm: u64, peak: u64| if after < 50 { peak } else { calm };
    let all = [
        ("order.db/pool.used", series(SeriesKind::GaugeMax, 4, 20, end(4, 20))),
        ("order.db/pool.waiting", series(SeriesKind::GaugeMax, 0, 412, end(0, 390))),
        ("gateway/heap.bytes", series(SeriesKind::GaugeMax, 40 << 20, 488 << 20, end(41 << 20, 460 << 20))),
        ("gateway->order/retries", series(SeriesKind::Count, 0, 96, end(0, 88))),
        ("inventory/cpu", series(SeriesKind::PerMille, 310, 1_000, end(310, 640))),
        ("gateway->order/breaker", series(SeriesKind::GaugeMax, 0, 9_000, 0)),
    ];
    all.into_iter().map(|(key, series)| (key.to_owned(), series)).collect()
}

fn report(shares: [u64; 4], seed: u64) -> Report {
    let [orders, orders_after, browse, browse_after] = shares;
    let orders = class(33, orders, orders_after);
    Report {
        duration_us: STEPS * 1_000_000,
        step_us: 1_000_000,
        faults: vec![FaultWindow {
            name: "inventory: slow CPU, x20".to_owned(),
            from_us: FAULT.start * 1_000_000,
            until_us: FAULT.end * 1_000_000,
        }],
        classes: BTreeMap::from([
            ("orders".to_owned(), orders),
            ("browse".to_owned(), class(100, browse, browse_after)),
        ]),
        totals: BTreeMap::new(),
        series: resources(orders_after),
        events: 1_284_113,
        digest: format!("{:032x}", 0x9e37_79b9_7f4a_7c15_u128 * u128::from(seed + 1 + shares.iter().sum::<u64>())),
    }
}

fn variant((name, title, kind, reason, shares): Design, seed: u64) -> VariantOutcome {
    let report = report(shares, seed);
    let orders = &report.classes["orders"];
    let metrics = [
        ("accept.p99_us", orders.latency_us.p99),
        ("browse.ok", report.classes["browse"].ok),
        ("lag.max", if name == "kafka" { 1_896 } else { 0 }),
        ("orders.duplicated", 0),
        ("orders.failed", orders.failed_total()),
        ("orders.offered", orders.offered),
        ("orders.ok", orders.ok),
    ];
    let metrics: BTreeMap<String, u64> = metrics.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let (claims, checks) = (vec![claim(name, &metrics)], checks(name));
    let verdict = Verdict { kind, reason: reason.to_owned() };
    let expected = Some(kind.text().to_owned());
    let faults = Vec::new();
    VariantOutcome {
        name: name.into(),
        title: title.into(),
        verdict,
        expected,
        luck: None,
        faults,
        metrics,
        checks,
        claims,
        report,
    }
}

/// `accept.p99_us <= 250000`: true of the queue, wrong for the variants that wait.
fn claim(name: &str, metrics: &BTreeMap<String, u64>) -> ClaimOutcome {
    let measured = metrics["accept.p99_us"] as i64;
    let (op, holds) = if name == "grpc" { (">=", measured >= 250_000) } else { ("<=", measured <= 250_000) };
    ClaimOutcome {
        id: format!("{name}-accept"),
        metric: "accept.p99_us".to_owned(),
        op: op.to_owned(),
        expected: 250_000,
        measured,
        holds,
        because: "An order holds its database connection while it awaits inventory, so that the pool is empty after twenty of them."
            .to_owned(),
    }
}

fn checks(name: &str) -> BTreeMap<String, Check> {
    let held = Check { held: true, must_be_violated: false, first_violation: None };
    let first = Some("order 17 was applied at 61.204 s and again at 64.118 s".to_owned());
    let twice = Check { held: false, must_be_violated: true, first_violation: first };
    let once = if name == "kafka" { twice } else { held.clone() };
    [("conserved", held.clone()), ("no-order-applied-twice", once), ("stock-never-negative", held)]
        .into_iter()
        .map(|(name, check)| (name.to_owned(), check))
        .collect()
}

fn explanation() -> Explanation {
    let parameter = |key: &str, value: &str, reason: &str| Parameter {
        key: key.into(),
        value: value.into(),
        reason: reason.into(),
    };
    let variant = |(name, title, kind, ..): Design| VariantText {
        name: name.into(),
        title: title.into(),
        why: "This is what most teams write first.".into(),
        expected: kind.text().into(),
        sets: vec!["gateway.order.deadline = \"none\"".into()],
    };
    Explanation {
        title: "One slow service takes the shop down".into(),
        summary: "Inventory turns twenty times slower for a minute. Everything that waits for it waits with something in its hands, and \
                  whoever needs that thing waits too."
            .into(),
        question: "Customers who only browse need no inventory. How many of them are served during the minute?".into(),
        world: vec![
            parameter("order.pool", "20 connections", "node-postgres defaults to 10; the article's shop doubled it."),
            parameter("workload.orders", "33/s", "A third of what inventory can do when it is well."),
        ],
        faults: vec!["60 s – 120 s  inventory: slow CPU, x20".into()],
        variants: DESIGNS.map(variant).to_vec(),
        claims: vec![ClaimText {
            id: "grpc-accept".into(),
            variant: "grpc".into(),
            text: "accept.p99_us >= 250000".into(),
            because: "An order holds its database connection while it awaits inventory.".into(),
        }],
    }
}
