//! What the search found, in plain words, and as a file.

use gridlock_sim::engine::SimDuration;
use toml::{Table, Value};

use super::case::{Case, set};
use super::keep::Keep;
use super::moves::{rates, without_defaults};
use super::{Request, Shrunk};
use crate::outcome::VariantOutcome;
use crate::spec::{Fault, Inject, write};
use crate::world::WorldSpec;

/// Everything there is to say.
pub(super) struct Told<'a> {
    pub(super) request: &'a Request,
    pub(super) seed: u64,
    pub(super) keep: &'a Keep,
    /// Where the search began.
    pub(super) start: &'a Case,
    /// Where it ended.
    pub(super) best: &'a Case,
    /// What its run came to.
    pub(super) outcome: &'a VariantOutcome,
    pub(super) runs: u32,
    pub(super) exhausted: bool,
}

pub(super) fn tell(told: &Told<'_>) -> Shrunk {
    let sentence = sentence(told);
    let removed = removed(told.start, told.best);
    let case = without_defaults(told.best);
    let mut root = case.root.clone();
    root.insert("title".into(), Value::String(capital(&sentence)));
    root.insert("summary".into(), Value::String(format!("Shrunk from {} with seed {}.", whole_name(told), told.seed)));
    expectations(&mut root, told);
    let text = write::scenario(&root, &comments(told, &sentence, &removed));
    let digest = told.outcome.report.digest.clone();
    Shrunk { text, sentence, removed, runs: told.runs, exhausted: told.exhausted, digest }
}

/// `cascade/grpc-retries`; a file is called by its name.
fn whole_name(told: &Told<'_>) -> String {
    match told.request.variant.as_deref().or(Some(told.outcome.name.as_str())).filter(|name| *name != "base") {
        Some(variant) => format!("{}/{variant}", told.request.name),
        None => told.request.name.clone(),
    }
}

fn sentence(told: &Told<'_>) -> String {
    let faults: Vec<String> = told.best.spec().fault.iter().map(phrase).collect();
    let so = format!("{} {}", whole_name(told), told.keep.verb());
    match &faults[..] {
        [] => format!("no fault is needed: {so}"),
        [one] => format!("{one} is enough: {so}"),
        [most @ .., last] => format!("{} and {last} are enough: {so}", most.join(", ")),
    }
}

/// A fault as a thing: `a 3.1 s slowdown of inventory at 30 s`.
pub(super) fn phrase(fault: &Fault) -> String {
    let at = fault.at;
    let long = match fault.end() {
        Some(end) => format!("{} ", end.saturating_sub(at)),
        None => "endless ".into(),
    };
    match &fault.inject {
        Inject::Slow { node, factor } => {
            let times = factor.0 as f64 / 1000.0;
            format!("{} {long}slowdown of {} (x{times}) at {at}", article(&long), node.get_ref())
        }
        Inject::Pause { node } => format!("{} {long}pause of {} at {at}", article(&long), node.get_ref()),
        Inject::Crash { node } => format!("a crash of {} at {at}", node.get_ref()),
        Inject::Down { node } => format!("{} {long}outage of {} at {at}", article(&long), node.get_ref()),
        Inject::Stop { node } => format!("{} {long}stop of {} at {at}", article(&long), node.get_ref()),
        Inject::HostLoss { node } => format!("{} {long}loss of {}'s host at {at}", article(&long), node.get_ref()),
        Inject::Cut { from, to, both } => {
            let way = if *both { "between" } else { "from" };
            let and = if *both { "and" } else { "to" };
            format!("{} {long}cut {way} {} {and} {} at {at}", article(&long), from.get_ref(), to.get_ref())
        }
        Inject::Loss { from, to, percent } => {
            let percent = f64::from(percent.ppm()) / 10_000.0;
            format!("{long}of {percent} % loss from {} to {} at {at}", from.get_ref(), to.get_ref())
        }
        Inject::Delay { from, to, by } => {
            format!("{long}of {by} delay from {} to {} at {at}", from.get_ref(), to.get_ref())
        }
        Inject::PoolShrink { pool, size } => {
            format!("{} {long}shrinking of {} to {size} at {at}", article(&long), pool.get_ref())
        }
    }
}

