//! Shrinks a run to what is needed for its outcome: delta debugging over data.
//!
//! | where | what |
//! |---|---|
//! | `keep` | the outcome that is kept |
//! | `case` | a candidate: a scenario file with one variant |
//! | `trial` | which of several candidates is the first to keep the outcome |
//! | `search` | the order of attempts: removing, then narrowing numbers |
//! | `moves` | what can be made smaller |
//! | `words` | what came of it, in plain words |
//!
//! A candidate is the very text that would be written, read and checked as a user's file is; one that is refused is passed over. Candidates run
//! side by side, but the first in their order that keeps the outcome is taken, so the result does not depend on how many run at a time.
//! What shrinks is as small as these moves find it, not the smallest there is.

mod case;
mod keep;
mod moves;
mod search;
#[cfg(test)]
mod tests;
mod trial;
mod words;

use gridlock_sim::engine::Options;
use serde::de::DeserializeOwned;

use self::case::Case;
pub use self::keep::{Keep, UnknownKeep};
use self::search::Search;
pub use self::search::{LENGTH, WATCHED_MAX};
use self::trial::Trial;
use crate::outcome::VariantOutcome;
use crate::replay::{Said, document};
use crate::spec::{Override, Resolved, Scenario, SpecError};
use crate::world::WorldSpec;
use crate::{chaos, play};

/// What to shrink.
#[derive(Clone, Debug)]
pub struct Request {
    /// How the scenario was asked for.
    pub name: String,
    /// The seed; the scenario's own if absent.
    pub seed: Option<u64>,
    /// The variant; none for a scenario that has none, or only one.
    pub variant: Option<String>,
    /// Overrides.
    pub set: Vec<Override>,
    /// Begin with faults drawn from the seed, in place of those of the file.
    pub chaos: bool,
    /// What is kept; the verdict of the run if absent.
    pub keep: Option<Keep>,
    /// The most candidates that are run.
    pub budget: u32,
    /// The engine, and how ties are broken.
    pub options: Options,
    /// Runs at one time, at least 1. The result does not depend on it.
    pub jobs: usize,
}

/// What it was shrunk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// A scenario file, with comments that say where it comes from.
    pub text: String,
    /// What is enough for the outcome, in one sentence.
    pub sentence: String,
    /// What was removed or made smaller, one line each.
    pub removed: Vec<String>,
    /// Candidates that were run.
    pub runs: u32,
    /// Whether the budget ended before the search did.
    pub exhausted: bool,
    /// Digest of the run of the file.
    pub digest: String,
}

/// Why nothing can be shrunk.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ShrinkError {
    /// The file, a variant or an override is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Spec(#[from] SpecError),
    /// The outcome to keep is not that of the run.
    #[error("{what} with seed {seed}: there is nothing to shrink")]
    Absent {
        /// What is not so.
        what: String,
        /// The seed.
        seed: u64,
        /// What is so.
        #[help]
        instead: String,
    },
    /// One variant must be chosen.
    #[error("the scenario has several variants: choose one to shrink")]
    NoVariant {
        /// Which there are.
        #[help]
        help: String,
    },
}

/// Shrinks a run. `tell` hears how far the search has come.
///
/// # Errors
/// [`ShrinkError`]: when the request is wrong, or the outcome to keep does not occur.
pub fn shrink<F: DeserializeOwned + Default + Sync + Send>(
    scenario: &Scenario<WorldSpec, F>,
    request: &Request,
    tell: &mut dyn FnMut(&str),
) -> Result<Shrunk, ShrinkError> {
    let seed = request.seed.unwrap_or(scenario.spec.seed);
    let variant = chosen(scenario, request)?;
    let outcome = first_run(scenario, request, variant.as_deref())?;
    let keep = request.keep.clone().unwrap_or(Keep::Verdict(outcome.verdict.kind));
    if !keep.is_in(&outcome) {
        let what = format!("{} {}", outcome.name, keep.denied());
        return Err(ShrinkError::Absent { what, seed, instead: keep::occurred(&outcome, &keep) });
    }
    let start = start(scenario, request, &outcome, seed, &keep)?;
    let trial = Trial { keep: &keep, options: request.options, jobs: request.jobs };
    let first = |cases: &[Case]| trial.first(cases);
    let mut search = Search::new(start.clone(), &keep, request.budget, tell, &first);
    search.run();
    let (best, runs, exhausted) = search.result();
    let last = trial.outcome(&best).unwrap_or(outcome);
    Ok(words::tell(&words::Told {
        request,
        seed,
        keep: &keep,
        start: &start,
        best: &best,
        outcome: &last,
        runs,
        exhausted,
    }))
}

/// The variant that is asked for, or the only one.
fn chosen<F>(scenario: &Scenario<WorldSpec, F>, request: &Request) -> Result<Option<String>, ShrinkError> {
    let names: Vec<String> = scenario.spec.variant.iter().map(|variant| variant.name.get_ref().clone()).collect();
    match (&request.variant, &names[..]) {
        (Some(name), _) => Ok(Some(scenario.variant(name)?.name.get_ref().clone())),
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some(only.clone())),
        (None, _) => Err(ShrinkError::NoVariant { help: format!("--variant {}", names.join(", --variant ")) }),
    }
}

/// The run as it is, with all that its scenario claims.
fn first_run<F: DeserializeOwned + Default + Sync + Send>(
    scenario: &Scenario<WorldSpec, F>,
    request: &Request,
    variant: Option<&str>,
) -> Result<VariantOutcome, SpecError> {
    let request = crate::Request {
        name: request.name.clone(),
        seed: request.seed,
        variants: variant.map(str::to_owned).into_iter().collect(),
        set: request.set.clone(),
        chaos: request.chaos,
        trace: false,
        options: request.options,
        jobs: 1,
    };
    Ok(play(scenario, &request)?.outcome.variants.remove(0))
}

/// The run as a file of its own, from which the search begins.
fn start<F: DeserializeOwned + Default>(
    scenario: &Scenario<WorldSpec, F>,
    request: &Request,
    played: &VariantOutcome,
    seed: u64,
    keep: &Keep,
) -> Result<Case, SpecError> {
    let named = scenario.spec.variant.iter().any(|variant| *variant.name.get_ref() == played.name);
    let variant = named.then_some(played.name.as_str());
    let resolved: Resolved<WorldSpec, F> = match request.chaos {
        true => chaos::resolve(scenario, variant, &request.set, seed)?,
        false => scenario.resolve(variant, &request.set)?,
    };
    let stated =
        if request.chaos { chaos::claims(&resolved.spec, &played.metrics) } else { scenario.spec.claim.clone() };
    let claims =
        stated.into_iter().filter(|claim| matches!(keep, Keep::Claim(id) if id == claim.id.get_ref())).collect();
    let said = Said { claims, ..Said::default() };
    let mut root = document(scenario, &resolved, &request.set, seed, &said)?;
    for key in ["figure", "question"] {
        root.remove(key);
    }
    Case::read(root)
}
