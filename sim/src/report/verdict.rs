//! What a run is called, computed from its report.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::window::{Ratio, Timeline, WINDOW_US, success};
use super::{ClassReport, Report};
use crate::engine::SimDuration;

/// The kind of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
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

/// What a verdict needs to know beyond the report.
#[derive(Clone, Debug, Default)]
pub struct Judging {
    /// Time at the start that belongs to no baseline.
    pub warmup: SimDuration,
    /// Classes that need the faulted part; every other class is a bystander.
    pub depends: BTreeSet<String>,
    /// Key of the series whose rise and drain mark absorption, e.g. the lag of a consumer group.
    pub backlog: Option<String>,
}

/// Every phase of a healthy class reaches this share of its baseline, in thousandths.
const HEALTHY_PERMILLE: u64 = 990;
/// So does every window of it; far enough down that no seed of a run at 60 customers a second falls below it by chance.
const HEALTHY_WINDOW_PERMILLE: u64 = 950;
/// A bystander with a window below this is drawn in. A dip above it is a graze: neither healthy nor a cascade.
const CASCADE_PERMILLE: u64 = 900;
/// A class below this after the fault, and to the end, is lost.
const LOST_PERMILLE: u64 = 800;
/// The lost class is measured over so much of the run's end.
const LOST_TAIL_US: u64 = 60_000_000;
/// With less of the run left after the fault, nobody can say that it does not recover.
const LOST_OBSERVED_US: u64 = 20_000_000;
/// Recovery within this time after the fault passes without remark.
const PROMPT_US: u64 = 30_000_000;
/// A backlog has grown when it exceeds four times its level before the fault, and four times this.
const BACKLOG_FLOOR: u64 = 25;

/// Names what happened in a run.
///
/// All shares are success by arrival relative to the baseline (see `window`), so that neither Poisson arrivals nor late answers
/// move them; customers too near the end to have been answered are left out, and a shortfall counts only if chance does not
/// explain it. In this order:
///
/// - `metastable`: the last fault ended at least 20 s before the end, and some class, of whatever kind, did not recover and is
///   below 80 % over the last minute (or all that follows the fault, if shorter). Delayed and oscillating collapses count.
/// - `cascading`: some 5 s window of a bystander is below 90 %.
/// - `degraded`: some class is below 99 % over the fault or what follows it, or below 95 % in some 5 s window; or the backlog did
///   not drain. A slow recovery, beyond 30 s, is told in the reason.
/// - `absorbed`: nothing of this, and the backlog grew fourfold, to 100 at least, and was down again at the end.
/// - `healthy`: nothing of all this.
///
/// Without a fault there is no baseline: the run is compared with perfect success and is `healthy` or `degraded`.
pub fn judge(report: &Report, context: &Judging) -> Verdict {
    let timeline = Timeline::new(report, context.warmup);
    let view = View { report, timeline: &timeline, context };
    let courses: Vec<Course> = report.classes.iter().map(|(name, class)| view.course(name, class)).collect();
    (view.metastable(&courses))
        .or_else(|| view.cascading(&courses))
        .or_else(|| view.degraded(&courses))
        .or_else(|| view.backlog())
        .unwrap_or_else(|| view.healthy(&courses))
}

/// How one class fared, in thousandths of its baseline.
struct Course<'a> {
    class: &'a str,
    bystander: bool,
    /// The worst window, and its first step.
    worst: (u64, usize),
    /// Below the healthy limits in some phase or window.
    harmed: bool,
    /// Some window below the limit of a cascade.
    hit: bool,
    /// The last minute after the fault, if it is lost.
    lost: Option<u64>,
    recovery_us: Option<u64>,
}

struct View<'a> {
    report: &'a Report,
    timeline: &'a Timeline,
    context: &'a Judging,
}

