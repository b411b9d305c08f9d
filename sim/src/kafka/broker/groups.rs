//! The place of the group coordinators: each partition of `__consumer_offsets` that this broker leads has one.
//!
//! A coordinator's records are appended as a producer with acks=all would, through `Broker::stage` and `Replica::append`, and are
//! committed when `Replica::is_committed` says so; `Broker::settle` passes by whenever a partition has changed: its role, its
//! log, its high watermark.
//!
//! **Not modelled here yet:** the coordinators themselves. A broker without them says that none is available, and members
//! look for one again.

use super::{Broker, answer};
use crate::engine::SimTime;
use crate::kafka::machine::{Output, Ticket};
use crate::kafka::protocol::{GroupRequest, GroupResponse, Response};
use crate::kafka::types::ErrorCode;

impl Broker {
    pub(super) fn group(&mut self, _now: SimTime, ticket: Ticket, _request: GroupRequest, out: &mut Vec<Output>) {
        let error = GroupResponse::Error { error: ErrorCode::CoordinatorNotAvailable, member: None };
        out.push(answer(ticket, Response::Group(error)));
    }
}
