//! Values that are shared for as long as somebody uses them.

use std::sync::{Arc, Mutex, Weak};

use crate::core::lock::locked;

/// Values by their keys, for as long as somebody uses them. They are few.
pub struct Registry<K, V>(Mutex<Vec<(K, Weak<V>)>>);

impl<K, V> Default for Registry<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V> Registry<K, V> {
    /// Lets go of the keys of values that nobody uses any more.
    pub fn sweep(&self) {
        // Dropped after it is unlocked again: with a key, a function of JavaScript may go.
        let mut entries = locked(&self.0);
        let unused = entries.extract_if(.., |(_, value)| value.strong_count() == 0);
        let unused: Vec<_> = unused.collect();
        drop(entries);
        drop(unused);
    }

    /// The value of `key`, made by `make` where nobody uses one.
    pub fn of(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        self.sweep();
        let mut entries = locked(&self.0);
        let found = entries.iter().find(|(each, _)| *each == key);
        if let Some(value) = found.and_then(|(_, value)| value.upgrade()) {
            return value;
        }
        let value = Arc::new(make());
        entries.push((key, Arc::downgrade(&value)));
        value
    }

    /// How many keys there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        let entries = locked(&self.0);
        entries.len()
    }
}
