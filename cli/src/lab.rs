//! What the command asks of the scenarios, and the built-in catalogue that answers.

use std::collections::BTreeMap;

use gridlock_figures::{Column, Figure, FigureSpec};
use gridlock_scenarios::catalog;
use gridlock_scenarios::outcome::{Outcome, VariantOutcome};
use gridlock_scenarios::replay;
use gridlock_scenarios::shrink::{self, Keep, Shrunk};
use gridlock_scenarios::spec::{Luck, Override, Scenario, SpecError, Variant, json_schema};
use gridlock_scenarios::world::WorldSpec;
use gridlock_sim::engine::Options;
use miette::Report;

use crate::{pictures, words};

/// A collection of scenarios that can be played. Shared by the threads of `verify`.
pub trait Lab: Sync {
    /// The scenarios, in the order in which they should be read.
    fn list(&self) -> Vec<Entry>;

    /// Plays the requested variants. `progress` is told what is being done, one line at a time.
    fn play(&self, request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Played, Report>;

    /// Checks a request without playing it.
    fn check(&self, request: &Request) -> Result<Checked, Report>;

    /// Shrinks a run to what is needed for its outcome.
    fn shrink(&self, request: &ShrinkRequest, progress: &mut dyn FnMut(&str)) -> Result<Shrunk, Report>;

    /// Describes a scenario without playing it.
    fn explain(&self, scenario: &str) -> Result<Explanation, Report>;

    /// The JSON schema of scenario files.
    fn schema(&self) -> serde_json::Value;

    /// Draws an outcome as SVG, in the light theme.
    fn figure(&self, outcome: &Outcome) -> Result<String, String>;

    /// The figure of an outcome, and what else is drawn of its scenario.
    fn pictures(&self, outcome: &Outcome) -> Result<Vec<Picture>, String> {
        Ok(vec![Picture { suffix: String::new(), svg: self.figure(outcome)? }])
    }

    /// Pictures that belong to no scenario: the name of each, and its SVG in the light theme.
    fn standing(&self) -> Result<Vec<(&'static str, String)>, String> {
        Ok(Vec::new())
    }
}

/// One drawing, in the light theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// What follows the name of the scenario in the name of the file: nothing for its figure, else a dot and a word.
    pub suffix: String,
    /// The drawing.
    pub svg: String,
}

/// A scenario in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name to type.
    pub name: String,
    /// The title to read.
    pub title: String,
    /// One sentence.
    pub summary: String,
    /// Name and title of each variant.
    pub variants: Vec<(String, String)>,
}

/// What to play.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Name in the catalogue, or path of a file.
    pub scenario: String,
    /// The seed; none for the scenario's own.
    pub seed: Option<u64>,
    /// Names of variants; empty for all.
    pub variants: Vec<String>,
    /// Changes to the specification, `key=value`, applied to every variant.
    pub set: Vec<String>,
    /// True if the faults are drawn from the seed.
    pub chaos: bool,
    /// True if the traces are wanted too, and under chaos the files that repeat the runs.
    pub trace: bool,
    /// The engine, and how ties are broken.
    pub options: Options,
    /// Variants played at one time; none for one on each core. Nothing depends on it.
    pub jobs: Option<usize>,
}

/// A request that could be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Title of the scenario.
    pub title: String,
    /// Names of the variants that would be played, in their order.
    pub variants: Vec<String>,
    /// With how many seeds some of them go another way, for the scenario as it is.
    pub luck: BTreeMap<String, Luck>,
    /// The text of the scenario file.
    pub source: String,
}

/// What to shrink.
#[derive(Clone, Debug)]
pub struct ShrinkRequest {
    /// The run: its scenario, seed, overrides and so on. It names at most one variant.
    pub run: Request,
    /// What is kept; the verdict if absent.
    pub keep: Option<Keep>,
    /// The most runs that are tried.
    pub budget: u32,
    /// Runs at one time.
    pub jobs: usize,
}

/// What came of a request.
#[derive(Clone, Debug)]
pub struct Played {
    /// The runs, measured and judged.
    pub outcome: Outcome,
    /// Name of the variant and its trace as JSON Lines; empty unless requested.
    pub traces: Vec<(String, String)>,
    /// Name of the variant and a scenario file that repeats its run without chaos; empty unless requested.
    pub replays: Vec<(String, String)>,
    /// Series that the scenario's figure shows, from cause to effect.
    pub telling: Vec<String>,
}

/// A scenario in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// Title of the scenario.
    pub title: String,
    /// What happens, in one paragraph.
    pub summary: String,
    /// What the reader is asked to predict.
    pub question: String,
    /// Parameters of the world.
    pub world: Vec<Parameter>,
    /// The faults, one line each.
    pub faults: Vec<String>,
    /// The designs that meet them.
    pub variants: Vec<VariantText>,
    /// What is claimed of them.
    pub claims: Vec<ClaimText>,
}

/// A value and the reason for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameter {
    /// The key in the specification, e.g. `order.pool`.
    pub key: String,
    /// Its value with the unit, as written.
    pub value: String,
    /// Why it has this value; may be empty.
    pub reason: String,
}

/// A variant in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VariantText {
    /// The name to type.
    pub name: String,
    /// What is different in it.
    pub title: String,
    /// Why one would build it so; may be empty.
    pub why: String,
    /// The verdict it should get; may be empty.
    pub expected: String,
    /// The values it sets over those of the world, as `key = value`.
    pub sets: Vec<String>,
}

/// A claim in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimText {
    /// Stable id.
    pub id: String,
    /// The variant it speaks of.
    pub variant: String,
    /// What must hold, e.g. `browse.ok >= 17900`.
    pub text: String,
    /// Why one would expect it.
    pub because: String,
}

