//! `verify`: does the verdict depend on luck, and is each seed one history?

use std::collections::BTreeMap;
use std::ops::Range;

use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_sim::engine::Options;
use gridlock_sim::report::VerdictKind;
use miette::Report;

use crate::args::{VerifyArgs, WorldArgs};
use crate::commands::again::{Again, Broken, Digests, Way, broken};
use crate::commands::many;
use crate::human::{Cell, History, KINDS, ink, paint, repeat, table};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Style, Term};

/// Seeds played unless told otherwise.
const SEEDS: Range<u64> = 0..32;
/// How many of the first seeds are played again: beside other runs, alone, and in a second process.
const REPEATED: u64 = 2;
/// The share of seeds that must give the expected verdict, unless told otherwise.
const AT_LEAST: (u64, u64) = (30, 32);
/// Seeds named where a verdict is not the expected one.
const NAMED_MAX: usize = 8;

/// What is kept of one variant's run.
#[derive(Debug)]
struct Tally {
    name: String,
    kind: VerdictKind,
    expected: Option<String>,
    as_claimed: bool,
    /// What went wrong under chaos: violated checks and failed claims.
    troubles: Vec<String>,
    digest: String,
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
    let mut worst = Exit::AsClaimed;
    for (nth, scenario) in scenarios(lab, args).iter().enumerate() {
        if nth > 0 {
            term.data("\n")?;
        }
        match (Check { scenario, args, seeds: seeds.clone(), at_least }).verify(lab, term)? {
            Exit::AsClaimed => {}
            Exit::NotDeterministic => return Ok(Exit::NotDeterministic),
            exit => worst = exit,
        }
    }
    Ok(worst)
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
    fn verify(&self, lab: &dyn Lab, term: &mut Term) -> Result<Exit, Failure> {
        let mut runs = self.play_all(lab, term)?;
        let repeats = runs.split_off((self.seeds.end - self.seeds.start) as usize);
        term.data(&self.summary(&runs, term.style.command))?;
        let mut ways = Vec::new();
        for (first, repeat) in runs.iter().zip(&repeats) {
            term.progress(&format!("verify {}: seed {} again", self.scenario, first.seed));
            let again = self.again(lab, first.seed, term.style);
            let found = again_and_again(&again, first, repeat);
            term.progress_done();
            ways = match found? {
                Ok(ways) => ways,
                Err(broken) => {
                    term.remark(&again.explain(&broken)?)?;
                    return Ok(Exit::NotDeterministic);
                }
            };
        }
        term.data(&self.one_history(&runs[..repeats.len()], &ways))?;
        let fine = |variant: &Vec<(u64, &Tally)>| match self.args.chaos {
            true => variant.iter().all(|(_, tally)| tally.as_claimed),
            false => enough(variant, self.at_least),
        };
        Ok(Exit::claimed(columns(&runs).iter().all(fine)))
    }

