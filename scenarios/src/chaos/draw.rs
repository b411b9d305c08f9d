//! Draws a schedule.
//!
//! Each fault has a number, and every choice about it a stream of its own, named after what is chosen. Kind and target are those whose stream has the
//! highest draw: a world with a node more gives other faults only where that node wins, and two designs of one
//! shop meet the same faults as far as they have the same parts.

use std::ops::Range;

use gridlock_sim::engine::{Draws, SimDuration, Stream};
use gridlock_sim::units::Factor;
use toml::Spanned;

use super::parts::Parts;
use crate::spec::{ChaosKind, Fault, Inject, Percent, Spec};
use crate::world::WorldSpec;

/// All times are multiples of this.
const GRAIN: SimDuration = SimDuration::from_millis(100);
/// The shortest fault, and how often it may be doubled: up to 64 s.
const SHORTEST: SimDuration = SimDuration::from_millis(500);
const DOUBLINGS: u64 = 7;
/// No fault takes more of the time of all of them than this part.
const LONGEST_PART: u64 = 2;
/// How long a crashed process counts as being down: most are started again at once, and boot for a moment.
const CRASH: SimDuration = SimDuration::from_secs(5);
/// The most links that are cut around one node.
const CLOGGED_MAX: usize = 8;

/// The faults that `seed` draws for a scenario, in order of time. Empty when its `[chaos]` table leaves nothing to hit.
pub fn draw<F>(spec: &Spec<WorldSpec, F>, seed: u64) -> Vec<Fault> {
    let parts = Parts::of(&spec.world, &spec.chaos, spec.world.customers());
    let span = spec.chaos.span(spec.duration, spec.warmup);
    let dice = Dice { seed };
    let count = 1 + dice.of("count", 0).below(spec.chaos.faults.max(1).into());
    let mut drawn: Vec<Drawn> = (0..count).filter_map(|nth| dice.fault(nth, &parts, &span)).collect();
    drawn.sort_by_key(|drawn| drawn.busy.start);
    let mut faults: Vec<Fault> = few_at_once(drawn, spec.chaos.at_once as usize).collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}

/// One draw: a fault, or the cuts around one node.
struct Drawn {
    busy: Range<SimDuration>,
    faults: Vec<Fault>,
}

/// Leaves out what would be one too many at its time.
fn few_at_once(drawn: Vec<Drawn>, most: usize) -> impl Iterator<Item = Fault> {
    let mut running: Vec<SimDuration> = Vec::new();
    drawn.into_iter().flat_map(move |drawn| {
        running.retain(|end| *end > drawn.busy.start);
        if running.len() >= most {
            return Vec::new();
        }
        running.push(drawn.busy.end);
        drawn.faults
    })
}

/// Where all chance comes from.
struct Dice {
    seed: u64,
}

impl Dice {
    /// The stream of a purpose for the `nth` fault.
    fn of(&self, purpose: &str, nth: u64) -> Stream {
        Draws::new(self.seed, &format!("chaos/{purpose}")).at(nth)
    }

