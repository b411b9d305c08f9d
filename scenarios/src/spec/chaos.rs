//! What random faults may do to a scenario, and what must be true after they have healed.

use std::ops::Range;

use gridlock_sim::engine::SimDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Op;

/// The `[chaos]` table: read when faults are drawn (`--chaos`), and otherwise without effect.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Chaos {
    /// No fault begins earlier; a tenth of the run after the warm-up if absent, so that there is a baseline.
    pub from: Option<SimDuration>,
    /// Every fault has ended by then; at 60 % of the run if absent. What follows must be long enough to recover in.
    pub heal_by: Option<SimDuration>,
    /// The most faults that are drawn, from 1 to 20. A seed has from one to so many.
    pub faults: u32,
    /// The most of them at one time. The links that are cut around one node count as one.
    pub at_once: u32,
    /// What may happen; anything if absent.
    pub kinds: Vec<ChaosKind>,
    /// The nodes and pools it may happen to; all but the customers if absent.
    #[schemars(with = "Vec<String>")]
    pub targets: Vec<Spanned<String>>,
    /// What must be true at the end. If absent: of those who arrive in the last 20 s as many are served as before the faults, less a
    /// tenth; and what waits to be consumed is gone.
    pub liveness: Vec<Liveness>,
}

impl Default for Chaos {
    /// A handful of faults, two at a time: enough to meet each other, few enough to be understood.
    fn default() -> Self {
        Self {
            from: None,
            heal_by: None,
            faults: 5,
            at_once: 2,
            kinds: Vec::new(),
            targets: Vec::new(),
            liveness: Vec::new(),
        }
    }
}

impl Chaos {
    /// The most faults of one run.
    pub const FAULTS_MAX: u32 = 20;

    /// When faults may be under way in a run of this length.
    pub fn span(&self, duration: SimDuration, warmup: SimDuration) -> Range<SimDuration> {
        let from = self.from.unwrap_or(warmup + duration / 10);
        from..self.heal_by.unwrap_or(duration * 3 / 5)
    }

    /// The kinds that are allowed.
    pub fn allowed(&self) -> Vec<ChaosKind> {
        if self.kinds.is_empty() { ChaosKind::ALL.to_vec() } else { self.kinds.clone() }
    }
}

/// What chaos may do: the kinds of written faults, and `clog`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChaosKind {
    /// A node computes 2 to 64 times slower.
    Slow,
    /// A process stands still.
    Pause,
    /// A process dies, and its supervisor starts it again.
    Crash,
    /// A process is killed and stays down for a while.
    Down,
    /// A process is asked to stop and stays down for a while.
    Stop,
    /// The host of a process vanishes for a while.
    HostLoss,
    /// A link between two nodes that talk is cut, one way or both ways.
    Cut,
    /// A link loses 1 % to 50 % of what is sent.
    Loss,
    /// A link takes 10 ms to 1.28 s longer.
    Delay,
    /// A pool has 1 to 8 places.
    PoolShrink,
    /// The links of one node are cut one by one, each in one direction, and released in an order of their own.
    Clog,
}

impl ChaosKind {
    /// All of them.
    pub const ALL: [ChaosKind; 11] = [
        ChaosKind::Slow,
        ChaosKind::Pause,
        ChaosKind::Crash,
        ChaosKind::Down,
        ChaosKind::Stop,
        ChaosKind::HostLoss,
        ChaosKind::Cut,
        ChaosKind::Loss,
        ChaosKind::Delay,
        ChaosKind::PoolShrink,
        ChaosKind::Clog,
    ];

    /// The word used in scenario files; also part of the name of its random stream.
    pub const fn text(self) -> &'static str {
        match self {
            ChaosKind::Slow => "slow",
            ChaosKind::Pause => "pause",
            ChaosKind::Crash => "crash",
            ChaosKind::Down => "down",
            ChaosKind::Stop => "stop",
            ChaosKind::HostLoss => "host_loss",
            ChaosKind::Cut => "cut",
            ChaosKind::Loss => "loss",
            ChaosKind::Delay => "delay",
            ChaosKind::PoolShrink => "pool_shrink",
            ChaosKind::Clog => "clog",
        }
    }
}

/// A metric that says at the end of the run whether the system is alive again.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Liveness {
    /// The metric.
    #[schemars(with = "String")]
    pub metric: Spanned<String>,
    /// The comparison.
    pub op: Op,
    /// The number it is compared with.
    pub value: i64,
}
