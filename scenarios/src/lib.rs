//! The article's shop, the scenario specification, the catalogue, and what a run of a scenario tells.

pub mod chain;
mod judge;
pub mod outcome;
pub mod run;
pub mod shop;
pub mod spec;
pub mod world;
