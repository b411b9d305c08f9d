//! When the active controller last heard of each broker. Kept in its memory only: a new controller starts afresh.

use std::collections::BTreeMap;

use crate::engine::{SimDuration, SimTime};
use crate::kafka::metadata::MetadataImage;
use crate::kafka::types::BrokerId;

#[derive(Debug)]
struct Session {
    heard: SimTime,
    /// How many records the broker said it had applied.
    offset: u64,
    /// How many records there were when its stop had been decided.
    stop: Option<u64>,
}

/// The sessions of all registered brokers.
#[derive(Debug)]
pub(super) struct Sessions {
    timeout: SimDuration,
    by_broker: BTreeMap<BrokerId, Session>,
}

impl Sessions {
    pub(super) fn fresh(brokers: impl Iterator<Item = BrokerId>, timeout: SimDuration, now: SimTime) -> Self {
        let mut this = Self { timeout, by_broker: BTreeMap::new() };
        brokers.for_each(|broker| this.open(broker, now));
        this
    }

    pub(super) fn open(&mut self, broker: BrokerId, now: SimTime) {
        self.by_broker.insert(broker, Session { heard: now, offset: 0, stop: None });
    }

    pub(super) fn touch(&mut self, broker: BrokerId, now: SimTime, offset: u64) {
        if let Some(session) = self.by_broker.get_mut(&broker) {
            (session.heard, session.offset) = (now, offset);
        }
    }

    pub(super) fn begin_stop(&mut self, broker: BrokerId, offset: u64) {
        if let Some(session) = self.by_broker.get_mut(&broker) {
            session.stop = Some(offset);
        }
    }

    /// Whether all others that are alive have applied the records that moved leaderships away from a broker that stops. After a
    /// change of controllers the record of the stop is older than anything, so what they have to know is all there is.
    pub(super) fn all_know_of_stop(&self, image: &MetadataImage, broker: BrokerId) -> bool {
        let stop = self.by_broker.get(&broker).and_then(|session| session.stop).unwrap_or(image.offset);
        let others = self.by_broker.iter().filter(|(other, _)| **other != broker && image.is_alive(**other));
        others.map(|(_, session)| session.offset).all(|offset| offset >= stop)
    }

    /// The session that has ended first, of a broker that is not fenced yet.
    pub(super) fn ended(&self, image: &MetadataImage, now: SimTime) -> Option<BrokerId> {
        let (end, broker) = self.ends(image).min()?;
        (end <= now).then_some(broker)
    }

    pub(super) fn next_end(&self, image: &MetadataImage) -> Option<SimTime> {
        self.ends(image).min().map(|(end, _)| end)
    }

    fn ends<'a>(&'a self, image: &'a MetadataImage) -> impl Iterator<Item = (SimTime, BrokerId)> + 'a {
        let alive = self.by_broker.iter().filter(|(broker, _)| image.is_alive(**broker));
        alive.map(|(broker, session)| (session.heard + self.timeout, *broker))
    }
}
