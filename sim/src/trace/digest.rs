//! The fingerprint of a history: two runs are the same run when their digests are.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::{Event, Listener, Sink, Value};
use crate::engine::SimTime;

/// Folds every event into 128 bits (SipHash 1-3, fixed keys).
pub struct Digest {
    hasher: SipHasher13,
    events: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Self { hasher: SipHasher13::new(), events: 0 }
    }
}

impl Digest {
    /// The digest so far, as 32 hexadecimal digits.
    pub fn text(&self) -> String {
        format!("{:032x}", self.hasher.finish128().as_u128())
    }

    /// Number of events so far.
    pub const fn events(&self) -> u64 {
        self.events
    }
}

impl Sink for Digest {
    fn record(&mut self, at: SimTime, event: &Event) {
        self.events += 1;
        let mut line = Line::default();
        line.push(&at.as_nanos().to_le_bytes());
        event.tell(&mut line);
        self.hasher.write(&line.bytes[..line.len]);
    }
}

/// One event as bytes, hashed in one go: 8 for the time, and a word or a number for the kind and each of four fields.
struct Line {
    bytes: [u8; 128],
    len: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self { bytes: [0; 128], len: 0 }
    }
}

impl Line {
    /// Appends bytes. Kinds and words are constants of at most 24 bytes, so five of them always fit.
    #[inline]
    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

impl Listener for Line {
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
