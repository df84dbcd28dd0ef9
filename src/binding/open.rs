//! Opens a store: one function for each item format. A store reads and sends nothing before its first
//! call. It calls `notify` if outcomes can be taken, see `Completions`.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};

use napi_derive::napi;

use super::backend::Backend;
use super::callbacks::{Callbacks, JsSettings};
use super::codecs::{CodecOptions, HashIdsOptions};
use super::completions::{Completions, Notify};
use super::connection::ConnectionOptions;
use super::environment;
use super::failure::{Outcome, wrap};
use super::options::{
    ConnectStoreOptions, KoaStoreOptions, ShopifyStoreOptions, batch_threshold, new_table,
    probe_key,
};
use super::store::NativeStore;
use super::tracking::TrackingOptions;
use crate::core::dynamo::KeyedTable;
use crate::core::dynamo::outage::Observer;
use crate::core::dynamo::schedule::{Schedule, TableQueues};
use crate::core::dynamo::sdk::{Probe, SdkDynamo, StoreContext};
use crate::core::dynamo::shared::Shared;
use crate::core::error::InvalidOption;
use crate::core::layout::{Coded, ExpiringLayout, Layout, shopify};
use crate::core::merge::Identity;
use crate::core::options::{Billing, TableName};
use crate::core::store::{Index, Kept, SessionStore};
use crate::core::table::{NewTable, Table};

/// One queue for each table of the process, because operations on a session keep their order across all
/// stores that use the table.
static QUEUES: LazyLock<TableQueues> = LazyLock::new(TableQueues::default);

/// The connections and circuit breakers that stores with the same settings share.
static SHARED: LazyLock<Arc<Shared>> = LazyLock::new(Arc::default);

/// The parts that all item formats have in common, read from the options of a store.
struct Parts<L> {
    name: TableName,
    layout: L,
    codecs: Option<CodecOptions>,
    billing: Billing,
    new: NewTable,
    /// If the store creates the table, it turns on time to live on this attribute.
    time_to_live: Option<String>,
    consistent_read: bool,
    /// The keys of a session that name its user.
    identity: Identity,
    /// The id of a session that never exists, which probes read.
    probe_key: String,
    batch_threshold: Option<usize>,
    tracking: Option<TrackingOptions>,
    hash_ids: Option<HashIdsOptions>,
    kept: Option<Kept>,
}

impl<L: Layout> Parts<L> {
    fn build(
        self,
        connection: ConnectionOptions,
        mut callbacks: Callbacks,
        completions: Arc<Completions>,
    ) -> Result<(Backend, SessionStore<Coded<L>>), InvalidOption> {
        let codecs = Arc::new(CodecOptions::codecs(self.codecs)?);
        let layout = Coded::new(self.layout, Arc::clone(&codecs), self.name.base());
        let through_client = Arc::new(AtomicBool::new(false));
        let keeper = callbacks.keeper();
        let environment = environment::copies(callbacks.environment.take());
        let source = JsSettings::new(
            connection,
            callbacks,
            Arc::clone(&through_client),
            Arc::clone(&environment),
        )?;
        let hash_key = layout.hash_key().to_owned();
        let keyed = KeyedTable {
            name: self.name.clone(),
            hash_key: hash_key.clone(),
        };
        let context = StoreContext {
            table: keyed.clone(),
            observer: Arc::clone(&completions) as Arc<dyn Observer>,
            listener: Some(completions),
            keeper,
            probe: Probe {
                key: layout.key(&self.probe_key),
                consistent: self.consistent_read,
            },
        };
        let dynamo = SdkDynamo::for_store(source, Arc::clone(&SHARED), context);
        let locator = dynamo.locator();
        let table = Table::new(
            Arc::new(dynamo.clone()),
            self.name.clone(),
            &hash_key,
            self.billing,
            self.time_to_live.as_deref(),
        )
        .with_settings(self.new);
        let queue = QUEUES.of(&self.name);
        let schedule = Schedule::new(queue, Arc::new(dynamo.clone()), keyed, self.batch_threshold);
        let sessions = SessionStore::new(schedule, layout, self.consistent_read);
        let mut sessions = sessions.with_identity(self.identity);
        if let Some(options) = &self.hash_ids {
            sessions = sessions.with_hashed_ids(options.hashed_ids()?);
        }
        if let Some(kept) = self.kept {
            sessions = sessions.with_kept(kept);
        }
        let backend = Backend {
            sessions: sessions.of_any_format(),
            expiring: None,
            table,
            dynamo,
            name: self.name,
            locator,
            codecs,
            through_client,
            environment,
            koa: None,
            index: None,
            session_indexes: Vec::new(),
        };
        Ok((backend, sessions))
    }
}

