//! How often and how long a handshake is tried.

use crate::engine::SimDuration;

/// Linux `tcp_syn_linear_timeouts`: this many retries of a SYN come one second apart (kernels since 6.5, MODEL-REFERENCE.md A9).
const SYN_LINEAR: u32 = 4;
/// Linux `tcp_syn_retries`: retries of a SYN after the linear ones.
const SYN_RETRIES: u32 = 6;
/// Linux `tcp_synack_retries`.
const SYNACK_RETRIES: u32 = 5;

/// How long to wait for an answer to a SYN that was sent `sent` times before; nothing if it is time to give up.
///
/// 1 1 1 1 1 2 4 8 16 32 64 s: 131 s in all, as documented for `tcp_syn_retries` = 6. A real 6.18 kernel took 134.7 s
/// (MODEL-REFERENCE.md A7); the difference is the slack of its timers.
pub(super) fn syn_wait(sent: u32) -> Option<SimDuration> {
    let doublings = sent.saturating_sub(SYN_LINEAR);
    (doublings <= SYN_RETRIES).then(|| SimDuration::from_secs(1 << doublings))
}

/// The same for the server's SYN-ACK: 1 2 4 8 16 32 s.
pub(super) fn synack_wait(sent: u32) -> Option<SimDuration> {
    (sent <= SYNACK_RETRIES).then(|| SimDuration::from_secs(1 << sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budgets_are_those_of_linux() {
        let seconds = |wait: fn(u32) -> Option<SimDuration>| -> Vec<u64> {
            (0..).map_while(wait).map(|span| span.as_millis() / 1000).collect()
        };
        assert_eq!(seconds(syn_wait), [1, 1, 1, 1, 1, 2, 4, 8, 16, 32, 64]);
        assert_eq!(seconds(syn_wait).iter().sum::<u64>(), 131);
        assert_eq!(seconds(synack_wait).iter().sum::<u64>(), 63);
    }
}
