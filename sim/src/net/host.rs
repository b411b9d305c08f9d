//! A host: what its kernel knows.

use crate::trace::Name;

/// What the kernel of one host knows.
pub(super) struct Host {
    pub(super) name: Name,
}

impl Host {
    pub(super) fn new(name: Name) -> Self {
        Self { name }
    }
}
