//! What calls carry, how they end, and what a handler knows of its call.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use crate::engine::{Notify, SimTime};
use crate::trace::Code;

/// A request or a response: its size on the wire and a typed body.
#[derive(Clone)]
pub struct Message {
    /// Bytes of the serialized message.
    pub bytes: u32,
    body: Rc<dyn Any>,
}

impl Message {
    /// A message of `bytes` bytes.
    pub fn new<T: 'static>(bytes: u32, body: T) -> Self {
        Self { bytes, body: Rc::new(body) }
    }

    /// A message that says nothing.
    pub fn empty() -> Self {
        Self::new(0, ())
    }

    /// The body, if it is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.body.downcast_ref()
    }
}

/// A call's end other than success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// The status code.
    pub code: Code,
    /// What a developer would read in the log.
    pub message: &'static str,
    /// The server's wish about retries.
    pub pushback: Pushback,
}

/// `grpc-retry-pushback-ms` (MODEL-REFERENCE.md A6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pushback {
    /// The header is absent.
    #[default]
    None,
    /// Do not retry.
    Stop,
    /// Wait exactly this many milliseconds.
    After(u32),
}

impl Status {
    /// A status without pushback.
    pub const fn new(code: Code, message: &'static str) -> Self {
        Self { code, message, pushback: Pushback::None }
    }
}

/// What a handler knows of the call it serves. Cheap to clone.
#[derive(Clone)]
pub struct Context(Rc<Inner>);

struct Inner {
    deadline: Option<SimTime>,
    began: SimTime,
    gone: Cell<bool>,
    changed: Notify,
}

impl Context {
    /// The context of a call that began at `began` and expires at `deadline`.
    pub(crate) fn new(began: SimTime, deadline: Option<SimTime>) -> Self {
        Self(Rc::new(Inner { deadline, began, gone: Cell::new(false), changed: Notify::new() }))
    }

    /// When the client's patience ends, as far as the server was told (A1: no `grpc-timeout` means never).
    pub fn deadline(&self) -> Option<SimTime> {
        self.0.deadline
    }

    /// When the handler was started.
    pub fn began(&self) -> SimTime {
        self.0.began
    }

    /// True when nobody waits for the answer any more. The handler runs on all the same (A4).
    pub fn is_cancelled(&self) -> bool {
        self.0.gone.get()
    }

    /// Resolves when the call is cancelled, has expired, or its connection is gone.
    pub async fn cancelled(&self) {
        while !self.0.gone.get() {
            self.0.changed.notified().await;
        }
    }

    /// Marks the caller as gone; later marks change nothing.
    pub(crate) fn cancel(&self) {
        if !self.0.gone.replace(true) {
            self.0.changed.notify_all();
        }
    }
}
