//! Who comes, when, and how long they wait.

use std::borrow::Cow;

use gridlock_sim::dist::Dist;
use gridlock_sim::engine::SimDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

/// Customers of one request class.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// What they want: a request class of the world.
    #[schemars(with = "String")]
    pub class: Spanned<String>,
    /// When they come.
    pub arrivals: Arrivals,
    /// How long they wait before they leave; for ever if absent.
    pub patience: Option<SimDuration>,
    /// When they ask again.
    pub reload: Option<Reload>,
}

/// When customers come.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Arrivals {
    /// Evenly spaced, this many a second.
    Constant(Rate),
    /// At random and independently of each other, this many a second on average.
    Poisson(Rate),
    /// At random, with a rate that changes at given times. Nobody comes before the first step.
    Steps(Vec<Step>),
    /// At random, with a higher rate for a while.
    Burst {
        /// Rate outside of the burst.
        base: Rate,
        /// Rate within the burst.
        peak: Rate,
        /// Beginning of the burst.
        at: SimDuration,
        /// Length of the burst.
        #[serde(rename = "for")]
        length: SimDuration,
    },
    /// A fixed number of clients who think, ask, wait for the answer, and begin anew.
    Closed {
        /// How many there are.
        clients: u32,
        /// Time from an answer to the next request.
        think: Dist,
    },
}

/// A change of the rate of arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// When it happens.
    pub at: SimDuration,
    /// The rate from then on.
    pub rate: Rate,
}

/// How a customer presses reload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// Waits this long for an answer before asking again.
    pub after: SimDuration,
    /// Also asks again when the answer is an error.
    #[serde(default)]
    pub on_error: bool,
    /// Asks again at most this often.
    pub times: u32,
    /// Time between the decision and the new request.
    #[serde(default)]
    pub delay: SimDuration,
}

/// Arrivals a second, kept in whole millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// The highest rate of one workload, per second: beyond it a run takes longer than the time it simulates.
    pub const MAX_PER_SECOND: u32 = 100_000;

    /// A rate in arrivals per million seconds.
    pub const fn from_micro_hertz(micro_hertz: u64) -> Self {
        Self(micro_hertz)
    }

    /// Arrivals per million seconds.
    pub const fn micro_hertz(self) -> u64 {
        self.0
    }

    /// Arrivals per second.
    pub fn per_second(self) -> f64 {
        self.0 as f64 / 1e6
    }

    fn from_per_second(value: f64) -> Result<Self, String> {
        let max = Self::MAX_PER_SECOND;
        if value.is_nan() || value.is_infinite() {
            return Err(format!("the rate {value} is not a number: write how many arrive per second, like 80"));
        }
        if value < 0.0 {
            return Err(format!("the rate {value} is negative: rates start at 0 per second"));
        }
        if value > f64::from(max) {
            let value = if value < 1e15 { value.to_string() } else { format!("{value:e}") };
            return Err(format!("the rate {value} is above {max} per second: scale the world down with it"));
        }
        match (value * 1e6).round() as u64 {
            0 if value > 0.0 => Err(format!("the rate {value} is below 0.000001 per second: write 0 for none")),
            micro_hertz => Ok(Self(micro_hertz)),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        Self::from_per_second(f64::deserialize(input)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for Rate {
    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "number", "minimum": 0, "maximum": Self::MAX_PER_SECOND, "description": "arrivals per second"
        })
    }
}
