//! Queues and signals between tasks. Their wake-ups are events on the heap, as all wake-ups are.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

struct Shared<T> {
    /// The value that is read next. It lies here and not in a list: few queues ever hold more than one.
    first: Option<T>,
    /// Those behind it. Boxed, so that a queue which never needs it is small.
    #[expect(clippy::box_collection, reason = "a list that is mostly absent should cost one word")]
    rest: Option<Box<VecDeque<T>>>,
    bound: usize,
    /// Whoever read last, kept for the next time: cloning a waker costs more than asking whether it is the same.
    reader: Option<Waker>,
    /// True when the reader must be woken.
    waits: bool,
    senders: u32,
    receiver: bool,
}

impl<T> Shared<T> {
    fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.as_ref().map_or(0, |rest| rest.len())
    }

    fn push(&mut self, value: T) {
        match &self.first {
            None => self.first = Some(value),
            Some(_) => self.rest.get_or_insert_default().push_back(value),
        }
    }

    fn pop(&mut self) -> Option<T> {
        let value = self.first.take()?;
        if let Some(rest) = &mut self.rest {
            self.first = rest.pop_front();
        }
        Some(value)
    }

    /// Wakes the reader if it waits. A waker only notes who is to run, so it may be called during a borrow.
    fn wake(&mut self) {
        if std::mem::take(&mut self.waits)
            && let Some(reader) = &self.reader
        {
            reader.wake_by_ref();
        }
    }
}

/// The sending half of a queue.
pub struct Sender<T>(Rc<RefCell<Shared<T>>>);

/// The receiving half of a queue.
pub struct Receiver<T>(Rc<RefCell<Shared<T>>>);

/// A queue of at most `bound` values. There is no waiting for room: a full queue refuses, and the model decides what that means.
pub fn channel<T>(bound: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(RefCell::new(Shared {
        first: None,
        rest: None,
        bound,
        reader: None,
        waits: false,
        senders: 1,
        receiver: true,
    }));
    (Sender(shared.clone()), Receiver(shared))
}

impl<T> Sender<T> {
    /// Appends a value.
    ///
    /// # Errors
    /// Hands the value back when the queue is full or the receiver is gone.
    pub fn send(&self, value: T) -> Result<(), T> {
        let mut shared = self.0.borrow_mut();
        if !shared.receiver || shared.len() >= shared.bound {
            return Err(value);
        }
        shared.push(value);
        shared.wake();
        Ok(())
    }

    /// Number of values waiting.
    pub fn len(&self) -> usize {
        self.0.borrow().len()
    }

    /// True when no value waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.borrow_mut().senders += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut shared = self.0.borrow_mut();
        shared.senders -= 1;
        if shared.senders == 0 {
            shared.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// The next value, or `None` when all senders are gone and the queue is empty.
    pub fn recv(&mut self) -> impl Future<Output = Option<T>> + '_ {
        poll_fn(|cx| {
            let mut shared = self.0.borrow_mut();
            match shared.pop() {
                Some(value) => Poll::Ready(Some(value)),
                None if shared.senders == 0 => Poll::Ready(None),
                None => {
                    match &mut shared.reader {
                        Some(waker) => waker.clone_from(cx.waker()),
                        none => *none = Some(cx.waker().clone()),
                    }
                    shared.waits = true;
                    Poll::Pending
                }
            }
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let left = {
            let mut shared = self.0.borrow_mut();
            shared.receiver = false;
            (shared.first.take(), std::mem::take(&mut shared.rest))
        };
        drop(left); // after the borrow: values may own senders of this very queue
    }
}

/// Wakes everybody who waits for the next change of something.
#[derive(Clone, Default)]
pub struct Notify(Rc<Waiting>);

#[derive(Default)]
struct Waiting {
    round: Cell<u64>,
    wakers: RefCell<Vec<Waker>>,
}

impl Notify {
    /// A signal nobody waits for yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes all who wait now, in the order in which they began to wait.
    pub fn notify_all(&self) {
        self.0.round.set(self.0.round.get() + 1);
        for waker in self.0.wakers.take() {
            waker.wake();
        }
    }

    /// Waits for the next [`Notify::notify_all`].
    pub fn notified(&self) -> impl Future<Output = ()> + use<> {
        let waiting = self.0.clone();
        let round = waiting.round.get();
        poll_fn(move |cx| {
            if waiting.round.get() != round {
                return Poll::Ready(());
            }
            let mut wakers = waiting.wakers.borrow_mut();
            if !wakers.iter().any(|w| w.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

/// Closed until it is opened, once and for all. Cheap to clone.
#[derive(Clone, Default)]
pub struct Gate(Rc<(Cell<bool>, Notify)>);

impl Gate {
    /// A gate that is closed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens it and wakes all who wait, in the order in which they began to wait.
    pub fn open(&self) {
        let (is_open, opened) = &*self.0;
        is_open.set(true);
        opened.notify_all();
    }

    /// Waits until it is open.
    pub async fn passed(&self) {
        let (is_open, opened) = &*self.0;
        while !is_open.get() {
            opened.notified().await;
        }
    }
}
