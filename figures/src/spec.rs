//! What a scenario file says about its figure, and what is drawn when it says nothing.

use gridlock_sim::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Extra, Row};

/// The `[figure]` table of a scenario file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FigureSpec {
    /// Rows from cause to effect; without any, they are chosen by what was measured.
    pub rows: Vec<Row>,
    /// Further figures, each with one matter.
    pub extra: Vec<Extra>,
}

/// Endings of the series worth a row of their own, with its title, from cause to effect.
const ROWS: [(&str, &str, bool); 5] = [
    ("/cpu", "CPU", false),
    ("/pool.waiting", "Waiting for a pool", false),
    ("/calls.pending", "Calls awaited", false),
    ("/retries", "Retries", true),
    ("/heap.bytes", "Heap", false),
];
/// Series in one row at most; more cannot be told apart.
const SERIES_MAX: usize = 3;

impl FigureSpec {
    /// The series that the rows of the file name, in their order.
    pub fn series(&self) -> Vec<String> {
        let of = |row: &Row| match row {
            Row::Gauges { series, .. } | Row::Counts { series, .. } => series.clone(),
            Row::Lag { .. } => vec!["lag.total".to_owned()],
            Row::Goodput { .. } | Row::Latency { .. } | Row::Owners { .. } | Row::Leaders { .. } => Vec::new(),
        };
        self.rows.iter().flat_map(of).collect()
    }

    /// The rows of the file, or rows for every class and for the busiest series of each kind.
    ///
    /// With `complete`, the reports are those of all variants, and a series that none of them has stays in its row, as a mistake
    /// for [`render`](crate::render) to find. Otherwise rows keep what these reports have.
    pub fn rows_for(&self, reports: &[&Report], complete: bool) -> Vec<Row> {
        if !self.rows.is_empty() {
            let rows = self.rows.iter().cloned();
            return if complete { rows.collect() } else { rows.filter_map(|row| reduced(row, reports)).collect() };
        }
        let mut classes: Vec<&String> = reports.iter().flat_map(|report| report.classes.keys()).collect();
        classes.sort();
        classes.dedup();
        let goodput = classes.iter().map(|class| Row::Goodput { class: (*class).clone() });
        let latency = classes.iter().map(|class| Row::Latency { class: (*class).clone() });
        let others = ROWS.iter().filter_map(|(ending, title, counts)| {
            let series = busiest(reports, ending);
            let title = (*title).to_string();
            match (series.is_empty(), counts) {
                (true, _) => None,
                (false, true) => Some(Row::Counts { title, series }),
                (false, false) => Some(Row::Gauges { title, unit: None, series, capacity: None }),
            }
        });
        goodput.chain(latency).chain(others).collect()
    }
}

/// The row with what the reports have, if that is anything.
fn reduced(mut row: Row, reports: &[&Report]) -> Option<Row> {
    match &mut row {
        Row::Goodput { class } | Row::Latency { class } => {
            reports.iter().any(|report| report.classes.contains_key(class)).then_some(row)
        }
        Row::Gauges { series, .. } | Row::Counts { series, .. } => {
            series.retain(|key| reports.iter().any(|report| report.series.contains_key(key)));
            (!series.is_empty()).then_some(row)
        }
        Row::Lag { group } | Row::Owners { group } => {
            let key = format!("{group}/generation");
            reports.iter().any(|report| report.series.contains_key(&key)).then_some(row)
        }
        Row::Leaders { topic } => {
            let key = format!("{topic}-0/leader");
            reports.iter().any(|report| report.series.contains_key(&key)).then_some(row)
        }
    }
}

/// The series with this ending that rise highest, in order of their names.
fn busiest(reports: &[&Report], ending: &str) -> Vec<String> {
    let peak = |key: &String| reports.iter().map(|report| report.peak(key)).max().unwrap_or(0);
    let mut keys: Vec<String> = reports.iter().flat_map(|report| report.series.keys().cloned()).collect();
    keys.retain(|key| key.ends_with(ending) && peak(key) > 0);
    keys.sort();
    keys.dedup();
    keys.sort_by_key(|key| std::cmp::Reverse(peak(key)));
    keys.truncate(SERIES_MAX);
    keys.sort();
    keys
}
