//! The built-in scenarios: TOML files compiled into the binary, in the order in which they should be read.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::spec::{Scenario, SpecError};
use crate::world::WorldSpec;

/// Name and text of every built-in scenario.
pub const CATALOG: [(&str, &str); 15] = [
    ("cascade", include_str!("../catalog/cascade.toml")),
    ("slow-dependency", include_str!("../catalog/slow-dependency.toml")),
    ("retry-storm", include_str!("../catalog/retry-storm.toml")),
    ("silent-partition", include_str!("../catalog/silent-partition.toml")),
    ("flash-sale", include_str!("../catalog/flash-sale.toml")),
    ("consumer-outage", include_str!("../catalog/consumer-outage.toml")),
    ("late-reader", include_str!("../catalog/late-reader.toml")),
    ("consumer-scaling", include_str!("../catalog/consumer-scaling.toml")),
    ("hot-partition", include_str!("../catalog/hot-partition.toml")),
    ("rolling-deploy", include_str!("../catalog/rolling-deploy.toml")),
    ("broker-crash", include_str!("../catalog/broker-crash.toml")),
    ("controller-failover", include_str!("../catalog/controller-failover.toml")),
    ("poison-message", include_str!("../catalog/poison-message.toml")),
    ("duplicates", include_str!("../catalog/duplicates.toml")),
    ("article-code", include_str!("../catalog/article-code.toml")),
];

/// Why a scenario cannot be had.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum LoadError {
    /// Neither a built-in name nor a path.
    #[error("there is no scenario `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What to do.
        #[help]
        help: String,
    },
    /// The file is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Spec(#[from] SpecError),
}

/// Loads a built-in scenario by name, or a file by path (anything with a `/`, a `.toml` ending, or that exists).
///
/// # Errors
/// [`LoadError`], with a suggestion or a place.
pub fn load<F: DeserializeOwned + Default>(name: &str) -> Result<Scenario<WorldSpec, F>, LoadError> {
    if let Some((name, text)) = CATALOG.iter().find(|(known, _)| *known == name) {
        return Ok(Scenario::parse(&format!("catalog/{name}.toml"), text)?);
    }
    if name.contains(['/', '\\']) || name.ends_with(".toml") || Path::new(name).exists() {
        return Ok(Scenario::read(Path::new(name))?);
    }
    Err(LoadError::Unknown { name: name.into(), help: advice(name) })
}

fn advice(name: &str) -> String {
    let near = CATALOG.iter().map(|(known, _)| *known).max_by(|a, b| {
        let score = |known: &str| strsim::jaro_winkler(known, name);
        score(a).total_cmp(&score(b))
    });
    match near.filter(|near| strsim::jaro_winkler(near, name) > 0.7) {
        Some(near) => format!("did you mean `{near}`? `list` shows all scenarios; a file needs its path"),
        None => "`list` shows all scenarios; a file needs its path, such as ./mine.toml".into(),
    }
}

/// A parameter as a scenario file writes it, with the comment above it as its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Dotted path from the top of the file.
    pub path: String,
    /// The value as written.
    pub value: String,
    /// The comment; empty if there is none.
    pub reason: String,
}

/// The parameters of the world that a file states, in order.
pub fn parameters(text: &str) -> Vec<Parameter> {
    let (mut table, mut reason, mut found) = (String::new(), Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix('#') {
            reason.push(comment.trim());
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            table = header.trim_matches(['[', ']']).to_string();
        } else if let Some((key, value)) = line.split_once(" = ").filter(|_| table.starts_with("world")) {
            let path = format!("{table}.{key}");
            found.push(Parameter { path, value: value.into(), reason: reason.join(" ") });
        }
        reason.clear();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Ignored;

    #[test]
    fn every_built_in_scenario_is_valid() {
        for (name, _) in CATALOG {
            if let Err(error) = load::<Ignored>(name) {
                panic!("{name}: {error}");
            }
        }
    }

    #[test]
    fn reasons_are_the_comments_above() {
        let found = parameters("title = \"x\"\n[world.shop.order]\n# Ten:\n# enough.\npool = { size = 10 }\ncpu = 1\n");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].path.as_str(), found[0].reason.as_str()), ("world.shop.order.pool", "Ten: enough."));
        assert_eq!(found[1].reason, "");
    }

    #[test]
    fn unknown_names_get_a_suggestion() {
        let Err(error) = load::<Ignored>("cascad") else { panic!("refused") };
        assert!(format!("{:?}", miette::Report::new(error)).contains("did you mean `cascade`"));
    }
}
