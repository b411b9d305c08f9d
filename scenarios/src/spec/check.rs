//! Checks that no type can make: names, times and numbers against each other.

use std::collections::BTreeSet;

use gridlock_sim::engine::SimDuration;
use toml::Spanned;

use super::advice::{list, quote, suggest};
use super::check_chaos::check_chaos;
use super::check_load::check_workload;
use super::error::Draft;
use super::tree::{Node, locate};
use super::{Ability, Claim, DURATION_MAX, Fault, Inject, Spec, Variant, World};

/// The most steps that a series may have.
const STEPS_MAX: u64 = 100_000;

/// Everything that is wrong with a scenario that fits its types.
pub(super) fn check<W: World, F>(spec: &Spec<W, F>, root: &Node<'_>) -> Vec<Draft> {
    let mut found = Found { root, drafts: Vec::new() };
    check_times(spec, &mut found);
    if spec.duration == SimDuration::ZERO {
        return found.drafts; // every other time would be wrong too
    }
    check_workload(&spec.workload, spec.duration, &spec.world.classes(), &mut found);
    for (index, fault) in spec.fault.iter().enumerate() {
        check_fault_times(fault, index, spec.duration, &mut found);
        check_fault_nodes(&fault.inject, &spec.world, &mut found);
        check_fault_target(fault, index, &spec.world.pools(), &mut found);
    }
    check_chaos(spec, &mut found);
    check_variants(&spec.variant, &mut found);
    check_claims(&spec.claim, &spec.variant, &mut found);
    check_world(&spec.world, &mut found);
    found.drafts
}

/// The problems found so far, and the document they are in.
pub(super) struct Found<'a> {
    root: &'a Node<'a>,
    drafts: Vec<Draft>,
}

impl Found<'_> {
    /// A problem with the value at a dotted path.
    pub(super) fn at(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        self.drafts.push(Draft::new(locate(self.root, path), message, help));
    }

    /// A problem with a name.
    fn name(&mut self, name: &Spanned<String>, message: impl Into<String>, help: impl Into<String>) {
        self.drafts.push(Draft::new(name.span(), message, help));
    }

    /// A name that must be one of `known`.
    pub(super) fn known(&mut self, what: &str, name: &Spanned<String>, known: &[String]) {
        if !known.contains(name.get_ref()) {
            self.name(name, format!("there is no {what} {}", quote(name.get_ref())), suggest(name.get_ref(), known));
        }
    }

    /// Names that must differ from each other.
    pub(super) fn distinct<'n>(&mut self, what: &str, help: &str, names: impl Iterator<Item = &'n Spanned<String>>) {
        let mut seen = BTreeSet::new();
        for name in names {
            if name.get_ref().trim().is_empty() {
                self.name(name, format!("the {what} is empty"), "give it a short word");
            } else if !seen.insert(name.get_ref().as_str()) {
                self.name(name, format!("the {what} {} is used twice", quote(name.get_ref())), help);
            }
        }
    }
}

fn check_times<W, F>(spec: &Spec<W, F>, found: &mut Found<'_>) {
    let (duration, step) = (spec.duration, spec.step);
    if duration == SimDuration::ZERO {
        return found.at(
            "duration",
            "the duration is zero: nothing would happen",
            "write how long to run, like \"2min\"",
        );
    }
    if duration > DURATION_MAX {
        found.at(
            "duration",
            format!("the duration {duration} is above {DURATION_MAX}"),
            "a shorter run shows the same",
        );
    }
    if spec.warmup >= duration {
        let message = format!("the warm-up {} leaves nothing of the duration {duration}", spec.warmup);
        found.at("warmup", message, "the warm-up is a part of the duration: make it shorter");
    }
    if step == SimDuration::ZERO || step > duration {
        let message = format!("the step {step} does not fit the duration {duration}");
        found.at("step", message, "write the width of one point in the figures, like \"1s\"");
    } else if duration.as_nanos() / step.as_nanos() > STEPS_MAX {
        let message = format!("the step {step} cuts the duration {duration} into more than {STEPS_MAX} steps");
        found.at("step", message, "make the step longer");
    } else if step.as_nanos() % 1000 != 0 || duration.as_nanos() % 1000 != 0 {
        let message = format!("the step {step} and the duration {duration} must be whole microseconds");
        found.at("step", message, "reports count in microseconds");
    }
}

fn check_fault_times(fault: &Fault, index: usize, duration: SimDuration, found: &mut Found<'_>) {
    let path = |key: &str| format!("fault.{index}.{key}");
    let to_end = "leave out `for` and `until` for a fault that lasts to the end";
    if fault.at >= duration {
        let message = format!("the fault begins at {}, but the run ends at {duration}", fault.at);
        return found.at(&path("at"), message, "begin earlier, or make the duration longer");
    }
    if fault.length.is_some() && fault.until.is_some() {
        return found.at(&path("until"), "the fault has both `for` and `until`", "keep one of them");
    }
    let Some(end) = fault.end() else { return };
    let key = path(if fault.until.is_some() { "until" } else { "for" });
    if end < fault.at {
        let help = "`until` counts from the beginning of the run; for a length, write `for`";
        found.at(&key, format!("the fault ends at {end}, before its beginning at {}", fault.at), help);
    } else if end == fault.at {
        found.at(&key, "the fault ends when it begins", to_end);
    } else if end > duration {
        found.at(&key, format!("the fault ends at {end}, but the run ends at {duration}"), to_end);
    }
}

