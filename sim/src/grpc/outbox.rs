//! What a session cannot send yet: frames in order, and those of a call that has ended taken back.
//!
//! **Never here:** when there is room; the session asks its socket.

use std::collections::{BTreeMap, VecDeque};

use super::frame::Frame;

/// Frames that wait for room in the socket's send buffer. Bounded by the calls in flight.
#[derive(Default)]
pub(super) struct Outbox {
    /// A frame that was taken back leaves its place empty, so that the others keep theirs. Neither end is an empty place.
    frames: VecDeque<Option<Frame>>,
    /// The number of the first place.
    first: u64,
    /// The places of what belongs to a stream's request.
    places: BTreeMap<u32, Request>,
}

/// Where a request's frames wait.
#[derive(Default)]
struct Request {
    /// What opens the stream: HEADERS, perhaps with DATA.
    head: Option<u64>,
    /// DATA that comes later.
    data: Option<u64>,
}

/// What was taken back of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TakenBack {
    /// The stream was not open to the server yet, and never will be.
    pub(super) unheard: bool,
    /// The message, if it has not left: its bytes.
    pub(super) message_bytes: Option<u32>,
}

impl Outbox {
    pub(super) fn push(&mut self, frame: Frame) {
        let place = Some(self.first + self.frames.len() as u64);
        match frame {
            Frame::Request { stream, .. } | Frame::Headers { stream, .. } => {
                self.places.entry(stream).or_default().head = place;
            }
            Frame::Data { stream, .. } => self.places.entry(stream).or_default().data = place,
            _ => {}
        }
        self.frames.push_back(Some(frame));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The next frame to leave.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop_front()??;
        self.first += 1;
        self.trim();
        match &frame {
            Frame::Request { stream, .. } | Frame::Data { stream, .. } => {
                self.places.remove(stream);
            }
            Frame::Headers { stream, .. } => match self.places.get_mut(stream) {
                Some(request) if request.data.is_some() => request.head = None,
                _ => {
                    self.places.remove(stream);
                }
            },
            _ => {}
        }
        Some(frame)
    }

    /// Takes back what has not left of a stream's request (nghttp2 does so, too).
    pub(super) fn take_back(&mut self, stream: u32) -> TakenBack {
        let Some(request) = self.places.remove(&stream) else { return TakenBack::default() };
        let mut taken = TakenBack { unheard: request.head.is_some(), message_bytes: None };
        for place in [request.head, request.data].into_iter().flatten() {
            let frame = self.frames.get_mut((place - self.first) as usize).and_then(Option::take);
            if let Some(Frame::Request { message, .. } | Frame::Data { message, .. }) = frame {
                taken.message_bytes = Some(message.bytes);
            }
        }
        self.trim();
        taken
    }

    fn trim(&mut self) {
        while let Some(None) = self.frames.front() {
            self.frames.pop_front();
            self.first += 1;
        }
        while let Some(None) = self.frames.back() {
            self.frames.pop_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::message::Message;

    fn request(stream: u32) -> Frame {
        Frame::Request { stream, method: "Place", timeout: None, message: Message::new(10, ()) }
    }

    fn headers(stream: u32) -> Frame {
        Frame::Headers { stream, method: "Place", timeout: None }
    }

    fn data(stream: u32) -> Frame {
        Frame::Data { stream, message: Message::new(20, ()) }
    }

    fn left(outbox: &mut Outbox) -> Vec<u32> {
        let stream = |frame: Frame| match frame {
            Frame::Request { stream, .. } | Frame::Headers { stream, .. } | Frame::Data { stream, .. } => stream,
            _ => 0,
        };
        std::iter::from_fn(|| outbox.pop()).map(stream).collect()
    }

    #[test]
    fn what_is_taken_back_never_leaves_and_the_rest_keeps_its_order() {
        let mut outbox = Outbox::default();
        [request(1), Frame::Pong, headers(3), request(5), data(3)].into_iter().for_each(|frame| outbox.push(frame));
        assert_eq!(outbox.take_back(3), TakenBack { unheard: true, message_bytes: Some(20) });
        assert_eq!(outbox.take_back(1), TakenBack { unheard: true, message_bytes: Some(10) });
        assert_eq!(outbox.take_back(1), TakenBack::default());
        assert_eq!(left(&mut outbox), [0, 5]);
        assert!(outbox.is_empty() && outbox.places.is_empty());
    }

    #[test]
    fn a_stream_whose_headers_have_left_has_been_heard_of() {
        let mut outbox = Outbox::default();
        [headers(1), data(1), request(3)].into_iter().for_each(|frame| outbox.push(frame));
        assert!(matches!(outbox.pop(), Some(Frame::Headers { .. })));
        assert_eq!(outbox.take_back(1), TakenBack { unheard: false, message_bytes: Some(20) });
        assert_eq!(left(&mut outbox), [3]);
    }
}
