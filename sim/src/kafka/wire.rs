//! What travels over a connection: numbered requests, their responses, and the end of one direction.
//!
//! Clients, brokers and controllers speak this to each other. Answers come in the order of the requests (B2), so numbers serve
//! only to find who waits.
//!
//! **Not modelled:** SASL and TLS; throttling (KIP-219).

use std::collections::BTreeMap;
use std::rc::Rc;

use super::protocol::{Request, Response};
use super::types::BrokerId;
use crate::net::HostId;

/// Where a node listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    /// Its host.
    pub host: HostId,
    /// Its port.
    pub port: u16,
}

/// Where every node of a cluster listens: what `advertised.listeners` and host names say in reality.
pub type AddressBook = Rc<BTreeMap<BrokerId, Endpoint>>;

/// A message on a connection.
#[derive(Clone, Debug)]
pub enum Frame {
    /// A request with its correlation id.
    Request {
        /// Comes back with the response.
        id: u64,
        /// What is asked.
        request: Request,
    },
    /// The response to a request.
    Response {
        /// That of the request.
        id: u64,
        /// What is answered.
        response: Response,
    },
    /// This side sends no more, but still listens: a FIN without giving up the connection. The other side closes when it
    /// comes to it. (`net` knows no half-open use, and the races of C5 need it.)
    End,
}

impl Frame {
    /// Bytes on the wire.
    pub fn bytes(&self) -> u32 {
        match self {
            Frame::Request { request, .. } => request.bytes(),
            Frame::Response { response, .. } => response.bytes(),
            Frame::End => 0,
        }
    }
}
