//! A set of numbers that takes little room when they are handed out one after another, as customers and orders are.

use std::collections::BTreeMap;

/// Disjoint runs of keys, first to last; memory grows with the gaps, not with the keys.
#[derive(Default)]
pub struct Keys(BTreeMap<u64, u64>);

impl Keys {
    /// True when the key has been inserted.
    pub fn contains(&self, key: u64) -> bool {
        self.0.range(..=key).next_back().is_some_and(|(_, &last)| key <= last)
    }

    /// Inserts a key; true when it is new.
    pub fn insert(&mut self, key: u64) -> bool {
        if self.contains(key) {
            return false;
        }
        let last = key.checked_add(1).and_then(|next| self.0.remove(&next)).unwrap_or(key);
        match self.0.range_mut(..key).next_back() {
            Some((_, end)) if *end + 1 == key => *end = last,
            _ => drop(self.0.insert(key, last)),
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn agrees_with_a_plain_set_and_stays_small() {
        let (mut keys, mut plain) = (Keys::default(), BTreeSet::new());
        for n in 0..2000u64 {
            let key = n * 7919 % 1000;
            assert_eq!(keys.insert(key), plain.insert(key), "{key}");
            assert!(keys.contains(key) && keys.contains(n * 31 % 1000) == plain.contains(&(n * 31 % 1000)));
        }
        assert_eq!(keys.0.len(), 1);
        assert!(keys.insert(u64::MAX) && !keys.insert(u64::MAX));
    }
}
