//! gRPC after grpc-js 1.14 (MODEL-REFERENCE.md A1–A7): channel, calls, server, and the guards a client library adds.
//!
//! | where | what is decided there |
//! |---|---|
//! | [`policy`] | every default |
//! | `channel`, `subchannel` | connectivity states, balancing, connection backoff |
//! | `session`, `server_session` | streams and their limit, keepalive, the reset guard |
//! | `window` | how much of the requests' DATA may be on its way |
//! | `call` | deadline, propagation, gRPC retries, hedging |
//! | [`Client`] | bulkhead, retry loop, budget, adaptive throttling, circuit breaker |
//! | [`retry`], [`guard`] | retry loops and guards written in Rust |
//! | [`Server`] | methods, concurrency limit, load shedding |
//!
//! **Not modelled:** streaming calls; flow control of a single stream and of answers; message size limits; GOAWAY on shutdown, REFUSED_STREAM, connection age;
//! the client's 30-minute idle time-out; transparent retries (nothing here fails before it is handed to
//! the HTTP/2 session); name resolution and its 30 s refresh; retry buffers (every body is kept);
//! TLS; the policing of too many pings (grpc-js servers have none).

mod adaptive;
mod attempt;
mod breaker;
mod call;
mod channel;
mod client;
mod frame;
pub mod guard;
mod installed;
mod message;
mod outbox;
pub mod policy;
pub mod retry;
mod server;
mod server_session;
mod session;
mod subchannel;
mod throttle;
mod window;

#[cfg(test)]
mod tests;

pub use self::client::Client;
pub(crate) use self::installed::Installed;
pub use self::message::{Context, Message, Pushback, Status};
pub use self::policy::{ClientPolicy, ServerPolicy};
pub use self::server::Server;
pub use self::subchannel::State;

use crate::engine::SimDuration;
use crate::net::{HostId, Net};
use crate::process::Process;

/// Heap a server holds for one pending unary call (A8, EXP-8: about 4.9 kB of V8 heap).
const SERVER_BYTES_PER_CALL: u64 = 4_900;
/// Heap a client holds for one pending unary call (A8, EXP-8: about 9.3 kB of V8 heap).
const CLIENT_BYTES_PER_CALL: u64 = 9_300;
/// CPU of the client for one call, charged when its answer is parsed: the same order as the server's, an assumption.
const CLIENT_CPU_PER_CALL: SimDuration = SimDuration::from_micros(80);

/// Where a service lives: its process, and that process's host on the network.
#[derive(Clone)]
pub struct Site {
    /// The process.
    pub process: Process,
    /// The network.
    pub net: Net,
    /// The host.
    pub host: HostId,
    /// Retry loops in Rust for clients of this world.
    pub(crate) retries: Installed<retry::MakeRetry>,
    /// Guards in Rust for clients of this world.
    pub(crate) guards: Installed<guard::MakeGuard>,
}
