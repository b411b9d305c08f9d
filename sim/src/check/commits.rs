//! A group commits nothing that it has not processed: what it commits it never reads again.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `commits_not_ahead_of_processing`.
///
/// It reads the facts `record.processed`, with the offset of a record whose handler has returned, and `offset.committed`, with the next
/// offset to read. The key of both stands for group and partition. A handler that skips a record has processed it. What lies between
/// the processed records is not looked at: those who process in parallel can commit over a hole unseen. A group that begins behind
/// the start of a partition must process before it commits.
pub(super) struct CommitsNotAhead {
    processed: Name,
    committed: Name,
    /// The offset behind the highest record that was processed.
    next: BTreeMap<u64, u64>,
    first: First,
}

impl CommitsNotAhead {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self {
            processed: names.intern("record.processed"),
            committed: names.intern("offset.committed"),
            next: BTreeMap::new(),
            first: First::default(),
        }
    }
}

impl Sink for CommitsNotAhead {
    fn record(&mut self, at: SimTime, event: &Event) {
        let Event::Fact { what, key, amount: offset } = *event else { return };
        if what == self.processed {
            let next = self.next.entry(key).or_default();
            *next = (*next).max(offset + 1);
        } else if what == self.committed {
            let next = self.next.get(&key).copied().unwrap_or(0);
            if offset > next {
                self.first.note(at, || format!("offset {offset} was committed, but {next} is not processed"));
            }
        }
    }
}

impl Check for CommitsNotAhead {
    fn name(&self) -> &'static str {
        "commits_not_ahead_of_processing"
    }

    fn kinds(&self) -> Kinds {
        Kinds::FACTS
    }

    fn violation(&self) -> Option<String> {
        self.first.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::first_violation;
    use super::*;

    const DONE: &str = "record.processed";
    const COMMIT: &str = "offset.committed";

    fn violation(facts: &[(u64, &str, u64, u64)]) -> Option<String> {
        first_violation(CommitsNotAhead::new, |names| {
            let event = |&(at, what, key, amount)| (at, Event::Fact { what: names.intern(what), key, amount });
            facts.iter().map(event).collect()
        })
    }

    #[test]
    fn committing_what_is_processed_and_processing_again_are_quiet() {
        let facts = [(1, COMMIT, 7, 0), (1, DONE, 7, 0), (2, DONE, 7, 1), (3, COMMIT, 7, 2), (4, DONE, 7, 0)];
        assert_eq!(
            violation(&[&facts[..], &[(5, COMMIT, 7, 2), (6, COMMIT, 7, 1), (7, "other", 7, 9)]].concat()),
            None
        );
    }

    #[test]
    fn a_commit_before_processing_fires() {
        let expected = Some("at 2 s: offset 2 was committed, but 1 is not processed".to_string());
        assert_eq!(violation(&[(1, DONE, 7, 0), (2, COMMIT, 7, 2), (3, DONE, 7, 1)]), expected);
        assert!(violation(&[(1, DONE, 8, 5), (2, COMMIT, 7, 1)]).is_some(), "another partition");
    }
}
