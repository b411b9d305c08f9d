//! A scenario in words, from its specification and the comments in its file.

use gridlock_figures::FigureSpec;
use gridlock_scenarios::catalog;
use gridlock_scenarios::spec::{Claim, Fault, Inject, Scenario, Variant};
use gridlock_scenarios::world::WorldSpec;
use gridlock_sim::engine::SimTime;

use crate::lab::{ClaimText, Explanation, Parameter, VariantText};

/// Describes a scenario.
pub(crate) fn explanation(scenario: &Scenario<WorldSpec, FigureSpec>) -> Explanation {
    let spec = &scenario.spec;
    let world = catalog::parameters(&scenario.file.text).into_iter().map(|parameter| Parameter {
        key: parameter.path,
        value: parameter.value,
        reason: parameter.reason,
    });
    Explanation {
        title: spec.title.clone(),
        summary: one_line(&spec.summary),
        question: spec.question.clone().unwrap_or_default(),
        world: world.collect(),
        faults: spec.fault.iter().map(fault).collect(),
        variants: spec.variant.iter().map(variant).collect(),
        claims: spec.claim.iter().map(claim).collect(),
    }
}

/// A fault in one line.
pub(crate) fn fault(fault: &Fault) -> String {
    let what = match &fault.inject {
        Inject::Slow { node, factor } => {
            format!("{} computes {} times slower", node.get_ref(), factor.0 as f64 / 1000.0)
        }
        Inject::Pause { node } => format!("{} is stopped", node.get_ref()),
        Inject::Crash { node } => format!("{} crashes", node.get_ref()),
        Inject::Down { node } => format!("{} is killed and stays down", node.get_ref()),
        Inject::Stop { node } => format!("{} is asked to stop and stays down", node.get_ref()),
        Inject::HostLoss { node } => format!("the host of {} vanishes", node.get_ref()),
        Inject::Cut { from, to, both: true } => {
            format!("nothing passes between {} and {}", from.get_ref(), to.get_ref())
        }
        Inject::Cut { from, to, both: false } => {
            format!("nothing passes from {} to {}", from.get_ref(), to.get_ref())
        }
        Inject::Loss { from, to, percent } => {
            let percent = f64::from(percent.ppm()) / 10_000.0;
            format!("{percent} % of segments from {} to {} are lost", from.get_ref(), to.get_ref())
        }
        Inject::Delay { from, to, by } => {
            format!("everything from {} to {} takes {by} longer", from.get_ref(), to.get_ref())
        }
        Inject::PoolShrink { pool, size } => format!("the pool {} has {size} units left", pool.get_ref()),
    };
    let from = SimTime::ZERO + fault.at;
    match fault.end() {
        Some(end) => format!("{from} to {}: {what}", SimTime::ZERO + end),
        None => format!("from {from} on: {what}"),
    }
}

fn variant(variant: &Variant) -> VariantText {
    VariantText {
        name: variant.name.get_ref().clone(),
        title: variant.title.clone(),
        why: one_line(&variant.summary),
        expected: variant.expect.map(|word| word.text().to_string()).unwrap_or_default(),
        sets: variant.set.iter().map(|(key, value)| format!("{key} = {value}")).collect(),
    }
}

fn claim(claim: &Claim) -> ClaimText {
    let right = match (&claim.than, claim.value) {
        (Some(than), _) => {
            let whose = than.variant.as_ref().map_or_else(String::new, |name| format!("{}'s ", name.get_ref()));
            format!("{} x {whose}{}", than.factor.0 as f64 / 1000.0, than.metric.get_ref())
        }
        (None, Some(value)) => value.to_string(),
        (None, None) => String::new(),
    };
    ClaimText {
        id: claim.id.get_ref().clone(),
        variant: claim.variant.as_ref().map_or_else(|| "every variant".into(), |name| name.get_ref().clone()),
        text: format!("{} {} {right}", claim.metric.get_ref(), claim.op.as_str()),
        because: claim.because.clone(),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
