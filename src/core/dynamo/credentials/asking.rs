//! The credential source that is being asked right now, for error messages.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use crate::core::lock::locked;

/// The name of the source, as the subject of a sentence: `credential_process of profile "shop"`. Clones
/// share the name.
#[derive(Debug, Clone)]
pub struct Asking(Arc<Mutex<Cow<'static, str>>>);

impl Asking {
    /// Starts with the source `what`.
    pub fn new(what: &'static str) -> Self {
        Self(Arc::new(Mutex::new(what.into())))
    }

    /// Names the source that is asked from now on.
    pub fn set(&self, what: impl Into<Cow<'static, str>>) {
        *locked(&self.0) = what.into();
    }

    /// The source that is asked now.
    pub fn what(&self) -> String {
        let what = locked(&self.0);
        what.clone().into_owned()
    }
}
