//! The catalogue: its stories (a variant of a scenario), and what came of playing them.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use gridlock::lab::{Catalogue, Lab, Request};
use gridlock_figures::FigureSpec;
use gridlock_scenarios::catalog::{CATALOG, load};
use gridlock_scenarios::outcome::Outcome;
use gridlock_scenarios::run::{Code, Run, run, run_code, run_with};
use gridlock_scenarios::spec::{Override, Scenario, Spec};
use gridlock_scenarios::world::WorldSpec;
use gridlock_sim::engine::Options;
use gridlock_sim::grpc::retry::MakeRetry;

/// One variant of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Story {
    /// Name in the catalogue.
    pub scenario: &'static str,
    /// Name of the variant.
    pub variant: String,
}

/// Names of all scenarios, in the order of the catalogue.
pub fn scenarios() -> impl Iterator<Item = &'static str> {
    CATALOG.iter().map(|(name, _)| *name)
}

/// A scenario of the catalogue.
pub fn scenario(name: &str) -> Scenario<WorldSpec, FigureSpec> {
    load(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// All variants of a scenario.
pub fn variants(name: &'static str) -> Vec<Story> {
    let spec = scenario(name).spec;
    spec.variant.iter().map(|v| Story { scenario: name, variant: v.name.get_ref().clone() }).collect()
}

/// All variants of all scenarios.
pub fn stories() -> Vec<Story> {
    scenarios().flat_map(variants).collect()
}

impl Story {
    /// A story by its names.
    pub fn new(scenario: &'static str, variant: &str) -> Self {
        Self { scenario, variant: variant.into() }
    }

    /// What is run, with overrides (`key=value`) on top.
    pub fn spec(&self, set: &[&str]) -> Spec<WorldSpec, FigureSpec> {
        let set: Vec<Override> = set.iter().map(|text| Override::parse(text).expect("an override")).collect();
        scenario(self.scenario).resolve(Some(&self.variant), &set).unwrap_or_else(|e| panic!("{}", e.render())).spec
    }

    /// Plays the story with the scenario's own seed.
    pub fn play(&self, set: &[&str], trace: bool) -> Run {
        let spec = self.spec(set);
        run(&spec, spec.seed, trace)
    }

    /// Plays the story with a retry loop in Rust for one of its clients.
    pub fn play_with(&self, client: &str, make: MakeRetry, set: &[&str]) -> Run {
        self.play_code(&Code { retries: [(client.into(), make)].into(), ..Code::default() }, set)
    }

    /// A fresh run with overrides, in which `code` decides.
    pub fn play_code(&self, code: &Code, set: &[&str]) -> Run {
        let spec = self.spec(set);
        run_code(Options::default(), code, &spec, spec.seed, false)
    }

    /// The digest of a fresh run.
    pub fn digest(&self) -> String {
        self.play(&[], false).report.digest
    }

    /// The digest of a fresh run that is played so.
    pub fn digest_on(&self, options: Options) -> String {
        let spec = self.spec(&[]);
        run_with(options, &spec, spec.seed, false).report.digest
    }

    /// The trace of a fresh run with overrides.
    pub fn trace(&self, set: &[&str]) -> String {
        self.play(set, true).trace.expect("a trace was asked for")
    }
}

/// The outcome of a scenario as the command makes it, played once in this process.
pub fn outcome(name: &'static str) -> &'static Outcome {
    static PLAYED: OnceLock<Mutex<BTreeMap<&'static str, &'static Outcome>>> = OnceLock::new();
    let mut played = PLAYED.get_or_init(Mutex::default).lock().expect("no test panics while it plays");
    played.entry(name).or_insert_with(|| {
        let request = Request { scenario: name.into(), ..Request::default() };
        let played = Catalogue.play(&request, &mut |_| ()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        Box::leak(Box::new(played.outcome))
    })
}
