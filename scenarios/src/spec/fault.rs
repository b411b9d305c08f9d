//! What breaks, when, and for how long.

use std::borrow::Cow;

use gridlock_sim::engine::SimDuration;
use gridlock_sim::units::Factor;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use super::Ability;

/// Something that goes wrong for a while. With neither `for` nor `until` it lasts to the end of the run. Where faults of one
/// kind overlap on one target, the worst of them counts until the last has ended.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Its beginning.
    pub at: SimDuration,
    /// Its length.
    #[serde(rename = "for")]
    pub length: Option<SimDuration>,
    /// Its end, counted from the beginning of the run.
    pub until: Option<SimDuration>,
    /// What goes wrong.
    pub inject: Inject,
}

impl Fault {
    /// When the fault ends, if it does.
    pub fn end(&self) -> Option<SimDuration> {
        let nanos = |length: SimDuration| self.at.as_nanos().saturating_add(length.as_nanos());
        self.until.or(self.length.map(|length| SimDuration::from_nanos(nanos(length))))
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Inject {
    /// All computing of a node takes longer.
    Slow {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
        /// How many times as long.
        factor: Factor,
    },
    /// A node stands still, and goes on where it stood.
    Pause {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
    },
    /// The process of a node dies; its host answers with resets. Its supervisor starts it again, however long the fault is:
    /// `for` and `until` only say what counts as the time of the fault, in figures and verdicts. Without them that is an instant.
    Crash {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
    },
    /// The process of a node is killed, and its host answers with resets. It starts again when the fault ends.
    Down {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
    },
    /// The process of a node is asked to stop. It may take its time and do so in good order, but is killed after its grace
    /// period. It starts again when the fault ends; several such faults, one after another, are a rolling deploy.
    Stop {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
    },
    /// The host of a node vanishes: silence. It comes back when the fault ends.
    HostLoss {
        /// The node.
        #[schemars(with = "String")]
        node: Spanned<String>,
    },
    /// Nothing passes from one node to another.
    Cut {
        /// The sending node.
        #[schemars(with = "String")]
        from: Spanned<String>,
        /// The receiving node.
        #[schemars(with = "String")]
        to: Spanned<String>,
        /// Also cuts the way back.
        #[serde(default)]
        both: bool,
    },
    /// A share of all packets from one node to another is lost.
    Loss {
        /// The sending node.
        #[schemars(with = "String")]
        from: Spanned<String>,
        /// The receiving node.
        #[schemars(with = "String")]
        to: Spanned<String>,
        /// The share.
        percent: Percent,
    },
    /// Everything from one node to another takes longer.
    Delay {
        /// The sending node.
        #[schemars(with = "String")]
        from: Spanned<String>,
        /// The receiving node.
        #[schemars(with = "String")]
        to: Spanned<String>,
        /// The added time.
        by: SimDuration,
    },
    /// A pool has fewer places.
    PoolShrink {
        /// The pool.
        #[schemars(with = "String")]
        pool: Spanned<String>,
        /// Its number of places during the fault.
        size: u32,
    },
}

impl Inject {
    /// The kind as it is written in the file.
    pub fn kind(&self) -> &'static str {
        match self {
            Inject::Slow { .. } => "slow",
            Inject::Pause { .. } => "pause",
            Inject::Crash { .. } => "crash",
            Inject::Down { .. } => "down",
            Inject::Stop { .. } => "stop",
            Inject::HostLoss { .. } => "host_loss",
            Inject::Cut { .. } => "cut",
            Inject::Loss { .. } => "loss",
            Inject::Delay { .. } => "delay",
            Inject::PoolShrink { .. } => "pool_shrink",
        }
    }

    /// What each node that it names must be able to do. Nothing for a fault that names no node.
    pub(super) fn needs(&self) -> Option<Ability> {
        match self {
            Inject::Slow { .. } => Some(Ability::Computes),
            Inject::Pause { .. }
            | Inject::Crash { .. }
            | Inject::Down { .. }
            | Inject::Stop { .. }
            | Inject::HostLoss { .. } => Some(Ability::Process),
            Inject::Cut { .. } | Inject::Loss { .. } | Inject::Delay { .. } => Some(Ability::Host),
            Inject::PoolShrink { .. } => None,
        }
    }

    /// The nodes it names.
    pub fn nodes(&self) -> Vec<&Spanned<String>> {
        match self {
            Inject::Slow { node, .. }
            | Inject::Pause { node }
            | Inject::Crash { node }
            | Inject::Down { node }
            | Inject::Stop { node }
            | Inject::HostLoss { node } => vec![node],
            Inject::Cut { from, to, .. } | Inject::Loss { from, to, .. } | Inject::Delay { from, to, .. } => {
                vec![from, to]
            }
            Inject::PoolShrink { .. } => Vec::new(),
        }
    }
}

/// A share between 0 % and 100 %, kept in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u32);

impl Percent {
    /// A share in whole per cent; all of it if that is more.
    pub const fn from_percent(percent: u32) -> Self {
        Self(if percent > 100 { 1_000_000 } else { percent * 10_000 })
    }

    /// The share in millionths: 1 % is 10 000.
    pub const fn ppm(self) -> u32 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(input)?;
        if !(0.0..=100.0).contains(&value) {
            return Err(de::Error::custom(format!("{value} % is not a share: write a number from 0 to 100")));
        }
        Ok(Percent((value * 10_000.0).round() as u32))
    }
}

impl JsonSchema for Percent {
    fn schema_name() -> Cow<'static, str> {
        "Percent".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 100, "description": "a share in percent" })
    }
}
