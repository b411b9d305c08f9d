//! The fingerprint of a history: two runs are the same run when their digests are.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::{Event, Sink, Value};
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
        let parts = event.fields();
        self.hasher.write_u64(at.as_nanos());
        self.hasher.write(parts.kind.as_bytes());
        for (_, value) in parts.fields.into_iter().flatten() {
            match value {
                Value::Name(name) => self.hasher.write_u64(name.hash()),
                Value::Int(value) => self.hasher.write_u64(value),
                Value::Word(word) => self.hasher.write(word.as_bytes()),
            }
        }
    }
}
