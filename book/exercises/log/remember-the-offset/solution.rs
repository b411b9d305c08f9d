//! Remembers how far each partition has come.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Bookmark)
}

// ANCHOR: policy
/// A row for each partition: the first offset that is not done.
struct Bookmark;

impl Once for Bookmark {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        is_new(event, table)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        // Asked again: another consumer may have done it while this one worked.
        let is_new = is_new(event, table);
        if is_new {
            table.insert(event.partition.into(), event.offset + 1);
        }
        is_new
    }
}

fn is_new(event: &Event, table: &Table) -> bool {
    let next = table.get(&event.partition.into()).copied().unwrap_or(0);
    event.offset >= next
}
// ANCHOR_END: policy
