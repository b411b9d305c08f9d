//! HTTP/2 flow control of a connection, from client to server: how much DATA may be on its way. Bookkeeping without time or events.
//!
//! HEADERS and RST_STREAM are not subject to it. So a server whose turn of the event loop is long is still told of calls whose bodies
//! cannot follow, and of their end: it handles none of them, but its guard against resets counts each (measured beside EXP-19: three of
//! four resets in an overload were of calls without DATA).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use super::frame::MESSAGE_PREFIX;

/// Bytes of DATA that a message is, as both sides count them.
const fn data(message_bytes: u32) -> u32 {
    MESSAGE_PREFIX + message_bytes
}

/// The client's side: what is left of the window, and whose DATA waits for more.
///
/// A message leaves whole as soon as there is anything left, and may put the window into debt; in HTTP/2 its rest would wait.
pub(super) struct SendWindow {
    left: Cell<i64>,
    /// Streams whose HEADERS have left without DATA, the oldest first. Bounded by the calls in flight and, between two updates,
    /// those cancelled.
    waiting: RefCell<VecDeque<u32>>,
}

impl SendWindow {
    pub(super) fn new(bytes: u32) -> Self {
        Self { left: Cell::new(bytes.into()), waiting: RefCell::default() }
    }

    /// The server has said how large it is, before anything was sent.
    pub(super) fn set(&self, bytes: u32) {
        self.left.set(bytes.into());
    }

    /// True when DATA may leave at once.
    pub(super) fn is_open(&self) -> bool {
        self.left.get() > 0 && self.waiting.borrow().is_empty()
    }

    /// A message leaves.
    pub(super) fn take(&self, message_bytes: u32) {
        self.left.set(self.left.get() - i64::from(data(message_bytes)));
    }

    /// A message that was to leave has been taken back.
    pub(super) fn give_back(&self, message_bytes: u32) {
        self.left.set(self.left.get() + i64::from(data(message_bytes)));
    }

    /// The DATA of this stream waits.
    pub(super) fn wait(&self, stream: u32) {
        self.waiting.borrow_mut().push_back(stream);
    }

    /// The server has consumed these bytes.
    pub(super) fn update(&self, bytes: u32) {
        self.left.set(self.left.get() + i64::from(bytes));
    }

    /// The next stream whose DATA may leave now; it may have ended meanwhile.
    pub(super) fn next(&self) -> Option<u32> {
        if self.left.get() > 0 { self.waiting.borrow_mut().pop_front() } else { None }
    }
}

/// The server's side: what it has consumed and not told yet.
pub(super) struct Consumed {
    window: u32,
    untold: Cell<u32>,
}

impl Consumed {
    pub(super) fn new(window: u32) -> Self {
        Self { window, untold: Cell::new(0) }
    }

    /// A message was read; true when this makes an update due. nghttp2 sends one when half of the window has been consumed.
    pub(super) fn add(&self, message_bytes: u32) -> bool {
        let was_due = self.is_due();
        self.untold.set(self.untold.get() + data(message_bytes));
        self.is_due() && !was_due
    }

    pub(super) fn is_due(&self) -> bool {
        u64::from(self.untold.get()) * 2 >= self.window.into()
    }

    /// What an update says.
    pub(super) fn take(&self) -> u32 {
        self.untold.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_waits_in_order_for_what_the_server_has_consumed() {
        let window = SendWindow::new(1000);
        window.take(995);
        assert!(!window.is_open());
        [1, 3].into_iter().for_each(|stream| window.wait(stream));
        assert_eq!(window.next(), None);
        window.update(1);
        assert_eq!(window.next(), Some(1));
        window.take(100);
        assert_eq!(window.next(), None, "a message may leave the window in debt");
        window.update(105);
        assert_eq!(window.next(), Some(3));
        assert_eq!(window.next(), None);
        assert!(window.is_open());
    }

    #[test]
    fn an_update_is_due_once_for_each_half_of_the_window() {
        let consumed = Consumed::new(65_535);
        let due: Vec<usize> = (1..=1000).filter(|_| consumed.add(118)).collect();
        assert_eq!(due, [267], "267 messages of 123 bytes are half of 65 535");
        assert!(consumed.is_due());
        assert_eq!(consumed.take(), 123_000);
        assert!(!consumed.is_due());
    }
}
