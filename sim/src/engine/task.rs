//! Task handles and the one-value slot through which a result reaches whoever waits for it.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::event::TaskKey;
use super::kernel::Kernel;

struct Shared<T> {
    value: Option<T>,
    waker: Option<Waker>,
    writers: u32,
}

/// Where a value will be put, once.
pub struct SlotWriter<T>(Rc<RefCell<Shared<T>>>);

/// Waits for a value that is put once. Resolves to `None` when the writer is gone without a value.
pub struct Slot<T>(Rc<RefCell<Shared<T>>>);

/// A writer and the future of its value.
pub fn slot<T>() -> (SlotWriter<T>, Slot<T>) {
    let shared = Rc::new(RefCell::new(Shared { value: None, waker: None, writers: 1 }));
    (SlotWriter(shared.clone()), Slot(shared))
}

impl<T> SlotWriter<T> {
    /// Puts the value and wakes the reader.
    pub fn set(self, value: T) {
        self.0.borrow_mut().value = Some(value);
    }

    /// True when nobody waits for the value any more.
    pub fn is_abandoned(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

impl<T> Drop for SlotWriter<T> {
    fn drop(&mut self) {
        let waker = {
            let mut shared = self.0.borrow_mut();
            shared.writers = 0;
            shared.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Slot<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut shared = self.0.borrow_mut();
        if let Some(value) = shared.value.take() {
            return Poll::Ready(Some(value));
        }
        if shared.writers == 0 {
            return Poll::Ready(None);
        }
        shared.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// A running task. Dropping the handle lets the task run on; awaiting it gives its result, or `None` if it was killed.
pub struct Task<T> {
    kernel: Rc<Kernel>,
    key: Option<TaskKey>,
    result: Slot<T>,
}

impl<T> Task<T> {
    pub(crate) fn new(kernel: Rc<Kernel>, key: Option<TaskKey>, result: Slot<T>) -> Self {
        Self { kernel, key, result }
    }

    /// Drops the task's future now (at the end of its turn if it is running).
    pub fn abort(&self) {
        if let Some(key) = self.key {
            self.kernel.abort(key);
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.result).poll(cx)
    }
}
