//! `verify --engines`: is a seed the same history on every engine?

use std::ops::Range;

use gridlock_scenarios::difference::{Difference, first_difference};
use gridlock_scenarios::outcome::VariantOutcome;
use gridlock_sim::engine::{Engine, Options};
use miette::Report;

use crate::args::{Format, VerifyArgs, WorldArgs};
use crate::commands::many;
use crate::commands::verify::scenarios;
use crate::human::{History, ink, paint, repeat};
use crate::json::verify::{self as json, Mode};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Term};

/// Seeds played unless told otherwise.
const SEEDS: Range<u64> = 0..20;

/// Seed, and the seed of the order of ties.
type Moment = (u64, Option<u64>);

/// One history of one variant, as both engines tell it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    seed: u64,
    ties: Option<u64>,
    variant: String,
    digests: [String; 2],
    /// Where the engines part, if they have been asked.
    pub(crate) place: Option<Difference>,
}

impl Told {
    pub(crate) fn agree(&self) -> bool {
        self.digests[0] == self.digests[1]
    }
}

/// What is compared: one scenario.
pub(crate) struct CrossCheck<'a> {
    pub(crate) engines: [Engine; 2],
    pub(crate) scenario: &'a str,
    pub(crate) set: &'a [String],
    pub(crate) variants: &'a [String],
    /// Whether faults are drawn.
    pub(crate) chaos: bool,
}

pub(crate) fn cross_check(lab: &dyn Lab, args: &VerifyArgs, term: &mut Term) -> Result<Exit, Failure> {
    let &[one, other] = Engine::ALL else {
        let only = Engine::ALL[0];
        return Err(Failure::Usage(format!(
            "this build has the {only} engine alone; build it with `--cfg madsim`, as the repository's configuration does, to compare"
        )));
    };
    let engines = [one, other];
    let (mut ok, mut histories) = (true, Vec::new());
    for scenario in scenarios(lab, args) {
        let check =
            CrossCheck { engines, scenario: &scenario, set: &args.set, variants: &args.variants, chaos: args.chaos };
        let mut told = check.play_all(lab, args, term)?;
        if let Some(parted) = told.iter_mut().flatten().find(|told| !told.agree()) {
            parted.place = check.place(lab, parted)?;
            term.remark(&check.explain(parted, term.style.command))?;
            ok = false;
        } else if args.format == Format::Human {
            term.data(&check.agreement(&told))?;
        }
        histories.extend(told.into_iter().flatten().map(|told| check.history(told)));
        if !ok {
            break;
        }
    }
    if args.format == Format::Json {
        let found = json::Engines { chaos: args.chaos, engines: engines.map(Engine::text), histories };
        term.data(&json::text(Mode::Engines, ok, &found))?;
    }
    Ok(if ok { Exit::AsClaimed } else { Exit::NotDeterministic })
}

/// The seeds to play, and with `--ties` each once more.
fn moments(args: &VerifyArgs) -> Vec<Moment> {
    let seeds = args.seeds.clone().unwrap_or(SEEDS);
    let drawn = args.ties.then(|| seeds.clone().map(|seed| (seed, Some(seed))));
    seeds.map(|seed| (seed, None)).chain(drawn.into_iter().flatten()).collect()
}

impl CrossCheck<'_> {
    fn request(&self, engine: Engine, seed: u64, ties: Option<u64>, variants: &[String]) -> Request {
        let world = WorldArgs { scenario: self.scenario.to_owned(), set: self.set.to_vec() };
        Request { chaos: self.chaos, ..world.request(Some(seed), variants, Options { engine, ties }) }
    }

    /// All variants of every seed.
    fn play_all(&self, lab: &dyn Lab, args: &VerifyArgs, term: &mut Term) -> Result<Vec<Vec<Told>>, Failure> {
        let what = format!("cross-check {}", self.scenario);
        many::each(&moments(args), many::jobs(args.jobs), &what, term, |moment| self.compare(lab, *moment))
    }

    /// Plays one seed on both engines: all variants.
    pub(crate) fn compare(&self, lab: &dyn Lab, (seed, ties): Moment) -> Result<Vec<Told>, Report> {
        let play = |engine| lab.play(&self.request(engine, seed, ties, self.variants), &mut |_| ());
        let [one, other] = self.engines;
        let (one, other) = (play(one)?.outcome.variants, play(other)?.outcome.variants);
        let told = |(one, other): (VariantOutcome, VariantOutcome)| {
            let digests = [one.report.digest, other.report.digest];
            Told { seed, ties, variant: one.name, digests, place: None }
        };
        Ok(one.into_iter().zip(other).map(told).collect())
    }

    /// Plays a history again with traces, and looks where the engines part.
    pub(crate) fn place(&self, lab: &dyn Lab, parted: &Told) -> Result<Option<Difference>, Report> {
        let trace = |engine| {
            let request = self.request(engine, parted.seed, parted.ties, std::slice::from_ref(&parted.variant));
            let played = lab.play(&Request { trace: true, ..request }, &mut |_| ())?;
            Ok::<_, Report>(played.traces.into_iter().next().map_or(String::new(), |(_, trace)| trace))
        };
        let [one, other] = self.engines;
        Ok(first_difference(&trace(one)?, &trace(other)?))
    }

    /// Says where the engines part.
    pub(crate) fn explain(&self, parted: &Told, command: &str) -> String {
        let Told { seed, ties, variant, place, .. } = parted;
        let [one, other] = self.engines;
        let place = place.as_ref();
        let place =
            place.map_or_else(|| "no event: played again, both told the same".to_owned(), Difference::to_string);
        let say = format!("✗ {one} (one) and {other} (other) tell two histories of {variant}, first in {place}\n");
        let history = History { scenario: self.scenario, seed: *seed, ties: *ties, chaos: self.chaos };
        let again = repeat(command, history, Some(variant), self.set);
        let lines =
            self.engines.map(|engine| format!("  {}\n", paint(ink::NAME, &format!("{again} --engine {engine}"))));
        paint(ink::BAD.bold(), &say) + &lines.concat()
    }

    fn agreement(&self, told: &[Vec<Told>]) -> String {
        let ([one, other], variants) = (self.engines, told.first().map_or(0, Vec::len));
        let (scenario, seeds) = (self.scenario, told.len());
        let say = format!("✓ {scenario}: {seeds} histories of {variants} variants agree on {one} and {other}");
        format!("{}\n", paint(ink::GOOD, &say))
    }

    /// What was told, for programs.
    fn history(&self, told: Told) -> json::History {
        json::History {
            scenario: self.scenario.to_owned(),
            ok: told.agree(),
            variant: told.variant,
            seed: told.seed,
            ties: told.ties,
            digests: self.engines.map(Engine::text).into_iter().zip(told.digests).collect(),
            first_difference: told.place,
        }
    }
}