/// Each node of a fault must be able to do what the fault disturbs: nothing can crash a customer.
fn check_fault_nodes<W: World>(inject: &Inject, world: &W, found: &mut Found<'_>) {
    let Some(needed) = inject.needs() else { return };
    let (kind, fit) = (inject.kind(), world.nodes(needed));
    for node in inject.nodes() {
        let has = |ability: &Ability| world.nodes(*ability).contains(node.get_ref());
        let able: Vec<Ability> = Ability::ALL.into_iter().filter(has).collect();
        if able.is_empty() {
            found.known("node", node, &fit);
        } else if !able.contains(&needed) {
            let name = quote(node.get_ref());
            let lacks = match needed {
                Ability::Process => "is not a process",
                Ability::Computes => "does not compute",
                Ability::Host => "is not on the network",
            };
            let others: Vec<String> = able.iter().flat_map(|ability| kinds(*ability)).map(|&k| k.into()).collect();
            let help = format!("`{kind}` can hit {}; {name} can be hit by {}", list(&fit), list(&others));
            found.name(node, format!("`{kind}` cannot hit {name}, which {lacks}"), help);
        }
    }
}

/// The kinds of faults that hit nodes with an ability.
const fn kinds(ability: Ability) -> &'static [&'static str] {
    match ability {
        Ability::Process => &["pause", "crash", "down", "stop", "host_loss"],
        Ability::Computes => &["slow"],
        Ability::Host => &["cut", "loss", "delay"],
    }
}

fn check_fault_target(fault: &Fault, index: usize, pools: &[String], found: &mut Found<'_>) {
    let kind = fault.inject.kind();
    let path = |key: &str| format!("fault.{index}.inject.{kind}.{key}");
    match &fault.inject {
        Inject::Cut { from, to, .. } | Inject::Loss { from, to, .. } | Inject::Delay { from, to, .. } if from == to => {
            let message = format!("the link leads from {} to itself", quote(to.get_ref()));
            found.at(&path("to"), message, "name two different nodes");
        }
        Inject::Delay { by, .. } if *by == SimDuration::ZERO => {
            found.at(&path("by"), "the delay is zero", "write how much longer it takes, like \"200ms\"");
        }
        Inject::PoolShrink { pool, size } => {
            found.known("pool", pool, pools);
            if *size == 0 {
                found.at(&path("size"), "the pool would have no place at all", "leave it at least 1");
            }
        }
        _ => {}
    }
}

fn check_variants(variants: &[Variant], found: &mut Found<'_>) {
    let names = variants.iter().map(|variant| &variant.name);
    found.distinct("variant name", "give each variant its own name", names);
    for (index, variant) in variants.iter().enumerate() {
        if let Some(both) = variant.checks.held.iter().find(|name| variant.checks.violated.contains(name)) {
            let message = format!("the check {} cannot be both held and violated", quote(both));
            found.at(&format!("variant.{index}.checks.violated"), message, "keep it in one of the lists");
        }
        if let Some(luck) =
            variant.luck.as_ref().filter(|luck| luck.of < 100 || luck.seeds == 0 || luck.seeds >= luck.of)
        {
            let message = format!("{} of {} seeds say nothing about luck", luck.seeds, luck.of);
            let help =
                "count in a sweep of a hundred seeds or more, or leave `luck` out if all runs are as the scenario says";
            found.at(&format!("variant.{index}.luck"), message, help);
        }
    }
}

fn check_claims(claims: &[Claim], variants: &[Variant], found: &mut Found<'_>) {
    let names: Vec<String> = variants.iter().map(|variant| variant.name.get_ref().clone()).collect();
    found.distinct("claim id", "give each claim its own id", claims.iter().map(|claim| &claim.id));
    for (index, claim) in claims.iter().enumerate() {
        let than = claim.than.as_ref();
        for variant in claim.variant.iter().chain(than.and_then(|than| than.variant.as_ref())) {
            found.known("variant", variant, &names);
        }
        if claim.value.is_some() == than.is_some() {
            let (message, key) = match than {
                Some(_) => ("the claim has both `value` and `than`", "than"),
                None => ("the claim compares with nothing", "op"),
            };
            let help = "write a number, `value = 0`, or another metric, `than = { metric = \"…\", variant = \"…\" }`";
            found.at(&format!("claim.{index}.{key}"), message, help);
        }
    }
}

fn check_world<W: World>(world: &W, found: &mut Found<'_>) {
    for complaint in world.check().err().into_iter().flatten() {
        let (path, message) = complaint.split_once(": ").unwrap_or(("world", &complaint));
        match message.split_once("; ") {
            Some((message, help)) => found.at(path, message, help),
            None => found.at(path, message, format!("change `{path}`")),
        }
    }
}