/// The built-in catalogue, and scenario files by path.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue;

impl Lab for Catalogue {
    fn list(&self) -> Vec<Entry> {
        let entry = |(name, _): &(&str, &str)| {
            let spec = catalog::load::<FigureSpec>(name).ok()?.spec;
            let variants = spec.variant.iter().map(|v| (v.name.get_ref().clone(), v.title.clone())).collect();
            Some(Entry { name: (*name).into(), title: spec.title, summary: first_sentence(&spec.summary), variants })
        };
        catalog::CATALOG.iter().filter_map(entry).collect()
    }

    fn play(&self, request: &Request, progress: &mut dyn FnMut(&str)) -> Result<Played, Report> {
        let scenario = catalog::load::<FigureSpec>(&request.scenario)?;
        progress(&format!("playing {}", request.scenario));
        let request = asked(request)?;
        let played = gridlock_scenarios::play(&scenario, &request)?;
        let telling = scenario.spec.figure.series();
        let replays =
            if request.chaos && request.trace { replays(&scenario, &request, &played.outcome)? } else { Vec::new() };
        Ok(Played { outcome: played.outcome, traces: played.traces, replays, telling })
    }

    fn shrink(&self, request: &ShrinkRequest, progress: &mut dyn FnMut(&str)) -> Result<Shrunk, Report> {
        let run = &request.run;
        let scenario = catalog::load::<FigureSpec>(&run.scenario)?;
        let request = shrink::Request {
            name: run.scenario.clone(),
            seed: run.seed,
            variant: run.variants.first().cloned(),
            set: run.set.iter().map(|text| Override::parse(text)).collect::<Result<_, _>>()?,
            chaos: run.chaos,
            keep: request.keep.clone(),
            budget: request.budget,
            options: run.options,
            jobs: request.jobs,
        };
        Ok(shrink::shrink(&scenario, &request, progress)?)
    }

    fn check(&self, request: &Request) -> Result<Checked, Report> {
        let scenario = catalog::load::<FigureSpec>(&request.scenario)?;
        let chosen = gridlock_scenarios::resolve(&scenario, &asked(request)?)?;
        let luck = |variant: &Variant| Some((variant.name.get_ref().clone(), variant.luck.clone()?));
        let luck = chosen.iter().filter_map(|(variant, _)| luck(variant)).collect();
        let variants = chosen.into_iter().map(|(variant, _)| variant.name.into_inner()).collect();
        Ok(Checked { title: scenario.spec.title, variants, luck, source: scenario.file.text.to_string() })
    }

    fn explain(&self, scenario: &str) -> Result<Explanation, Report> {
        let scenario = catalog::load::<FigureSpec>(scenario)?;
        Ok(words::explanation(&scenario))
    }

    fn schema(&self) -> serde_json::Value {
        json_schema::<WorldSpec, FigureSpec>()
    }

    fn figure(&self, outcome: &Outcome) -> Result<String, String> {
        let scenario = catalog::load::<FigureSpec>(&outcome.scenario).map_err(|error| error.to_string())?;
        let reports: Vec<_> = outcome.variants.iter().map(|variant| &variant.report).collect();
        let figure = Figure {
            id: &outcome.scenario,
            title: &outcome.title,
            description: scenario.spec.summary.trim(),
            rows: scenario.spec.figure.rows_for(&reports, reports.len() == scenario.spec.variant.len()),
            columns: outcome.variants.iter().map(column).collect(),
        };
        gridlock_figures::render(&figure).map_err(|error| error.to_string())
    }

    fn pictures(&self, outcome: &Outcome) -> Result<Vec<Picture>, String> {
        let scenario = catalog::load::<FigureSpec>(&outcome.scenario).map_err(|error| error.to_string())?;
        let mut pictures = vec![Picture { suffix: String::new(), svg: self.figure(outcome)? }];
        pictures.extend(pictures::beside(&scenario, outcome).map_err(|error| error.to_string())?);
        Ok(pictures)
    }

    fn standing(&self) -> Result<Vec<(&'static str, String)>, String> {
        Ok(vec![("wire-size", pictures::wire_size().map_err(|error| error.to_string())?)])
    }
}

/// The request as the scenarios understand it.
fn asked(request: &Request) -> Result<gridlock_scenarios::Request, Report> {
    let set = request.set.iter().map(|text| Override::parse(text)).collect::<Result<_, _>>()?;
    Ok(gridlock_scenarios::Request {
        name: request.scenario.clone(),
        seed: request.seed,
        variants: request.variants.clone(),
        set,
        chaos: request.chaos,
        trace: request.trace,
        options: request.options,
        jobs: request.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
    })
}

/// A file for each variant that repeats what chaos made of it.
fn replays(
    scenario: &Scenario<WorldSpec, FigureSpec>,
    request: &gridlock_scenarios::Request,
    outcome: &Outcome,
) -> Result<Vec<(String, String)>, SpecError> {
    let of = |variant: &VariantOutcome| {
        Ok((variant.name.clone(), replay::of_chaos(scenario, &request.set, outcome.seed, variant)?))
    };
    outcome.variants.iter().map(of).collect()
}

/// Up to the first full stop that ends a sentence, on one line.
fn first_sentence(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.find(". ").map_or(line.clone(), |end| line[..=end].to_string())
}

fn column(variant: &VariantOutcome) -> Column<'_> {
    let note = variant.verdict.kind.text();
    Column { variant: &variant.name, title: &variant.name, note, report: &variant.report, others: Vec::new() }
}
