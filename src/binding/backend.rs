//! The parts of an open store.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::core::codec::Codecs;
use crate::core::dynamo::sdk::{Locator, SdkDynamo};
use crate::core::dynamo::variables::Copies;
use crate::core::error::{Error, Result};
use crate::core::layout::{ExpiringLayout, KoaLayout, Layout};
use crate::core::options::TableName;
use crate::core::store::{Index, SessionStore};
use crate::core::table::Table;

/// An open store's parts in the core.
pub struct Backend {
    pub sessions: SessionStore<dyn Layout>,
    /// The same sessions, if the item format has an end.
    pub expiring: Option<SessionStore<dyn ExpiringLayout>>,
    pub table: Table,
    /// The requests of the store, for its diagnosis and for their counters.
    pub dynamo: SdkDynamo,
    /// The name of the table, or its ARN.
    pub name: TableName,
    /// The table, endpoint and region of the store, for its errors. Calls that outlive the store hold a copy.
    pub locator: Locator,
    /// The form in which sessions are stored. The layout holds it too.
    pub codecs: Arc<Codecs>,
    /// The layout of Koa's format, whose attribute for the end can be changed while the store is open.
    pub koa: Option<KoaLayout>,
    /// `true`: requests go through the user's client.
    pub through_client: Arc<AtomicBool>,
    /// The environment variables. They decide the settings that the options leave open.
    pub environment: Arc<Copies>,
    /// The index, in the format that can find sessions by another attribute than their id.
    pub index: Option<Index>,
    /// The indexes of sessions, if the store's options name some.
    pub session_indexes: Vec<Index>,
}

impl Backend {
    /// The sessions, for an operation that needs an end in the item format.
    pub fn expiring(&self, operation: &'static str) -> Result<&SessionStore<dyn ExpiringLayout>> {
        self.expiring.as_ref().ok_or(Error::Format { operation })
    }
}
