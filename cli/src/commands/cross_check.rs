//! `verify --engines`: is a seed the same history on every engine?

use std::ops::Range;

use gridlock_scenarios::difference::first_difference;
use gridlock_sim::engine::{Engine, Options};
use miette::Report;

use crate::args::{VerifyArgs, WorldArgs};
use crate::commands::many;
use crate::commands::verify::scenarios;
use crate::human::{History, ink, paint, repeat};
use crate::lab::{Lab, Request};
use crate::term::{Exit, Failure, Term};

/// Seeds played unless told otherwise.
const SEEDS: Range<u64> = 0..20;

/// Two engines disagree about this history.
#[derive(Clone, Debug)]
pub(crate) struct Disagreement {
    seed: u64,
    ties: Option<u64>,
    variant: String,
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
    let seeds = args.seeds.clone().unwrap_or(SEEDS);
    let mut histories: Vec<(u64, Option<u64>)> = seeds.clone().map(|seed| (seed, None)).collect();
    if args.ties {
        histories.extend(seeds.map(|seed| (seed, Some(seed))));
    }
    for scenario in scenarios(lab, args) {
        let check = CrossCheck {
            engines: [one, other],
            scenario: &scenario,
            set: &args.set,
            variants: &args.variants,
            chaos: args.chaos,
        };
        let what = format!("cross-check {scenario}");
        let found = many::each(&histories, many::jobs(args.jobs), &what, term, |history| check.compare(lab, *history))?;
        if let Some(disagreement) = found.iter().find_map(|(_, disagreement)| disagreement.as_ref()) {
            let text = check.explain(lab, disagreement, term.style.command)?;
            term.remark(&text)?;
            return Ok(Exit::NotDeterministic);
        }
        let variants = found.first().map_or(0, |(variants, _)| *variants);
        let say =
            format!("✓ {scenario}: {} histories of {variants} variants agree on {one} and {other}", histories.len());
        term.data(&format!("{}\n", paint(ink::GOOD, &say)))?;
    }
    Ok(Exit::AsClaimed)
}

impl CrossCheck<'_> {
    fn request(&self, engine: Engine, seed: u64, ties: Option<u64>, variants: &[String]) -> Request {
        let world = WorldArgs { scenario: self.scenario.to_owned(), set: self.set.to_vec() };
        Request { chaos: self.chaos, ..world.request(Some(seed), variants, Options { engine, ties }) }
    }

    /// Plays one history on both engines; returns the number of variants, and the first of which they disagree.
    pub(crate) fn compare(
        &self,
        lab: &dyn Lab,
        (seed, ties): (u64, Option<u64>),
    ) -> Result<(usize, Option<Disagreement>), Report> {
        let play = |engine| lab.play(&self.request(engine, seed, ties, self.variants), &mut |_| ());
        let [one, other] = self.engines;
        let (one, other) = (play(one)?.outcome.variants, play(other)?.outcome.variants);
        let parts = one.iter().zip(&other).find(|(one, other)| one.report.digest != other.report.digest);
        let disagreement = parts.map(|(variant, _)| Disagreement { seed, ties, variant: variant.name.clone() });
        Ok((one.len(), disagreement))
    }

    /// Plays a history again with traces, and says where the engines part.
    pub(crate) fn explain(&self, lab: &dyn Lab, found: &Disagreement, command: &str) -> Result<String, Report> {
        let Disagreement { seed, ties, variant } = found;
        let trace = |engine| {
            let request = self.request(engine, *seed, *ties, std::slice::from_ref(variant));
            let played = lab.play(&Request { trace: true, ..request }, &mut |_| ())?;
            Ok::<_, Report>(played.traces.into_iter().next().map_or(String::new(), |(_, trace)| trace))
        };
        let [one, other] = self.engines;
        let place = first_difference(&trace(one)?, &trace(other)?);
        let place = place.unwrap_or_else(|| "no event: played again, both told the same".to_owned());
        let say = format!("✗ {one} (one) and {other} (other) tell two histories of {variant}, first in {place}\n");
        let history = History { scenario: self.scenario, seed: *seed, ties: *ties, chaos: self.chaos };
        let again = repeat(command, history, Some(variant), self.set);
        let lines =
            self.engines.map(|engine| format!("  {}\n", paint(ink::NAME, &format!("{again} --engine {engine}"))));
        Ok(paint(ink::BAD.bold(), &say) + &lines.concat())
    }
}
