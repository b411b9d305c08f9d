//! The sending half of a connection, sans-I/O: what is unacknowledged, and what must be sent again, when.
//!
//! Loss is found in two ways. *By later arrivals*: a segment below three that the peer is known to have was lost (RFC 6675) and is
//! sent again at once. *By silence*: at an expiry the first segment is sent again; when that brings progress, so is all
//! else that was outstanding at the expiry.

use std::any::Any;
use std::collections::VecDeque;
use std::rc::Rc;

use super::rto::Rto;
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
    sent_at: SimTime,
    /// Sent more than once: gives no round-trip sample (Karn), and only an expiry sends it once more.
    resent: bool,
    /// The peer is known to have it, though something before it is missing.
    sacked: bool,
    /// To be sent again at once.
    lost: bool,
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
}

impl Sender {
    /// Takes a segment to be sent now; returns its number.
    pub(super) fn push(&mut self, now: SimTime, payload: Payload) -> u64 {
        self.queue.push_back(Outstanding { payload, sent_at: now, resent: false, sacked: false, lost: false });
        if self.deadline.is_none() {
            self.restart_timer(now);
        }
        self.first + self.queue.len() as u64 - 1
    }

    /// What a segment carries, unless the peer has acknowledged it.
    pub(super) fn payload(&self, number: u64) -> Option<&Payload> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.queue.get(index).map(|segment| &segment.payload)
    }

    pub(super) fn unacked(&self) -> usize {
        self.queue.len()
    }

    /// When the timer must fire, if at all.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.deadline
    }

    /// The peer has everything below `ack`, and also segment `sacked`.
    pub(super) fn acked(&mut self, now: SimTime, ack: u64, sacked: Option<u64>) {
        if ack > self.first {
            self.progress(now, ack);
        }
        if let Some(number) = sacked {
            self.sacked(number);
        }
    }

    /// The next segment to send again at once.
    pub(super) fn next_lost(&mut self, now: SimTime) -> Option<u64> {
        if self.lost == 0 {
            return None;
        }
        let index = self.queue.iter().position(|segment| segment.lost)?;
        if index == 0 {
            self.deadline = Some(now + self.rto.current()); // Linux re-arms when it resends the first segment
        }
        self.lost -= 1;
        self.mark_resent(index);
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
        self.mark_resent(0);
        Expiry::Resend(self.first)
    }

    fn mark_resent(&mut self, index: usize) {
        let segment = &mut self.queue[index];
        segment.resent = true;
        segment.lost = false;
    }

    fn progress(&mut self, now: SimTime, ack: u64) {
        let mut sample = self.queue.front().map(|segment| now - segment.sent_at);
        while self.first < ack {
            let Some(segment) = self.queue.pop_front() else { break };
            self.first += 1;
            self.lost -= usize::from(segment.lost);
            if segment.resent {
                sample = None; // Karn's rule, for the whole acknowledgement as in Linux
            }
        }
        if let Some(rtt) = sample {
            self.rto.sample(rtt);
        }
        self.rto.progress();
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
            } else if later >= DUP_THRESHOLD && !segment.resent && !segment.lost {
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
