//! Recognises an order by its number for as long as the log has it.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(All)
}

// ANCHOR: policy
/// A row for each order that the log still has. With a retention of a week none of a run is ever dropped.
struct All;

impl Once for All {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        !table.contains_key(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        table.insert(event.order, event.offset).is_none()
    }
}
// ANCHOR_END: policy
