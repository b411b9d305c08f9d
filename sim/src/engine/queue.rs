//! The event queue: everything that will happen, ordered by `(time, rank)`.
//!
//! `rank` counts requests, so events of one instant happen in the order in which they were asked for; with `--ties` it is drawn, and
//! simultaneous events are permuted (see [`Ties`](super::ties::Ties)).
//!
//! **How.** Time never goes back, so a hierarchical timing wheel will do. Read times as numbers with digits of six bits: an entry lies at the
//! level of the first digit in which it differs from the current instant, in the bucket of that digit. When the lowest bucket is
//! reached its entries move down, in their order, and those of the earliest instant become due. What is asked for at the
//! current instant, as wake-ups are, is due at once. An entry moves once or twice in all, which stays so when ten thousand
//! nodes have events pending.
//!
//! Cancelled events leave a stale entry behind; when stale entries outnumber live ones they are swept out, so that memory
//! follows the number of pending events and not the length of the run.

use std::collections::VecDeque;
use std::hint::black_box;

use super::SimTime;
use super::event::TaskKey;
use super::ties::{Lane, Order};

/// Names one scheduled event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    slot: u32,
    life: u32,
}

/// Bits of a digit of time, and what they make: buckets of a level, and levels of 64-bit times.
const DIGIT: u32 = 6;
const BUCKETS: usize = 1 << DIGIT;
const LEVELS: usize = u64::BITS.div_ceil(DIGIT) as usize;
/// A bucket that has held more gives its memory back when it is emptied.
const KEPT: usize = 1024;
/// So many events are still in the cache when the last of them happens.
const AHEAD: usize = 64;
/// Marks the place of an entry as that of a task.
const TASK: u32 = 1 << 31;

/// Something that will happen: an event in a slot, or a task that was woken. Small, because it is moved about.
#[derive(Clone, Copy)]
struct Entry {
    at: u64,
    place: u32,
    life: u32,
}

/// Room for one event, on one cache line: a wide world waits for memory more than for anything else.
#[repr(align(64))]
struct Slot<E> {
    /// Counts the events that have been in this slot.
    life: u32,
    event: Option<E>,
}

/// What comes out of the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due<E> {
    Event(E),
    Task(TaskKey),
}

/// The entries whose first differing digit is the same.
struct Level {
    buckets: [Vec<Entry>; BUCKETS],
    /// Bit `n` is set where bucket `n` is not empty.
    filled: u64,
}

impl Level {
    const EMPTY: Level = Level { buckets: [const { Vec::new() }; BUCKETS], filled: 0 };
}

/// A priority queue of `E` with cancellation, whose time never goes back.
pub(crate) struct EventQueue<E> {
    now: u64,
    /// Entries of this very instant, in order of their ranks.
    due: VecDeque<Entry>,
    levels: Box<[Level; LEVELS]>,
    /// Bit `n` is set where level `n` is not empty.
    filled: u32,
    /// The earliest time in the lowest bucket, if somebody has looked.
    earliest: Option<u64>,
    /// An empty list whose memory is used again.
    spare: Vec<Entry>,
    slots: Vec<Slot<E>>,
    free: Vec<u32>,
    /// Rank of the event in each slot, where ranks are drawn.
    ranks: Vec<u64>,
    order: Order,
    stale: usize,
}

/// What the queue looks at ahead of time, so that it is in the cache when its time comes.
pub(crate) trait Ahead {
    /// Reads a little of what the event is about.
    fn look(&self) -> usize;
}

impl<E: Ahead> EventQueue<E> {
    pub(crate) fn new(order: Order) -> Self {
        Self {
            now: 0,
            due: VecDeque::new(),
            levels: Box::new([Level::EMPTY; LEVELS]),
            filled: 0,
            earliest: None,
            spare: Vec::new(),
            slots: Vec::new(),
            free: Vec::new(),
            ranks: Vec::new(),
            order,
            stale: 0,
        }
    }

    /// Adds an event. A time in the past means now.
    pub(crate) fn push(&mut self, at: SimTime, event: E) -> EventId {
        let rank = self.order.next();
        self.add(at.as_nanos(), rank, event)
    }

    /// Adds an event behind everything due at this instant.
    pub(crate) fn push_last(&mut self, event: E) -> EventId {
        let rank = self.order.last();
        self.add(self.now, rank, event)
    }

