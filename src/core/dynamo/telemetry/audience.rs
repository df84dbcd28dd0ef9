//! The listeners of a part that stores share.

use std::sync::{Arc, Mutex, Weak};

use super::{Event, Listener};
use crate::core::lock::locked;

/// See the [module](self).
#[derive(Default)]
pub struct Audience(Mutex<Vec<Weak<dyn Listener>>>);

impl Audience {
    /// Adds a listener, until it is dropped.
    pub fn join(&self, listener: &Arc<dyn Listener>) {
        let mut listeners = locked(&self.0);
        listeners.retain(|one| one.strong_count() > 0);
        listeners.push(Arc::downgrade(listener));
    }

    /// Tells one listener that wants events, so that an event of several stores is told once.
    pub fn tell(&self, event: impl FnOnce() -> Event) {
        let listener = {
            let listeners = locked(&self.0);
            let mut listeners = listeners.iter().filter_map(Weak::upgrade);
            listeners.find(|listener| listener.is_listening())
        };
        // Told after unlocking.
        if let Some(listener) = listener {
            listener.tell(event());
        }
    }
}
