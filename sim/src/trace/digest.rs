//! The fingerprint of a history: two runs are the same run when their digests are.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::{Event, Listener, Sink, Value};
use crate::engine::SimTime;

/// Bytes that are hashed in one go: dozens of events.
const ROOM: usize = 4096;
/// The longest event: 8 bytes for the time, and a word of at most 24 bytes or a number for the kind and each of four fields.
const LONGEST: usize = 128;

/// Folds every event into 128 bits (SipHash 1-3, fixed keys).
pub struct Digest {
    hasher: SipHasher13,
    lines: Lines,
    events: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { hasher: SipHasher13::new(), lines: Lines { bytes: Box::new([0; ROOM]), len: 0 }, events: 0 }
    }
}

impl Digest {
    /// The digest so far, as 32 hexadecimal digits.
    pub fn text(&self) -> String {
        let mut hasher = self.hasher;
        hasher.write(self.lines.so_far());
        format!("{:032x}", hasher.finish128().as_u128())
    }

    /// Number of events so far.
    pub const fn events(&self) -> u64 {
        self.events
    }
}

impl Sink for Digest {
    fn record(&mut self, at: SimTime, event: &Event) {
        self.events += 1;
        if self.lines.len + LONGEST > ROOM {
            self.hasher.write(self.lines.so_far());
            self.lines.len = 0;
        }
        self.lines.push(&at.as_nanos().to_le_bytes());
        event.tell(&mut self.lines);
    }
}

/// Events as bytes, one behind the other.
struct Lines {
    bytes: Box<[u8; ROOM]>,
    len: usize,
}

impl Lines {
    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn so_far(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Listener for Lines {
    #[inline]
    fn kind(&mut self, kind: &'static str) {
        self.push(kind.as_bytes());
    }

    #[inline]
    fn field(&mut self, _key: &'static str, value: Value) {
        match value {
            Value::Name(name) => self.push(&name.hash().to_le_bytes()),
            Value::Int(value) => self.push(&value.to_le_bytes()),
            Value::Word(word) => self.push(word.as_bytes()),
        }
    }
}