    fn again<'b>(&self, lab: &'b dyn Lab, seed: u64, style: Style) -> Again<'b> {
        let world = WorldArgs { scenario: self.scenario.to_owned(), set: self.args.set.clone() };
        let request = world.request(Some(seed), &self.args.variants, self.options());
        let request = Request { chaos: self.args.chaos, ..request };
        Again { lab, request, program: style.program, command: style.command }
    }

    /// In how many ways which seeds are one history, and their digests.
    fn one_history(&self, runs: &[Played], ways: &[Way]) -> String {
        let seeds: Vec<String> = runs.iter().map(|played| played.seed.to_string()).collect();
        let word = if seeds.len() == 1 { "Seed" } else { "Each of the seeds" };
        let ways: Vec<&str> = ways.iter().map(|way| way.text()).collect();
        let say = format!("✓ {word} {} is one history: {}.", seeds.join(" and "), ways.join(", "));
        let digests = runs[0].variants.iter().map(|tally| format!("  {} {}\n", tally.name, tally.digest));
        format!("{}\n{}", paint(ink::GOOD, &say), paint(ink::FAINT, &digests.collect::<String>()))
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

/// Checks that were violated and claims that failed, in words.
fn troubles(variant: &VariantOutcome) -> Vec<String> {
    let checks = variant.checks.iter().filter(|(_, check)| !check.held && !check.must_be_violated);
    let claims = variant.claims.iter().filter(|claim| !claim.holds);
    let violated = checks.map(|(name, _)| format!("violates {name}"));
    violated.chain(claims.map(|claim| format!("fails {}", claim.id))).collect()
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

fn expected(tally: &Tally) -> bool {
    tally.expected.as_deref().is_none_or(|word| word == tally.kind.text())
}

fn enough(variant: &[(u64, &Tally)], at_least: u64) -> bool {
    variant.iter().filter(|(_, tally)| expected(tally)).count() as u64 >= at_least
}

impl Check<'_> {
    fn summary(&self, runs: &[Played], command: &str) -> String {
        let Range { start, end } = self.seeds;
        let facts = match self.args.chaos {
            true => format!("chaos with seeds {start}..{end}"),
            false => format!("seeds {start}..{end}, at least {} of {} as expected", self.at_least, end - start),
        };
        let mut text = format!("{}  {}\n\n", paint(ink::STRONG, self.scenario), paint(ink::FAINT, &facts));
        let variants = columns(runs);
        let mut heads = vec!["", "expected"];
        heads.extend(KINDS.map(VerdictKind::text));
        heads.push(if self.args.chaos { "safe, and alive in the end" } else { "all claims hold" });
        let mut rows = vec![heads.into_iter().map(|head| Cell::new(head, ink::FAINT)).collect()];
        rows.extend(variants.iter().map(|variant| row(variant)));
        text += &table(2, &rows);
        text += "\n";
        let judge = |variant: &Vec<_>| match self.args.chaos {
            true => self.troubles(variant, command),
            false => self.judgement(variant, command),
        };
        text.extend(variants.iter().map(judge));
        text
    }

    /// One line for a variant, and the seeds that differ with the line that shows the first of them.
    fn judgement(&self, variant: &[(u64, &Tally)], command: &str) -> String {
        let Some(wanted) = &variant[0].1.expected else { return String::new() };
        let name = &variant[0].1.name;
        let others: Vec<u64> = variant.iter().filter(|(_, tally)| !expected(tally)).map(|(seed, _)| *seed).collect();
        let good = variant.len() - others.len();
        let mark = if enough(variant, self.at_least) { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
        let mut text = format!("{mark} {name}: {good} of {} seeds are {wanted}\n", variant.len());
        if let Some(&seed) = others.first() {
            let history = History { scenario: self.scenario, seed, ties: None, chaos: false };
            let again = repeat(command, history, Some(name), &self.args.set);
            text += &format!("    not so: {}\n    {}\n", listed(&others), paint(ink::NAME, &again));
        }
        text
    }
}

impl Check<'_> {
    /// What went wrong under chaos: each trouble with its seeds and the line that shows the first of them.
    fn troubles(&self, variant: &[(u64, &Tally)], command: &str) -> String {
        let name = &variant[0].1.name;
        let mut seeds: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (seed, tally) in variant {
            tally.troubles.iter().for_each(|trouble| seeds.entry(trouble).or_default().push(*seed));
        }
        if seeds.is_empty() {
            return format!("{} {name}: safe and alive with all of {} seeds\n", paint(ink::GOOD, "✓"), variant.len());
        }
        let told = seeds.iter().map(|(trouble, seeds)| {
            let history = History { scenario: self.scenario, seed: seeds[0], ties: None, chaos: true };
            let again = paint(ink::NAME, &repeat(command, history, Some(name), &self.args.set));
            let count = format!("{} of {}", seeds.len(), variant.len());
            format!("{} {name} {trouble} with {count}: {}\n    {again}\n", paint(ink::BAD, "✗"), listed(seeds))
        });
        told.collect()
    }
}

fn row(variant: &[(u64, &Tally)]) -> Vec<Cell> {
    let first = variant[0].1;
    let wanted = first.expected.as_deref();
    let mut row = vec![Cell::plain(&first.name), Cell::plain(wanted.unwrap_or("any"))];
    for kind in KINDS {
        let count = variant.iter().filter(|(_, tally)| tally.kind == kind).count();
        let style = match wanted {
            _ if count == 0 => ink::FAINT,
            Some(word) if word == kind.text() => ink::GOOD,
            Some(_) => ink::BAD,
            None => ink::PLAIN,
        };
        row.push(Cell::new(if count == 0 { "·".to_owned() } else { count.to_string() }, style));
    }
    let claimed = variant.iter().filter(|(_, tally)| tally.as_claimed).count();
    row.push(Cell::plain(format!("{claimed}/{}", variant.len())));
    row
}

fn listed(seeds: &[u64]) -> String {
    let named: Vec<String> = seeds.iter().take(NAMED_MAX).map(u64::to_string).collect();
    let more = if seeds.len() > NAMED_MAX { format!(" and {} more", seeds.len() - NAMED_MAX) } else { String::new() };
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!("{word} {}{more}", named.join(", "))
}
