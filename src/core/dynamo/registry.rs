//! Values that are shared as long as they are used.

use std::sync::{Arc, Mutex, Weak};

use crate::core::lock::locked;

/// Values by their keys. A value is dropped with its last user. For few values only: they are searched in order.
pub struct Registry<K, V>(Mutex<Vec<(K, Weak<V>)>>);

impl<K, V> Default for Registry<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: PartialEq, V> Registry<K, V> {
    /// Drops the keys of values without users.
    pub fn sweep(&self) {
        // Drop keys after unlocking: a key may own a JavaScript callback.
        let mut entries = locked(&self.0);
        let unused = entries.extract_if(.., |(_, value)| value.strong_count() == 0);
        let unused: Vec<_> = unused.collect();
        drop(entries);
        drop(unused);
    }

    /// The value of `key`. If it has no users, `make` makes a new one.
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

    /// The number of keys.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        let entries = locked(&self.0);
        entries.len()
    }
}
