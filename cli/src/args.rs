//! What may be typed: the commands, their arguments and their help.

use std::ops::Range;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use gridlock_scenarios::shrink::Keep;
use gridlock_sim::engine::{Engine, Options};

use crate::lab::Request;
use crate::sweep::plan::{Axis, Shard};

/// Replay outages from a seed: run them, compare designs, read why they happen.
#[derive(Debug, Parser)]
#[command(name = "gridlock", version = VERSION, max_term_width = 100, after_help = EXITS)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXITS: &str = "Exit codes: 0 all claims hold · 1 a claim, check or verdict failed · 2 usage or specification error · \
                     3 determinism broken · 101 a bug";

/// The version, and which engines this build has.
const VERSION: &str = if cfg!(madsim) {
    concat!(env!("CARGO_PKG_VERSION"), " (engines: native, madsim)")
} else {
    concat!(env!("CARGO_PKG_VERSION"), " (engine: native)")
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the scenarios and their variants
    List,
    /// Play a scenario, say what happened and whether its claims hold
    Run(RunArgs),
    /// Put the metrics of two variants side by side
    Compare(CompareArgs),
    /// Tell what a scenario sets up, what it claims and why; or, with --order, what happened to one order
    Explain(ExplainArgs),
    /// Draw the figures of scenarios as SVG
    Figures(FiguresArgs),
    /// Play scenarios with many seeds: does a verdict depend on luck? Is each seed one history, on every engine?
    Verify(VerifyArgs),
    /// Build the book: every number and figure filled in from the runs
    Book(BookArgs),
    /// Ask an exercise of the book and judge your answer; without a name, list the exercises
    Exercise(ExerciseArgs),
    /// Play a scenario with many seeds and settings; interrupted, it goes on where it stopped
    Sweep(SweepArgs),
    /// Put the shards of a sweep together
    Merge(MergeArgs),
    /// Shrink a failing run to what is needed for its outcome, and write that as a scenario file
    Shrink(ShrinkArgs),
    /// Print the JSON schema of scenario files, for editors
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell to complete in
        shell: Shell,
    },
}

/// Which world to build: shared by everything that plays one.
#[derive(Debug, clap::Args)]
pub(crate) struct WorldArgs {
    /// Name in the catalogue, or path of a scenario file
    pub(crate) scenario: String,
    /// Change a value of the specification, for every variant; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<String>,
}

