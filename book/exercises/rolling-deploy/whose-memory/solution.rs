//! Remembers where everybody can see it.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Ours)
}

// ANCHOR: policy
/// What all of us have done.
struct Ours;

impl Once for Ours {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        !table.contains_key(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        table.insert(event.order, event.offset).is_none()
    }
}
// ANCHOR_END: policy
