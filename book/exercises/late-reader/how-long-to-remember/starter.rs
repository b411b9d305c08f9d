//! Recognises an order by its number, and forgets old ones. Let none take stock twice.

use gridlock_scenarios::stream::code::{Event, Once, Table};

pub(crate) fn policy() -> Box<dyn Once> {
    Box::new(Recent)
}

// ANCHOR: policy
/// The table stays small: who would ask about what is long done?
struct Recent;

const ROWS_MAX: usize = 1000;

impl Once for Recent {
    fn begins(&mut self, event: &Event, table: &mut Table) -> bool {
        !table.contains_key(&event.order)
    }

    fn takes_effect(&mut self, event: &Event, table: &mut Table) -> bool {
        let is_new = table.insert(event.order, event.offset).is_none();
        while table.len() > ROWS_MAX {
            table.pop_first();
        }
        is_new
    }
}
// ANCHOR_END: policy
