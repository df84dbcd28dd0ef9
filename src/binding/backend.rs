//! The parts of an open store.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::failure::Failure;
use crate::core::dynamo::sdk::Locator;
use crate::core::dynamo::variables::Copies;
use crate::core::error::{Error, Place, Result};
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
    pub whereabouts: Whereabouts,
    /// The layout of Koa's format, whose attribute for the end can be changed while the store is open.
    pub koa: Option<KoaLayout>,
    /// `true`: requests go through the user's client.
    pub through_client: Arc<AtomicBool>,
    /// The environment variables. They decide the settings that the options leave open.
    pub environment: Arc<Copies>,
    /// The index, in the format that can find sessions by another attribute than their id.
    pub index: Option<Index>,
}

/// The table, endpoint and region of a store, for its errors. Calls that outlive the store hold a copy.
#[derive(Clone)]
pub struct Whereabouts {
    pub table: TableName,
    pub dynamo: Locator,
}

impl Whereabouts {
    /// The failure for an error. It names table, endpoint and region, as far as they are known.
    pub fn failure(&self, error: &Error) -> Failure {
        let explained = self.dynamo.explained(error);
        Failure::at(explained.as_ref().unwrap_or(error), &self.place())
    }

    /// The table, endpoint and region, as far as they are known.
    pub fn place(&self) -> Place {
        Place {
            table: Some(self.table.as_str().to_owned()),
            ..self.dynamo.place()
        }
    }
}

impl Backend {
    /// The sessions, for an operation that needs an end in the item format.
    pub fn expiring(&self, operation: &'static str) -> Result<&SessionStore<dyn ExpiringLayout>> {
        self.expiring.as_ref().ok_or(Error::Format { operation })
    }
}