/// How a single history is played.
#[derive(Debug, clap::Args)]
pub(crate) struct PlayArgs {
    /// Who polls the tasks; the history does not depend on it
    #[arg(long, value_name = "ENGINE", default_value_t = Engine::FOR_ONE)]
    pub(crate) engine: Engine,
    /// Draw the order of simultaneous events from this seed, to explore interleavings
    #[arg(long, value_name = "SEED")]
    pub(crate) ties: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) world: WorldArgs,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Seed of the run [default: the scenario's own]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Play only this variant; may be repeated [default: all]
    #[arg(long = "variant", value_name = "V")]
    pub(crate) variants: Vec<String>,
    /// Draw the faults from the seed, in place of those of the file, and require that the system is alive again after the last of them
    #[arg(long)]
    pub(crate) chaos: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
    /// Also write results, figure and traces into this directory; with --chaos also a file for each variant that repeats its run
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Verdicts, tables and sparklines
    Human,
    /// One JSON object with stable keys
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompareArgs {
    #[command(flatten)]
    pub(crate) world: WorldArgs,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Seed of both runs [default: the scenario's own]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The variants to compare, given twice [default: the first two]
    #[arg(long = "variant", value_name = "V")]
    pub(crate) variants: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// Name in the catalogue, or path of a scenario file
    pub(crate) scenario: String,
    /// Play it and tell what happened to the order of this customer, in every variant
    #[arg(long, value_name = "N")]
    pub(crate) order: Option<u64>,
    /// With --order: only this variant; may be repeated [default: all]
    #[arg(long = "variant", value_name = "V", requires = "order")]
    pub(crate) variants: Vec<String>,
    /// With --order: the seed [default: the scenario's own]
    #[arg(long, value_name = "N", requires = "order")]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FiguresArgs {
    /// Names in the catalogue, or paths of scenario files [default: the whole catalogue]
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Where to write them
    #[arg(long, value_name = "DIR", default_value = "figures/out")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BookArgs {
    /// Where to put it [default: target/book in the source tree]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long)]
    pub(crate) open: bool,
    /// Only fill the pages and read them: is every directive right, does every number come from somewhere?
    #[arg(long, conflicts_with_all = ["out", "open"])]
    pub(crate) check: bool,
    /// Write the table of statements in README.md anew
    #[arg(long, conflicts_with_all = ["out", "open", "check"])]
    pub(crate) readme: bool,
    /// Speak mdBook's protocol for preprocessors
    #[arg(long, hide = true)]
    pub(crate) preprocess: bool,
    /// What mdBook adds: `supports RENDERER`
    #[arg(hide = true, requires = "preprocess")]
    pub(crate) question: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExerciseArgs {
    /// Which one, CHAPTER/NAME; or a CHAPTER, to list its own
    pub(crate) name: Option<String>,
    /// Answer with a change of the specification; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<String>,
    /// Answer with a seed
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Answer with a number
    #[arg(long, conflicts_with_all = ["set", "seed"])]
    pub(crate) number: Option<f64>,
    /// Show the first N hints
    #[arg(long, value_name = "N", conflicts_with_all = ["set", "seed", "number"])]
    pub(crate) hint: Option<usize>,
    /// For teachers and writers: play starter and solution of every exercise with all its seeds, and say in how many they do as they should
    #[arg(long, conflicts_with_all = ["set", "seed", "number", "hint", "solution"])]
    pub(crate) verify: bool,
    /// Play the solution of the book, and say why it is one
    #[arg(long, conflicts_with_all = ["set", "seed", "number", "hint"])]
    pub(crate) solution: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// Names in the catalogue, or paths of scenario files [default: the whole catalogue]
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Change a value of the specification, for every variant; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) set: Vec<String>,
    /// Verify only this variant; may be repeated [default: all]
    #[arg(long = "variant", value_name = "V")]
    pub(crate) variants: Vec<String>,
    /// Which seeds to play; the end is not included [default: 0..32, with --engines 0..20]
    #[arg(long, value_name = "FROM..TO", value_parser = seeds)]
    pub(crate) seeds: Option<Range<u64>>,
    /// Draw other faults for each seed, in place of those of the files: is everything safe, and alive again after the last of them?
    #[arg(long)]
    pub(crate) chaos: bool,
    /// How many seeds must give the expected verdict [default: 30 of each 32]
    #[arg(long, value_name = "N", conflicts_with_all = ["engines", "chaos"])]
    pub(crate) at_least: Option<u64>,
    /// How many runs at a time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Who polls the tasks; the histories do not depend on it
    #[arg(long, value_name = "ENGINE", default_value_t = Engine::Native, conflicts_with = "engines")]
    pub(crate) engine: Engine,
    /// Play each seed on every engine instead, and compare the histories
    #[arg(long)]
    pub(crate) engines: bool,
    /// With --engines: play each seed once more with ties drawn from it
    #[arg(long, requires = "engines")]
    pub(crate) ties: bool,
    /// Compare the models with queueing theory and published measurements instead, in one table
    #[arg(long, conflicts_with_all = ["scenarios", "set", "variants", "seeds", "at_least", "chaos", "engine", "engines"])]
    pub(crate) theory: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SweepArgs {
    #[command(flatten)]
    pub(crate) world: WorldArgs,
    /// Play only this variant; may be repeated [default: all]
    #[arg(long = "variant", value_name = "V")]
    pub(crate) variants: Vec<String>,
    /// Which seeds to play; the end is not included
    #[arg(long, value_name = "FROM..TO", value_parser = seeds, default_value = "0..100")]
    pub(crate) seeds: Range<u64>,
    /// Draw other faults for each seed, in place of those of the file
    #[arg(long)]
    pub(crate) chaos: bool,
    /// Play every seed with each of these values of a key; repeated, with each combination
    #[arg(long, value_name = "KEY=A,B,…")]
    pub(crate) grid: Vec<Axis>,
    /// How many runs at a time; no result depends on it [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Play only this part: every N-th task from the I-th on, counted from 0
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,
    /// Keep results in this directory; if it holds this sweep unfinished, that goes on
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct MergeArgs {
    /// Directories of all shards of one sweep
    #[arg(value_name = "DIR", required = true)]
    pub(crate) dirs: Vec<PathBuf>,
    /// Where to put the whole
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShrinkArgs {
    #[command(flatten)]
    pub(crate) world: WorldArgs,
    #[command(flatten)]
    pub(crate) play: PlayArgs,
    /// Seed of the run [default: the scenario's own]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// The variant to shrink [default: the only one]
    #[arg(long, value_name = "V")]
    pub(crate) variant: Option<String>,
    /// Begin with faults drawn from the seed, in place of those of the file
    #[arg(long)]
    pub(crate) chaos: bool,
    /// What must stay so: `verdict=WORD`, a violated `check=NAME`, or a failing `claim=ID` [default: the verdict of the run]
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) keep: Option<Keep>,
    /// Write the scenario file here [default: print it]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// The most runs that are tried
    #[arg(long, value_name = "RUNS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) budget: u32,
    /// How many runs at a time; the result does not depend on it [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
}

impl PlayArgs {
    pub(crate) const fn options(&self) -> Options {
        Options { engine: self.engine, ties: self.ties }
    }
}

impl WorldArgs {
    /// The request for these variants and this seed, without a trace.
    pub(crate) fn request(&self, seed: Option<u64>, variants: &[String], options: Options) -> Request {
        Request {
            scenario: self.scenario.clone(),
            seed,
            variants: variants.to_vec(),
            set: self.set.clone(),
            chaos: false,
            trace: false,
            options,
            jobs: None,
        }
    }
}

fn assignment(text: &str) -> Result<String, &'static str> {
    match text.split_once('=') {
        Some((key, _)) if !key.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("expected KEY=VALUE, e.g. `world.shop.order.pool.size=40`"),
    }
}

/// Most seeds in one `verify` or `sweep`: a tally of each stays in memory until the end.
const SEEDS_MAX: u64 = 1_000_000;

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let hint = || format!("expected FROM..TO, e.g. `0..32`, with 1 to {SEEDS_MAX} seeds");
    let (from, to) = text.split_once("..").ok_or_else(hint)?;
    let seeds = from.parse().map_err(|_| hint())?..to.parse().map_err(|_| hint())?;
    if seeds.is_empty() || seeds.end - seeds.start > SEEDS_MAX { Err(hint()) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_range_that_is_not_empty() {
        assert_eq!(seeds("3..9"), Ok(3..9));
        for wrong in ["", "3", "..", "9..3", "3..3", "a..b", "0..=3", "-1..3", "0..1000001"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_assignment_has_a_key() {
        assert_eq!(assignment("order.pool=40"), Ok("order.pool=40".to_owned()));
        assert!(assignment("order.pool").is_err());
        assert!(assignment("=40").is_err());
    }
}
