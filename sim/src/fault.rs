//! Faults as data: when, for how long, what, and to whom. They change conditions; what follows is up to the models.

use crate::engine::{SimDuration, SimTime};
use crate::net::HostId;
use crate::stage::Stage;
use crate::trace::{Event, Exit};
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
    /// A process crashes; its supervisor restarts it. The end of the fault changes nothing.
    Crash {
        /// Name of the node.
        node: String,
    },
    /// A host vanishes silently; at the end of the fault it boots.
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
    let name = stage.trace().name(&fault.name);
    for (at, active) in [(Some(fault.at), true), (fault.until, false)] {
        let (Some(at), stage, kind) = (at, stage.clone(), fault.kind.clone()) else { continue };
        stage.sim().clone().call_at(at, move || {
            stage.trace().emit(Event::Fault { fault: name, active });
            apply(&stage, &kind, active);
        });
    }
}

fn apply(stage: &Stage, kind: &Kind, active: bool) {
    match kind {
        Kind::Slow { node, factor } => slow(stage, node, if active { *factor } else { Factor::ONE }),
        Kind::Pause { node } => {
            let process = site(stage, node).process;
            if active { process.pause() } else { process.resume() }
        }
        Kind::Crash { node } if active => site(stage, node).process.exit(Exit::Crashed),
        Kind::Crash { .. } => {}
        Kind::HostLoss { node } => {
            let site = site(stage, node);
            if active {
                site.process.exit(Exit::HostLost);
            } else {
                site.net.boot_host(site.host);
                site.process.host_back();
            }
        }
        Kind::Cut { from, to, both } => {
            let (from, to) = (host(stage, from), host(stage, to));
            stage.net().cut(from, to, active);
            if *both {
                stage.net().cut(to, from, active);
            }
        }
        Kind::Loss { from, to, ppm } => {
            stage.net().set_extra_loss(host(stage, from), host(stage, to), if active { *ppm } else { 0 });
        }
        Kind::Delay { from, to, by } => {
            let by = if active { *by } else { SimDuration::ZERO };
            stage.net().set_extra_delay(host(stage, from), host(stage, to), by);
        }
        Kind::PoolShrink { pool, size } => {
            let pool = stage.pool_of(pool).unwrap_or_else(|| panic!("no pool `{pool}`"));
            pool.shrink_to(active.then_some(*size));
        }
    }
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
