//! Plays a scenario: every requested variant with one seed, judged and compared with the scenario's claims.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridlock_sim::engine::Options;
use serde::de::DeserializeOwned;

use crate::chaos;
use crate::judge;
use crate::outcome::{Outcome, VariantOutcome};
use crate::run::{Code, Run, run_code};
use crate::spec::{Override, Resolved, Scenario, SpecError, Variant};
use crate::world::WorldSpec;

/// What to play.
#[derive(Clone, Debug)]
pub struct Request {
    /// How the scenario was asked for.
    pub name: String,
    /// The seed; the scenario's own if absent.
    pub seed: Option<u64>,
    /// Variants by name; empty for all.
    pub variants: Vec<String>,
    /// Overrides for every variant.
    pub set: Vec<Override>,
    /// Draw faults from the seed, in place of those of the file (see [`crate::chaos`]).
    pub chaos: bool,
    /// Keep the traces.
    pub trace: bool,
    /// The engine, and how ties are broken.
    pub options: Options,
    /// Runs at one time, at least 1. The outcome does not depend on it.
    pub jobs: usize,
}

impl Request {
    /// A scenario as it is: its own seed and faults, all variants, no trace, one run at a time on the usual engine.
    pub fn plain(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            seed: None,
            variants: Vec::new(),
            set: Vec::new(),
            chaos: false,
            trace: false,
            options: Options::default(),
            jobs: 1,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Played {
    /// The runs, measured and judged.
    pub outcome: Outcome,
    /// Name of the variant and its trace as JSON Lines, if requested.
    pub traces: Vec<(String, String)>,
}

/// Plays a scenario.
///
/// # Errors
/// [`SpecError`], before the runs when a variant or override is wrong, after them when a claim names a metric that no run has.
pub fn play<F>(scenario: &Scenario<WorldSpec, F>, request: &Request) -> Result<Played, SpecError>
where
    F: DeserializeOwned + Default + Sync + Send,
{
    play_code(scenario, request, &Code::default())
}

/// Plays a scenario whose runs leave decisions to code.
///
/// # Errors
/// As [`play`].
pub fn play_code<F>(scenario: &Scenario<WorldSpec, F>, request: &Request, code: &Code) -> Result<Played, SpecError>
where
    F: DeserializeOwned + Default + Sync + Send,
{
    let seed = request.seed.unwrap_or(scenario.spec.seed);
    let variants = resolve(scenario, request)?;
    let runs = run_all(&variants, seed, request, code);
    let mut traces = Vec::new();
    let mut outcomes: Vec<VariantOutcome> = Vec::new();
    for ((variant, resolved), mut run) in variants.iter().zip(runs) {
        traces.extend(run.trace.take().map(|trace| (variant.name.get_ref().clone(), trace)));
        outcomes.push(judge::outcome(&resolved.spec, variant, run, request.chaos));
    }
    if request.chaos {
        for ((_, resolved), outcome) in variants.iter().zip(&mut outcomes) {
            judge::liveness(scenario, &resolved.spec, outcome)?;
        }
    } else {
        judge::compare(scenario, &mut outcomes)?;
    }
    let outcome = Outcome {
        scenario: request.name.clone(),
        title: scenario.spec.title.clone(),
        seed,
        engine: request.options.engine.text(),
        ties: request.options.ties,
        chaos: request.chaos,
        variants: outcomes,
    };
    Ok(Played { outcome, traces })
}

/// A variant and what is to be run for it.
pub type Chosen<F> = (Variant, Resolved<WorldSpec, F>);

/// The requested variants with their specifications; a scenario without variants is played as it is.
///
/// # Errors
/// [`SpecError`], when a variant or override is wrong.
pub fn resolve<F>(scenario: &Scenario<WorldSpec, F>, request: &Request) -> Result<Vec<Chosen<F>>, SpecError>
where
    F: DeserializeOwned + Default,
{
    let seed = request.seed.unwrap_or(scenario.spec.seed);
    let resolved = |variant: Option<&str>| match request.chaos {
        true => chaos::resolve(scenario, variant, &request.set, seed),
        false => scenario.resolve(variant, &request.set),
    };
    let names: Vec<String> = match &request.variants[..] {
        [] => scenario.spec.variant.iter().map(|variant| variant.name.get_ref().clone()).collect(),
        chosen => chosen.to_vec(),
    };
    let plain = Variant::plain();
    // The line that repeats a run names its variant also where the file names none.
    if scenario.spec.variant.is_empty() && names.iter().all(|name| name == plain.name.get_ref()) {
        return Ok(vec![(plain, resolved(None)?)]);
    }
    let resolve = |name: &String| {
        let variant = scenario.variant(name)?.clone();
        Ok((variant, resolved(Some(name))?))
    };
    names.iter().map(resolve).collect()
}

/// Runs all variants, `request.jobs` at a time, and returns the runs in their order.
fn run_all<F: Sync + Send>(variants: &[Chosen<F>], seed: u64, request: &Request, code: &Code) -> Vec<Run> {
    let next = AtomicUsize::new(0);
    let done: Vec<Mutex<Option<Run>>> = variants.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, resolved)) = variants.get(index) else { return };
            let run = run_code(request.options, code, &resolved.spec, seed, request.trace);
            *done[index].lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(run);
        }
    };
    if request.jobs <= 1 {
        work(); // not every target has threads
    } else {
        std::thread::scope(|scope| (0..request.jobs.min(variants.len())).for_each(|_| drop(scope.spawn(work))));
    }
    done.into_iter().map(|run| run.into_inner().ok().flatten().expect("every variant has run")).collect()
}
