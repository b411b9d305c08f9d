//! The commands, one file each. Every one asks the lab, then says what it found.

pub(crate) mod again;
pub(crate) mod book;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod cross_check;
pub(crate) mod exercise;
pub(crate) mod explain;
pub(crate) mod figures;
pub(crate) mod list;
pub(crate) mod many;
pub(crate) mod merge;
pub(crate) mod order;
pub(crate) mod play;
pub(crate) mod schema;
pub(crate) mod shrink;
pub(crate) mod sweep;
pub(crate) mod theory;
pub(crate) mod verify;
