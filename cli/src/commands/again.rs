//! Is a seed one history? It is played beside others, again on another thread, alone, and in a second process, and the digests are compared.
//!
//! Where two differ, both are played once more with traces, the way they were, and the first event that differs is named.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use gridlock_scenarios::difference::{Difference, first_difference};
use miette::{Report, miette};
use serde::Deserialize;

use crate::files;
use crate::human::{History, ink, paint, repeat};
use crate::lab::{Lab, Request};

/// Name and digest of each variant.
pub(crate) type Digests = Vec<(String, String)>;

/// How a seed is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// On a fresh thread, beside other seeds.
    Beside,
    /// On the thread that asks, with nothing beside it.
    Alone,
    /// By another process.
    Elsewhere,
}

impl Way {
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Way::Beside => "beside other runs",
            Way::Alone => "alone",
            Way::Elsewhere => "in a second process",
        }
    }

    /// The word for programs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Way::Beside => "beside",
            Way::Alone => "alone",
            Way::Elsewhere => "process",
        }
    }
}

/// Two runs of one seed that are not one history.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) variant: String,
    pub(crate) ways: [Way; 2],
    pub(crate) digests: [String; 2],
}

/// The first digest that differs from that of the same variant.
pub(crate) fn broken(one: (Way, &Digests), other: (Way, &Digests)) -> Option<Broken> {
    let told = |(name, digest): &(String, String), digests: &Digests| {
        digests.iter().find(|(known, _)| known == name).filter(|(_, found)| found == digest).is_none()
    };
    let (variant, digest) = one.1.iter().find(|each| told(each, other.1))?;
    let found = other.1.iter().find(|(name, _)| name == variant);
    let found = found.map_or_else(|| "none".to_owned(), |(_, digest)| digest.clone());
    Some(Broken { variant: variant.clone(), ways: [one.0, other.0], digests: [digest.clone(), found] })
}

/// One seed of one scenario, to be played again.
pub(crate) struct Again<'a> {
    pub(crate) lab: &'a dyn Lab,
    pub(crate) request: Request,
    /// The program that plays in a process of its own.
    pub(crate) program: Option<&'a Path>,
    pub(crate) command: &'a str,
}

impl Again<'_> {
    /// The digests of a play here.
    pub(crate) fn here(&self) -> Result<Digests, Report> {
        let variants = self.lab.play(&self.request, &mut |_| ())?.outcome.variants;
        Ok(variants.into_iter().map(|variant| (variant.name, variant.report.digest)).collect())
    }

    /// The digests of a play by another process; none without a program.
    pub(crate) fn elsewhere(&self) -> Result<Option<Digests>, Report> {
        let Some(program) = self.program else { return Ok(None) };
        let document: Document = serde_json::from_slice(&self.spawn(program, &["--format".into(), "json".into()])?)
            .map_err(|error| miette!("a second process answered something else than JSON: {error}"))?;
        Ok(Some(document.variants.into_iter().map(|variant| (variant.name, variant.digest)).collect()))
    }

    /// Runs `gridlock run` on the request; what it prints.
    fn spawn(&self, program: &Path, more: &[OsString]) -> Result<Vec<u8>, Report> {
        let Request { scenario, seed, variants, set, options, chaos, .. } = &self.request;
        let mut command = Command::new(program);
        command.args(["run", scenario, "--engine", options.engine.text()]);
        command.args(seed.map(|seed| format!("--seed={seed}")));
        command.args(variants.iter().map(|variant| format!("--variant={variant}")));
        command.args(set.iter().map(|assignment| format!("--set={assignment}")));
        command.args(chaos.then_some("--chaos"));
        let output = command.args(more).output();
        let output = output.map_err(|error| miette!("a second process cannot be started: {error}"))?;
        match output.status.code() {
            Some(0 | 1) => Ok(output.stdout),
            _ => Err(miette!("a second process failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }

    /// Plays two histories again with traces, and looks where they part.
    pub(crate) fn place(&self, broken: &Broken) -> Result<Option<Difference>, Report> {
        let variants = vec![broken.variant.clone()];
        let only = Again { request: Request { variants, trace: true, ..self.request.clone() }, ..*self };
        let [one, other] = broken.ways;
        Ok(first_difference(&only.trace(one)?, &only.trace(other)?))
    }

    /// Says where the histories part.
    pub(crate) fn explain(&self, broken: &Broken, place: Option<&Difference>) -> String {
        let Broken { variant, ways, digests } = broken;
        let place = place.map_or_else(
            || "Played again with traces, both told the same: whatever differs does not always.".to_owned(),
            |place| format!("The first difference is {place}"),
        );
        let seed = self.request.seed.unwrap_or_default();
        let [one, other] = ways.map(Way::text);
        let say = format!(
            "✗ Determinism is broken: seed {seed} of {variant} has the digest {} {one} and {} {other}.\n",
            digests[0], digests[1]
        );
        let history = History { scenario: &self.request.scenario, seed, ties: None, chaos: self.request.chaos };
        let line = repeat(self.command, history, Some(variant), &self.request.set);
        format!("{}{place}\n  {}\n", paint(ink::BAD.bold(), &say), paint(ink::NAME, &line))
    }

    fn trace(&self, way: Way) -> Result<String, Report> {
        match (way, self.program) {
            (Way::Elsewhere, Some(program)) => self.trace_elsewhere(program),
            _ => {
                let played = self.lab.play(&self.request, &mut |_| ())?;
                Ok(played.traces.into_iter().next().map_or(String::new(), |(_, trace)| trace))
            }
        }
    }

    /// The trace that another process writes into a directory.
    fn trace_elsewhere(&self, program: &Path) -> Result<String, Report> {
        let failed = |error| miette!("the trace of a second process cannot be had: {error}");
        let dir = tempfile::tempdir().map_err(failed)?;
        self.spawn(program, &["--out".into(), dir.path().into()])?;
        let variant = files::plain(&self.request.variants[0]);
        let name = format!("{}.{variant}.trace.jsonl", files::stem(&self.request.scenario));
        std::fs::read_to_string(dir.path().join(name)).map_err(failed)
    }
}

/// What is needed of [`crate::json`]'s document.
#[derive(Deserialize)]
struct Document {
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    name: String,
    digest: String,
}
