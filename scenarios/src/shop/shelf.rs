//! What is left in stock, and which orders took of it: tables of inventory's database, the same for both designs.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gridlock_sim::check::Keys;

/// The tables. They outlive the process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shelf(Rc<Tables>);

struct Tables {
    /// Orders that can still be filled; none if stock never ends.
    left: Cell<Option<u64>>,
    reserved: RefCell<Keys>,
    rejected: RefCell<Keys>,
}

/// What came of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Stock is set aside.
    First,
    /// So it is, for the second time: nothing recognised the order.
    Again,
    /// Nothing is done: it was set aside before.
    Before,
    /// Nothing is left; for the first time of asking, or not.
    SoldOut {
        /// Whether this order is told so for the first time.
        first: bool,
    },
}

impl Shelf {
    /// A full shelf.
    pub(crate) fn new(stock: Option<u64>) -> Self {
        let (reserved, rejected) = (RefCell::default(), RefCell::default());
        Self(Rc::new(Tables { left: Cell::new(stock), reserved, rejected }))
    }

    /// Looks and takes in one step, as one transaction does: nothing is sold that is not there. If `idempotent`, an order that has its
    /// share gets no second one.
    pub(crate) fn take(&self, order: u64, idempotent: bool) -> Taken {
        let tables = &*self.0;
        if idempotent && tables.reserved.borrow().contains(order) {
            return Taken::Before;
        }
        if tables.left.get() == Some(0) {
            return Taken::SoldOut { first: tables.rejected.borrow_mut().insert(order) };
        }
        tables.left.set(tables.left.get().map(|left| left - 1));
        if tables.reserved.borrow_mut().insert(order) { Taken::First } else { Taken::Again }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_sold() {
        let shelf = Shelf::new(Some(1));
        assert_eq!(shelf.take(7, true), Taken::First);
        assert_eq!(shelf.take(7, true), Taken::Before, "an order that has its share keeps it");
        assert_eq!(shelf.take(8, true), Taken::SoldOut { first: true });
        assert_eq!(
            shelf.take(8, true),
            Taken::SoldOut { first: false },
            "and one that has none does not get one by asking again"
        );
    }

    #[test]
    fn who_is_not_recognised_takes_twice() {
        let shelf = Shelf::new(Some(3));
        assert_eq!([7, 7, 8].map(|order| shelf.take(order, false)), [Taken::First, Taken::Again, Taken::First]);
        assert_eq!(shelf.take(7, false), Taken::SoldOut { first: true });
    }
}
