//! Writes an order down as soon as it is begun. Lose none.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Claims)
}

// ANCHOR: policy
/// Whoever begins an order has it.
struct Claims;

impl Once for Claims {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        table.insert(event.order, event.offset).is_none()
    }

    fn takes_effect(&mut self, _event: &Event, _table: &mut Table) -> bool {
        true
    }
}
// ANCHOR_END: policy
