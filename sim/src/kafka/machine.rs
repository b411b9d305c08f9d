//! How the state machines of a node talk to whoever drives them.
//!
//! A machine is called with an [`Input`] and returns [`Output`]s; it never waits. `next_timeout` of each machine says when it
//! wants [`Input::Timeout`] if nothing else happens before. A driver delivers answers on one [`Lane`] to one peer in the order
//! of the requests, one at a time (B2), and answers that never come as `None`.

use super::protocol::{Request, Response};
use super::types::BrokerId;

/// Names a request that a machine owes an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Names a request that a machine has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sent(pub u64);

/// Connections between two nodes are kept apart by purpose, as Kafka does, so that none waits behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// A follower fetches from its leader.
    Replication,
    /// A broker registers and shows the controller that it lives (AK: BrokerLifecycleManager, "heartbeat").
    Heartbeat,
    /// A leader wants another ISR (AK: AlterPartitionManager, "alter-partition").
    Isr,
    /// Everything else for the controller (AK: ForwardingManager, "forwarding"), and what brokers say to ZooKeeper.
    Control,
    /// A transaction's coordinator has markers written (AK: TransactionMarkerChannelManager, "TxnMarkerSenderThread").
    Markers,
    /// Voters and observers of the metadata log.
    Quorum,
}

/// What happens to a machine.
#[derive(Clone, Debug)]
pub enum Input {
    /// A request has arrived.
    Request {
        /// To answer it with.
        ticket: Ticket,
        /// What is asked.
        request: Request,
    },
    /// The connection is gone on which this ticket's answer was awaited.
    Gone(Ticket),
    /// The answer to a request of the machine's own; `None` if there will be none.
    Answer {
        /// Which request.
        sent: Sent,
        /// What was answered.
        answer: Option<Response>,
    },
    /// The time of `next_timeout` has come.
    Timeout,
}

/// What a machine wants done, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// Answer a request; `None` sends nothing (acks=0) and lets the connection's next request in.
    Answer {
        /// Which request.
        ticket: Ticket,
        /// What to answer.
        response: Option<Response>,
    },
    /// Send a request to a node, possibly to itself.
    Send {
        /// Comes back with the answer.
        sent: Sent,
        /// To whom.
        to: BrokerId,
        /// On which connection.
        lane: Lane,
        /// How long to wait for the answer before it counts as `None`.
        timeout: crate::engine::SimDuration,
        /// What is asked.
        request: Request,
    },
}

/// The earlier of two optional times.
pub fn earlier(a: Option<crate::engine::SimTime>, b: Option<crate::engine::SimTime>) -> Option<crate::engine::SimTime> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
