//! `verify`: does the verdict depend on luck, and is each seed one history?

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_sim::report::VerdictKind;
use miette::Report;

use crate::args::VerifyArgs;
use crate::human::{Cell, ink, paint, repeat, table};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Term};

/// How often the first seed is played again.
const REPEATS: usize = 2;
/// The share of seeds that must give the expected verdict, unless told otherwise.
const AT_LEAST: (u64, u64) = (30, 32);
/// Seeds named where a verdict is not the expected one.
const NAMED_MAX: usize = 8;
const KINDS: [VerdictKind; 5] = [
    VerdictKind::Healthy,
    VerdictKind::Absorbed,
    VerdictKind::Degraded,
    VerdictKind::Cascading,
    VerdictKind::Metastable,
];

/// What is kept of one variant's run.
#[derive(Debug)]
struct Tally {
    name: String,
    kind: VerdictKind,
    expected: Option<String>,
    as_claimed: bool,
    digest: String,
}

/// The runs of one seed.
#[derive(Debug)]
struct Played {
    seed: u64,
    variants: Vec<Tally>,
}

pub(crate) fn verify(lab: &dyn Lab, args: &VerifyArgs, term: &mut Term) -> Result<Exit, Failure> {
    let at_least = at_least(args)?;
    let mut runs = play_all(lab, args, term)?;
    let repeats = runs.split_off(runs.len() - REPEATS);
    term.data(&summary(args, &runs, at_least, term.style.command))?;
    if let Some(broken) = broken(&runs[0], &repeats) {
        term.remark(&paint(ink::BAD.bold(), &broken))?;
        return Ok(Exit::NotDeterministic);
    }
    let first = args.seeds.start;
    let digests: Vec<_> = runs[0].variants.iter().map(|tally| format!("{} {}", tally.name, tally.digest)).collect();
    let say = format!("✓ Seed {first} was played {} times: one history.", REPEATS + 1);
    term.data(&format!("{}\n  {}\n", paint(ink::GOOD, &say), paint(ink::FAINT, &digests.join("\n  "))))?;
    Ok(Exit::claimed(columns(&runs).iter().all(|variant| enough(variant, at_least))))
}

/// The number of seeds that must give the expected verdict.
fn at_least(args: &VerifyArgs) -> Result<u64, Failure> {
    let seeds = args.seeds.end - args.seeds.start;
    match args.at_least {
        None => Ok((seeds * AT_LEAST.0).div_ceil(AT_LEAST.1)),
        Some(wanted) if wanted <= seeds => Ok(wanted),
        Some(wanted) => Err(Failure::Usage(format!("--at-least {wanted} of {seeds} seeds can never be"))),
    }
}

