//! Facts that checkers read (see [`crate::check`]), for whoever knows them to be true: one place for their names and keys.
//!
//! **Never here:** emitting. A fact is emitted by the client or handler for which it becomes true, at that instant.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::types::{Offset, TopicPartition};
use crate::trace::{Event, Trace};

/// A member takes a partition in a generation.
pub fn owner(trace: &Trace, (group, generation): (&str, u32), partition: &TopicPartition, member: &str) -> Event {
    let key = owner_key((group, generation), &partition.to_string());
    Event::Fact { what: trace.name("group.owner"), key, amount: hash(&[member]) }
}

/// The key of [`owner`], for whoever knows group, generation and partition and wants to find the fact.
pub(crate) fn owner_key((group, generation): (&str, u32), partition: &str) -> u64 {
    hash(&[group, partition, &generation.to_string()])
}

/// The handler of a record has returned.
pub fn processed(trace: &Trace, group: &str, partition: &TopicPartition, record: Offset) -> Event {
    Event::Fact { what: trace.name("record.processed"), key: share(group, partition), amount: record.0 }
}

/// A group has committed the next offset to read.
pub fn committed(trace: &Trace, group: &str, partition: &TopicPartition, next: Offset) -> Event {
    Event::Fact { what: trace.name("offset.committed"), key: share(group, partition), amount: next.0 }
}

/// A record took effect, the one with this number among those of its key.
pub fn applied(trace: &Trace, key: &[u8], number: u64) -> Event {
    Event::Fact { what: trace.name("key.applied"), key: hash_bytes([key]), amount: number }
}

fn share(group: &str, partition: &TopicPartition) -> u64 {
    hash(&[group, &partition.to_string()])
}

fn hash(parts: &[&str]) -> u64 {
    hash_bytes(parts.iter().map(|part| part.as_bytes()))
}

/// A hash that is equal in every run; parts do not run into each other.
fn hash_bytes<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u64 {
    let mut hasher = SipHasher13::new();
    for part in parts {
        hasher.write(&(part.len() as u64).to_le_bytes());
        hasher.write(part);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Checkers;
    use crate::engine::{self, SimTime};
    use crate::trace::Sink;

    /// The properties that facts violate.
    fn violated(facts: impl Fn(&Trace, &[TopicPartition; 2]) -> Vec<Event> + Send) -> Vec<&'static str> {
        engine::run(1, SimTime::from_secs(1), move |sim| {
            let (trace, orders) = (Trace::new(sim), [1, 2].map(|n| TopicPartition::new("orders", n)));
            let mut checkers = Checkers::new(&trace.names());
            facts(&trace, &orders).iter().for_each(|fact| checkers.record(SimTime::ZERO, fact));
            let found = checkers.findings().into_iter().filter(|finding| !finding.held).map(|finding| finding.name);
            let found: Vec<&'static str> = found.collect();
            move || found
        })
    }

    /// Goal: the facts are those that the checkers read. Method: one that is right, and one that differs where it must not.
    #[test]
    fn checkers_understand_the_facts_of_clients() {
        let quiet = violated(|trace, [one, other]| {
            vec![
                owner(trace, ("billing", 1), one, "ann"),
                owner(trace, ("billing", 1), other, "bob"),
                owner(trace, ("billing", 2), one, "bob"),
                owner(trace, ("mail", 1), one, "cid"),
                processed(trace, "billing", one, Offset(4)),
                committed(trace, "billing", one, Offset(5)),
                applied(trace, b"ann", 2),
                applied(trace, b"bob", 1),
            ]
        });
        assert!(quiet.is_empty(), "{quiet:?}");
        let broken = violated(|trace, [one, other]| {
            vec![
                owner(trace, ("billing", 1), one, "ann"),
                owner(trace, ("billing", 1), one, "bob"),
                processed(trace, "billing", other, Offset(4)),
                committed(trace, "billing", one, Offset(5)),
                applied(trace, b"ann", 2),
                applied(trace, b"ann", 1),
            ]
        });
        assert_eq!(broken, ["one_owner_per_generation", "commits_not_ahead_of_processing", "key_order_kept"]);
    }
}
