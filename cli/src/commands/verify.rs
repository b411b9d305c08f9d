//! `verify`: does the verdict depend on luck, and is each seed one history?

use std::ops::Range;

use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_sim::engine::Options;
use gridlock_sim::report::VerdictKind;
use miette::Report;

use crate::args::{Format, VerifyArgs, WorldArgs};
use crate::commands::again::{Again, Broken, Digests, Way, broken};
use crate::commands::many;
use crate::json::verify::{self as json, Mode};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Style, Term};

mod document;
mod summary;

/// Seeds played unless told otherwise.
const SEEDS: Range<u64> = 0..32;
/// How many of the first seeds are played again: beside other runs, alone, and in a second process.
const REPEATED: u64 = 2;
/// The share of seeds that must give the expected verdict, unless told otherwise.
const AT_LEAST: (u64, u64) = (30, 32);

/// What is kept of one variant's run.
#[derive(Debug)]
struct Tally {
    name: String,
    kind: VerdictKind,
    expected: Option<String>,
    as_claimed: bool,
    /// Checks that were violated and claims that failed.
    troubles: Vec<Trouble>,
    digest: String,
}

/// What is not as it should be, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Trouble {
    Fails(String),
    Violates(String),
}

/// The runs of one seed.
#[derive(Debug)]
struct Played {
    seed: u64,
    variants: Vec<Tally>,
}

/// One scenario to verify.
struct Check<'a> {
    scenario: &'a str,
    args: &'a VerifyArgs,
    seeds: Range<u64>,
    at_least: u64,
}

pub(crate) fn verify(lab: &dyn Lab, args: &VerifyArgs, term: &mut Term) -> Result<Exit, Failure> {
    let seeds = args.seeds.clone().unwrap_or(SEEDS);
    let at_least = at_least(args, &seeds)?;
    let (mut exit, mut found) = (Exit::AsClaimed, Vec::new());
    for (nth, scenario) in scenarios(lab, args).iter().enumerate() {
        if nth > 0 && args.format == Format::Human {
            term.data("\n")?;
        }
        let scenario = Check { scenario, args, seeds: seeds.clone(), at_least }.verify(lab, term)?;
        if !scenario.ok {
            exit = if scenario.replay.ok { Exit::NotAsClaimed } else { Exit::NotDeterministic };
        }
        found.push(scenario);
        if exit == Exit::NotDeterministic {
            break;
        }
    }
    if args.format == Format::Json {
        let mode = if args.chaos { Mode::Chaos } else { Mode::Seeds };
        let seeds = [seeds.start, seeds.end];
        let found = json::Seeds { engine: args.engine.text(), seeds, scenarios: found };
        term.data(&json::text(mode, exit == Exit::AsClaimed, &found))?;
    }
    Ok(exit)
}

/// Names of the scenarios asked for: all of the catalogue if none is named.
pub(crate) fn scenarios(lab: &dyn Lab, args: &VerifyArgs) -> Vec<String> {
    if args.scenarios.is_empty() {
        lab.list().into_iter().map(|entry| entry.name).collect()
    } else {
        args.scenarios.clone()
    }
}

impl Check<'_> {
    fn verify(&self, lab: &dyn Lab, term: &mut Term) -> Result<json::Scenario, Failure> {
        let mut runs = self.play_all(lab, term)?;
        let repeats = runs.split_off((self.seeds.end - self.seeds.start) as usize);
        if self.args.format == Format::Human {
            term.data(&self.summary(&runs, term.style.command))?;
        }
        let replay = self.replay(lab, &runs, &repeats, term)?;
        Ok(self.scenario(&runs, replay))
    }

    /// Plays the first seeds again. What is broken is a remark in every format: it goes with the exit code.
    fn replay(
        &self,
        lab: &dyn Lab,
        runs: &[Played],
        repeats: &[Played],
        term: &mut Term,
    ) -> Result<json::Replay, Failure> {
        let mut ways = Vec::new();
        for (first, repeat) in runs.iter().zip(repeats) {
            term.progress(&format!("verify {}: seed {} again", self.scenario, first.seed));
            let again = self.again(lab, first.seed, term.style);
            let found = again_and_again(&again, first, repeat);
            term.progress_done();
            ways = match found? {
                Ok(ways) => ways,
                Err(broken) => {
                    let place = again.place(&broken)?;
                    term.remark(&again.explain(&broken, place.as_ref()))?;
                    return Ok(document::replay(&runs[..repeats.len()], &[], Some((first.seed, broken, place))));
                }
            };
        }
        let runs = &runs[..repeats.len()];
        if self.args.format == Format::Human {
            term.data(&self.one_history(runs, &ways))?;
        }
        Ok(document::replay(runs, &ways, None))
    }

    /// Whether a variant is as it should be, over all seeds.
    fn fine(&self, variant: &[(u64, &Tally)]) -> bool {
        agreeing(variant, self.args.chaos) >= self.needed()
    }

    /// In how many seeds it must be so.
    fn needed(&self) -> u64 {
        if self.args.chaos { self.seeds.end - self.seeds.start } else { self.at_least }
    }

    fn again<'b>(&self, lab: &'b dyn Lab, seed: u64, style: Style) -> Again<'b> {
        let world = WorldArgs { scenario: self.scenario.to_owned(), set: self.args.set.clone() };
        let request = world.request(Some(seed), &self.args.variants, self.options());
        let request = Request { chaos: self.args.chaos, ..request };
        Again { lab, request, program: style.program, command: style.command }
    }

    fn options(&self) -> Options {
        Options { engine: self.args.engine, ties: None }
    }

    /// Plays every seed, and the first ones again, on as many threads as asked for. Results are in the order of the seeds.
    fn play_all(&self, lab: &dyn Lab, term: &mut Term) -> Result<Vec<Played>, Failure> {
        let again = self.seeds.start..self.seeds.end.min(self.seeds.start.saturating_add(REPEATED));
        let seeds: Vec<u64> = self.seeds.clone().chain(again).collect();
        let what = format!("verify {}", self.scenario);
        let world = WorldArgs { scenario: self.scenario.to_owned(), set: self.args.set.clone() };
        let options = self.options();
        many::each(&seeds, many::jobs(self.args.jobs), &what, term, |&seed| {
            let request = world.request(Some(seed), &self.args.variants, options);
            play(lab, &Request { chaos: self.args.chaos, ..request }, seed)
        })
    }
}

