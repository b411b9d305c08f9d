//! The controller: who is alive, who leads, who is in sync.

mod messages;

pub use self::messages::{ControlRequest, ControlResponse, IsrChange};
