//! From a row to its plan: one file for what customers meet, one for lines of series.

mod customers;
mod lines;
mod names;

use crate::plan::Plan;
use crate::{Column, FigureError, Row};

/// Works out a row over all columns.
pub(crate) fn plan(row: &Row, columns: &[Column]) -> Result<Plan, FigureError> {
    match row {
        Row::Goodput { class } => customers::goodput(class, columns),
        Row::Latency { class } => customers::latency(class, columns),
        Row::Gauges { title, unit, series, capacity } => lines::gauges(title, *unit, series, *capacity, columns),
        Row::Counts { title, series } => lines::counts(title, series, columns),
    }
}