/// Plays every seed, and the first one again, on as many threads as asked for. Results are in the order of the seeds.
fn play_all(lab: &dyn Lab, args: &VerifyArgs, term: &mut Term) -> Result<Vec<Played>, Failure> {
    let seeds: Vec<u64> = args.seeds.clone().chain([args.seeds.start; REPEATS]).collect();
    let jobs = args.jobs.map_or_else(cores, usize::from).min(seeds.len());
    let mut results: Vec<Option<Played>> = seeds.iter().map(|_| None).collect();
    let mut failure: Option<(usize, Report)> = None;
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (done, results_of_workers) = channel();
        for _ in 0..jobs {
            let (done, next, seeds) = (done.clone(), &next, &seeds);
            scope.spawn(move || work(lab, args, seeds, next, &done));
        }
        drop(done);
        for (count, (index, result)) in (1..).zip(results_of_workers) {
            term.progress(&format!("verify {}: {count}/{} runs", args.world.scenario, seeds.len()));
            match result {
                Ok(played) => results[index] = Some(played),
                Err(report) => {
                    next.store(seeds.len(), Ordering::Relaxed);
                    failure = failure.take().filter(|(other, _)| *other < index).or(Some((index, report)));
                }
            }
        }
    });
    term.progress_done();
    match failure {
        Some((_, report)) => Err(report.into()),
        None => Ok(results.into_iter().map(|played| played.expect("every seed was played or failed")).collect()),
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Takes the next seed until there is none.
fn work(
    lab: &dyn Lab,
    args: &VerifyArgs,
    seeds: &[u64],
    next: &AtomicUsize,
    done: &Sender<(usize, Result<Played, Report>)>,
) {
    loop {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(&seed) = seeds.get(index) else { return };
        let result = play(lab, &args.world.request(Some(seed), &args.variants), seed);
        if done.send((index, result)).is_err() {
            return;
        }
    }
}

/// Plays one seed and keeps of it only what is counted: the reports of many seeds would fill the memory.
fn play(lab: &dyn Lab, request: &Request, seed: u64) -> Result<Played, Report> {
    let played = lab.play(request, &mut |_| ())?;
    Ok(Played { seed, variants: played.outcome.variants.into_iter().map(tally).collect() })
}

fn tally(variant: VariantOutcome) -> Tally {
    let as_claimed = variant.as_claimed();
    let VariantOutcome { name, verdict, expected, report, .. } = variant;
    Tally { name, kind: verdict.kind, expected, as_claimed, digest: report.digest }
}

/// The first digest that differs from that of the same seed and variant, in words.
fn broken(first: &Played, repeats: &[Played]) -> Option<String> {
    for repeat in repeats {
        for (one, other) in first.variants.iter().zip(&repeat.variants) {
            if one.digest != other.digest {
                let (seed, name) = (first.seed, &one.name);
                let digests = format!("{} and {}", one.digest, other.digest);
                return Some(format!("✗ Determinism is broken: seed {seed} of {name} has the digests {digests}.\n"));
            }
        }
    }
    None
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

fn summary(args: &VerifyArgs, runs: &[Played], at_least: u64, command: &str) -> String {
    let Range { start, end } = args.seeds;
    let facts = format!("seeds {start}..{end}, at least {at_least} of {} as expected", end - start);
    let mut text = format!("{}  {}\n\n", paint(ink::STRONG, &args.world.scenario), paint(ink::FAINT, &facts));
    let variants = columns(runs);
    let mut heads = vec!["", "expected"];
    heads.extend(KINDS.map(VerdictKind::text));
    heads.push("all claims hold");
    let mut rows = vec![heads.into_iter().map(|head| Cell::new(head, ink::FAINT)).collect()];
    rows.extend(variants.iter().map(|variant| row(variant)));
    text += &table(2, &rows);
    text += "\n";
    text.extend(variants.iter().map(|variant| judgement(args, variant, at_least, command)));
    text
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

/// One line for a variant, and the seeds that differ with the line that shows the first of them.
fn judgement(args: &VerifyArgs, variant: &[(u64, &Tally)], at_least: u64, command: &str) -> String {
    let Some(wanted) = &variant[0].1.expected else { return String::new() };
    let name = &variant[0].1.name;
    let others: Vec<u64> = variant.iter().filter(|(_, tally)| !expected(tally)).map(|(seed, _)| *seed).collect();
    let good = variant.len() - others.len();
    let mark = if enough(variant, at_least) { paint(ink::GOOD, "✓") } else { paint(ink::BAD, "✗") };
    let mut text = format!("{mark} {name}: {good} of {} seeds are {wanted}\n", variant.len());
    if let Some(&seed) = others.first() {
        let again = repeat(command, &args.world.scenario, Some(name), seed, &args.world.set);
        text += &format!("    not so: {}\n    {}\n", listed(&others), paint(ink::NAME, &again));
    }
    text
}

fn listed(seeds: &[u64]) -> String {
    let named: Vec<String> = seeds.iter().take(NAMED_MAX).map(u64::to_string).collect();
    let more = if seeds.len() > NAMED_MAX { format!(" and {} more", seeds.len() - NAMED_MAX) } else { String::new() };
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!("{word} {}{more}", named.join(", "))
}
