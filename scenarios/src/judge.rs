//! From a run to an outcome: verdict, checks, claims.

use std::collections::{BTreeMap, BTreeSet};

use gridlock_sim::check::Finding;
use gridlock_sim::report::{Judging, judge, metrics};

use crate::chaos;
use crate::outcome::{Check, ClaimOutcome, VariantOutcome};
use crate::run::Run;
use crate::spec::{Claim, Fault, Inject, Scenario, Spec, SpecError, Variant};
use crate::world::WorldSpec;

/// The series whose rise and drain make a run absorbed; runs without Kafka have none.
const BACKLOG: &str = "lag.total";

/// Judges the run of one variant. Claims are added by [`compare`], when all variants are there. What a variant is expected to be under the
/// faults of the file is not expected of it under `chaos`.
pub(crate) fn outcome<F>(spec: &Spec<WorldSpec, F>, variant: &Variant, run: Run, chaos: bool) -> VariantOutcome {
    let context = Judging { warmup: spec.warmup, depends: depends(spec), backlog: Some(BACKLOG.into()) };
    VariantOutcome {
        name: variant.name.get_ref().clone(),
        title: variant.title.clone(),
        verdict: judge(&run.report, &context),
        expected: variant.expect.filter(|_| !chaos).map(|word| word.text().to_string()),
        luck: variant.luck.clone().filter(|_| !chaos),
        faults: spec.fault.clone(),
        metrics: metrics(&run.report, spec.warmup),
        checks: run.findings.into_iter().map(|finding| check(variant, finding, chaos)).collect(),
        claims: Vec::new(),
        report: run.report,
    }
}

/// Classes that need something that a fault hits. Whoever was accepted may still need more than who asks.
fn depends<F>(spec: &Spec<WorldSpec, F>) -> BTreeSet<String> {
    let later = spec.world.later_classes();
    let classes = spec.workload.iter().map(|workload| workload.class.get_ref()).chain(&later);
    let needs_faulted = |class: &&String| {
        let needs = spec.world.needs(class);
        spec.fault.iter().any(|fault| hits(fault, &needs))
    };
    classes.filter(needs_faulted).cloned().collect()
}

fn hits(fault: &Fault, needs: &[String]) -> bool {
    match &fault.inject {
        Inject::PoolShrink { pool, .. } => {
            pool.get_ref().split('.').next().is_some_and(|p| needs.iter().any(|n| n == p))
        }
        inject => inject.nodes().into_iter().all(|node| needs.contains(node.get_ref())),
    }
}

/// Under chaos, what a variant is meant to violate may also hold.
fn check(variant: &Variant, finding: Finding, chaos: bool) -> (String, Check) {
    let meant = variant.checks.violated.iter().any(|name| name == finding.name);
    let must_be_violated = meant && !(chaos && finding.held);
    let check = Check { held: finding.held, must_be_violated, first_violation: finding.first_violation };
    (finding.name.to_string(), check)
}

/// Evaluates the claims about the variants that were run. A claim that refers to a variant that was not run is left out.
///
/// # Errors
/// When a claim names a metric that no variant has, with the place in the file.
pub(crate) fn compare<F>(scenario: &Scenario<WorldSpec, F>, variants: &mut [VariantOutcome]) -> Result<(), SpecError> {
    let complete = scenario.spec.variant.len() <= variants.len();
    let known: BTreeSet<String> = variants.iter().flat_map(|v| v.metrics.keys().cloned()).collect();
    let measured: BTreeMap<String, BTreeMap<String, u64>> =
        variants.iter().map(|v| (v.name.clone(), v.metrics.clone())).collect();
    for claim in &scenario.spec.claim {
        for metric in [Some(&claim.metric), claim.than.as_ref().map(|than| &than.metric)].into_iter().flatten() {
            if complete && !known.contains(metric.get_ref()) {
                let message = format!("no variant has the metric `{}`", metric.get_ref());
                return Err(scenario.error_at(metric.span(), &message, &nearest(metric.get_ref(), &known)));
            }
        }
        for variant in variants.iter_mut() {
            let concerned = claim.variant.as_ref().is_none_or(|name| *name.get_ref() == variant.name);
            if let Some(result) = concerned.then(|| evaluate(claim, &variant.name, &measured)).flatten() {
                variant.claims.push(result);
            }
        }
    }
    Ok(())
}

/// Evaluates what must be true of a run after its drawn faults. The usual liveness is left out where a class has no such metric: nobody came.
///
/// # Errors
/// When the file states a metric that the run does not have, with its place.
pub(crate) fn liveness<F>(
    scenario: &Scenario<WorldSpec, F>,
    spec: &Spec<WorldSpec, F>,
    outcome: &mut VariantOutcome,
) -> Result<(), SpecError> {
    let measured = BTreeMap::from([(outcome.name.clone(), outcome.metrics.clone())]);
    for claim in chaos::claims(spec, &outcome.metrics) {
        let named = [Some(&claim.metric), claim.than.as_ref().map(|than| &than.metric)];
        let unknown = |metric: &str| !outcome.metrics.contains_key(metric) && !may_be_absent(metric);
        let missing = named.into_iter().flatten().find(|metric| unknown(metric.get_ref()));
        match missing {
            None => outcome.claims.extend(evaluate(&claim, &outcome.name, &measured)),
            Some(_) if spec.chaos.liveness.is_empty() => {}
            Some(metric) => {
                let message = format!("the run has no metric `{}`", metric.get_ref());
                let known = outcome.metrics.keys().cloned().collect();
                return Err(scenario.error_at(metric.span(), &message, &nearest(metric.get_ref(), &known)));
            }
        }
    }
    Ok(())
}

/// Metrics that count something which need not happen in a run: absent, they are zero.
fn may_be_absent(metric: &str) -> bool {
    metric.contains(".failed.") || ["facts.", "peak.", "attempts."].iter().any(|start| metric.starts_with(start))
}

fn evaluate(claim: &Claim, variant: &str, measured: &BTreeMap<String, BTreeMap<String, u64>>) -> Option<ClaimOutcome> {
    // A metric that this variant does not have, though another does, counts what never happened.
    let value = |variant: &str, metric: &str| {
        let metrics = measured.get(variant)?;
        Some(i64::try_from(metrics.get(metric).copied().unwrap_or(0)).unwrap_or(i64::MAX))
    };
    let left = value(variant, claim.metric.get_ref())?;
    let expected = match (&claim.than, claim.value) {
        (Some(than), _) => {
            let other = than.variant.as_ref().map_or(variant, |name| name.get_ref());
            scaled(value(other, than.metric.get_ref())?, than.factor.0)
        }
        (None, Some(value)) => value,
        (None, None) => return None,
    };
    Some(ClaimOutcome {
        id: claim.id.get_ref().clone(),
        metric: claim.metric.get_ref().clone(),
        op: claim.op.as_str().to_string(),
        expected,
        measured: left,
        holds: claim.op.holds(left, expected),
        because: claim.because.clone(),
    })
}

fn scaled(value: i64, per_mille: u64) -> i64 {
    i64::try_from(i128::from(value) * i128::from(per_mille) / 1000).unwrap_or(i64::MAX)
}

/// The known metric that looks most like this one, as advice.
fn nearest(metric: &str, known: &BTreeSet<String>) -> String {
    let near = known.iter().max_by(|a, b| strsim::jaro(a, metric).total_cmp(&strsim::jaro(b, metric)));
    near.map_or_else(|| "this run has no metrics".into(), |near| format!("did you mean `{near}`?"))
}
