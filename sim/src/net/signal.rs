//! What can reach a socket, packed into the token of an engine event: nothing on the wire is allocated.

/// What happens to a socket. The first group travels over a link and is fired at the socket that *sent* it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signal {
    /// Asks the other host for a connection.
    Syn,
    /// The server's answer.
    SynAck,
    /// A numbered segment; what it carries is in the sender's queue. `attempt` counts how often it was sent before.
    Data { number: u64, attempt: u64 },
    /// Everything below `next` has arrived, and also segment `sacked` (the first block of RFC 2018). `attempt` is that of the
    /// segment which is answered: it tells what the timestamp echo of RFC 7323 tells.
    Ack { next: u64, sacked: Option<u64>, attempt: u64 },
    /// The connection is no more.
    Rst,
    /// Keepalive: are you there?
    Probe,
    /// The other host knows no such connection. Fired at the socket that *receives* it: its sender does not exist.
    Rejected,
    /// Nobody has answered the SYN or SYN-ACK yet.
    HandshakeTimer,
    /// Nobody may have acknowledged the first segment.
    RetransmitTimer,
    /// The connection may have been idle for long.
    KeepaliveTimer,
    /// The peer has not closed its side in time.
    LingerTimer,
}

const KIND_BITS: u32 = 4;
const ATTEMPT_BITS: u32 = 4;
const SACK_BITS: u32 = 16;
const NUMBER_BITS: u32 = u64::BITS - KIND_BITS - ATTEMPT_BITS - SACK_BITS;
/// Attempts are told modulo this.
pub(super) const ATTEMPTS: u64 = 1 << ATTEMPT_BITS;

impl Signal {
    /// The token of this signal.
    pub(super) fn token(self) -> u64 {
        let (kind, number, sack, attempt) = match self {
            Signal::Syn => (0, 0, 0, 0),
            Signal::SynAck => (1, 0, 0, 0),
            Signal::Data { number, attempt } => (2, number, 0, attempt),
            Signal::Ack { next, sacked, attempt } => (3, next, sack_distance(next, sacked), attempt),
            Signal::Rst => (4, 0, 0, 0),
            Signal::Probe => (5, 0, 0, 0),
            Signal::Rejected => (6, 0, 0, 0),
            Signal::HandshakeTimer => (7, 0, 0, 0),
            Signal::RetransmitTimer => (8, 0, 0, 0),
            Signal::KeepaliveTimer => (9, 0, 0, 0),
            Signal::LingerTimer => (10, 0, 0, 0),
        };
        debug_assert!(number < 1 << NUMBER_BITS, "a connection carries fewer than 2^{NUMBER_BITS} messages");
        let numbers = (((number << SACK_BITS) | sack) << ATTEMPT_BITS) | (attempt % ATTEMPTS);
        (numbers << KIND_BITS) | kind
    }

    /// The signal of a token.
    pub(super) fn of(token: u64) -> Self {
        let attempt = (token >> KIND_BITS) & (ATTEMPTS - 1);
        let sack = (token >> KIND_BITS >> ATTEMPT_BITS) & ((1 << SACK_BITS) - 1);
        let number = token >> KIND_BITS >> ATTEMPT_BITS >> SACK_BITS;
        match token & ((1 << KIND_BITS) - 1) {
            0 => Signal::Syn,
            1 => Signal::SynAck,
            2 => Signal::Data { number, attempt },
            3 => Signal::Ack { next: number, sacked: (sack > 0).then_some(number + sack), attempt },
            4 => Signal::Rst,
            5 => Signal::Probe,
            6 => Signal::Rejected,
            7 => Signal::HandshakeTimer,
            8 => Signal::RetransmitTimer,
            9 => Signal::KeepaliveTimer,
            10 => Signal::LingerTimer,
            kind => unreachable!("no signal of kind {kind} was ever scheduled"),
        }
    }
}

/// How far beyond `next` the segment is; zero stands for none, and for one too far away to be told.
fn sack_distance(next: u64, sacked: Option<u64>) -> u64 {
    sacked.and_then(|number| number.checked_sub(next)).filter(|distance| *distance < 1 << SACK_BITS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_give_back_their_signal() {
        let ack = |next, sacked| Signal::Ack { next, sacked, attempt: 3 };
        let data = |number| Signal::Data { number, attempt: 15 };
        let all = [Signal::Syn, Signal::SynAck, data(0), data((1 << 40) - 1), ack(7, None), ack(7, Some(9))];
        let rest = [Signal::Rst, Signal::Probe, Signal::Rejected, Signal::HandshakeTimer, Signal::RetransmitTimer];
        for signal in all.into_iter().chain(rest).chain([Signal::KeepaliveTimer, Signal::LingerTimer]) {
            assert_eq!(Signal::of(signal.token()), signal);
        }
        assert_eq!(Signal::of(ack(0, Some(1 << 16)).token()), ack(0, None), "too far away to be told");
    }
}
