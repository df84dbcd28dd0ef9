//! What is being waited for while credentials are looked for: for errors.

use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use crate::core::lock::locked;

/// The subject of a sentence: `credential_process of profile "shop"`. A clone is the same.
#[derive(Debug, Clone)]
pub struct Asking(Arc<Mutex<Cow<'static, str>>>);

impl Asking {
    /// Waits for `what` until something else is set.
    pub fn new(what: &'static str) -> Self {
        Self(Arc::new(Mutex::new(what.into())))
    }

    /// Says that `what` is waited for from now on.
    pub fn set(&self, what: impl Into<Cow<'static, str>>) {
        *locked(&self.0) = what.into();
    }

    /// What is waited for.
    pub fn what(&self) -> String {
        let what = locked(&self.0);
        what.clone().into_owned()
    }
}
