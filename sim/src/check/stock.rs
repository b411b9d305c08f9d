//! Nothing is sold that is not there.

use std::rc::Rc;

use super::{Check, First, Kinds};
use crate::engine::SimTime;
use crate::trace::{Event, Name, Names, Sink};

/// `stock_never_negative`.
///
/// Amounts are unsigned, so the world reports not the stock but what is missing: the fact `stock.oversold`.
pub(super) struct StockNeverNegative {
    oversold: Name,
    first: First,
}

impl StockNeverNegative {
    pub(super) fn new(names: &Rc<Names>) -> Self {
        Self { oversold: names.intern("stock.oversold"), first: First::default() }
    }
}

impl Sink for StockNeverNegative {
    fn record(&mut self, at: SimTime, event: &Event) {
        if let Event::Fact { what, key, amount } = *event
            && what == self.oversold
            && amount > 0
        {
            self.first.note(at, || format!("item {key} was sold {amount} times more often than it was there"));
        }
    }
}

impl Check for StockNeverNegative {
    fn name(&self) -> &'static str {
        "stock_never_negative"
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

    fn violation(amount: u64) -> Option<String> {
        let story = |names: &Names| vec![(3, Event::Fact { what: names.intern("stock.oversold"), key: 8, amount })];
        first_violation(StockNeverNegative::new, story)
    }

    #[test]
    fn an_empty_shelf_is_quiet() {
        assert_eq!(violation(0), None);
    }

    #[test]
    fn selling_what_is_not_there_fires() {
        assert_eq!(violation(2).as_deref(), Some("at 3 s: item 8 was sold 2 times more often than it was there"));
    }
}
