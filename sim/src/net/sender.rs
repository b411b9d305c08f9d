//! The sending half of a connection, sans-I/O: what is unacknowledged, and what must be sent again, when.
//!
//! Loss is found in two ways. *By later arrivals*: a segment below three that the peer is known to have was lost (RFC 6675) and is
//! sent again at once. *By silence*: at an expiry the first segment is sent again; when that brings progress, so is all
//! else that was outstanding at the expiry. Between the two nothing new is sent: after an expiry the congestion window is one
//! segment (RFC 5681, section 3.1, the loss window), and the first segment fills it.

use std::any::Any;
use std::collections::VecDeque;
use std::rc::Rc;

use super::rto::Rto;
use super::signal::ATTEMPTS;
use crate::engine::{SimDuration, SimTime};

/// RFC 5681 and 6675, `DupThresh`: so many later segments must have arrived before an earlier one counts as lost.
const DUP_THRESHOLD: usize = 3;

/// What a segment carries: a message, or the end of all messages (FIN) when there is no body.
#[derive(Clone)]
pub(super) struct Payload {
    pub(super) bytes: u32,
    pub(super) body: Option<Rc<dyn Any>>,
}

struct Outstanding {
    payload: Payload,
    first_sent: SimTime,
    last_sent: SimTime,
    /// How often it was sent again.
    attempt: u64,
    /// The peer is known to have it, though something before it is missing.
    sacked: bool,
    /// To be sent again at once.
    lost: bool,
    /// Not sent yet: the window was closed by an expiry.
    held: bool,
}

impl Outstanding {
    /// When the acknowledged `attempt` was sent, if that is beyond doubt (Karn's rule). A segment known to have arrived before
    /// is not what is answered now.
    fn sent_at(&self, attempt: u64) -> Option<SimTime> {
        match attempt {
            _ if self.sacked => None,
            0 => Some(self.first_sent),
            _ => (attempt == self.attempt % ATTEMPTS).then_some(self.last_sent),
        }
    }
}

/// What the retransmission timer has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// Nothing is outstanding.
    Idle,
    /// Not before this time.
    NotYet(SimTime),
    /// Send the first segment again.
    Resend(u64),
    /// Nothing got through for too long.
    GiveUp,
}

/// The sending half. Segments are numbered from zero.
#[derive(Default)]
pub(super) struct Sender {
    queue: VecDeque<Outstanding>,
    /// Number of the first segment in the queue.
    first: u64,
    pub(super) rto: Rto,
    deadline: Option<SimTime>,
    /// Since when the first segment waits without any progress.
    stalled_since: SimTime,
    /// After an expiry: the segments below this are taken for lost as soon as there is progress.
    expired_below: u64,
    lost: usize,
    /// What all messages of the queue weigh.
    bytes: u64,
    /// The owner wants to know when `bytes` are fewer; zero if not.
    low_mark: u64,
}

impl Sender {
    /// Takes a segment; returns its number if it is to be sent now.
    pub(super) fn push(&mut self, now: SimTime, payload: Payload) -> Option<u64> {
        let held = self.expired_below > self.first;
        self.bytes += u64::from(payload.bytes);
        self.queue.push_back(Outstanding {
            payload,
            first_sent: now,
            last_sent: now,
            attempt: 0,
            sacked: false,
            lost: false,
            held,
        });
        let next = self.first + self.queue.len() as u64;
        if held {
            self.expired_below = next;
        }
        if self.deadline.is_none() {
            self.restart_timer(now);
        }
        (!held).then_some(next - 1)
    }

    /// What a segment carries, unless the peer has acknowledged it.
    pub(super) fn payload(&self, number: u64) -> Option<&Payload> {
        self.get(number).map(|segment| &segment.payload)
    }

