//! Named random streams.
//!
//! Every entity and purpose owns a stream derived from `(seed, label)`, so adding an entity moves no other stream. Where
//! the *order* of draws may differ between two worlds that must stay comparable (the service time of order 17 is the
//! same whoever asks first), use [`Draws`]: a family of streams addressed by a key.

use std::hash::Hasher;

use rand_core::Rng;
use rand_pcg::Pcg64;
use siphasher::sip128::{Hasher128, SipHasher13};

/// A sequence of random numbers (PCG XSL RR 128/64, a portable named generator).
#[derive(Clone, Debug)]
pub struct Stream(Pcg64);

/// A family of independent streams of one label, one for each key.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    base: u128,
}

impl Draws {
    /// The family of this seed and label. Within a run [`Sim::draws`](super::Sim::draws) knows the seed; this is for what is drawn before
    /// one begins.
    pub fn new(seed: u64, label: &str) -> Self {
        let mut hasher = SipHasher13::new_with_keys(seed, 0x67_72_69_64_6c_6f_63_6b);
        hasher.write(label.as_bytes());
        Self { base: hasher.finish128().as_u128() }
    }

    /// The stream of `key`: the same for the same seed, label and key, whatever was drawn before.
    pub fn at(&self, key: u64) -> Stream {
        Stream(Pcg64::new(self.base, u128::from(key)))
    }
}

impl Stream {
    pub(crate) fn new(seed: u64, label: &str) -> Self {
        Draws::new(seed, label).at(u64::MAX)
    }

    /// A uniform 64-bit number.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform number in `[0, 1)` with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A uniform integer in `[0, bound)`, by widening multiplication (bias below 2^-64 · bound). `bound` must not be zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a draw below zero has no answer");
        ((u128::from(self.next_u64()) * u128::from(bound)) >> 64) as u64
    }

    /// True with probability `parts_per_million / 1_000_000`.
    pub fn chance(&mut self, parts_per_million: u64) -> bool {
        parts_per_million > 0 && self.below(1_000_000) < parts_per_million
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_seed_label_and_key_only() {
        let draw = |seed, label, key| Draws::new(seed, label).at(key).next_u64();
        assert_eq!(draw(1, "a", 1), draw(1, "a", 1));
        assert_ne!(draw(1, "a", 1), draw(2, "a", 1));
        assert_ne!(draw(1, "a", 1), draw(1, "b", 1));
        assert_ne!(draw(1, "a", 1), draw(1, "a", 2));
    }

    #[test]
    fn first_draws_of_neighbouring_keys_are_spread_evenly() {
        let draws = Draws::new(7, "even");
        let mean = (0..10_000).map(|key| draws.at(key).unit()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }

    #[test]
    fn chance_follows_its_probability() {
        let mut stream = Stream::new(3, "chance");
        let hits = (0..100_000).filter(|_| stream.chance(10_000)).count();
        assert!((900..1100).contains(&hits), "{hits} of 100000 at 1 %");
    }
}
