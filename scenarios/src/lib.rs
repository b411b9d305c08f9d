//! The article's shop, the scenario specification, the catalogue, and what a run of a scenario tells.

pub mod outcome;
