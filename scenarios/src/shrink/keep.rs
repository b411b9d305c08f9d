//! The outcome that is kept.

use std::str::FromStr;

use gridlock_sim::report::VerdictKind;

use crate::outcome::VariantOutcome;

/// What must stay true of a run while it shrinks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// The verdict is this one.
    Verdict(VerdictKind),
    /// This check is violated.
    Check(String),
    /// This claim fails.
    Claim(String),
}

/// A text that names no outcome.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no outcome: write `verdict=metastable`, `check=NAME` or `claim=ID`")]
pub struct UnknownKeep(String);

const VERDICTS: [VerdictKind; 5] = [
    VerdictKind::Healthy,
    VerdictKind::Absorbed,
    VerdictKind::Degraded,
    VerdictKind::Cascading,
    VerdictKind::Metastable,
];

impl FromStr for Keep {
    type Err = UnknownKeep;

    fn from_str(text: &str) -> Result<Self, UnknownKeep> {
        let unknown = || UnknownKeep(text.into());
        match text.split_once('=') {
            Some(("verdict", word)) => {
                VERDICTS.into_iter().find(|kind| kind.text() == word).map(Keep::Verdict).ok_or_else(unknown)
            }
            Some(("check", name)) if !name.is_empty() => Ok(Keep::Check(name.into())),
            Some(("claim", id)) if !id.is_empty() => Ok(Keep::Claim(id.into())),
            _ => Err(unknown()),
        }
    }
}

impl Keep {
    /// As it is written on the command line.
    pub fn text(&self) -> String {
        match self {
            Keep::Verdict(kind) => format!("verdict={}", kind.text()),
            Keep::Check(name) => format!("check={name}"),
            Keep::Claim(id) => format!("claim={id}"),
        }
    }

    /// Whether a run has this outcome.
    pub fn is_in(&self, outcome: &VariantOutcome) -> bool {
        match self {
            Keep::Verdict(kind) => outcome.verdict.kind == *kind,
            Keep::Check(name) => outcome.checks.get(name).is_some_and(|check| !check.held),
            Keep::Claim(id) => outcome.claims.iter().any(|claim| claim.id == *id && !claim.holds),
        }
    }

    /// What a run with this outcome does, as the end of a sentence.
    pub(super) fn verb(&self) -> String {
        match self {
            Keep::Verdict(VerdictKind::Metastable) => "stays metastable".into(),
            Keep::Verdict(kind) => format!("is {}", kind.text()),
            Keep::Check(name) => format!("violates {name}"),
            Keep::Claim(id) => format!("fails the claim {id}"),
        }
    }

    /// What a run without this outcome does not do.
    pub(super) fn denied(&self) -> String {
        match self {
            Keep::Verdict(kind) => format!("is not {}", kind.text()),
            Keep::Check(name) => format!("does not violate the check `{name}`"),
            Keep::Claim(id) => format!("does not fail the claim `{id}`"),
        }
    }

    /// True if more time after the faults can undo it: then that time is no waste.
    pub(super) fn needs_watching(&self) -> bool {
        !matches!(self, Keep::Check(_))
    }
}

/// What a run had in place of the outcome that was asked for, and what else could be kept.
pub(super) fn occurred(outcome: &VariantOutcome, keep: &Keep) -> String {
    let violated = outcome.checks.iter().filter(|(_, check)| !check.held).map(|(name, _)| format!("check={name}"));
    let failed = outcome.claims.iter().filter(|claim| !claim.holds).map(|claim| format!("claim={}", claim.id));
    let verdict = format!("verdict={}", outcome.verdict.kind.text());
    let kept: Vec<String> = [verdict].into_iter().chain(violated).chain(failed).collect();
    let so = format!(
        "it is {}: {}; what can be kept: {}",
        outcome.verdict.kind.text(),
        outcome.verdict.reason,
        kept.join(", ")
    );
    let known: Vec<&str> = match keep {
        Keep::Verdict(_) => return so,
        Keep::Check(_) => outcome.checks.keys().map(String::as_str).collect(),
        Keep::Claim(_) => outcome.claims.iter().map(|claim| claim.id.as_str()).collect(),
    };
    let word = keep.text().split_once('=').map_or(String::new(), |(_, word)| word.to_owned());
    let near = known
        .iter()
        .filter(|known| **known != word && strsim::jaro_winkler(known, &word) > 0.85)
        .copied()
        .max_by(|a, b| strsim::jaro_winkler(a, &word).total_cmp(&strsim::jaro_winkler(b, &word)));
    match near {
        Some(near) if !known.contains(&word.as_str()) => format!("did you mean `{near}`? {so}"),
        _ if known.contains(&word.as_str()) || known.is_empty() => so,
        _ => format!("known here: {}; {so}", known.join(", ")),
    }
}
