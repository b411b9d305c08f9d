//! Remembers in the memory of the process. Let no order take stock twice.

use std::collections::BTreeSet;

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Mine { done: BTreeSet::new() })
}

// ANCHOR: policy
/// What this process has done.
struct Mine {
    done: BTreeSet<u64>,
}

impl Once for Mine {
    fn begins(&mut self, event: &Event, _table: &mut Table) -> bool {
        !self.done.contains(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, _table: &mut Table) -> bool {
        self.done.insert(event.order)
    }
}
// ANCHOR_END: policy
