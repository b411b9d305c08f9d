//! Remembers every order. Do it with one row for each partition.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(EveryOrder)
}

// ANCHOR: policy
/// A row for each order.
struct EveryOrder;

impl Once for EveryOrder {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        !table.contains_key(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        table.insert(event.order, event.offset).is_none()
    }
}
// ANCHOR_END: policy
