//! Faults as data: when, for how long, what, and to whom. They change conditions; what follows is up to the models.
//!
//! A node may be named by an alias, such as the controller of a cluster: whoever bears it when the fault begins is hit, and let go when
//! it ends ([`Stage::alias`]). Pools are named by their process, never by an alias.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::rc::Rc;

use crate::engine::{SimDuration, SimTime};
use crate::net::HostId;
use crate::stage::Stage;
use crate::trace::{Event, Exit, Name};
use crate::units::Factor;

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// How people call it, e.g. `inventory: CPU x20`.
    pub name: String,
    /// When it begins.
    pub at: SimTime,
    /// When it ends; never without it.
    pub until: Option<SimTime>,
    /// What happens.
    pub kind: Kind,
}

/// What a fault does to its target.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A process or a multi-worker server computes slower by a factor.
    Slow {
        /// Name of the node.
        node: String,
        /// How much longer everything takes.
        factor: Factor,
    },
    /// A process is stopped (SIGSTOP) and continued; its kernel stays alive.
    Pause {
        /// Name of the node.
        node: String,
    },
    /// A process crashes; its supervisor restarts it. The end of the fault changes nothing: it only
    /// says how much of the report is marked.
    Crash {
        /// Name of the node.
        node: String,
    },
    /// A process is killed (SIGKILL), its host answers with RST, and it is not started before the last such fault has ended.
    Down {
        /// Name of the node.
        node: String,
    },
    /// A process is asked to stop (SIGTERM), and killed when it has not stopped in its grace period; it is not started before
    /// the last such fault has ended.
    Stop {
        /// Name of the node.
        node: String,
    },
    /// A host vanishes silently; at the end of the last such fault it boots.
    HostLoss {
        /// Name of the node.
        node: String,
    },
    /// A link swallows everything.
    Cut {
        /// Sending side.
        from: String,
        /// Receiving side.
        to: String,
        /// Cut the other direction too.
        both: bool,
    },
    /// A link loses some segments.
    Loss {
        /// Sending side.
        from: String,
        /// Receiving side.
        to: String,
        /// Lost segments in a million.
        ppm: u32,
    },
    /// A link gets slower.
    Delay {
        /// Sending side.
        from: String,
        /// Receiving side.
        to: String,
        /// Added one-way latency.
        by: SimDuration,
    },
    /// A bounded pool has fewer units.
    PoolShrink {
        /// `<process>.<pool>`.
        pool: String,
        /// Units left.
        size: u32,
    },
}

/// Schedules a fault.
///
/// # Panics
/// At the fault's time, when its target is not on the stage: the specification is checked before.
pub fn schedule(stage: &Stage, fault: Fault) {
    let (name, kind) = (stage.trace().name(&fault.name), fault.kind);
    let hit: Rc<RefCell<Option<Rc<Kind>>>> = Rc::default();
    let (sim, begun, beginning, ending) = (stage.sim(), hit.clone(), stage.clone(), stage.clone());
    sim.call_at(fault.at, move || {
        beginning.trace().emit(Event::Fault { fault: name, active: true });
        match kind.aimed(|node| beginning.bearer(node)) {
            Some(kind) => apply(&beginning, begun.borrow_mut().insert(Rc::new(kind)), true),
            None => beginning.trace().emit(without_target(&beginning, name)),
        }
    });
    let Some(until) = fault.until else { return };
    sim.call_at(until, move || {
        ending.trace().emit(Event::Fault { fault: name, active: false });
        if let Some(kind) = hit.take() {
            apply(&ending, &kind, false);
        }
    });
}

/// Nobody bears the alias that a fault names, so it does nothing.
fn without_target(stage: &Stage, fault: Name) -> Event {
    Event::Fact { what: stage.trace().name("fault.without.target"), key: fault.hash(), amount: 1 }
}

impl Kind {
    /// This kind, aimed at those who bear the names now; none when nobody does, or when both ends of a link are one node.
    fn aimed(&self, bearer: impl Fn(&str) -> Option<String>) -> Option<Kind> {
        let mut aimed = self.clone();
        match &mut aimed {
            Kind::Slow { node, .. }
            | Kind::Pause { node }
            | Kind::Crash { node }
            | Kind::Down { node }
            | Kind::Stop { node }
            | Kind::HostLoss { node } => *node = bearer(node)?,
            Kind::Cut { from, to, .. } | Kind::Loss { from, to, .. } | Kind::Delay { from, to, .. } => {
                (*from, *to) = (bearer(from)?, bearer(to)?);
                if from == to {
                    return None;
                }
            }
            Kind::PoolShrink { .. } => {}
        }
        Some(aimed)
    }
}

/// The faults under way. Those of one kind may overlap on one target: the worst counts, until the last has ended.
#[derive(Default)]
pub(crate) struct Active(RefCell<Vec<Running>>);

struct Running {
    kind: Rc<Kind>,
    /// Which life of the process a pause has stopped.
    life: u64,
}

impl Active {
    /// Notes that a fault begins, or that this very one has ended: of two equal pauses each stopped its own process.
    fn note(&self, kind: &Rc<Kind>, life: u64, active: bool) {
        let mut running = self.0.borrow_mut();
        if active {
            running.push(Running { kind: kind.clone(), life });
        } else if let Some(ended) = running.iter().position(|each| Rc::ptr_eq(&each.kind, kind)) {
            running.remove(ended);
        }
    }

