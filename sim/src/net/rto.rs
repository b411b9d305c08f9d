//! Retransmission timeout: RFC 6298 with the bounds of Linux (MODEL-REFERENCE.md A9).

use crate::engine::SimDuration;

/// MODEL-REFERENCE.md A9: Linux `TCP_RTO_MIN` = HZ/5.
pub(super) const RTO_MIN: SimDuration = SimDuration::from_millis(200);
/// MODEL-REFERENCE.md A9: Linux `TCP_TIMEOUT_INIT` = 1 s, as long as no round trip was measured.
pub(super) const RTO_INITIAL: SimDuration = SimDuration::from_secs(1);
/// MODEL-REFERENCE.md A9: Linux `TCP_RTO_MAX` = 120 s.
pub(super) const RTO_MAX: SimDuration = SimDuration::from_secs(120);
/// Linux `tcp_orphan_retries`: 8 for a socket its owner has closed, hence 102.2 s.
pub(super) const GIVE_UP_ORPHAN: SimDuration = give_up_after(8);

/// Linux `tcp_model_timeout`: the time that `retries` retransmissions and the wait for their answer take if the timeout
/// starts at its minimum. Connections with a longer timeout get the same time, hence fewer retransmissions.
pub(super) const fn give_up_after(retries: u8) -> SimDuration {
    let (mut sum, mut rto, mut expiry) = (0, RTO_MIN.as_nanos(), 0);
    while expiry <= retries {
        sum += rto;
        rto = if rto * 2 > RTO_MAX.as_nanos() { RTO_MAX.as_nanos() } else { rto * 2 };
        expiry += 1;
    }
    SimDuration::from_nanos(sum)
}

/// Estimates the round trip and says how long to wait for an acknowledgement.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rto {
    /// Smoothed round trip and its mean deviation, once measured.
    estimate: Option<(SimDuration, SimDuration)>,
    /// Expiries since the last measured round trip.
    backoff: u32,
}

impl Rto {
    /// Takes a measured round trip in and ends the doubling. Only for round trips beyond doubt: Karn's rule is the caller's.
    pub(super) fn sample(&mut self, rtt: SimDuration) {
        self.backoff = 0;
        self.estimate = Some(match self.estimate {
            None => (rtt, rtt / 2),
            Some((mean, deviation)) => {
                let error = if rtt > mean { rtt - mean } else { mean - rtt };
                ((mean * 7 + rtt) / 8, (deviation * 3 + error) / 4)
            }
        });
    }

    /// The wait now.
    pub(super) fn current(&self) -> SimDuration {
        let base = self.estimate.map_or(RTO_INITIAL, |(mean, deviation)| mean + deviation * 4);
        let factor = 1u64.checked_shl(self.backoff).unwrap_or(u64::MAX);
        (base.max(RTO_MIN) * factor).min(RTO_MAX)
    }

    /// Doubles the wait after an expiry.
    pub(super) fn back_off(&mut self) {
        self.backoff += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_round_trip_gives_the_minimum_and_doubles_up_to_the_maximum() {
        let mut rto = Rto::default();
        assert_eq!(rto.current(), RTO_INITIAL);
        rto.sample(SimDuration::from_micros(500));
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(rto.current().as_millis());
            rto.back_off();
        }
        assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 102_400, 120_000, 120_000]);
        rto.sample(SimDuration::from_micros(500));
        assert_eq!(rto.current(), RTO_MIN);
    }

    #[test]
    fn a_long_round_trip_waits_for_its_mean_and_four_deviations() {
        let mut rto = Rto::default();
        rto.sample(SimDuration::from_millis(400));
        assert_eq!(rto.current(), SimDuration::from_millis(400 + 4 * 200));
        rto.sample(SimDuration::from_millis(400));
        assert_eq!(rto.current(), SimDuration::from_millis(400 + 4 * 150));
    }

    #[test]
    fn giving_up_takes_what_linux_documents() {
        assert_eq!(give_up_after(15), SimDuration::from_millis(924_600));
        assert_eq!(GIVE_UP_ORPHAN, SimDuration::from_millis(102_200));
    }

    #[test]
    fn giving_up_takes_what_was_measured_but_for_the_slack_of_timers() {
        let measured = SimDuration::from_millis(13_700); // MODEL-REFERENCE.md A7, with 5
        assert_eq!(give_up_after(5), SimDuration::from_millis(12_600));
        assert!(give_up_after(5) >= measured.scale(900) && give_up_after(5) <= measured);
    }
}
