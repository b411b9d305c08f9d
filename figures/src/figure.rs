//! What a figure consists of: the public face of the crate. Plain data, no drawing.

use gridlock_sim::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One SVG: small multiples with one time axis, rows from cause to effect, one column for each variant.
#[derive(Clone, Debug)]
pub struct Figure<'a> {
    /// Names the figure in the page; also the prefix of the ids inside the SVG.
    pub id: &'a str,
    /// What it shows, in a few words: the SVG's `<title>`.
    pub title: &'a str,
    /// What a reader who cannot see it should know: the SVG's `<desc>`.
    pub description: &'a str,
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// From left to right; all share the domains of each row.
    pub columns: Vec<Column<'a>>,
}

/// One column of a figure.
#[derive(Clone, Debug)]
pub struct Column<'a> {
    /// Key of the variant, written into `data-variant` of its panels.
    pub variant: &'a str,
    /// Heading of the column.
    pub title: &'a str,
    /// A line below the heading, e.g. the verdict; may be empty.
    pub note: &'a str,
    /// The run that is drawn.
    pub report: &'a Report,
    /// The same variant with other seeds: thin lines behind; may be empty.
    pub others: Vec<&'a Report>,
}

/// What a row shows, in every column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Row {
    /// Customers per second by arrival: offered as a line; ok, failed and never answered in layers.
    Goodput {
        /// Request class, e.g. `orders`.
        class: String,
    },
    /// Time from arrival to success, p50 to p99 on a log scale, and a strip of the shares that were never answered.
    Latency {
        /// Request class, e.g. `orders`.
        class: String,
    },
    /// Lines of gauges, the largest value in each step.
    Gauges {
        /// Heading of the row.
        title: String,
        /// How to write the values; told from the series if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unit: Option<Unit>,
        /// Keys of series, e.g. `order.db/pool.used`.
        series: Vec<String>,
        /// A limit to rule and label, in the unit of the values (percent: whole percent; spans: microseconds).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        capacity: Option<u64>,
    },
    /// Lines of things that happened, per second.
    Counts {
        /// Heading of the row.
        title: String,
        /// Keys of series, e.g. `order->inventory/retries`.
        series: Vec<String>,
    },
    /// Records that a group has not committed yet, partition upon partition.
    Lag {
        /// The group.
        group: String,
    },
    /// A lane for each partition: which member of a group reads it, by colour and number in the order in which they joined. Low while
    /// the group rebalances, nothing while nobody owns it; a line where a generation begins.
    Owners {
        /// The group.
        group: String,
    },
    /// A lane for each partition: which broker leads it, by colour and number; the more replicas are in sync, the higher. Hatched
    /// while nobody leads.
    Leaders {
        /// The topic.
        topic: String,
    },
}

/// How the values of a gauge are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Plain numbers.
    Count,
    /// Bytes, with binary prefixes.
    Bytes,
    /// Thousandths in the report, percent in the figure.
    Percent,
    /// Microseconds in the report, milliseconds or seconds in the figure.
    Time,
}

/// Why a figure cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// There is nothing to draw.
    #[error("figure `{id}` has no {what}")]
    Empty {
        /// The figure.
        id: String,
        /// `rows`, `columns`, or `duration`.
        what: &'static str,
    },
    /// A row names a class or series that no column has.
    #[error("row `{row}` names {what} `{key}`, which is in no column{}", nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    Unknown {
        /// Title of the row.
        row: String,
        /// `class` or `series`.
        what: &'static str,
        /// The key as written.
        key: String,
        /// The existing key most like it.
        nearest: Option<String>,
    },
    /// A series has another unit than its row.
    #[error("row `{row}` shows {expected}, but series `{key}` has {found}")]
    Unit {
        /// Title of the row.
        row: String,
        /// The series.
        key: String,
        /// The unit of the row.
        expected: &'static str,
        /// The unit of the series.
        found: &'static str,
    },
    /// The drawing backend refused.
    #[error("drawing failed: {0}")]
    Draw(String),
}
