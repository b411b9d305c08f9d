//! Writes an order down together with its effect.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Together)
}

// ANCHOR: policy
/// The row and the effect are one transaction.
struct Together;

impl Once for Together {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        !table.contains_key(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        table.insert(event.order, event.offset).is_none()
    }
}
// ANCHOR_END: policy
