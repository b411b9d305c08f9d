//! Wake-ups: a waker only notes which task is to run; the kernel makes an event of it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Wake;

use super::event::TaskKey;

/// Wake-ups kept without a lock; one event seldom wakes more.
const QUICK: usize = 32;

/// The wake-up flag of one task: at most one wake-up is on its way.
pub(super) struct Signal {
    pub(super) key: TaskKey,
    pub(super) pending: AtomicBool,
    pub(super) woken: Arc<Woken>,
}

/// Tasks that were woken since the kernel looked last, in order. The types must be `Sync` because wakers are, but only the run's own
/// thread wakes: so plain loads and stores suffice.
pub(super) struct Woken {
    quick: [AtomicU64; QUICK],
    count: AtomicUsize,
    more: Mutex<Vec<TaskKey>>,
}

impl Default for Woken {
    fn default() -> Self {
        Self { quick: [const { AtomicU64::new(0) }; QUICK], count: AtomicUsize::new(0), more: Mutex::default() }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.pending.load(Ordering::Relaxed) {
            self.pending.store(true, Ordering::Relaxed);
            self.woken.push(self.key);
        }
    }
}

impl Woken {
    fn push(&self, key: TaskKey) {
        let count = self.count.load(Ordering::Relaxed);
        match self.quick.get(count) {
            Some(place) => place.store(key.pack(), Ordering::Relaxed),
            None => self.more.lock().unwrap_or_else(PoisonError::into_inner).push(key),
        }
        self.count.store(count + 1, Ordering::Relaxed);
    }

    /// Who was woken, if it is one task alone; forgets it then.
    #[inline]
    pub(super) fn only(&self) -> Option<TaskKey> {
        if self.count.load(Ordering::Relaxed) != 1 {
            return None;
        }
        self.count.store(0, Ordering::Relaxed);
        Some(TaskKey::unpack(self.quick[0].load(Ordering::Relaxed)))
    }

    /// Hands out who was woken, in order, and forgets them. `take` must not wake anybody.
    #[inline]
    pub(super) fn drain(&self, mut take: impl FnMut(TaskKey)) {
        let count = self.count.load(Ordering::Relaxed);
        if count == 0 {
            return;
        }
        for place in &self.quick[..count.min(QUICK)] {
            take(TaskKey::unpack(place.load(Ordering::Relaxed)));
        }
        if count > QUICK {
            // No other thread ever holds the lock; a panic while holding it ends the run anyway.
            self.more.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(take);
        }
        self.count.store(0, Ordering::Relaxed);
    }
}
