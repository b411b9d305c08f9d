//! Checks of the `[chaos]` table.

use super::check::Found;
use super::{Ability, Chaos, Spec, World};

pub(super) fn check_chaos<W: World, F>(spec: &Spec<W, F>, found: &mut Found<'_>) {
    let chaos = &spec.chaos;
    check_span(spec, found);
    if !(1..=Chaos::FAULTS_MAX).contains(&chaos.faults) {
        let message = format!("{} faults are not between 1 and {}", chaos.faults, Chaos::FAULTS_MAX);
        found.at("chaos.faults", message, "a handful is enough: `verify --chaos` draws others for each seed");
    }
    if chaos.at_once == 0 {
        found.at("chaos.at_once", "not even one fault could be under way", "write 1 for one after another");
    }
    let mut known: Vec<String> = Ability::ALL.iter().flat_map(|ability| spec.world.nodes(*ability)).collect();
    known.extend(spec.world.pools());
    known.sort();
    known.dedup();
    for target in &chaos.targets {
        found.known("node or pool", target, &known);
    }
}

fn check_span<W, F>(spec: &Spec<W, F>, found: &mut Found<'_>) {
    let (chaos, duration) = (&spec.chaos, spec.duration);
    let span = chaos.span(duration, spec.warmup);
    let at = if chaos.heal_by.is_some() { "chaos.heal_by" } else { "chaos.from" };
    if span.end >= duration {
        let message = format!("everything is healed at {}, but the run ends at {duration}", span.end);
        found.at("chaos.heal_by", message, "leave a part of the run to recover in");
    } else if span.start >= span.end && (chaos.from.is_some() || chaos.heal_by.is_some()) {
        let message = format!("faults may begin at {} and must have ended by {}", span.start, span.end);
        found.at(at, message, "leave some time between `from` and `heal_by`");
    }
}
