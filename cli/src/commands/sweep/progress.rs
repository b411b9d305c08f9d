//! How far a sweep has come, how fast it is, and when it will be done.
#![expect(clippy::disallowed_types, reason = "people wait in wall time; no result depends on it")]

use std::time::Instant;

use crate::human::span_us;
use crate::sweep::record::Record;

/// Counts tasks as they end.
pub(crate) struct Progress {
    what: String,
    start: Instant,
    before: usize,
    played: usize,
    left: usize,
    failed: usize,
}

impl Progress {
    /// Nothing played yet; `before` were there already.
    pub(crate) fn new(scenario: &str, before: usize, left: usize) -> Self {
        Self { what: format!("sweep {scenario}"), start: Instant::now(), before, played: 0, left, failed: 0 }
    }

    /// Another task has ended.
    pub(crate) fn count(&mut self, records: &[Record]) {
        self.played += 1;
        self.left -= 1;
        self.failed += records.iter().filter(|record| !record.as_claimed || !record.engines_agree()).count();
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        self.line_after(self.start.elapsed().as_secs_f64())
    }

    fn line_after(&self, seconds: f64) -> String {
        let (done, all) = (self.before + self.played, self.before + self.played + self.left);
        let rate = self.played as f64 / seconds.max(1e-3);
        let left = span_us((self.left as f64 / rate * 1e6) as u64);
        let failed = if self.failed > 0 { format!(" · {} not as claimed", self.failed) } else { String::new() };
        format!("{}: {done}/{all} tasks · {rate:.1}/s · {left} left{failed}", self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::tests::{plan, records};

    #[test]
    fn the_rate_is_that_of_what_was_played_now() {
        let mut progress = Progress::new("cascade", 100, 50);
        let plan = plan(0..9, &[]);
        (0..10).for_each(|task| progress.count(&records(&plan, task % 2)));
        assert_eq!(progress.line_after(5.0), "sweep cascade: 110/150 tasks · 2.0/s · 20 s left");
        progress.count(&records(&plan, 8));
        assert!(progress.line_after(5.5).ends_with(" · 2 not as claimed"));
    }
}
