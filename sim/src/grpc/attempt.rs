//! One attempt of a call on its way through channel and session.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context as TaskContext, Poll};

use super::channel::Channel;
use super::message::{Message, Status};
use super::session::Session;
use crate::engine::{SimTime, Slot, SlotWriter, slot};
use crate::trace::Code;

/// How an attempt ended.
pub(crate) type Outcome = Result<Message, Status>;

/// What an attempt ends with when its channel is gone: the process is about to end.
const CLOSED: Status = Status::new(Code::Unavailable, "Channel closed");

/// Where an attempt is.
pub(crate) enum Place {
    /// Not started.
    Nowhere,
    /// In the channel's queue, waiting for a connection.
    Channel(Weak<Channel>),
    /// In a session's queue, waiting for a stream.
    Queue(Weak<Session>),
    /// On a stream.
    Stream(Weak<Session>, u32),
    /// Answered or cancelled.
    Over,
}

/// The part of an attempt that channel and session share.
pub(crate) struct Attempt {
    pub(crate) method: &'static str,
    pub(crate) message: Message,
    pub(crate) deadline: Option<SimTime>,
    pub(crate) wait_for_ready: bool,
    reply: RefCell<Option<SlotWriter<Outcome>>>,
    place: RefCell<Place>,
}

/// Waits for the outcome; dropping it cancels the attempt.
pub(crate) struct Pending {
    attempt: Rc<Attempt>,
    outcome: Slot<Outcome>,
}

impl Attempt {
    pub(crate) fn new(
        method: &'static str,
        message: Message,
        deadline: Option<SimTime>,
        wait_for_ready: bool,
    ) -> (Rc<Self>, Pending) {
        let (reply, outcome) = slot();
        let (reply, place) = (RefCell::new(Some(reply)), RefCell::new(Place::Nowhere));
        let attempt = Rc::new(Self { method, message, deadline, wait_for_ready, reply, place });
        (attempt.clone(), Pending { attempt, outcome })
    }

    /// True once it has ended; queues skip such entries.
    pub(crate) fn is_over(&self) -> bool {
        self.reply.borrow().is_none()
    }

    pub(crate) fn moved_to(&self, place: Place) {
        *self.place.borrow_mut() = place;
    }

    /// Hands the outcome to whoever waits; only the first counts.
    pub(crate) fn finish(&self, outcome: Outcome) {
        self.moved_to(Place::Over);
        let reply = self.reply.borrow_mut().take();
        if let Some(reply) = reply {
            reply.set(outcome);
        }
    }
}

impl Future for Pending {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.outcome).poll(cx).map(|outcome| outcome.unwrap_or(Err(CLOSED)))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.attempt.reply.borrow_mut().take();
        match self.attempt.place.replace(Place::Over) {
            Place::Queue(session) => session.upgrade().into_iter().for_each(|s| s.left_queue()),
            Place::Stream(session, stream) => session.upgrade().into_iter().for_each(|s| s.reset(stream)),
            Place::Channel(channel) => channel.upgrade().into_iter().for_each(|c| c.left_queue()),
            Place::Nowhere | Place::Over => {}
        }
    }
}
