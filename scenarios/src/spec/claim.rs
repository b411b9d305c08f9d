//! What a scenario says about its runs: each claim is a test.

use std::fmt;

use gridlock_sim::units::Factor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

/// A comparison of a metric with a number (`value`) or with another metric (`than`).
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Stable name, unique in the file.
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    /// The variant it speaks of; every variant if absent.
    #[schemars(with = "Option<String>")]
    pub variant: Option<Spanned<String>>,
    /// The metric on the left.
    #[schemars(with = "String")]
    pub metric: Spanned<String>,
    /// The comparison.
    pub op: Op,
    /// The number on the right.
    pub value: Option<i64>,
    /// The metric on the right, in place of `value`.
    pub than: Option<Than>,
    /// Why it is so.
    pub because: String,
}

/// A metric to compare with, possibly of another variant.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Than {
    /// The variant it is taken from; the claim's own if absent.
    #[schemars(with = "Option<String>")]
    pub variant: Option<Spanned<String>>,
    /// The metric.
    #[schemars(with = "String")]
    pub metric: Spanned<String>,
    /// What it is multiplied with before the comparison.
    #[serde(default = "no_change")]
    pub factor: Factor,
}

fn no_change() -> Factor {
    Factor::ONE
}

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Op {
    /// Less than.
    #[serde(rename = "<")]
    Less,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// More than.
    #[serde(rename = ">")]
    More,
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// Equal.
    #[serde(rename = "==")]
    Equal,
}

impl Op {
    /// The comparison as it is written in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Op::Less => "<",
            Op::AtMost => "<=",
            Op::More => ">",
            Op::AtLeast => ">=",
            Op::Equal => "==",
        }
    }

    /// Whether `left op right` is true.
    pub fn holds<T: PartialOrd>(self, left: T, right: T) -> bool {
        match self {
            Op::Less => left < right,
            Op::AtMost => left <= right,
            Op::More => left > right,
            Op::AtLeast => left >= right,
            Op::Equal => left == right,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
