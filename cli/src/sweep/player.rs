//! Plays one task and makes records of it. A panic ends one run, never the sweep.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_sim::engine::{Engine, Options};
use miette::Report;

use super::plan::{Plan, Task};
use super::record::{self, Record};
use crate::lab::{Lab, Request};

impl Plan {
    /// What to ask of the lab for a task. Several tasks are played at a time, so the variants of one are played one after another.
    pub(crate) fn request(&self, task: Task, engine: Engine, variants: &[String]) -> Request {
        Request {
            scenario: self.scenario.clone(),
            seed: Some(task.seed),
            variants: variants.to_vec(),
            set: self.set_at(&self.point(task.point)),
            chaos: self.chaos,
            trace: false,
            options: Options { engine, ties: None },
            jobs: Some(1),
        }
    }
}

/// Plays a task on the native engine, and on the second one if its seed is due: one record for each variant.
///
/// # Errors
/// When the scenario is wrong, for instance a claim that names a metric which does not exist.
pub(crate) fn play(lab: &dyn Lab, plan: &Plan, task: Task) -> Result<Vec<Record>, Report> {
    let first = outcomes(lab, plan, task, Engine::Native)?;
    let second = match plan.second_engine(task.seed) {
        Some(engine) => outcomes(lab, plan, task, engine)?.into_iter().map(|result| Some(digest(result))).collect(),
        None => vec![None; first.len()],
    };
    let runs = plan.variants.iter().zip(first).zip(second);
    Ok(runs.map(|((variant, result), second)| Record::new(plan, task, variant, result, second)).collect())
}

fn digest(result: record::Result) -> String {
    result.map_or_else(|panic| record::panicked(&panic), |outcome| outcome.report.digest)
}

/// The outcome of each variant. If one of them panics, each is played alone to find out which; then claims that compare with another
/// variant cannot be judged and are left out.
fn outcomes(lab: &dyn Lab, plan: &Plan, task: Task, engine: Engine) -> Result<Vec<record::Result>, Report> {
    let play = |variants: &[String]| caught(|| lab.play(&plan.request(task, engine, variants), &mut |_| ()));
    if let Ok(played) = play(&plan.variants) {
        return Ok(played?.outcome.variants.into_iter().map(Ok).collect());
    }
    let alone = |variant: &String| match play(std::slice::from_ref(variant)) {
        Ok(played) => played.map(|played| Ok(only(played.outcome.variants))),
        Err(panic) => Ok(Err(panic)),
    };
    plan.variants.iter().map(alone).collect()
}

fn only(variants: Vec<VariantOutcome>) -> VariantOutcome {
    variants.into_iter().next().expect("the variant that was asked for")
}

/// What `act` returns, or what it said when it panicked.
fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    // A run owns all that it changes, and nothing of it is looked at after a panic.
    catch_unwind(AssertUnwindSafe(act)).map_err(|panic| message(panic.as_ref()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
