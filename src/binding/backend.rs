//! What an open store works with.

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

/// The core's parts of an open store.
pub struct Backend {
    pub sessions: SessionStore<dyn Layout>,
    /// The same sessions, where the format keeps their end.
    pub expiring: Option<SessionStore<dyn ExpiringLayout>>,
    pub table: Table,
    pub whereabouts: Whereabouts,
    /// Where the format is Koa's: it can be told to write another attribute.
    pub koa: Option<KoaLayout>,
    /// Whether requests go through the user's client.
    pub through_client: Arc<AtomicBool>,
    /// The environment variables, which decide what the options do not.
    pub environment: Arc<Copies>,
    /// Where sessions can be found by another attribute than their id.
    pub index: Option<Index>,
}

/// Where the requests of a store go: for its errors, also those of calls that outlive it.
#[derive(Clone)]
pub struct Whereabouts {
    pub table: TableName,
    pub dynamo: Locator,
}

impl Whereabouts {
    /// The error as a failure that says where it happened, as far as that is known by now.
    pub fn failure(&self, error: &Error) -> Failure {
        let explained = self.dynamo.explained(error);
        Failure::at(explained.as_ref().unwrap_or(error), &self.place())
    }

    /// Where requests go, as far as that is known by now.
    pub fn place(&self) -> Place {
        Place {
            table: Some(self.table.as_str().to_owned()),
            ..self.dynamo.place()
        }
    }
}

impl Backend {
    /// The sessions, for an operation that needs a format which keeps their end.
    pub fn expiring(&self, operation: &'static str) -> Result<&SessionStore<dyn ExpiringLayout>> {
        self.expiring.as_ref().ok_or(Error::Format { operation })
    }
}
