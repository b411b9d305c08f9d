//! Timers for tasks.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_util::future::Either;

use super::kernel::Kernel;
use super::{EventId, SimTime};

/// Resolves at its time. Dropping it cancels the event.
#[must_use = "a timer does nothing unless it is awaited"]
pub struct Sleep {
    kernel: Rc<Kernel>,
    at: SimTime,
    event: Option<EventId>,
}

impl Sleep {
    pub(crate) fn new(kernel: Rc<Kernel>, at: SimTime) -> Self {
        Self { kernel, at, event: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.kernel.now.get() >= self.at {
            return Poll::Ready(());
        }
        if let Some(old) = self.event.take() {
            self.kernel.cancel(old); // the waker may have changed
        }
        let event = self.kernel.wake_event(cx.waker());
        self.event = Some(self.kernel.push(self.at, event));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(event) = self.event {
            self.kernel.cancel(event);
        }
    }
}

/// Waits for the first of two futures; when both are ready the left one wins. The loser is dropped.
pub async fn race<A: Future, B: Future>(left: A, right: B) -> Either<A::Output, B::Output> {
    let mut left = std::pin::pin!(left);
    let mut right = std::pin::pin!(right);
    poll_fn(|cx| {
        if let Poll::Ready(value) = left.as_mut().poll(cx) {
            return Poll::Ready(Either::Left(value));
        }
        right.as_mut().poll(cx).map(Either::Right)
    })
    .await
}