/// The number of seeds that must give the expected verdict.
fn at_least(args: &VerifyArgs, seeds: &Range<u64>) -> Result<u64, Failure> {
    let seeds = seeds.end - seeds.start;
    match args.at_least {
        None => Ok((seeds * AT_LEAST.0).div_ceil(AT_LEAST.1)),
        Some(wanted) if wanted <= seeds => Ok(wanted),
        Some(wanted) => Err(Failure::Usage(format!("--at-least {wanted} of {seeds} seeds can never be"))),
    }
}

/// Plays one seed and keeps of it only what is counted: the reports of many seeds would fill the memory.
fn play(lab: &dyn Lab, request: &Request, seed: u64) -> Result<Played, Report> {
    let played = lab.play(request, &mut |_| ())?;
    Ok(Played { seed, variants: played.outcome.variants.into_iter().map(tally).collect() })
}

fn tally(variant: VariantOutcome) -> Tally {
    let (as_claimed, troubles) = (variant.as_claimed(), troubles(&variant));
    let VariantOutcome { name, verdict, expected, report, .. } = variant;
    Tally { name, kind: verdict.kind, expected, as_claimed, troubles, digest: report.digest }
}

fn troubles(variant: &VariantOutcome) -> Vec<Trouble> {
    let checks = variant.checks.iter().filter(|(_, check)| !check.held && !check.must_be_violated);
    let claims = variant.claims.iter().filter(|claim| !claim.holds);
    let violated = checks.map(|(name, _)| Trouble::Violates(name.clone()));
    violated.chain(claims.map(|claim| Trouble::Fails(claim.id.clone()))).collect()
}

/// Plays a seed in all other ways, and compares: the ways in which it is one history, or where it is not.
fn again_and_again(again: &Again<'_>, first: &Played, repeat: &Played) -> Result<Result<Vec<Way>, Broken>, Report> {
    let first = digests(first);
    let mut ways = vec![Way::Beside];
    if let Some(broken) = broken((Way::Beside, &first), (Way::Beside, &digests(repeat))) {
        return Ok(Err(broken));
    }
    let others = [(Way::Alone, Some(again.here()?)), (Way::Elsewhere, again.elsewhere()?)];
    for (way, found) in others {
        let Some(found) = found else { continue };
        if let Some(broken) = broken((Way::Beside, &first), (way, &found)) {
            return Ok(Err(broken));
        }
        ways.push(way);
    }
    Ok(Ok(ways))
}

fn digests(played: &Played) -> Digests {
    played.variants.iter().map(|tally| (tally.name.clone(), tally.digest.clone())).collect()
}

/// The runs of each variant, over all seeds.
fn columns(runs: &[Played]) -> Vec<Vec<(u64, &Tally)>> {
    let count = runs.first().map_or(0, |played| played.variants.len());
    (0..count).map(|index| runs.iter().map(|played| (played.seed, &played.variants[index])).collect()).collect()
}

/// Whether a run is as it should be: under chaos that is safe, and alive in the end; else its verdict is the expected one.
fn agrees(tally: &Tally, chaos: bool) -> bool {
    if chaos { tally.as_claimed } else { tally.expected.as_deref().is_none_or(|word| word == tally.kind.text()) }
}

fn agreeing(variant: &[(u64, &Tally)], chaos: bool) -> u64 {
    variant.iter().filter(|(_, tally)| agrees(tally, chaos)).count() as u64
}

/// The seeds in which it is not.
fn disagreeing(variant: &[(u64, &Tally)], chaos: bool) -> Vec<u64> {
    variant.iter().filter(|(_, tally)| !agrees(tally, chaos)).map(|(seed, _)| *seed).collect()
}
