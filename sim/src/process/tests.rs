//! Scenarios of the process.
