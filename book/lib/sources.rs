//! What numbers from outside of the lab are cited from: `book/sources.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A document that pages may cite.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    /// What it is, with its edition or version.
    pub(crate) title: String,
    /// Where it can be read.
    pub(crate) url: String,
    /// Which part of it is meant, and what it says, in our words.
    pub(crate) says: String,
}

/// All of them by id.
pub(crate) type Sources = BTreeMap<String, Source>;

/// The list that is compiled in.
///
/// # Panics
/// When the file of this crate is wrong: a test reads it.
pub(crate) fn built_in() -> Sources {
    toml::from_str(include_str!("../sources.toml")).unwrap_or_else(|error| panic!("book/sources.toml: {error}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_source_says_what_where_and_why() {
        for (id, source) in super::built_in() {
            assert!(source.url.starts_with("https://"), "{id}: {}", source.url);
            assert!(!source.title.is_empty() && source.says.ends_with('.'), "{id}");
        }
    }
}
