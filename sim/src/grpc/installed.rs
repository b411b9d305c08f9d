//! Who decides for which client, by the client's name, say `gateway->order`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What makes policies, by the name of the client. Cheap to clone: clones share what is installed.
#[derive(Clone)]
pub(crate) struct Installed<M>(Rc<RefCell<BTreeMap<String, M>>>);

impl<M> Default for Installed<M> {
    fn default() -> Self {
        Self(Rc::default())
    }
}

impl<M: Copy> Installed<M> {
    pub(crate) fn install(&self, client: &str, make: M) {
        self.0.borrow_mut().insert(client.into(), make);
    }

    pub(crate) fn of(&self, client: &str) -> Option<M> {
        self.0.borrow().get(client).copied()
    }
}
