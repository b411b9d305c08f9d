//! How often and how long a handshake is tried.

use super::rto::{RTO_INITIAL, RTO_MAX};
use crate::engine::SimDuration;

/// Linux `tcp_syn_linear_timeouts`: this many retries of a SYN come one second apart (kernels since 6.5, MODEL-REFERENCE.md A9).
const SYN_LINEAR: u32 = 4;
/// Linux `tcp_synack_retries`.
const SYNACK_RETRIES: u32 = 5;

/// How long to wait for an answer to a SYN that was sent `sent` times before; nothing if it is time to give up, because of
/// the number of retries or because of the time they took ([`super::TcpSpec::syn_retries`]).
///
/// 1 1 1 1 1 2 4 8 16 32 64 s: 131 s in all, as documented for `retries` = 6. A real 6.18 kernel took 134.7 s
/// (MODEL-REFERENCE.md A7); the difference is the slack of its timers.
pub(super) fn syn_wait(sent: u32, retries: u8) -> Option<SimDuration> {
    let retries = u32::from(retries);
    let passed = (0..sent).fold(SimDuration::ZERO, |sum, sent| sum + wait_after(sent.saturating_sub(SYN_LINEAR)));
    let budget = (0..=retries).fold(SimDuration::ZERO, |sum, doublings| sum + wait_after(doublings));
    (sent <= SYN_LINEAR + retries && passed < budget).then(|| wait_after(sent.saturating_sub(SYN_LINEAR)))
}

/// The same for the server's SYN-ACK: 1 2 4 8 16 32 s.
pub(super) fn synack_wait(sent: u32) -> Option<SimDuration> {
    (sent <= SYNACK_RETRIES).then(|| wait_after(sent))
}

/// The first timeout, doubled so many times.
fn wait_after(doublings: u32) -> SimDuration {
    (RTO_INITIAL * 1u64.checked_shl(doublings).unwrap_or(u64::MAX)).min(RTO_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budgets_are_those_of_linux() {
        assert_eq!(seconds(|sent| syn_wait(sent, 6)), [1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(seconds(|sent| syn_wait(sent, 6)).iter().sum::<u64>(), 131);
        assert_eq!(seconds(synack_wait).iter().sum::<u64>(), 63);
    }

    #[test]
    fn few_retries_end_by_the_clock_and_not_by_their_number() {
        let total = |retries| seconds(|sent| syn_wait(sent, retries)).iter().sum::<u64>();
        assert_eq!([1, 2, 3, 4, 5, 6].map(total), [3, 7, 19, 35, 67, 131]);
        assert_eq!(seconds(|sent| syn_wait(sent, 2)), [1, 1, 1, 1, 1, 2]);
    }

    #[test]
    fn many_retries_never_wait_longer_than_two_minutes() {
        assert_eq!(seconds(|sent| syn_wait(sent, 9))[10..], [64, 120, 120, 120]);
        assert_eq!(seconds(|sent| syn_wait(sent, 127)).len(), 4 + 127 + 1);
    }

    fn seconds(wait: impl Fn(u32) -> Option<SimDuration>) -> Vec<u64> {
        (0..).map_while(wait).map(|span| span.as_millis() / 1000).collect()
    }
}
