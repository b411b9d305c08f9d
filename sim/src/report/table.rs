//! Values by name and by what they are: most events end in one.

use crate::trace::Name;

/// Found by the index of the name, and of the few values of a name one after the other.
pub(super) struct Table<K, V>(Vec<Vec<(Name, K, V)>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + PartialEq, V: Default> Table<K, V> {
    /// The value, made when it is first asked for.
    pub(super) fn at(&mut self, name: Name, what: K) -> &mut V {
        if self.0.len() <= name.index() {
            self.0.resize_with(name.index() + 1, Vec::new);
        }
        let values = &mut self.0[name.index()];
        let place = values.iter().position(|(_, known, _)| *known == what).unwrap_or_else(|| {
            values.push((name, what, V::default()));
            values.len() - 1
        });
        &mut values[place].2
    }

    /// All values, by the order in which names were first used.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (Name, K, &mut V)> {
        self.0.iter_mut().flatten().map(|(name, what, value)| (*name, *what, value))
    }

    /// Takes all values out.
    pub(super) fn take(&mut self) -> impl Iterator<Item = (Name, K, V)> + use<K, V> {
        std::mem::take(&mut self.0).into_iter().flatten()
    }
}
