//! What the behaviour tests share: the catalogue played once, the command called in process, traces taken apart.

pub mod catalogue;
pub mod child;
pub mod command;
pub mod lines;
pub mod snapshot;
pub mod tree;
