//! What the owners of connections see: [`Conn`] to act, [`ConnEvents`] and [`Acceptor`] to be told.

use std::any::Any;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HostId;
use super::socket::Socket;
use crate::engine::SimDuration;
use crate::trace::ConnChange;

/// When an idle connection is probed. Off unless asked for, as in Linux (MODEL-REFERENCE.md A9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Keepalive {
    /// Silence after which the first probe is sent.
    pub idle: SimDuration,
    /// Time between probes that are not answered.
    pub interval: SimDuration,
    /// How many unanswered probes end the connection.
    pub probes: u32,
}

impl Default for Keepalive {
    /// Linux: `tcp_keepalive_time` 7200 s (MODEL-REFERENCE.md A9), `tcp_keepalive_intvl` 75 s, `tcp_keepalive_probes` 9.
    fn default() -> Self {
        Self { idle: SimDuration::from_secs(7200), interval: SimDuration::from_secs(75), probes: 9 }
    }
}

/// How to connect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// Probes on the connecting end; none by default.
    pub keepalive: Option<Keepalive>,
}

/// Takes connections in.
pub trait Acceptor {
    /// The kernel has completed a handshake with `peer`: returns who is told about the connection. [`ConnEvents::opened`]
    /// is not called on this end.
    fn accept(&self, conn: Conn, peer: HostId) -> Rc<dyn ConnEvents>;
}

/// Is told what happens to one end of a connection.
pub trait ConnEvents {
    /// The handshake of [`super::Net::connect`] is complete.
    fn opened(&self);
    /// The next message of the peer, in the order in which they were sent.
    fn message(&self, bytes: u32, body: Rc<dyn Any>);
    /// An acknowledgement has brought the unacknowledged bytes below the mark of [`Conn::tell_when_below`]: the socket is
    /// writable again. May send, and set a new mark.
    fn drained(&self) {}
    /// The connection is gone. Called exactly once, and last, unless the owner closed or aborted this end itself or its
    /// process or host crashed.
    fn closed(&self, why: ConnChange);
}

/// One end of a connection. Dropping it does nothing: the kernel keeps the socket until it is closed, aborted or broken.
#[derive(Clone)]
pub struct Conn(pub(super) Rc<Socket>);

impl Conn {
    /// Sends a message. Ignored unless the connection is open. There is no limit here: callers that need back-pressure
    /// stop at some [`Conn::unacked_bytes`] and go on when told ([`Conn::tell_when_below`]).
    pub fn send(&self, bytes: u32, body: Rc<dyn Any>) {
        self.0.send(bytes, body);
    }

    /// Closes in order: the peer is told [`ConnChange::Closed`] after everything sent before. This end hears no more;
    /// messages of the peer that arrive from now on are answered with RST, as Linux does for a closed socket.
    pub fn close(&self) {
        self.0.close();
    }

    /// Forgets the connection at once and sends RST to the peer.
    pub fn abort(&self) {
        self.0.abort();
    }

    /// True from the handshake until this end is closed, reset or timed out.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// The host of this end.
    pub fn local(&self) -> HostId {
        self.0.local
    }

    /// The host of the other end.
    pub fn peer(&self) -> HostId {
        self.0.remote
    }

    /// Messages (and a FIN) sent and not yet acknowledged by the peer's kernel.
    pub fn unacked(&self) -> usize {
        self.0.unacked()
    }

    /// Bytes of messages sent and not yet acknowledged: what the socket's send buffer holds, without headers.
    pub fn unacked_bytes(&self) -> u64 {
        self.0.sender.borrow().unacked_bytes()
    }

    /// Asks for one [`ConnEvents::drained`] at the first acknowledgement from now on after which fewer than `bytes` are
    /// unacknowledged. A later call replaces the mark, zero takes it back. Who has nothing unacknowledged is not told: no
    /// acknowledgement will come.
    pub fn tell_when_below(&self, bytes: u64) {
        self.0.sender.borrow_mut().tell_when_below(bytes);
    }
}