    fn get(&self, number: u64) -> Option<&Outstanding> {
        self.queue.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    pub(super) fn unacked(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn unacked_bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn tell_when_below(&mut self, bytes: u64) {
        self.low_mark = bytes;
    }

    /// True once after the unacknowledged bytes have fallen below the mark.
    pub(super) fn drained(&mut self) -> bool {
        let drained = self.bytes < self.low_mark;
        if drained {
            self.low_mark = 0;
        }
        drained
    }

    /// When the timer must fire, if at all.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }

    /// How often a segment was sent again.
    pub(super) fn attempt(&self, number: u64) -> u64 {
        self.get(number).map_or(0, |segment| segment.attempt)
    }

    /// The peer has everything below `ack`, and also segment `sacked`; it answers that `attempt` of a segment.
    pub(super) fn acked(&mut self, now: SimTime, ack: u64, sacked: Option<u64>, attempt: u64) {
        if ack > self.first {
            self.progress(now, ack, attempt);
        }
        if let Some(number) = sacked {
            self.sacked(number);
        }
    }

    /// The next segment to send at once, again or for the first time.
    pub(super) fn next_lost(&mut self, now: SimTime) -> Option<u64> {
        if self.lost == 0 {
            return None;
        }
        let index = self.queue.iter().position(|segment| segment.lost)?;
        if index == 0 {
            self.deadline = Some(now + self.rto.current()); // Linux re-arms when it resends the first segment
        }
        self.lost -= 1;
        self.mark_resent(now, index);
        Some(self.first + index as u64)
    }

    /// The timer fired.
    pub(super) fn expire(&mut self, now: SimTime, give_up: SimDuration) -> Expiry {
        match self.deadline {
            None => Expiry::Idle,
            Some(at) if at > now => Expiry::NotYet(at),
            Some(_) if now.since(self.stalled_since) >= give_up => Expiry::GiveUp,
            Some(_) => self.resend_first(now),
        }
    }

    fn resend_first(&mut self, now: SimTime) -> Expiry {
        self.rto.back_off();
        self.deadline = Some(now + self.rto.current());
        self.expired_below = self.first + self.queue.len() as u64;
        if self.queue[0].lost {
            self.lost -= 1;
        }
        self.mark_resent(now, 0);
        Expiry::Resend(self.first)
    }

    fn mark_resent(&mut self, now: SimTime, index: usize) {
        let segment = &mut self.queue[index];
        if std::mem::take(&mut segment.held) {
            segment.first_sent = now;
        } else {
            segment.attempt += 1;
        }
        segment.last_sent = now;
        segment.lost = false;
    }

    fn progress(&mut self, now: SimTime, ack: u64, attempt: u64) {
        let mut sample = None;
        while self.first < ack {
            let Some(segment) = self.queue.pop_front() else { break };
            self.first += 1;
            self.bytes -= u64::from(segment.payload.bytes);
            self.lost -= usize::from(segment.lost);
            if let Some(sent) = segment.sent_at(attempt) {
                sample = Some(now - sent);
            }
        }
        if let Some(rtt) = sample {
            self.rto.sample(rtt); // without one the doubled timeout stays: the other half of Karn's rule
        }
        self.restart_timer(now);
        self.expired_are_lost();
    }

    /// Starts the timer afresh, or stops it if nothing is outstanding.
    fn restart_timer(&mut self, now: SimTime) {
        self.stalled_since = now;
        self.deadline = (!self.queue.is_empty()).then(|| now + self.rto.current());
    }

    fn sacked(&mut self, number: u64) {
        let Some(index) = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok()) else { return };
        let Some(segment) = self.queue.get_mut(index) else { return };
        if !std::mem::replace(&mut segment.sacked, true) {
            self.lost -= usize::from(std::mem::take(&mut segment.lost));
            self.overtaken_are_lost();
        }
    }

    /// Marks what has [`DUP_THRESHOLD`] later segments at the peer.
    fn overtaken_are_lost(&mut self) {
        let mut later = 0;
        for segment in self.queue.iter_mut().rev() {
            if segment.sacked {
                later += 1;
            } else if later >= DUP_THRESHOLD && segment.attempt == 0 && !segment.lost {
                segment.lost = true;
                self.lost += 1;
            }
        }
    }

    /// Marks what was outstanding at the last expiry.
    fn expired_are_lost(&mut self) {
        let count = usize::try_from(self.expired_below.saturating_sub(self.first)).unwrap_or(usize::MAX);
        self.expired_below = 0;
        for segment in self.queue.iter_mut().take(count) {
            if !segment.sacked && !segment.lost {
                segment.lost = true;
                self.lost += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        Payload { bytes: 1, body: None }
    }

    #[test]
    fn after_an_expiry_nothing_new_is_sent_until_there_is_progress() {
        let mut sender = Sender::default();
        assert_eq!(sender.push(SimTime::ZERO, payload()), Some(0));
        let expiry = sender.deadline().expect("the timer runs");
        assert_eq!(sender.expire(expiry, SimDuration::MAX), Expiry::Resend(0));
        assert_eq!(sender.push(expiry, payload()), None);
        assert_eq!(sender.next_lost(expiry), None);
        sender.acked(expiry, 1, None, 1);
        assert_eq!(sender.next_lost(expiry), Some(1));
        assert_eq!(sender.attempt(1), 0, "it is sent for the first time");
        assert_eq!(sender.push(expiry, payload()), Some(2));
    }
}
