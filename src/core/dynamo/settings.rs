//! The settings for reaching DynamoDB, and the trait of their source.

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

/// The default limit of open connections. For the measurements, see "Connections" in `bench/README.md`.
pub const MAX_SOCKETS: usize = 128;

/// The default time limit of the credential source: nine tenths of an operation's time.
pub const CREDENTIALS_TIMEOUT: Duration = Duration::from_secs(9);

/// The settings for reaching DynamoDB. If a setting is `None`, the AWS environment decides: variables,
/// profiles, the container, the instance.
///
/// Equal settings share a connection. For credentials, see [`CredentialSource`].
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// The region. If the environment sets none either: `us-east-1`.
    pub region: Option<String>,
    /// The endpoint, if it is not AWS's own.
    pub endpoint: Option<Endpoint>,
    /// `true`: endpoints in the environment are ignored.
    pub ignore_configured_endpoints: bool,
    /// The source of the credentials.
    pub credentials: Option<CredentialSource>,
    /// The profile to read in the AWS configuration files.
    pub profile: Option<String>,
    /// The largest number of attempts for a request, with the first. By default 3, and throttled requests are sent
    /// again until the deadline of their calls.
    pub max_attempts: Option<u32>,
    /// Whether `max_attempts` is only a client's default, not the user's choice. Then it does not hold for
    /// throttled requests.
    pub default_attempts: bool,
    /// Whether to use the SDK's retry mode `adaptive`. Then the SDK sends every request. Both modes slow down
    /// if the table throttles.
    pub adaptive_retries: Option<bool>,
    /// The time limit of an attempt.
    pub request_timeout: Duration,
    /// The time limit for opening a connection.
    pub connect_timeout: Duration,
    /// The largest number of open connections to DynamoDB. [`MAX_SOCKETS`] by default.
    pub max_sockets: usize,
    /// Whether to use the dual-stack endpoint (IPv4 and IPv6).
    pub use_dual_stack: Option<bool>,
    /// Whether to use the FIPS endpoint.
    pub use_fips: Option<bool>,
    /// Whether to use the endpoint of the account in the credentials.
    pub account_id_endpoint_mode: Option<AccountIdEndpointMode>,
    /// A text to append to the `user-agent` of each request.
    pub user_agent: Option<String>,
    /// The application's name in the `user-agent`, `app/<name>`.
    pub app_id: Option<String>,
    /// The trusted certificate authorities.
    pub trust: Trust,
    /// The proxy of all requests.
    pub proxy: Option<Proxy>,
    /// Whether to use the proxies in the environment if `proxy` is `None`.
    pub follows_proxy_variables: bool,
    /// Whether calls fail at once during an outage, see [`super::outage`].
    pub breaker: bool,
}

/// Credentials, or their provider.
#[derive(Clone)]
pub enum CredentialSource {
    /// These credentials, for ever.
    Fixed(Credentials),
    /// The credentials of a provider.
    Provided {
        /// The provider.
        provider: SharedCredentialsProvider,
        /// The provider's own source. Providers with the same origin give the same credentials.
        origin: Option<String>,
    },
}

/// Without an origin, two providers cannot be compared, so they are never equal.
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

/// By hand: credentials must not print, whatever fields are added later.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

/// Provides the settings when the first request needs them.
#[async_trait]
pub trait ProvideSettings: Send + Sync + 'static {
    /// The settings. `None` if requests must go through the user's client. After a failure, the next request asks
    /// again.
    async fn settings(&self) -> Result<Option<Settings>>;

    /// The environment, for all that the settings leave open.
    fn environment(&self) -> Arc<Copies> {
        Arc::new(Copies::new(Arc::new(Nothing)))
    }

    /// Whether the next request must go through the user's client, whatever the settings.
    fn through_client(&self) -> bool {
        false
    }

    /// The user's client, if there is one.
    fn client(&self) -> Option<Arc<dyn UserClient>> {
        None
    }

    /// The largest number of calls of the user's client in flight. `None`: no limit.
    fn max_calls(&self) -> Option<usize> {
        None
    }

    /// The time that the credential source has before waiting calls fail.
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
