//! A sweep: one scenario with many seeds and many settings.
//!
//! `plan` says which runs there are and in which order; `player` plays one of them and catches what panics; `record` is what is kept
//! of each; `journal` holds records while a sweep is under way and finds its way about them; `folder` is the directory they lie
//! in; `results` writes the files in canonical order; `statistics` and `summary` say what it adds up to; `figure` draws it.
//! Nothing here keeps reports in memory or depends on the order in which runs end.

pub(crate) mod figure;
pub(crate) mod folder;
pub(crate) mod journal;
pub(crate) mod plan;
pub(crate) mod player;
pub(crate) mod record;
pub(crate) mod results;
pub(crate) mod statistics;
pub(crate) mod summary;
#[cfg(test)]
pub(crate) mod tests;
