//! The article's shop, the scenario specification, the catalogue, and what a run of a scenario tells.

pub mod catalog;
pub mod chain;
pub mod chaos;
pub mod difference;
pub mod format;
mod judge;
pub mod kafka;
pub mod ledger;
pub mod outcome;
mod play;
pub mod replay;
pub mod run;
pub mod shop;
pub mod shrink;
pub mod spec;
pub mod stream;
pub mod theory;
pub mod topology;
pub mod world;

pub use self::play::{Chosen, Played, Request, play, play_code, resolve};