    /// The candidate with the highest draw.
    fn choose<'a, T>(&self, nth: u64, what: &str, candidates: &'a [T], name: impl Fn(&T) -> String) -> Option<&'a T> {
        candidates.iter().max_by_key(|candidate| self.of(&format!("{what}/{}", name(candidate)), nth).next_u64())
    }

    fn fault(&self, nth: u64, parts: &Parts, span: &Range<SimDuration>) -> Option<Drawn> {
        let kind = *self.choose(nth, "kind", &parts.kinds(), |kind| kind.text().to_owned())?;
        let busy = self.time(nth, span)?;
        let (at, until) = (busy.start, busy.end);
        let fault = |inject| Fault { at, length: Some(until.saturating_sub(at)), until: None, inject };
        let faults = match kind {
            ChaosKind::Clog => self.clog(nth, parts, &busy)?,
            // Its supervisor ends it.
            ChaosKind::Crash => vec![Fault { length: None, ..fault(self.inject(nth, kind, parts)?) }],
            kind => vec![fault(self.inject(nth, kind, parts)?)],
        };
        let until = if kind == ChaosKind::Crash { until.max(at + CRASH) } else { until };
        Some(Drawn { busy: at..until, faults })
    }

    /// When the fault is: short ones are as frequent as long ones, on a scale of doublings.
    fn time(&self, nth: u64, span: &Range<SimDuration>) -> Option<Range<SimDuration>> {
        let mut draws = self.of("time", nth);
        let room = span.end.saturating_sub(span.start);
        let base = SHORTEST.as_nanos() << draws.below(DOUBLINGS);
        let length = SimDuration::from_nanos(base + draws.below(base)).min(room / LONGEST_PART);
        let length = round(length).max(GRAIN);
        let at = round(span.start)
            + GRAIN
            + steps(draws.below(1 + room.saturating_sub(length).as_nanos() / GRAIN.as_nanos()));
        let at = at.min(round(span.end.saturating_sub(length)));
        (room > GRAIN * 2 && at >= span.start).then_some(at..at + length)
    }

    fn inject(&self, nth: u64, kind: ChaosKind, parts: &Parts) -> Option<Inject> {
        let mut draws = self.of("strength", nth);
        let node = || self.choose(nth, "target", parts.nodes(kind), Clone::clone).map(|node| spanned(node));
        let link = || {
            let link = self.choose(nth, "target", parts.links(), |(from, to)| format!("{from}->{to}"));
            link.map(|(from, to)| (spanned(from), spanned(to)))
        };
        Some(match kind {
            ChaosKind::Slow => Inject::Slow { node: node()?, factor: Factor(2000 << draws.below(6)) },
            ChaosKind::Pause => Inject::Pause { node: node()? },
            ChaosKind::Crash => Inject::Crash { node: node()? },
            ChaosKind::Down => Inject::Down { node: node()? },
            ChaosKind::Stop => Inject::Stop { node: node()? },
            ChaosKind::HostLoss => Inject::HostLoss { node: node()? },
            ChaosKind::Cut | ChaosKind::Clog => {
                let (from, to) = link()?;
                Inject::Cut { from, to, both: draws.below(2) == 0 }
            }
            ChaosKind::Loss => {
                let (from, to) = link()?;
                let percent = [1, 2, 5, 10, 20, 50][draws.below(6) as usize];
                Inject::Loss { from, to, percent: Percent::from_percent(percent) }
            }
            ChaosKind::Delay => {
                let (from, to) = link()?;
                Inject::Delay { from, to, by: SimDuration::from_millis(10 << draws.below(8)) }
            }
            ChaosKind::PoolShrink => {
                let pool = spanned(self.choose(nth, "target", parts.pools(), Clone::clone)?);
                Inject::PoolShrink { pool, size: 1 << draws.below(4) }
            }
        })
    }

    /// The links around one node are cut one by one, and each is released at a time of its own.
    fn clog(&self, nth: u64, parts: &Parts, busy: &Range<SimDuration>) -> Option<Vec<Fault>> {
        let linked = parts.linked();
        let node = self.choose(nth, "target", &linked, Clone::clone)?;
        let mut around: Vec<&(String, String)> =
            parts.links().iter().filter(|(from, to)| from == node || to == node).collect();
        let order = |link: &&(String, String)| self.of(&format!("clog/{}->{}", link.0, link.1), nth).next_u64();
        around.sort_by_key(order);
        let mut draws = self.of("strength", nth);
        let most = around.len().min(CLOGGED_MAX);
        around.truncate(1 + draws.below(most as u64) as usize);
        let steps_in = |span: SimDuration| (span.as_nanos() / GRAIN.as_nanos()).max(1);
        let gap = steps_in(busy.end.saturating_sub(busy.start)) / (2 * around.len() as u64);
        let cut = |(index, (from, to)): (usize, &(String, String))| {
            let at = busy.start + steps(gap * index as u64);
            let left = steps_in(busy.end.saturating_sub(at));
            let length = steps(1 + draws.below(left));
            let inject = Inject::Cut { from: spanned(from), to: spanned(to), both: false };
            Fault { at, length: Some(length.min(busy.end.saturating_sub(at))), until: None, inject }
        };
        Some(around.into_iter().enumerate().map(cut).collect())
    }
}

fn steps(count: u64) -> SimDuration {
    GRAIN * count
}

fn round(span: SimDuration) -> SimDuration {
    steps(span.as_nanos() / GRAIN.as_nanos())
}

fn spanned(name: &str) -> Spanned<String> {
    Spanned::new(0..0, name.to_owned())
}