/// `an 8 s outage`, `an 11 s outage`, `an endless outage`, and `a` for all others.
fn article(long: &str) -> &'static str {
    let number = long.split(['.', ' ']).next().unwrap_or_default();
    if number.starts_with('8') || number == "11" || number == "18" || long.starts_with('e') { "an" } else { "a" }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The file expects what it keeps: when it is played, everything is as claimed, unless a failing claim is what it keeps.
fn expectations(root: &mut Table, told: &Told<'_>) {
    let Some(Value::Array(variants)) = root.get_mut("variant") else { return };
    let Some(Value::Table(variant)) = variants.first_mut() else { return };
    if let Keep::Verdict(kind) = told.keep {
        variant.insert("expect".into(), Value::String(kind.text().into()));
    }
    let violated = told.outcome.checks.iter().filter(|(_, check)| !check.held);
    let violated: Vec<Value> = violated.map(|(name, _)| Value::String(name.clone())).collect();
    if !violated.is_empty() {
        set(variant, "checks.violated", Value::Array(violated));
    }
}

fn comments(told: &Told<'_>, sentence: &str, removed: &[String]) -> Vec<String> {
    let Request { name, variant, set, chaos, options, .. } = told.request;
    let mut line = format!("gridlock shrink {name}");
    line.extend(variant.iter().map(|variant| format!(" --variant {variant}")));
    line += &format!(" --seed {}", told.seed);
    line.extend(options.ties.map(|ties| format!(" --ties {ties}")));
    line += if *chaos { " --chaos" } else { "" };
    line.extend(set.iter().map(|each| format!(" --set '{}'", each.as_str().replace('\'', r"'\''"))));
    line += &format!(" --keep {}", told.keep.text());
    let keeps = match told.keep {
        Keep::Verdict(kind) => format!("It keeps the verdict {}.", kind.text()),
        Keep::Check(name) => format!("It keeps the violation of the check {name}."),
        Keep::Claim(id) => format!("It keeps the failure of the claim {id}, so its run ends with exit code 1."),
    };
    let spent = if told.exhausted { ", and the budget was spent" } else { "" };
    let mut lines = vec![format!("{}.", capital(sentence)), String::new(), "Written by".into(), format!("  {line}")];
    lines.push(format!("{keeps} {} runs were tried{spent}. What is left of more:", told.runs));
    lines.extend(removed.iter().map(|line| format!("- {line}")));
    lines
}

/// What the search took away.
fn removed(start: &Case, best: &Case) -> Vec<String> {
    let (was, is) = (start.spec(), best.spec());
    let mut lines = vec![format!("faults: {} of {}", is.fault.len(), was.fault.len())];
    let long = |faults: &[Fault]| {
        let lengths = faults.iter().filter_map(|fault| Some(fault.end()?.saturating_sub(fault.at)));
        lengths.fold(SimDuration::ZERO, |sum, length| sum + length)
    };
    lines.extend(arrow("time under faults", long(&was.fault).to_string(), long(&is.fault).to_string()));
    lines.extend(arrow("the run", was.duration.to_string(), is.duration.to_string()));
    for (index, load) in was.workload.iter().enumerate() {
        let class = load.class.get_ref();
        match is.workload.iter().position(|other| other.class.get_ref() == class) {
            None => lines.push(format!("customers of {class}: nobody")),
            Some(now) => lines.extend(arrow(&format!("customers of {class}"), rates(start, index), rates(best, now))),
        }
    }
    let counts = counts(start).into_iter().zip(counts(best));
    lines.extend(counts.filter_map(|((what, was), (_, is))| arrow(what, was.to_string(), is.to_string())));
    lines
}

fn arrow(what: &str, was: String, is: String) -> Option<String> {
    (was != is).then(|| format!("{what}: {is}, was {was}"))
}

fn counts(case: &Case) -> Vec<(&'static str, usize)> {
    match &case.spec().world {
        WorldSpec::Stream(spec) => {
            vec![("consumers", spec.consumers.count as usize), ("partitions", spec.topic.partitions as usize)]
        }
        WorldSpec::Chain(spec) => vec![("services", spec.services.len())],
        WorldSpec::Shop(_) => Vec::new(),
    }
}