    /// The worst of the faults that `weight` speaks of.
    fn worst<T: Ord>(&self, weight: impl Fn(&Running) -> Option<T>) -> Option<T> {
        self.0.borrow().iter().filter_map(weight).max()
    }

    fn any(&self, test: impl Fn(&Running) -> bool) -> bool {
        self.0.borrow().iter().any(test)
    }

    /// How many units faults leave in the pool of this name, if they shrink it.
    pub(crate) fn pool_limit(&self, name: &str) -> Option<u32> {
        let size = |each: &Running| match &*each.kind {
            Kind::PoolShrink { pool, size } if pool == name => Some(Reverse(*size)),
            _ => None,
        };
        self.worst(size).map(|Reverse(size)| size)
    }

    /// Whether a fault keeps this process from starting.
    fn keeps_down(&self, name: &str) -> bool {
        self.any(|each| matches!(&*each.kind, Kind::Down { node } | Kind::Stop { node } if node == name))
    }

    fn slowdown(&self, of: &str) -> Factor {
        let factor = |each: &Running| match &*each.kind {
            Kind::Slow { node, factor } if node == of => Some(*factor),
            _ => None,
        };
        self.worst(factor).unwrap_or(Factor::ONE)
    }

    fn is_cut(&self, a: &str, b: &str) -> bool {
        self.any(|each| match &*each.kind {
            Kind::Cut { from, to, both } => (from == a && to == b) || (*both && from == b && to == a),
            _ => false,
        })
    }

    fn extra_loss(&self, a: &str, b: &str) -> u32 {
        let loss = |each: &Running| match &*each.kind {
            Kind::Loss { from, to, ppm } if from == a && to == b => Some(*ppm),
            _ => None,
        };
        self.worst(loss).unwrap_or(0)
    }

    fn extra_delay(&self, a: &str, b: &str) -> SimDuration {
        let delay = |each: &Running| match &*each.kind {
            Kind::Delay { from, to, by } if from == a && to == b => Some(*by),
            _ => None,
        };
        self.worst(delay).unwrap_or(SimDuration::ZERO)
    }
}

/// Begins or ends a fault: its target becomes what the faults that are under way then make of it.
fn apply(stage: &Stage, kind: &Rc<Kind>, active: bool) {
    let faults = stage.faults();
    let life = if let Kind::Pause { node } = &**kind { site(stage, node).process.incarnation() } else { 0 };
    faults.note(kind, life, active);
    match &**kind {
        Kind::Slow { node, .. } => slow(stage, node, faults.slowdown(node)),
        Kind::Pause { node } => {
            let process = site(stage, node).process;
            if active {
                process.pause();
            } else if !faults.any(|each| each.kind == *kind && each.life == life) {
                process.resume();
            }
        }
        Kind::Crash { node } if active => site(stage, node).process.exit(Exit::Crashed),
        Kind::Crash { .. } => {}
        Kind::Down { node } | Kind::Stop { node } if !active => {
            if !faults.keeps_down(node) {
                site(stage, node).process.let_up();
            }
        }
        Kind::Down { node } => {
            let process = site(stage, node).process;
            process.keep_down();
            process.exit(Exit::Crashed);
        }
        Kind::Stop { node } => {
            let process = site(stage, node).process;
            process.keep_down();
            process.terminate();
        }
        Kind::HostLoss { node } => {
            let site = site(stage, node);
            if active {
                site.process.exit(Exit::HostLost);
            } else if !faults.any(|each| each.kind == *kind) {
                site.net.boot_host(site.host);
                site.process.host_back();
            }
        }
        Kind::Cut { from, to, both } => {
            cut(stage, from, to);
            if *both {
                cut(stage, to, from);
            }
        }
        Kind::Loss { from, to, .. } => {
            stage.net().set_extra_loss(host(stage, from), host(stage, to), faults.extra_loss(from, to));
        }
        Kind::Delay { from, to, .. } => {
            stage.net().set_extra_delay(host(stage, from), host(stage, to), faults.extra_delay(from, to));
        }
        Kind::PoolShrink { pool: name, .. } => {
            let pool = stage.pool_of(name).unwrap_or_else(|| panic!("no pool `{name}`"));
            pool.shrink_to(faults.pool_limit(name));
        }
    }
}

fn cut(stage: &Stage, from: &str, to: &str) {
    stage.net().cut(host(stage, from), host(stage, to), stage.faults().is_cut(from, to));
}

fn slow(stage: &Stage, node: &str, factor: Factor) {
    match stage.workers_of(node) {
        Some(workers) => workers.set_slowdown(factor),
        None => site(stage, node).process.set_slowdown(factor),
    }
}

fn site(stage: &Stage, node: &str) -> crate::grpc::Site {
    stage.site(node).unwrap_or_else(|| panic!("no service `{node}`"))
}

fn host(stage: &Stage, node: &str) -> HostId {
    stage.net().host(node).unwrap_or_else(|| panic!("no host `{node}`"))
}

#[cfg(test)]
mod tests;
