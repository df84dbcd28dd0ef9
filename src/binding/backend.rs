//! What an open store works with.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::core::dynamo::sdk::Locator;
use crate::core::dynamo::variables::Copies;
use crate::core::error::{Error, Result};
use crate::core::layout::{ExpiringLayout, KoaLayout, Layout};
use crate::core::store::{Index, SessionStore};
use crate::core::table::Table;

/// The core's parts of an open store.
pub struct Backend {
    pub sessions: SessionStore<dyn Layout>,
    /// The same sessions, where the format keeps their end.
    pub expiring: Option<SessionStore<dyn ExpiringLayout>>,
    pub table: Table,
    /// Where the requests of the store go: for its errors, also those of calls that outlive it.
    pub locator: Locator,
    /// Where the format is Koa's: it can be told to write another attribute.
    pub koa: Option<KoaLayout>,
    /// Whether requests go through the user's client.
    pub through_client: Arc<AtomicBool>,
    /// The environment variables, which decide what the options do not.
    pub environment: Arc<Copies>,
    /// Where sessions can be found by another attribute than their id.
    pub index: Option<Index>,
}

impl Backend {
    /// The sessions, for an operation that needs a format which keeps their end.
    pub fn expiring(&self, operation: &'static str) -> Result<&SessionStore<dyn ExpiringLayout>> {
        self.expiring.as_ref().ok_or(Error::Format { operation })
    }
}
