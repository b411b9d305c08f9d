//! From a row to its plan: one file for what customers meet, one for lines of series, one for Kafka.

mod customers;
mod kafka;
mod lines;
mod names;

use crate::plan::Plan;
use crate::{Column, FigureError, Row};

/// Refuses a row that names something of which no column has anything.
pub(crate) fn check(row: &Row, columns: &[Column]) -> Result<(), FigureError> {
    lines::check_names(row, columns)
}

/// Works out a row over columns; an error if they have nothing of it.
pub(crate) fn plan(row: &Row, columns: &[Column]) -> Result<Plan, FigureError> {
    match row {
        Row::Goodput { class } => customers::goodput(class, columns),
        Row::Latency { class } => customers::latency(class, columns),
        Row::Gauges { title, unit, series, capacity } => lines::gauges(title, *unit, series, *capacity, columns),
        Row::Counts { title, series } => lines::counts(title, series, columns),
        Row::Lag { group } => kafka::lag(group, columns),
        Row::Owners { group } => kafka::owners(group, columns),
        Row::Leaders { topic } => kafka::leaders(topic, columns),
    }
}
