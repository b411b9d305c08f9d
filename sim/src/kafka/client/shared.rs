//! Small tools of concurrent JavaScript: a promise that several callers share, a lock with a timeout, and `Promise.all`.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::future::Either;

use super::error::KafkaError;
use crate::engine::{Notify, SimDuration, SlotWriter, Task, race, slot};
use crate::process::Process;

/// Work that is done once for all who ask while it is under way (KJ:utils/sharedPromiseTo.js).
pub(crate) struct Shared<T>(Rc<RefCell<Option<Rc<Round<T>>>>>);

struct Round<T> {
    done: Notify,
    value: RefCell<Option<T>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<T> Shared<T> {
    /// Whether nobody does the work at present.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.borrow().is_none()
    }
}

impl<T: Clone + 'static> Shared<T> {
    /// Does `work` as a task of `process`, or waits for the same work that is under way; `work` is dropped then. The work
    /// goes on when nobody waits for it any more.
    pub(crate) async fn run(&self, process: &Process, work: impl Future<Output = T> + 'static) -> T {
        let running = self.0.borrow().clone();
        let round = running.unwrap_or_else(|| self.begin(process, work));
        loop {
            let done = round.done.notified();
            if let Some(value) = round.value.borrow().clone() {
                return value;
            }
            done.await;
        }
    }

    fn begin(&self, process: &Process, work: impl Future<Output = T> + 'static) -> Rc<Round<T>> {
        let round = Rc::new(Round { done: Notify::new(), value: RefCell::new(None) });
        *self.0.borrow_mut() = Some(round.clone());
        let (current, result) = (self.0.clone(), round.clone());
        process.spawn(async move {
            let value = work.await;
            *result.value.borrow_mut() = Some(value);
            current.borrow_mut().take();
            result.done.notify_all();
        });
        round
    }
}

/// A lock whose waiters give up after a while (KJ:utils/lock.js). Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lock(Rc<LockState>);

struct LockState {
    timeout: SimDuration,
    locked: Cell<bool>,
    waiting: RefCell<VecDeque<SlotWriter<Held>>>,
}

/// The lock is held until this is dropped.
pub(crate) struct Held(Rc<LockState>);

impl Lock {
    pub(crate) fn new(timeout: SimDuration) -> Self {
        Self(Rc::new(LockState { timeout, locked: Cell::new(false), waiting: RefCell::default() }))
    }

    /// Takes the lock, in the order of asking.
    pub(crate) async fn acquire(&self, process: &Process) -> Result<Held, KafkaError> {
        if !self.0.locked.replace(true) {
            return Ok(Held(self.0.clone()));
        }
        let (writer, turn) = slot();
        self.0.waiting.borrow_mut().push_back(writer);
        match race(turn, process.sleep(self.0.timeout)).await {
            Either::Left(Some(held)) => Ok(held),
            _ => Err(KafkaError::LockTimeout),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.locked.set(false);
        loop {
            let next = self.0.waiting.borrow_mut().pop_front();
            let Some(next) = next else { return };
            if !next.is_abandoned() {
                self.0.locked.set(true);
                return next.set(Held(self.0.clone()));
            }
        }
    }
}

/// Waits until all tasks have succeeded or one has failed; the others go on (`Promise.all`).
pub(crate) async fn all<T>(mut tasks: Vec<Task<Result<T, KafkaError>>>) -> Result<(), KafkaError> {
    poll_fn(|cx| {
        let mut failed = None;
        tasks.retain_mut(|task| match Pin::new(task).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Some(Err(error))) => {
                failed.get_or_insert(error);
                false
            }
            Poll::Ready(_) => false,
        });
        match failed {
            Some(error) => Poll::Ready(Err(error)),
            None if tasks.is_empty() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    })
    .await
}
