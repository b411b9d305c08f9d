//! What a sweep adds up to: verdicts, shares and percentiles for each setting and variant, and what failed.

use std::collections::BTreeMap;

use gridlock_scenarios::spec::Luck;
use gridlock_sim::report::VerdictKind;
use serde::Serialize;

use super::plan::{Axis, Plan, Point, SECOND_EVERY, Shard};
use super::record::Record;
use super::statistics::{Distribution, Percentiles, Share};
use crate::human::{History, KINDS, repeat};

/// Most failures that are spelled out; all of them are in the results.
const FAILURES_MAX: usize = 1000;
/// Metrics of every class that are summarised, beside those that claims speak of.
const MAIN: [&str; 3] = [".ok_permille.during", ".p99_us", ".recovery_ms"];
/// What begins so is another name of a class's metric; it is summarised only where a claim uses that name.
pub(crate) const ALIASES: [&str; 2] = ["accept.", "e2e."];

/// The whole of it: `summary.json`, and the answer to `--format json`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Summary {
    pub(crate) schema: u32,
    pub(crate) build: String,
    pub(crate) scenario: String,
    pub(crate) title: String,
    /// The first seed, and the one behind the last.
    pub(crate) seeds: [u64; 2],
    /// Which part of the tasks is counted, e.g. `0/1`.
    pub(crate) shard: String,
    pub(crate) set: Vec<String>,
    pub(crate) grid: Vec<Axis>,
    /// Records: tasks times variants.
    pub(crate) runs: u64,
    /// Runs that panicked.
    pub(crate) panics: u64,
    /// Runs that are not as the scenario says, panics included.
    pub(crate) not_as_claimed: u64,
    /// Of these, runs of variants of which more are so than the scenario says.
    pub(crate) unforeseen: u64,
    /// The comparison with the second engine; none without one.
    pub(crate) second_engine: Option<SecondEngine>,
    /// One entry for each setting, in canonical order.
    pub(crate) points: Vec<PointSummary>,
    /// What failed, in canonical order, [`FAILURES_MAX`] at most.
    pub(crate) failures: Vec<Failed>,
    /// How many failed in all.
    pub(crate) failures_total: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct SecondEngine {
    pub(crate) name: String,
    /// Every so many seeds.
    pub(crate) every: u64,
    /// Runs played on both.
    pub(crate) runs: u64,
    /// Of these, runs with two digests.
    pub(crate) differ: u64,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct PointSummary {
    pub(crate) point: Point,
    pub(crate) variants: Vec<VariantSummary>,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct VariantSummary {
    pub(crate) name: String,
    pub(crate) expected: Option<String>,
    pub(crate) runs: u64,
    pub(crate) panics: u64,
    /// Verdicts that occurred, from good to bad.
    pub(crate) verdicts: BTreeMap<VerdictKind, Share>,
    /// Runs of which verdict, checks and claims are as the scenario says.
    pub(crate) as_claimed: Share,
    /// What the scenario says of the others, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) luck: Option<Luck>,
    /// Main metrics over seeds.
    pub(crate) metrics: BTreeMap<String, Percentiles>,
}

/// One run that is not as it should be.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failed {
    pub(crate) point: Point,
    pub(crate) seed: u64,
    pub(crate) variant: String,
    /// What is wrong with it.
    pub(crate) why: Vec<String>,
    /// The line that repeats it.
    pub(crate) repeat: String,
}

impl Summary {
    /// True when two engines told two histories.
    pub(crate) fn engines_differ(&self) -> bool {
        self.second_engine.as_ref().is_some_and(|second| second.differ > 0)
    }
}

impl VariantSummary {
    /// Runs that are not as the scenario says, unless they are as few as it says: as far as luck can tell, see [`Share`].
    pub(crate) fn unforeseen(&self) -> u64 {
        let others = Share::new(self.as_claimed.of - self.as_claimed.runs, self.as_claimed.of);
        let said = self.luck.as_ref().map_or(0, |luck| Share::new(luck.seeds, luck.of).high_ppm);
        if others.low_ppm <= said { 0 } else { others.runs }
    }

    /// The verdict that most runs got; of two that are equally frequent, the worse one.
    pub(crate) fn usual(&self) -> Option<(VerdictKind, Share)> {
        self.verdicts.iter().max_by_key(|(_, share)| share.runs).map(|(kind, share)| (*kind, *share))
    }
}

/// Records in canonical order, folded into a summary.
pub(crate) struct Fold<'a> {
    plan: &'a Plan,
    summary: Summary,
    tallies: Vec<Tally>,
    point: Option<Point>,
}

/// What is counted of one variant at one setting.
#[derive(Default)]
struct Tally {
    expected: Option<String>,
    runs: u64,
    panics: u64,
    as_claimed: u64,
    verdicts: BTreeMap<VerdictKind, u64>,
    metrics: BTreeMap<String, Distribution>,
}

