//! Plain option objects, turned into the core's types. `lib/` has seen to their JavaScript types
//! and filled in the defaults of the package that the store stands in for.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_types::endpoint_config::AccountIdEndpointMode;
use napi_derive::napi;

use super::creation::CreateTableOptions;
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
    /// The keys of a session that say whose it is, each as a path.
    pub identity_keys: Vec<String>,
    /// The id of a session that never exists, which probes read during an outage.
    pub probe_key: String,
    /// Whether operations are merged under load.
    pub batch: bool,
    /// How many of them are in flight or wait before any are merged.
    pub batch_threshold: f64,
    pub pay_per_request: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    pub time_to_live: bool,
    /// What a table gets that the store creates.
    pub create_table: Option<CreateTableOptions>,
}

/// A session key that is stored in an attribute of its own as well.
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
        // On demand, connect-dynamodb's documentation sets the capacities to 0.
        if self.pay_per_request {
            return Ok(Billing::OnDemand);
        }
        Billing::provisioned(
            ("readCapacityUnits", self.read_capacity_units),
            ("writeCapacityUnits", self.write_capacity_units),
        )
    }
}

/// The options of a store in koa-session-dynamodb-store's item format: those of its `table`.
#[napi(object, object_to_js = false)]
pub struct KoaStoreOptions {
    pub name: String,
    pub hash_key: String,
    pub ttl_key: String,
    pub consistent_read: bool,
    /// The keys of a session that say whose it is, each as a path.
    pub identity_keys: Vec<String>,
    /// The id of a session that never exists, which probes read during an outage.
    pub probe_key: String,
    /// Whether operations are merged under load.
    pub batch: bool,
    /// How many of them are in flight or wait before any are merged.
    pub batch_threshold: f64,
    pub pay_per_request: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
    /// What a table gets that the store creates.
    pub create_table: Option<CreateTableOptions>,
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
    /// Whether operations are merged under load.
    pub batch: bool,
    /// How many of them are in flight or wait before any are merged.
    pub batch_threshold: f64,
    /// Of a table that is created; on demand where neither is given.
    pub read_capacity_units: Option<f64>,
    pub write_capacity_units: Option<f64>,
    /// What a table gets that the store creates.
    pub create_table: Option<CreateTableOptions>,
}

impl ShopifyStoreOptions {
    pub fn table(&self) -> Result<TableName, InvalidOption> {
        TableName::new("sessionTableName", &self.session_table_name)
    }

    /// An index's name follows the rules of a table's.
    pub fn index(&self) -> Result<String, InvalidOption> {
        IndexName::new("shopIndexName", &self.shop_index_name).map(IndexName::into)
    }

    pub fn layout(&self) -> Result<ShopifyLayout, InvalidOption> {
        ShopifyLayout::new(self.expires_ttl.as_deref())
    }

    pub fn billing(&self) -> Result<Billing, InvalidOption> {
        match (self.read_capacity_units, self.write_capacity_units) {
            (None, None) => Ok(Billing::OnDemand),
            // The schema in the README of Shopify's package has one of each.
            (read, write) => Billing::provisioned(
                ("readCapacityUnits", read.unwrap_or(1.0)),
                ("writeCapacityUnits", write.unwrap_or(1.0)),
            ),
        }
    }
}

/// What a table gets that is created, and paid for as `billing` says.
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

/// How many operations are in flight or wait before any are merged; `None` where they never are.
pub fn batch_threshold(batch: bool, threshold: f64) -> Result<Option<usize>, InvalidOption> {
    let threshold = count("batchThreshold", threshold, "operations")?;
    Ok(batch.then_some(threshold))
}

/// Capacity units that may be left as they are.
pub fn capacity(option: &str, units: Option<f64>) -> Result<Option<i64>, InvalidOption> {
    units.map(|units| capacity_units(option, units)).transpose()
}

/// How to reach DynamoDB. What is missing, the AWS environment decides.
#[napi(object, object_to_js = false)]
pub struct ConnectionOptions {
    /// The option that these were read from, for error messages: `dynamoConfig`, `client`, …
    pub origin: String,
    pub region: Option<String>,
    pub endpoint: Option<String>,
    /// Whether the AWS environment is not asked for another endpoint.
    pub ignore_configured_endpoint_urls: Option<bool>,
    pub access_key_id: Option<String>,
    pub secret_access_key: Option<String>,
    pub session_token: Option<String>,
    /// The account that the keys are of.
    pub account_id: Option<String>,
    /// By what name the process knows the object that gives the credentials, where something does.
    pub credentials_from: Option<String>,
    pub profile: Option<String>,
    pub max_attempts: Option<f64>,
    /// Whether `maxAttempts` is the default of a client, which nobody has chosen.
    pub default_attempts: Option<bool>,
    /// Milliseconds for one attempt.
    pub request_timeout: Option<f64>,
    /// Milliseconds for opening a connection.
    pub connect_timeout: Option<f64>,
    /// How many connections may be open at a time. Through the user's client: how many calls of it
    /// may be in flight.
    pub max_sockets: Option<f64>,
    pub use_dualstack_endpoint: Option<bool>,
    pub use_fips_endpoint: Option<bool>,
    /// `standard` or `adaptive`.
    pub retry_mode: Option<String>,
    /// `preferred`, `required` or `disabled`.
    pub account_id_endpoint_mode: Option<String>,
    /// What to add to the `user-agent` of each request.
    pub user_agent: Option<String>,
    /// The application's name in the `user-agent`, `app/<name>`.
    pub user_agent_app_id: Option<String>,
    /// Whether the certificate authorities of the system are trusted too.
    pub use_system_ca: Option<bool>,
    /// The URL of the proxy that all requests go through.
    pub proxy: Option<String>,
    /// Whether Node follows the variables that name proxies.
    pub use_env_proxy: Option<bool>,
    /// Whether calls fail at once during an outage.
    pub breaker: Option<bool>,
    /// Milliseconds that the source of credentials may take before calls that wait for it fail.
    pub credentials_timeout: Option<f64>,
}

impl ConnectionOptions {
    /// How many connections may be open at a time, where anybody has said so.
    pub fn max_sockets(&self) -> Result<Option<usize>, InvalidOption> {
        let number = |sockets| count("maxSockets", sockets, "connections");
        self.max_sockets.map(number).transpose()
    }

    /// How long the source of credentials may take.
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
            // An empty name is none, whatever the environment says.
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
        // aws-sdk v2 and the oldest profile files have `legacy`.
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