impl<L: ExpiringLayout> Parts<L> {
    fn build_expiring(
        mut self,
        connection: ConnectionOptions,
        mut callbacks: Callbacks,
        completions: Arc<Completions>,
    ) -> Result<Backend, InvalidOption> {
        let tracking = { self.tracking.take() }
            .map(|options| options.tracking(&self.layout, callbacks.index_values()))
            .transpose()?;
        let (backend, sessions) = self.build(connection, callbacks, completions)?;
        let Some(tracking) = tracking else {
            return Ok(Backend {
                expiring: Some(sessions.of_expiring_format()),
                ..backend
            });
        };
        let session_indexes = tracking.indexes().to_vec();
        let sessions = sessions.with_tracking(tracking);
        let expiring = sessions.of_expiring_format();
        let indexes = session_indexes
            .iter()
            .map(|index| expiring.table_index(index));
        Ok(Backend {
            table: backend.table.with_indexes(indexes),
            sessions: sessions.of_any_format(),
            expiring: Some(expiring),
            session_indexes,
            ..backend
        })
    }
}

/// Opens a store with the backend that `build` makes. The store reports outcomes, outages, warnings and events
/// by `notify`.
fn open(
    build: impl FnOnce(Arc<Completions>) -> Result<Backend, InvalidOption>,
    notify: Notify,
) -> Result<NativeStore, InvalidOption> {
    let completions = Arc::new(Completions::new(notify));
    let backend = build(Arc::clone(&completions))?;
    Ok(NativeStore::new(backend, completions))
}

/// Opens a store in connect-dynamodb's item format.
///
/// Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
#[napi]
pub fn open_connect_store(
    options: ConnectStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let build = |completions| {
        let layout = options.layout()?;
        let billing = options.billing()?;
        let parts = Parts {
            name: options.table()?,
            codecs: options.codecs,
            billing,
            new: new_table(options.create_table.as_ref(), billing)?,
            time_to_live: options
                .time_to_live
                .then(|| (*layout.expires_attribute()).to_owned()),
            consistent_read: options.consistent_read,
            identity: Identity::new(&options.identity_keys),
            probe_key: probe_key(&options.probe_key)?,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            tracking: options.tracking,
            hash_ids: options.hash_ids,
            kept: options.keeps_except.map(|except| Kept { except }),
            layout,
        };
        parts.build_expiring(connection, callbacks, completions)
    };
    wrap(open(build, notify))
}

/// Opens a store in koa-session-dynamodb-store's item format.
///
/// Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
#[napi]
pub fn open_koa_store(
    options: KoaStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let build = |completions| {
        let layout = options.layout()?;
        let billing = options.billing()?;
        let parts = Parts {
            name: options.table()?,
            codecs: options.codecs,
            billing,
            new: new_table(options.create_table.as_ref(), billing)?,
            // `lib/koa.table.js` turns it on once it has seen the table, see `write_expires_to`.
            time_to_live: None,
            consistent_read: options.consistent_read,
            identity: Identity::new(&options.identity_keys),
            probe_key: probe_key(&options.probe_key)?,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            tracking: options.tracking,
            hash_ids: options.hash_ids,
            kept: options.keeps_except.map(|except| Kept { except }),
            layout: layout.clone(),
        };
        Ok::<_, InvalidOption>(Backend {
            koa: Some(layout),
            ..parts.build_expiring(connection, callbacks, completions)?
        })
    };
    wrap(open(build, notify))
}

/// Opens a store in the item format of Shopify's session storage.
///
/// Returns a failure with the code `ERR_INVALID_ARG_VALUE` if an option is invalid.
#[napi]
pub fn open_shopify_store(
    options: ShopifyStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
    #[napi(ts_arg_type = "() => void")] notify: Notify,
) -> Outcome<NativeStore> {
    let build = |completions| {
        let layout = options.layout()?;
        let index = Index {
            name: options.index()?,
            attribute: shopify::SHOP.to_owned(),
        };
        let billing = options.billing()?;
        let parts = Parts {
            name: options.table()?,
            codecs: options.codecs,
            billing,
            new: new_table(options.create_table.as_ref(), billing)?,
            time_to_live: layout.time_to_live().map(str::to_owned),
            consistent_read: options.consistent_read,
            // The store does not merge changes in this format.
            identity: Identity::default(),
            probe_key: probe_key(&options.probe_key)?,
            batch_threshold: batch_threshold(options.batch, options.batch_threshold)?,
            tracking: None,
            hash_ids: None,
            kept: None,
            layout,
        };
        let (backend, _) = parts.build(connection, callbacks, completions)?;
        Ok::<_, InvalidOption>(Backend {
            table: backend.table.with_index(index.clone()),
            index: Some(index),
            ..backend
        })
    };
    wrap(open(build, notify))
}