impl<'a> Fold<'a> {
    /// Nothing counted yet.
    pub(crate) fn new(plan: &'a Plan, shard: Shard) -> Self {
        let second = |name: &String| SecondEngine { name: name.clone(), every: SECOND_EVERY, runs: 0, differ: 0 };
        let summary = Summary {
            schema: plan.schema,
            build: plan.build.clone(),
            scenario: plan.scenario.clone(),
            title: plan.title.clone(),
            seeds: [plan.seeds.start, plan.seeds.end],
            shard: shard.to_string(),
            set: plan.set.clone(),
            grid: plan.grid.clone(),
            runs: 0,
            panics: 0,
            not_as_claimed: 0,
            unforeseen: 0,
            second_engine: plan.second_engine.as_ref().map(second),
            points: Vec::new(),
            failures: Vec::new(),
            failures_total: 0,
        };
        Fold { plan, summary, tallies: Vec::new(), point: None }
    }

    /// Counts a record.
    pub(crate) fn add(&mut self, record: &Record) {
        if self.point.as_ref() != Some(&record.point) {
            self.close();
            self.point = Some(record.point.clone());
            self.tallies = self.plan.variants.iter().map(|_| Tally::default()).collect();
        }
        let variant = self.plan.variants.iter().position(|name| *name == record.variant);
        self.tallies[variant.expect("a variant of the plan")].add(record);
        self.summary.runs += 1;
        self.summary.panics += u64::from(record.panic.is_some());
        self.summary.not_as_claimed += u64::from(!record.as_claimed);
        if let (Some(second), true) = (&mut self.summary.second_engine, record.second_digest.is_some()) {
            second.runs += 1;
            second.differ += u64::from(!record.engines_agree());
        }
        self.note_failure(record);
    }

    fn note_failure(&mut self, record: &Record) {
        let mut why: Vec<String> = record.panic.iter().map(|panic| format!("panicked: {panic}")).collect();
        if let (Some(second), false) = (&self.plan.second_engine, record.engines_agree()) {
            why.push(format!("{second} told another history"));
        }
        let verdict = record.verdict.as_deref().unwrap_or_default();
        why.extend(record.failed.iter().map(|what| match what.as_str() {
            "verdict" => format!("{verdict} instead of {}", record.expected.as_deref().unwrap_or_default()),
            _ => what.clone(),
        }));
        if why.is_empty() {
            return;
        }
        self.summary.failures_total += 1;
        if self.summary.failures.len() < FAILURES_MAX {
            let history =
                History { scenario: &self.plan.scenario, seed: record.seed, ties: None, chaos: self.plan.chaos };
            let repeat = repeat("gridlock", history, Some(&record.variant), &self.plan.set_at(&record.point));
            let (point, seed, variant) = (record.point.clone(), record.seed, record.variant.clone());
            self.summary.failures.push(Failed { point, seed, variant, why, repeat });
        }
    }

    fn close(&mut self) {
        let Some(point) = self.point.take() else { return };
        let tallies = std::mem::take(&mut self.tallies);
        let luck = |name| self.plan.luck.get(name).cloned();
        let named = self.plan.variants.iter().zip(tallies);
        let variants: Vec<_> = named.map(|(name, tally)| tally.summary(name, luck(name))).collect();
        self.summary.unforeseen += variants.iter().map(VariantSummary::unforeseen).sum::<u64>();
        self.summary.points.push(PointSummary { point, variants });
    }

    /// What it adds up to.
    pub(crate) fn finish(mut self) -> Summary {
        self.close();
        self.summary
    }
}

impl Tally {
    fn add(&mut self, record: &Record) {
        self.runs += 1;
        self.panics += u64::from(record.panic.is_some());
        self.as_claimed += u64::from(record.as_claimed);
        self.expected = self.expected.take().or_else(|| record.expected.clone());
        let kind = KINDS.into_iter().find(|kind| record.verdict.as_deref() == Some(kind.text()));
        *kind.map_or(&mut 0, |kind| self.verdicts.entry(kind).or_default()) += 1;
        for (key, value) in &record.metrics {
            let claimed = || record.claims.values().any(|claim| claim.metric == *key);
            let alias = || ALIASES.iter().any(|alias| key.starts_with(alias));
            if MAIN.iter().any(|ending| key.ends_with(ending)) && !alias() || claimed() {
                self.metrics.entry(key.clone()).or_default().add(*value);
            }
        }
    }

    fn summary(self, name: &str, luck: Option<Luck>) -> VariantSummary {
        let Tally { expected, runs, panics, as_claimed, verdicts, metrics } = self;
        let verdicts = verdicts.into_iter().map(|(kind, count)| (kind, Share::new(count, runs))).collect();
        let metrics = metrics.into_iter().map(|(key, values)| (key, values.percentiles())).collect();
        let as_claimed = Share::new(as_claimed, runs);
        VariantSummary { name: name.to_owned(), expected, runs, panics, verdicts, as_claimed, luck, metrics }
    }
}
