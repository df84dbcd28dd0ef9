//! Converts the plain option objects of stores into the core's types. `lib/` has already checked their JavaScript
//! types, and has set the defaults of the package that the store replaces.

use napi_derive::napi;

use super::codecs::{CodecOptions, HashIdsOptions};
use super::creation::CreateTableOptions;
use super::tracking::TrackingOptions;
use crate::core::error::InvalidOption;
use crate::core::layout::{ConnectLayout, KoaLayout, ShopifyLayout};
use crate::core::options::{Billing, IndexName, TableName, capacity_units, count, text};
use crate::core::table::NewTable;

/// The options of a store in connect-dynamodb's item format.
#[napi(object, object_to_js = false)]
pub struct ConnectStoreOptions {
    pub table: String,
    pub hash_key: String,
    pub prefix: String,
    pub special_keys: Vec<SpecialKeyOption>,
    pub skip_throw_missing_special_keys: bool,
    pub consistent_read: bool,
    /// The keys of a session that name its user, each as a path such as `account.id`.
    pub identity_keys: Vec<String>,
    /// The id of a session that never exists, which probes read during an outage.
    pub probe_key: String,
    /// `true`: merge operations under load.
    pub batch: bool,
    /// Merging starts when more than this many operations are pending.
    pub batch_threshold: f64,
    pub pay_per_request: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    pub time_to_live: bool,
    /// Settings of the table, if the store creates it.
    pub create_table: Option<CreateTableOptions>,
    /// Set if the store keeps the beginning of its sessions, or has indexes.
    pub tracking: Option<TrackingOptions>,
    pub codecs: Option<CodecOptions>,
    /// Set if hashes stand in the table in place of ids.
    pub hash_ids: Option<HashIdsOptions>,
    /// Set if saves of sessions that were read keep the attributes that the store does not know, except these.
    pub keeps_except: Option<Vec<String>>,
}

/// A session key whose value is also stored in an attribute of its own.
#[napi(object, object_to_js = false)]
pub struct SpecialKeyOption {
    pub name: String,
    /// `S`, `N` or `B`.
    #[napi(js_name = "type")]
    pub kind: String,
}

impl ConnectStoreOptions {
    pub fn table(&self) -> Result<TableName, InvalidOption> {
        TableName::new("table", &self.table)
    }

    pub fn layout(&self) -> Result<ConnectLayout, InvalidOption> {
        let special_keys: Vec<_> = self
            .special_keys
            .iter()
            .map(|key| (key.name.clone(), key.kind.clone()))
            .collect();
        ConnectLayout::new(
            &self.hash_key,
            &self.prefix,
            &special_keys,
            self.skip_throw_missing_special_keys,
        )
    }

    pub fn billing(&self) -> Result<Billing, InvalidOption> {
        // With `payPerRequest`, the documentation of connect-dynamodb sets the capacities to 0, which
        // would be refused below.
        if self.pay_per_request {
            return Ok(Billing::OnDemand);
        }
        Billing::provisioned(
            ("readCapacityUnits", self.read_capacity_units),
            ("writeCapacityUnits", self.write_capacity_units),
        )
    }
}

/// The options of a store in koa-session-dynamodb-store's item format: the properties of its option
/// `table`.
#[napi(object, object_to_js = false)]
pub struct KoaStoreOptions {
    pub name: String,
    pub hash_key: String,
    pub ttl_key: String,
    pub consistent_read: bool,
    /// The keys of a session that name its user, each as a path such as `account.id`.
    pub identity_keys: Vec<String>,
    /// The id of a session that never exists, which probes read during an outage.
    pub probe_key: String,
    /// `true`: merge operations under load.
    pub batch: bool,
    /// Merging starts when more than this many operations are pending.
    pub batch_threshold: f64,
    pub pay_per_request: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    /// Settings of the table, if the store creates it.
    pub create_table: Option<CreateTableOptions>,
    /// Set if the store keeps the beginning of its sessions, or has indexes.
    pub tracking: Option<TrackingOptions>,
    pub codecs: Option<CodecOptions>,
    /// Set if hashes stand in the table in place of ids.
    pub hash_ids: Option<HashIdsOptions>,
    /// Set if saves of sessions that were read keep the attributes that the store does not know, except these.
    pub keeps_except: Option<Vec<String>>,
}

