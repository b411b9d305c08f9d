//! What directives become, one file each.

pub(crate) mod card;
pub(crate) mod claims;
pub(crate) mod code;
pub(crate) mod command;
pub(crate) mod exercise;
pub(crate) mod figure;
pub(crate) mod inline;
pub(crate) mod ledger;
pub(crate) mod measure;
pub(crate) mod model;
