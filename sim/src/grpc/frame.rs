//! What travels on a connection: HTTP/2 frames at the grain of calls (MODEL-REFERENCE.md A1).

use super::message::{Message, Status};
use crate::engine::SimDuration;

/// HEADERS of a request with the usual compression state: path, timeout and metadata.
const REQUEST_HEADERS: u32 = 120;
/// Response HEADERS and trailers.
const RESPONSE_HEADERS: u32 = 60;
/// What gRPC puts in front of a message, in bytes: flow control counts it.
pub(super) const MESSAGE_PREFIX: u32 = 5;
/// With the nine bytes of the DATA frame's header, which it does not count.
const DATA_PREFIX: u32 = MESSAGE_PREFIX + 9;
/// A frame header and a small body: SETTINGS, PING, RST_STREAM, WINDOW_UPDATE, GOAWAY.
const CONTROL: u32 = 17;

/// One frame, or the frames of one call that travel together.
pub(crate) enum Frame {
    /// The server's first frame, and its window of DATA; a client is not READY before it (A1).
    Settings { max_streams: Option<u32>, window: u32 },
    /// HEADERS and DATA of a call.
    Request { stream: u32, method: &'static str, timeout: Option<SimDuration>, message: Message },
    /// HEADERS of a call whose DATA must wait for the window.
    Headers { stream: u32, method: &'static str, timeout: Option<SimDuration> },
    /// That DATA.
    Data { stream: u32, message: Message },
    /// HEADERS, DATA and trailers, or trailers only; and with it a WINDOW_UPDATE of `consumed` bytes, whose 13 bytes are neglected.
    Response { stream: u32, result: Result<Message, Status>, consumed: u32 },
    /// WINDOW_UPDATE of the connection, when no response leaves that it could travel with.
    WindowUpdate { consumed: u32 },
    /// RST_STREAM(CANCEL).
    Reset { stream: u32 },
    /// Keepalive.
    Ping,
    /// Its answer.
    Pong,
    /// GOAWAY with an error, sent by the reset guard.
    Flooded,
}

impl Frame {
    /// Bytes on the wire.
    pub(crate) fn bytes(&self) -> u32 {
        match self {
            Frame::Request { message, .. } => REQUEST_HEADERS + DATA_PREFIX + message.bytes,
            Frame::Headers { .. } => REQUEST_HEADERS,
            Frame::Data { message, .. } => DATA_PREFIX + message.bytes,
            Frame::Response { result: Ok(message), .. } => RESPONSE_HEADERS + DATA_PREFIX + message.bytes,
            Frame::Response { result: Err(_), .. } => RESPONSE_HEADERS,
            _ => CONTROL,
        }
    }
}
