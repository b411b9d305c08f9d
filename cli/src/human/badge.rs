//! The verdict as a coloured badge.

use anstyle::{AnsiColor, Style};
use gridlock_sim::report::VerdictKind;

/// Verdicts from good to bad.
pub(crate) const KINDS: [VerdictKind; 5] = [
    VerdictKind::Healthy,
    VerdictKind::Absorbed,
    VerdictKind::Degraded,
    VerdictKind::Cascading,
    VerdictKind::Metastable,
];

/// Columns of every badge.
const fn badge_width() -> usize {
    "METASTABLE".len() + 2
}

/// The word in capitals on the colour of its severity, padded to one width.
pub(crate) fn badge(kind: VerdictKind) -> String {
    paint(color(kind), &format!(" {:<width$}", kind.text().to_uppercase(), width = badge_width() - 1))
}

/// `text` in `style`, and back to normal.
pub(crate) fn paint(style: Style, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

fn color(kind: VerdictKind) -> Style {
    let (ink, ground) = match kind {
        VerdictKind::Healthy => (AnsiColor::Black, AnsiColor::Green),
        VerdictKind::Absorbed => (AnsiColor::Black, AnsiColor::Cyan),
        VerdictKind::Degraded => (AnsiColor::Black, AnsiColor::Yellow),
        VerdictKind::Cascading => (AnsiColor::Black, AnsiColor::Magenta),
        VerdictKind::Metastable => (AnsiColor::White, AnsiColor::Red),
    };
    ink.on(ground).bold()
}
