//! Converts plain option objects into the core's types. `lib/` has already checked their JavaScript
//! types, and has set the defaults of the package that the store replaces.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::endpoint_config::AccountIdEndpointMode;
use napi_derive::napi;

use super::codecs::{CodecOptions, HashIdsOptions};
use super::creation::CreateTableOptions;
use super::tracking::TrackingOptions;
use crate::core::dynamo::proxy::Proxy;
use crate::core::dynamo::settings::{CREDENTIALS_TIMEOUT, CredentialSource, Settings};
use crate::core::dynamo::trust::Trust;
use crate::core::error::InvalidOption;
use crate::core::layout::{ConnectLayout, KoaLayout, ShopifyLayout};
use crate::core::options::{
    Billing, Endpoint, IndexName, TableName, attempts, capacity_units, count, credential, duration,
    text,
};
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

/// How to reach DynamoDB. If a setting is missing, the AWS environment decides it.
#[napi(object, object_to_js = false)]
pub struct ConnectionOptions {
    /// The option that these settings were read from, for error messages: `dynamoConfig`, `client`, …
    pub origin: String,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// `true`: ignore endpoints in environment variables and AWS's configuration files.
    pub ignore_configured_endpoint_urls: Option<bool>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// The AWS account of the access key.
    pub account_id: Option<String>,
    /// Identifies the object that provides the credentials, if JavaScript provides them. Stores with the
    /// same object share connections.
    pub credentials_from: Option<String>,
    pub profile: Option<String>,
    pub max_attempts: Option<f64>,
    /// `true`: `maxAttempts` is the default of a client, and was not chosen by the user.
    pub default_attempts: Option<bool>,
    /// Milliseconds that one attempt may take.
    pub request_timeout: Option<f64>,
    /// Milliseconds that opening a connection may take.
    pub connect_timeout: Option<f64>,
    /// The largest number of open connections. If requests go through the user's client, the largest
    /// number of its calls in flight.
    pub max_sockets: Option<f64>,
    pub use_dualstack_endpoint: Option<bool>,
    pub use_fips_endpoint: Option<bool>,
    /// `standard` or `adaptive`.
    pub retry_mode: Option<String>,
    /// `preferred`, `required` or `disabled`.
    pub account_id_endpoint_mode: Option<String>,
    /// A text that is added to the `user-agent` of each request.
    pub user_agent: Option<String>,
    /// The application's name, which becomes `app/<name>` in the `user-agent`.
    pub user_agent_app_id: Option<String>,
    /// `true`: trust the certificate authorities of the system, too.
    pub use_system_ca: Option<bool>,
    /// The URL of a proxy for all requests.
    pub proxy: Option<String>,
    /// `true`: Node uses the proxies that environment variables name, so the addon does, too.
    pub use_env_proxy: Option<bool>,
    /// `true`: calls fail at once during an outage.
    pub breaker: Option<bool>,
    /// Milliseconds that a call waits for credentials before it fails.
    pub credentials_timeout: Option<f64>,
}

impl ConnectionOptions {
    /// The largest number of open connections, if it was set.
    pub fn max_sockets(&self) -> Result<Option<usize>, InvalidOption> {
        let number = |sockets| count("maxSockets", sockets, "connections");
        self.max_sockets.map(number).transpose()
    }

    /// How long a call waits for credentials before it fails.
    pub fn credentials_timeout(&self) -> Result<Duration, InvalidOption> {
        let timeout = self
            .credentials_timeout
            .map(|timeout| duration("credentialsTimeout", timeout));
        timeout.unwrap_or(Ok(CREDENTIALS_TIMEOUT))
    }

