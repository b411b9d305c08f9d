//! The scenario specification of Gridlock.

pub mod spec;
