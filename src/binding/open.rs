//! Opening a store: one function for each item format. Nothing is read or sent before the first
//! call. `notify` is called when outcomes are there to be taken, see `Completions`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use napi_derive::napi;

use super::callbacks::{Callbacks, Source};
use super::completions::Notify;
use super::failure::{Outcome, wrap};
use super::options::{
    ConnectStoreOptions, ConnectionOptions, KoaStoreOptions, ShopifyStoreOptions, batch_threshold,
};
use super::store::NativeStore;
use crate::core::dynamo::coalesce::Coalesce;
use crate::core::dynamo::{Dynamo, sdk};
use crate::core::error::InvalidOption;
use crate::core::layout::{KoaLayout, Layout, shopify};
use crate::core::options::{Billing, TableName};
use crate::core::store::{Index, SessionStore};
use crate::core::table::Table;

/// What an open store works with.
pub struct Open {
    pub sessions: SessionStore,
    pub table: Table,
    /// Where the format is Koa's: it can be told to write another attribute.
    pub koa: Option<KoaLayout>,
    /// Whether requests go through the user's client.
    pub through_client: Arc<AtomicBool>,
    /// Where sessions can be found by another attribute than their id.
    pub index: Option<Index>,
}

/// What all formats have, read from their options.
struct Parts<L> {
    name: TableName,
    layout: L,
    billing: Billing,
    /// The attribute for the time to live of a table that is created.
    time_to_live: Option<String>,
    consistent_read: bool,
    /// How many operations may be under way before any are merged; `None` where they never are.
    batch_threshold: Option<usize>,
}

impl<L: Layout> Parts<L> {
    fn open(
        self,
        connection: ConnectionOptions,
        callbacks: Callbacks,
    ) -> Result<Open, InvalidOption> {
        let through_client = Arc::new(AtomicBool::new(false));
        let source = Source::new(
            connection.settings()?,
            callbacks,
            Arc::clone(&through_client),
        );
        let dynamo = sdk::shared(source);
        let table = Table::new(
            Arc::clone(&dynamo),
            self.name.clone(),
            self.layout.hash_key(),
            self.billing,
            self.time_to_live.as_deref(),
        );
        let dynamo: Arc<dyn Dynamo> = match self.batch_threshold {
            Some(threshold) => Arc::new(Coalesce::new(
                dynamo,
                self.name.as_str(),
                self.layout.hash_key(),
                threshold,
            )),
            None => dynamo,
        };
        Ok(Open {
            sessions: SessionStore::new(dynamo, self.name, self.layout, self.consistent_read),
            table,
            through_client,
            koa: None,
            index: None,
        })
    }
}

/// Opens a store in connect-dynamodb's item format.
///
/// Fails with `ERR_INVALID_ARG_VALUE` where an option cannot be right.
#[napi]
pub fn open_connect_store(
    options: ConnectStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let open = || {
        let layout = options.layout()?;
        let parts = Parts {
            name: options.table()?,
            billing: options.billing()?,
            time_to_live: options.time_to_live.then(|| layout.expires_attribute()),
            consistent_read: options.consistent_read,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            layout,
        };
        parts.open(connection, callbacks)
    };
    wrap(open().map(|open| NativeStore::new(open, notify)))
}

/// Opens a store in koa-session-dynamodb-store's item format.
///
/// Fails with `ERR_INVALID_ARG_VALUE` where an option cannot be right.
#[napi]
pub fn open_koa_store(
    options: KoaStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let open = || {
        let layout = options.layout()?;
        let parts = Parts {
            name: options.table()?,
            billing: options.billing()?,
            // It follows the table's once that is known, see `plan_time_to_live`.
            time_to_live: None,
            consistent_read: options.consistent_read,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            layout: layout.clone(),
        };
        Ok::<_, InvalidOption>(Open {
            koa: Some(layout),
            ..parts.open(connection, callbacks)?
        })
    };
    wrap(open().map(|open| NativeStore::new(open, notify)))
}

/// Opens a store in the item format of Shopify's session storage.
///
/// Fails with `ERR_INVALID_ARG_VALUE` where an option cannot be right.
#[napi]
pub fn open_shopify_store(
    options: ShopifyStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let open = || {
        let layout = options.layout()?;
        let index = Index {
            name: options.index()?,
            attribute: shopify::SHOP.to_owned(),
        };
        let parts = Parts {
            name: options.table()?,
            billing: options.billing()?,
            time_to_live: layout.time_to_live().map(str::to_owned),
            consistent_read: options.consistent_read,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            layout,
        };
        let open = parts.open(connection, callbacks)?;
        Ok::<_, InvalidOption>(Open {
            table: open.table.with_index(index.clone()),
            index: Some(index),
            ..open
        })
    };
    wrap(open().map(|open| NativeStore::new(open, notify)))
}
