//! How far a piece of computing has come, at a speed that may change while it runs.

use crate::engine::{EventId, SimDuration, SimTime};
use crate::units::Factor;

/// One piece of computing. Who owns it schedules its end at [`Slice::ends_at`] and keeps the event in `event`.
pub(super) struct Slice {
    /// What is left to compute at factor one, as of `since`.
    left: SimDuration,
    /// Time taken before `since`, pauses not counted.
    taken: SimDuration,
    since: SimTime,
    factor: Factor,
    /// The event of its end; none while it is paused.
    pub(super) event: Option<EventId>,
}

impl Slice {
    pub(super) fn new(now: SimTime, work: SimDuration, factor: Factor) -> Self {
        Self { left: work, taken: SimDuration::ZERO, since: now, factor, event: None }
    }

    /// When it ends if nothing changes.
    pub(super) fn ends_at(&self) -> SimTime {
        self.since + self.left.scale(self.factor.0)
    }

    /// Books the time since the last change. Call it before the speed changes or the slice is paused.
    pub(super) fn book(&mut self, now: SimTime) {
        let elapsed = now.since(self.since);
        let done = u128::from(elapsed.as_nanos()) * 1000 / u128::from(self.factor.0.max(1));
        self.left = self.left.saturating_sub(SimDuration::from_nanos(u64::try_from(done).unwrap_or(u64::MAX)));
        self.taken += elapsed;
        self.since = now;
    }

    /// Changes the speed from now on.
    pub(super) fn set_factor(&mut self, now: SimTime, factor: Factor) {
        self.book(now);
        self.factor = factor;
    }

    /// Goes on after a pause.
    pub(super) fn go_on(&mut self, now: SimTime) {
        self.since = now;
    }

    /// Time taken so far while running.
    pub(super) fn busy(&self, now: SimTime) -> SimDuration {
        self.taken + now.since(self.since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_speed_applies_to_the_rest_only() {
        let ms = SimTime::from_millis;
        let mut slice = Slice::new(ms(100), SimDuration::from_millis(20), Factor::ONE);
        assert_eq!(slice.ends_at(), ms(120));
        slice.set_factor(ms(110), Factor(3000));
        assert_eq!(slice.ends_at(), ms(140));
        slice.book(ms(125)); // paused half way through the rest
        slice.go_on(ms(200));
        assert_eq!(slice.ends_at(), ms(215));
        assert_eq!(slice.busy(ms(215)), SimDuration::from_millis(40));
    }
}
