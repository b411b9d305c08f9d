//! No order takes stock twice.

use std::rc::Rc;

use super::keys::Keys;
use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `orders_applied_once`.
pub(super) struct OrdersAppliedOnce {
    reserved: Name,
    seen: Keys,
    first: First,
}

impl OrdersAppliedOnce {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { reserved: names.intern("stock.reserved"), seen: Keys::default(), first: First::default() }
    }
}

impl Sink for OrdersAppliedOnce {
    fn record(&mut self, at: SimTime, event: &Event) {
        if let Event::Fact { what, key, .. } = *event
            && what == self.reserved
            && !self.seen.insert(key)
        {
            self.first.note(at, || format!("order {key} took stock a second time"));
        }
    }
}

impl Check for OrdersAppliedOnce {
    fn name(&self) -> &'static str {
        "orders_applied_once"
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
    use super::super::tests::{fact, first_violation};
    use super::*;

    #[test]
    fn each_order_once_is_quiet() {
        let found = first_violation(OrdersAppliedOnce::new, |names| {
            vec![(1, fact(names, "stock.reserved", 1)), (2, fact(names, "stock.reserved", 2)), (3, fact(names, "x", 1))]
        });
        assert_eq!(found, None);
    }

    #[test]
    fn an_order_applied_twice_fires() {
        let found = first_violation(OrdersAppliedOnce::new, |names| {
            vec![(1, fact(names, "stock.reserved", 1)), (4, fact(names, "stock.reserved", 1))]
        });
        assert_eq!(found.as_deref(), Some("at 4 s: order 1 took stock a second time"));
    }
}
