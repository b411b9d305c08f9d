//! One end of a connection: drives the state machines.

use std::any::Any;
use std::rc::Rc;

use super::HostId;

/// One end of a connection.
pub(super) struct Socket {
    pub(super) local: HostId,
    pub(super) remote: HostId,
}

impl Socket {
    pub(super) fn send(&self, _bytes: u32, _body: Rc<dyn Any>) {}
    pub(super) fn close(&self) {}
    pub(super) fn abort(&self) {}
    pub(super) fn is_open(&self) -> bool {
        false
    }
    pub(super) fn unacked(&self) -> usize {
        0
    }
}
