//! What a run is called, computed from its report.

use serde::Serialize;

/// The kind of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictKind {
    /// Goodput stayed at 99 % of the baseline or above throughout.
    Healthy,
    /// Accepting was unharmed; a backlog grew and drained.
    Absorbed,
    /// Only requests that need the faulted part suffered, while it lasted.
    Degraded,
    /// Others suffered too, and recovered.
    Cascading,
    /// The fault is gone and goodput stays below 80 % of the baseline to the end.
    Metastable,
}

impl VerdictKind {
    /// The word used in specifications, JSON and on the terminal.
    pub const fn text(self) -> &'static str {
        match self {
            VerdictKind::Healthy => "healthy",
            VerdictKind::Absorbed => "absorbed",
            VerdictKind::Degraded => "degraded",
            VerdictKind::Cascading => "cascading",
            VerdictKind::Metastable => "metastable",
        }
    }
}

/// A verdict with its one-line reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// What the run is called.
    pub kind: VerdictKind,
    /// One sentence with the numbers that led to it.
    pub reason: String,
}