impl KoaStoreOptions {
    pub fn table(&self) -> Result<TableName, InvalidOption> {
        TableName::new("table.name", &self.name)
    }

    pub fn layout(&self) -> Result<KoaLayout, InvalidOption> {
        KoaLayout::new(&self.hash_key, &self.ttl_key)
    }

    pub fn billing(&self) -> Result<Billing, InvalidOption> {
        if self.pay_per_request {
            return Ok(Billing::OnDemand);
        }
        Billing::provisioned(
            ("table.readCapacityUnits", self.read_capacity_units),
            ("table.writeCapacityUnits", self.write_capacity_units),
        )
    }
}

/// The options of a store in Shopify's item format.
#[napi(object, object_to_js = false)]
pub struct ShopifyStoreOptions {
    pub session_table_name: String,
    pub shop_index_name: String,
    /// The attribute for DynamoDB's time to live.
    pub expires_ttl: Option<String>,
    pub consistent_read: bool,
    /// The id of a session that never exists, which probes read during an outage.
    pub probe_key: String,
    /// `true`: merge operations under load.
    pub batch: bool,
    /// Merging starts when more than this many operations are pending.
    pub batch_threshold: f64,
    /// Capacity units of the table, if the store creates it. If neither is set, the table is on demand.
    pub read_capacity_units: Option<f64>,
    pub write_capacity_units: Option<f64>,
    /// Settings of the table, if the store creates it.
    pub create_table: Option<CreateTableOptions>,
    pub codecs: Option<CodecOptions>,
}

impl ShopifyStoreOptions {
    pub fn table(&self) -> Result<TableName, InvalidOption> {
        TableName::new("sessionTableName", &self.session_table_name)
    }

    /// The index's name. Its rules are those of a table's name.
    pub fn index(&self) -> Result<String, InvalidOption> {
        IndexName::new("shopIndexName", &self.shop_index_name).map(IndexName::into)
    }

    pub fn layout(&self) -> Result<ShopifyLayout, InvalidOption> {
        ShopifyLayout::new(self.expires_ttl.as_deref())
    }

    pub fn billing(&self) -> Result<Billing, InvalidOption> {
        match (self.read_capacity_units, self.write_capacity_units) {
            (None, None) => Ok(Billing::OnDemand),
            // If only one is set, the other is 1, as in the README of Shopify's package.
            (read, write) => Billing::provisioned(
                ("readCapacityUnits", read.unwrap_or(1.0)),
                ("writeCapacityUnits", write.unwrap_or(1.0)),
            ),
        }
    }
}

/// The settings of a table that the store creates with the billing mode `billing`.
pub fn new_table(
    options: Option<&CreateTableOptions>,
    billing: Billing,
) -> Result<NewTable, InvalidOption> {
    options.map_or_else(
        || Ok(NewTable::default()),
        |options| options.new_table(billing),
    )
}

/// The id of a session that never exists.
pub fn probe_key(key: &str) -> Result<String, InvalidOption> {
    text("probeKey", key.to_owned())
}

/// `None`: operations are never merged. Otherwise merging starts when more than this many operations are
/// pending.
pub fn batch_threshold(batch: bool, threshold: f64) -> Result<Option<usize>, InvalidOption> {
    let threshold = count("batchThreshold", threshold, "operations")?;
    Ok(batch.then_some(threshold))
}

/// Checks capacity units; `None` leaves them as they are.
pub fn capacity(option: &str, units: Option<f64>) -> Result<Option<i64>, InvalidOption> {
    units.map(|units| capacity_units(option, units)).transpose()
}
