//! How to reach DynamoDB: what a user may set, and where settings come from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::endpoint_config::AccountIdEndpointMode;

use super::proxy::Proxy;
use super::trust::Trust;
use super::user_client::UserClient;
use super::variables::{Copies, Nothing};
use crate::core::error::Result;
use crate::core::options::Endpoint;

/// How many connections are open at a time, unless the settings say otherwise. Measured: see
/// "Connections" in `bench/README.md`.
pub const MAX_SOCKETS: usize = 128;

/// How long the source of credentials may take, unless somebody says otherwise: nine tenths of the time that
/// an operation has.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(9);

/// How to reach DynamoDB. What is not set, the AWS environment decides: variables, profile files,
/// container and instance roles.
///
/// Two are equal where requests go the same way with both: see [`CredentialSource`].
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The region. Where the environment has none either: `us-east-1`.
    pub region: Option<String>,
    /// Another address than AWS's own.
    pub endpoint: Option<Endpoint>,
    /// Whether the environment is not asked for another address.
    pub ignore_configured_endpoints: bool,
    /// Where credentials come from.
    pub credentials: Option<CredentialSource>,
    /// The profile to read in the AWS configuration files.
    pub profile: Option<String>,
    /// How often a request is sent at most, the first time included. The SDK's default is 3, except for
    /// requests that are throttled: these are sent again until the deadline of their calls.
    pub max_attempts: Option<u32>,
    /// Whether `max_attempts` is the default of a client and nobody's choice: then it holds for all but
    /// requests that are throttled.
    pub default_attempts: bool,
    /// The retry mode `adaptive`, in which the SDK makes every request. Either mode slows down for a table
    /// that throttles.
    pub adaptive_retries: Option<bool>,
    /// The time that one attempt may take.
    pub request_timeout: Duration,
    /// The time that a connection may take to open.
    pub connect_timeout: Duration,
    /// How many connections to DynamoDB may be open at a time. [`MAX_SOCKETS`] by default.
    pub max_sockets: usize,
    /// Whether to use the dual-stack endpoint (IPv4 and IPv6).
    pub use_dual_stack: Option<bool>,
    /// Whether to use the FIPS endpoint.
    pub use_fips: Option<bool>,
    /// Whether to use the endpoint of the account that the credentials name.
    pub account_id_endpoint_mode: Option<AccountIdEndpointMode>,
    /// What to add to the `user-agent` of each request.
    pub user_agent: Option<String>,
    /// The application's name in the `user-agent`, `app/<name>`.
    pub app_id: Option<String>,
    /// Which certificate authorities are trusted.
    pub trust: Trust,
    /// The proxy that all requests go through.
    pub proxy: Option<Proxy>,
    /// Whether to go through the proxies that the environment names, if the settings name none.
    pub follows_proxy_variables: bool,
    /// Whether calls fail at once during an outage, see [`super::outage`].
    pub breaker: bool,
}

/// Credentials, or who knows them.
#[derive(Clone)]
pub enum CredentialSource {
    /// Always these.
    Fixed(Credentials),
    /// Those that a provider gives.
    Provided {
        /// The provider.
        provider: SharedCredentialsProvider,
        /// What it asks in turn: providers that ask the same give the same.
        origin: Option<String>,
    },
}

/// A provider without an origin equals none, not even itself: what it gives is not known before it is
/// asked.
impl PartialEq for CredentialSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Fixed(one), Self::Fixed(other)) => one == other,
            (Self::Provided { origin: one, .. }, Self::Provided { origin: other, .. }) => {
                one.is_some() && one == other
            }
            _ => false,
        }
    }
}

impl CredentialSource {
    /// The provider that the SDK asks.
    pub fn provider(&self) -> SharedCredentialsProvider {
        match self {
            Self::Fixed(credentials) => SharedCredentialsProvider::new(credentials.clone()),
            Self::Provided { provider, .. } => provider.clone(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: None,
            endpoint: None,
            ignore_configured_endpoints: false,
            credentials: None,
            profile: None,
            max_attempts: None,
            default_attempts: false,
            adaptive_retries: None,
            request_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(1),
            max_sockets: MAX_SOCKETS,
            use_dual_stack: None,
            use_fips: None,
            account_id_endpoint_mode: None,
            user_agent: None,
            app_id: None,
            trust: Trust::default(),
            proxy: None,
            follows_proxy_variables: false,
            breaker: true,
        }
    }
}

/// By hand: whatever else is added to the settings, credentials must not print.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Where settings come from when the first request needs them.
#[async_trait]
pub trait ProvideSettings: Send + Sync + 'static {
    /// The settings; `None` where requests have to go through the user's client. After a failure,
    /// the next request asks again.
    async fn settings(&self) -> Result<Option<Settings>>;

    /// The environment, which says what the settings do not.
    fn environment(&self) -> Arc<Copies> {
        Arc::new(Copies::new(Arc::new(Nothing)))
    }

    /// Whether the next request has to go through the user's client, whatever the settings.
    fn through_client(&self) -> bool {
        false
    }

    /// The user's client, where there is one.
    fn client(&self) -> Option<Arc<dyn UserClient>> {
        None
    }

    /// How many calls of the user's client may be in flight; `None` where that is its own business.
    fn max_calls(&self) -> Option<usize> {
        None
    }

    /// How long the source of credentials may take before calls that wait for it fail.
    fn credentials_timeout(&self) -> Duration {
        CREDENTIALS_TIMEOUT
    }

    /// Whether calls of the user's client fail at once during an outage.
    fn breaker(&self) -> bool {
        true
    }
}

#[async_trait]
impl ProvideSettings for Settings {
    async fn settings(&self) -> Result<Option<Settings>> {
        Ok(Some(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_do_not_print_credentials() {
        let settings = Settings {
            credentials: Some(CredentialSource::Fixed(Credentials::new(
                "AKIDEXAMPLE",
                "SECRETEXAMPLE",
                None,
                None,
                "test",
            ))),
            ..Settings::default()
        };
        let printed = format!("{settings:?}");
        assert!(!printed.contains("EXAMPLE"), "{printed}");
    }
}