impl<'a> View<'a> {
    fn course(&self, name: &'a str, class: &ClassReport) -> Course<'a> {
        let time = self.timeline;
        let baseline = if self.report.faults.is_empty() { Ratio::PERFECT } else { time.baseline(class) };
        let everyone = time.before.start..self.report.steps();
        let judged = time.settled_part(class, &everyone);
        let mut windows: Vec<(usize, Ratio)> = time.windows(class, judged, WINDOW_US).collect();
        let unsettled = windows.is_empty();
        if unsettled {
            // So many wait that nobody has been given time enough: then all who came are judged, and waiting is no success.
            windows = time.windows(class, everyone, WINDOW_US).collect();
        }
        let overall = (class.ok * 1000).checked_div(class.offered).unwrap_or(1000);
        let below = |limit| windows.iter().any(|(_, ratio)| ratio.below(limit, baseline));
        let worst = windows.iter().map(|(start, ratio)| (ratio.relative_to(baseline), *start)).min();
        let recovery_us = if unsettled { None } else { time.recovery_us(class, baseline) };
        Course {
            class: name,
            bystander: !self.context.depends.contains(name),
            worst: worst.unwrap_or((overall, 0)),
            harmed: below(HEALTHY_WINDOW_PERMILLE)
                || self.phase_harmed(class, baseline)
                || windows.is_empty() && overall < HEALTHY_PERMILLE,
            hit: below(CASCADE_PERMILLE),
            lost: if recovery_us.is_none() { self.lost(class, baseline) } else { None },
            recovery_us,
        }
    }

    fn phase_harmed(&self, class: &ClassReport, baseline: Ratio) -> bool {
        let phases = self.timeline.phases();
        phases.iter().any(|(_, spans)| self.timeline.success_over(class, spans).below(HEALTHY_PERMILLE, baseline))
    }

    /// Success over the last minute, if the class was watched for long enough and is lost.
    fn lost(&self, class: &ClassReport, baseline: Ratio) -> Option<u64> {
        let after = self.timeline.settled_part(class, self.timeline.after.as_ref()?);
        let start = after.start.max(after.end.saturating_sub(self.timeline.steps_in(LOST_TAIL_US)));
        let tail = success(class, start..after.end);
        let watched = self.timeline.span_us(&after) >= LOST_OBSERVED_US;
        (watched && tail.below(LOST_PERMILLE, baseline)).then(|| tail.relative_to(baseline))
    }

    fn metastable(&self, courses: &[Course]) -> Option<Verdict> {
        let (course, lost) =
            courses.iter().filter_map(|course| Some((course, course.lost?))).min_by_key(|(_, lost)| *lost)?;
        let after = self.timeline.span_us(self.timeline.after.as_ref()?);
        let reason = format!(
            "the fault ended {} before the run did, yet {} stayed down: {} of its baseline success over the last {}",
            time(after),
            course.class,
            percent(lost),
            time(after.min(LOST_TAIL_US)),
        );
        Some(Verdict { kind: VerdictKind::Metastable, reason })
    }

    fn cascading(&self, courses: &[Course]) -> Option<Verdict> {
        if self.report.faults.is_empty() {
            return None;
        }
        let course =
            courses.iter().filter(|course| course.bystander && course.hit).min_by_key(|course| course.worst)?;
        let reason = format!("{}, which never touches {}, {}", course.class, self.faulted(), self.fall(course));
        Some(Verdict { kind: VerdictKind::Cascading, reason })
    }

    fn degraded(&self, courses: &[Course]) -> Option<Verdict> {
        let course =
            courses.iter().filter(|course| course.harmed).min_by_key(|course| (course.bystander, course.worst))?;
        let reason = if self.report.faults.is_empty() {
            let success = percent(course.worst.0);
            format!("without any fault, only {success} of {} customers were served in the worst 5 s", course.class)
        } else if course.bystander {
            format!("{}, though it never touches {}, {}", course.class, self.faulted(), self.fall(course))
        } else {
            let unharmed = courses.iter().filter(|other| !std::ptr::eq(*other, course)).all(|other| !other.harmed);
            let others = if courses.len() > 1 && unharmed { "; the others kept going" } else { "" };
            format!("{}, which needs {}, {}{others}", course.class, self.faulted(), self.fall(course))
        };
        Some(Verdict { kind: VerdictKind::Degraded, reason })
    }

    /// The part that the first fault hits: its name up to the colon.
    fn faulted(&self) -> &str {
        let name = self.report.faults.first().map_or("", |fault| fault.name.as_str());
        name.split_once(':').map_or("the faulted part", |(part, _)| part.trim())
    }

    /// `fell to 41 % … and was back at it 32 s after the fault`.
    fn fall(&self, course: &Course) -> String {
        let (worst, start) = course.worst;
        let when = match &self.timeline.after {
            _ if start + self.timeline.steps_in(WINDOW_US) <= self.timeline.before.end => "before the fault",
            Some(after) if start >= after.start => "after the fault",
            _ => "during the fault",
        };
        let after_us = self.timeline.after.as_ref().map(|after| self.timeline.span_us(after));
        let back = match (course.recovery_us, after_us) {
            (_, None) => "while the fault lasted to the end of the run".into(),
            (None, Some(us)) => format!("and was not back at it when the run ended {} after the fault", time(us)),
            (Some(0), _) => "and was back at it when the fault ended".into(),
            (Some(us), _) if us <= PROMPT_US => format!("and was back at it {} after the fault", time(us)),
            (Some(us), _) => format!("and needed {} after the end of the fault to be back at it", time(us)),
        };
        format!("fell to {} of its baseline success {when} {back}", percent(worst))
    }

    /// The verdict if a backlog grew: absorbed when it is gone at the end.
    fn backlog(&self) -> Option<Verdict> {
        let values = &self.report.series.get(self.context.backlog.as_ref()?)?.values;
        let first = self.timeline.during.first()?.start;
        let before = self.timeline.usual(values).max(BACKLOG_FLOOR);
        let (peak, drained) = (values.get(first..)?.iter().copied().max().unwrap_or(0), 2 * before);
        if peak <= 4 * before {
            return None;
        }
        let quiet = values.iter().rposition(|&value| value > drained).map_or(first, |last| last + 1);
        let tail = self.timeline.span_us(&(quiet..values.len()));
        if tail < WINDOW_US {
            let left = values.last().copied().unwrap_or(0);
            let reason = format!(
                "accepting was unharmed, but the backlog rose to {peak} and stood at {left} when the run ended"
            );
            return Some(Verdict { kind: VerdictKind::Degraded, reason });
        }
        let gone = self.timeline.during.last()?.end;
        let after = if quiet > gone {
            format!("{} after the fault", time(self.timeline.span_us(&(gone..quiet))))
        } else {
            "before the fault ended".into()
        };
        let reason = format!("accepting was unharmed: the backlog rose to {peak} and had drained {after}");
        Some(Verdict { kind: VerdictKind::Absorbed, reason })
    }

    fn healthy(&self, courses: &[Course]) -> Verdict {
        let reason = match courses.iter().min_by_key(|course| course.worst) {
            None => "nobody came, and nothing failed".into(),
            Some(course) => format!(
                "no class left its baseline: even in its worst 5 s, {} kept {} of its usual success",
                course.class,
                percent(course.worst.0.min(1000)),
            ),
        };
        Verdict { kind: VerdictKind::Healthy, reason }
    }
}

/// Thousandths as a learner reads them: `41 %`, and `99.3 %` where the decimal matters.
fn percent(permille: u64) -> String {
    match permille % 10 {
        tenth if tenth > 0 && permille >= 900 => format!("{}.{tenth} %", permille / 10),
        _ => format!("{} %", permille / 10),
    }
}

fn time(us: u64) -> SimDuration {
    SimDuration::from_micros(us)
}

#[cfg(test)]
mod tests;
