//! Further figures of a scenario, each with one matter: a table, who was silent how long, and two curves over the variants.

mod amplification;
mod curve;
mod gaps;
mod scaling;
mod table;

use std::collections::BTreeMap;

use gridlock_sim::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canvas::{Canvas, Hold, Type};
use crate::layout::WIDTH;
use crate::theme::{HEADING, LEADING, PX, TEXT};
use crate::{FigureError, svg, text};

/// A further figure of a scenario, drawn beside its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Extra {
    /// What follows the name of the scenario in the name of its file.
    pub name: String,
    /// What it shows: its heading, and the `<title>`.
    pub title: String,
    /// What a reader who cannot see it should know: the `<desc>`.
    pub description: String,
    /// Its kind.
    pub show: Show,
}

/// The kinds of further figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Show {
    /// A row for each variant, a column for each measure.
    Table {
        /// From left to right.
        columns: Vec<Measure>,
    },
    /// A lane for each variant: when customers of a class were served, and the longest time in which none was.
    Gaps {
        /// Request class, e.g. `orders`.
        class: String,
    },
    /// What groups of consumers get done over their size, a line for each number of partitions, beside what theory says.
    Scaling {
        /// Class of what is done, e.g. `orders.e2e`.
        class: String,
        /// The group.
        group: String,
    },
    /// Attempts at the last service for each request over the layers that retry, beside what theory says.
    Amplification {
        /// Class of the requests.
        class: String,
        /// The last service.
        callee: String,
        /// Attempts of each layer.
        attempts: u32,
    },
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Heading.
    pub title: String,
    /// What is measured.
    pub of: MeasureOf,
    /// Whether more of it is worse: such values are hatched.
    #[serde(default)]
    pub bad: bool,
}

/// What a column of a table measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MeasureOf {
    /// A metric, e.g. `orders.lost`; one that ends in `_us` or `_ms` is a time.
    Metric(String),
    /// The longest time in which customers of this class came and none was served.
    LongestGap(String),
}

/// One variant as further figures see it.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Name of the variant.
    pub name: &'a str,
    /// What is different in it.
    pub title: &'a str,
    /// What was measured.
    pub report: &'a Report,
    /// The same, as flat metrics.
    pub metrics: &'a BTreeMap<String, u64>,
}

/// Draws a further figure of the scenario `id`, in the light theme.
///
/// # Errors
///
/// If it names a metric or class that no variant has, or there is nothing to draw.
pub fn extra(id: &str, of: &Extra, cases: &[Case]) -> Result<String, FigureError> {
    let id = text::slug(&format!("{id} {}", of.name));
    if cases.is_empty() {
        return Err(FigureError::Empty { id, what: "variants" });
    }
    let mut canvas = Canvas::default();
    let top = heading(&mut canvas, &of.title)?;
    let bottom = match &of.show {
        Show::Table { columns } => table::draw(&mut canvas, columns, cases, (top, &id))?,
        Show::Gaps { class } => gaps::draw(&mut canvas, class, cases, (top, &id))?,
        Show::Scaling { class, group } => scaling::draw(&mut canvas, (class, group), cases, top)?,
        Show::Amplification { class, callee, attempts } => {
            amplification::draw(&mut canvas, (class, callee, *attempts), cases, top)?
        }
    };
    let document = svg::Document { id: &id, title: &of.title, description: &of.description, size: (WIDTH, bottom) };
    Ok(document.wrap(&canvas.into_body()))
}

/// Draws the heading, and says where the rest begins.
fn heading(canvas: &mut Canvas, title: &str) -> Result<i32, FigureError> {
    let kind = Type { size: HEADING, hold: Hold::Start, alpha: 1.0, bold: true };
    // Bold letters are wider than those that are measured.
    let lines = text::wrap(title, HEADING + HEADING / 8, WIDTH - 16 * PX, 2);
    let y = |n: i32| 6 * PX + LEADING / 2 + n * (LEADING + 2 * PX);
    canvas.group(&[("class", "heading".to_owned())], None, |layer| {
        lines.iter().zip(0..).try_for_each(|(line, n)| layer.text(line, (8 * PX, y(n)), kind))
    })?;
    Ok(y(lines.len() as i32))
}

/// Ordinary text.
const PLAIN: Type = Type { size: TEXT, hold: Hold::Start, alpha: 0.75, bold: false };

/// A class or metric that no variant has.
fn unknown(what: &'static str, key: &str) -> FigureError {
    FigureError::Unknown { row: "further figure".to_owned(), what, key: key.to_owned(), nearest: None }
}