    /// Adds an event that does not overtake earlier ones of its lane.
    pub(crate) fn push_in_lane(&mut self, lane: &Lane, at: SimTime, event: E) -> EventId {
        let (at, rank) = self.order.in_lane(lane, at.as_nanos().max(self.now));
        self.add(at, rank, event)
    }

    /// Lets a task run at this instant, behind everything due. Only where events come in the order of requests.
    pub(crate) fn push_task(&mut self, key: TaskKey) {
        debug_assert!(self.is_by_request(), "a task has no rank");
        self.due.push_back(Entry { at: self.now, place: TASK | key.slot, life: key.life });
    }

    /// Lets a task run ahead of everything due: the mistake that the cross-check must catch.
    pub(crate) fn push_task_first(&mut self, key: TaskKey) {
        self.due.push_front(Entry { at: self.now, place: TASK | key.slot, life: key.life });
    }

    /// Whether events of one instant come in the order of requests.
    pub(crate) const fn is_by_request(&self) -> bool {
        self.order.is_by_request()
    }

    /// Whether nothing else happens at this instant.
    pub(crate) fn is_due_empty(&self) -> bool {
        self.due.is_empty()
    }

    /// Takes an event back. Returns it unless it has happened or was cancelled before.
    pub(crate) fn cancel(&mut self, id: EventId) -> Option<E> {
        let event = self.take(id)?;
        self.stale += 1;
        let live = self.slots.len() - self.free.len();
        if self.stale > live.max(64) {
            self.sweep();
        }
        Some(event)
    }

    /// The time of the earliest entry, live or stale.
    pub(crate) fn next_at(&mut self) -> Option<SimTime> {
        if self.due.is_empty() { self.earliest().map(SimTime::from_nanos) } else { Some(SimTime::from_nanos(self.now)) }
    }

    /// Removes the earliest event if it is due at `limit` or before.
    pub(crate) fn pop_due(&mut self, limit: SimTime) -> Option<(SimTime, Due<E>)> {
        loop {
            let entry = match self.due.pop_front() {
                Some(entry) => entry,
                None => self.advance(limit.as_nanos())?,
            };
            match self.open(entry) {
                Some(due) => return Some((SimTime::from_nanos(self.now), due)),
                None => self.stale -= 1,
            }
        }
    }

    /// Forgets all events and hands them out, for dropping outside of any borrow.
    pub(crate) fn drain(&mut self) -> Vec<E> {
        self.due.clear();
        *self.levels = [Level::EMPTY; LEVELS];
        (self.filled, self.earliest, self.stale) = (0, None, 0);
        self.free.clear();
        std::mem::take(&mut self.slots).into_iter().filter_map(|slot| slot.event).collect()
    }

    fn add(&mut self, at: u64, rank: u64, event: E) -> EventId {
        let id = self.fill_slot(event);
        if !self.is_by_request() {
            self.ranks.resize(self.slots.len(), 0);
            self.ranks[id.slot as usize] = rank;
        }
        let entry = Entry { at: at.max(self.now), place: id.slot, life: id.life };
        if entry.at == self.now {
            self.insert_due(entry);
        } else {
            self.insert_later(entry);
        }
        id
    }

    fn fill_slot(&mut self, event: E) -> EventId {
        if let Some(slot) = self.free.pop() {
            let place = &mut self.slots[slot as usize];
            place.event = Some(event);
            return EventId { slot, life: place.life };
        }
        let slot = u32::try_from(self.slots.len()).ok().filter(|slot| slot & TASK == 0);
        let slot = slot.expect("fewer than 2^31 events are pending at once");
        self.slots.push(Slot { life: 0, event: Some(event) });
        EventId { slot, life: 0 }
    }