    pub fn settings(self) -> Result<Settings, InvalidOption> {
        let max_sockets = self.max_sockets()?;
        let name = |option: &str| format!("{}.{option}", self.origin);
        let texts = |option: &str, value: Option<String>| {
            value.map(|value| text(&name(option), value)).transpose()
        };
        let keys = |option: &str, value: Option<String>| {
            value
                .map(|value| credential(&name(option), value))
                .transpose()
        };
        let durations = |option: &str, value: Option<f64>| {
            value
                .map(|value| duration(&name(option), value))
                .transpose()
        };
        let defaults = Settings::default();
        let credentials = match (
            keys("accessKeyId", self.access_key_id)?,
            keys("secretAccessKey", self.secret_access_key)?,
        ) {
            (Some(id), Some(secret)) => {
                let token = keys("sessionToken", self.session_token)?;
                let origin = "dynamo-session-store options";
                let mut credentials = Credentials::builder()
                    .access_key_id(id)
                    .secret_access_key(secret)
                    .provider_name(origin);
                credentials.set_session_token(token);
                let account = texts("accountId", self.account_id)?;
                credentials.set_account_id(account.map(Into::into));
                Some(CredentialSource::Fixed(credentials.build()))
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(missing(name("secretAccessKey"), "accessKeyId"));
            }
            (None, Some(_)) => {
                return Err(missing(name("accessKeyId"), "secretAccessKey"));
            }
        };
        Ok(Settings {
            credentials,
            region: texts("region", self.region)?,
            endpoint: self
                .endpoint
                .map(|endpoint| Endpoint::new(&name("endpoint"), &endpoint))
                .transpose()?,
            ignore_configured_endpoints: self
                .ignore_configured_endpoint_urls
                .unwrap_or(defaults.ignore_configured_endpoints),
            profile: texts("profile", self.profile)?,
            max_attempts: self
                .max_attempts
                .map(|count| attempts(&name("maxAttempts"), count))
                .transpose()?,
            default_attempts: self.default_attempts.unwrap_or(defaults.default_attempts),
            request_timeout: durations("requestTimeout", self.request_timeout)?
                .unwrap_or(defaults.request_timeout),
            connect_timeout: durations("connectTimeout", self.connect_timeout)?
                .unwrap_or(defaults.connect_timeout),
            max_sockets: max_sockets.unwrap_or(defaults.max_sockets),
            use_dual_stack: self.use_dualstack_endpoint,
            use_fips: self.use_fips_endpoint,
            adaptive_retries: self
                .retry_mode
                .map(|mode| is_adaptive(&name("retryMode"), &mode))
                .transpose()?,
            account_id_endpoint_mode: self
                .account_id_endpoint_mode
                .map(|mode| account_id_endpoint_mode(&name("accountIdEndpointMode"), &mode))
                .transpose()?,
            user_agent: texts("customUserAgent", self.user_agent)?,
            // An empty name turns off the name that the environment sets.
            app_id: self.user_agent_app_id,
            trust: match self.use_system_ca {
                Some(true) => Trust::System,
                _ => Trust::Mozilla,
            },
            proxy: self
                .proxy
                .map(|url| proxy(&name("proxy"), &url))
                .transpose()?,
            follows_proxy_variables: self
                .use_env_proxy
                .unwrap_or(defaults.follows_proxy_variables),
            breaker: self.breaker.unwrap_or(defaults.breaker),
        })
    }
}

fn is_adaptive(option: &str, mode: &str) -> Result<bool, InvalidOption> {
    match mode {
        "adaptive" => Ok(true),
        // `legacy` exists in aws-sdk v2 and in profile files.
        "standard" | "legacy" => Ok(false),
        _ => {
            let rule = "must be \"standard\" or \"adaptive\"";
            Err(InvalidOption::new(option, rule))
        }
    }
}

fn proxy(option: &str, url: &str) -> Result<Proxy, InvalidOption> {
    Proxy::new(url).map_err(|rule| InvalidOption::new(option, rule))
}

fn account_id_endpoint_mode(
    option: &str,
    mode: &str,
) -> Result<AccountIdEndpointMode, InvalidOption> {
    mode.parse().map_err(|_| {
        let rule = "must be \"preferred\", \"required\" or \"disabled\"";
        InvalidOption::new(option, rule)
    })
}

fn missing(option: String, other: &str) -> InvalidOption {
    InvalidOption::new(option, format!("is needed with {other}"))
}