    fn take(&mut self, id: EventId) -> Option<E> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|slot| slot.life == id.life)?;
        let event = slot.event.take()?;
        slot.life = slot.life.wrapping_add(1);
        self.free.push(id.slot);
        Some(event)
    }

    /// What an entry stands for, unless it is stale.
    fn open(&mut self, entry: Entry) -> Option<Due<E>> {
        if entry.place & TASK != 0 {
            return Some(Due::Task(TaskKey { slot: entry.place & !TASK, life: entry.life }));
        }
        self.take(EventId { slot: entry.place, life: entry.life }).map(Due::Event)
    }

    fn insert_due(&mut self, entry: Entry) {
        if self.is_by_request() {
            return self.due.push_back(entry);
        }
        let ranks = &self.ranks;
        let place = self.due.partition_point(|other| ranks[other.place as usize] <= ranks[entry.place as usize]);
        self.due.insert(place, entry);
    }

    fn insert_later(&mut self, entry: Entry) {
        let lowest = self.lowest();
        let place = self.file(entry);
        match lowest {
            Some(lowest) if place > lowest => {}
            Some(lowest) if place == lowest => self.earliest = self.earliest.map(|at| at.min(entry.at)),
            _ => self.earliest = Some(entry.at),
        }
    }

    /// Puts an entry into its bucket, and returns level and number of that.
    fn file(&mut self, entry: Entry) -> (u32, u32) {
        let level = (entry.at ^ self.now).ilog2() / DIGIT;
        let bucket = digit(entry.at, level);
        let into = &mut self.levels[level as usize];
        into.buckets[bucket as usize].push(entry);
        into.filled |= 1 << bucket;
        self.filled |= 1 << level;
        (level, bucket)
    }

    /// Level and number of the bucket that comes next.
    fn lowest(&self) -> Option<(u32, u32)> {
        let level = self.filled.trailing_zeros();
        let buckets = self.levels.get(level as usize)?.filled;
        Some((level, buckets.trailing_zeros()))
    }

    /// The earliest time behind the current instant.
    fn earliest(&mut self) -> Option<u64> {
        if self.earliest.is_none() {
            let (level, bucket) = self.lowest()?;
            let entries = &self.levels[level as usize].buckets[bucket as usize];
            self.earliest = entries.iter().map(|entry| entry.at).min();
        }
        self.earliest
    }

    /// Moves on to the earliest instant up to `limit`, and returns what happens first there.
    fn advance(&mut self, limit: u64) -> Option<Entry> {
        let next = self.earliest()?;
        if next > limit {
            return None;
        }
        let (level, bucket) = self.lowest()?;
        (self.now, self.earliest) = (next, None);
        let from = &mut self.levels[level as usize];
        from.filled &= !(1 << bucket);
        if from.filled == 0 {
            self.filled &= !(1 << level);
        }
        let entries = &mut from.buckets[bucket as usize];
        if entries.len() == 1 {
            return entries.pop();
        }
        let moving = std::mem::replace(entries, std::mem::take(&mut self.spare));
        self.move_down(moving);
        self.due.pop_front()
    }

    /// Files the entries of the bucket that has been reached: due, or at a lower level.
    fn move_down(&mut self, mut moving: Vec<Entry>) {
        if moving.len() <= AHEAD {
            self.look_ahead(&moving);
        }
        for entry in moving.drain(..) {
            if entry.at == self.now {
                self.due.push_back(entry);
            } else {
                self.file(entry);
            }
        }
        if moving.capacity() <= KEPT {
            self.spare = moving;
        }
        if !self.order.is_by_request() {
            let ranks = &self.ranks;
            self.due.make_contiguous().sort_by_key(|entry| ranks[entry.place as usize]);
        }
    }

    /// Waits for memory once, for many events together, instead of once for each.
    fn look_ahead(&self, entries: &[Entry]) {
        let look = |entry: &Entry| {
            self.slots.get(entry.place as usize).and_then(|slot| slot.event.as_ref()).map_or(0, Ahead::look)
        };
        black_box(entries.iter().map(look).fold(0, usize::wrapping_add));
    }

    /// Removes stale entries.
    fn sweep(&mut self) {
        let slots = &self.slots;
        let live = |entry: &Entry| entry.place & TASK != 0 || slots[entry.place as usize].life == entry.life;
        self.due.retain(live);
        self.filled = 0;
        for (nth, level) in self.levels.iter_mut().enumerate() {
            for (bucket, entries) in level.buckets.iter_mut().enumerate().filter(|(_, entries)| !entries.is_empty()) {
                entries.retain(live);
                if entries.is_empty() {
                    level.filled &= !(1 << bucket);
                }
            }
            self.filled |= u32::from(level.filled != 0) << nth;
        }
        (self.earliest, self.stale) = (None, 0);
    }
}

/// The digit of a time at a level.
const fn digit(at: u64, level: u32) -> u32 {
    (at >> (level * DIGIT)) as u32 % BUCKETS as u32
}

#[cfg(test)]
mod tests;
