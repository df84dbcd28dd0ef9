//! What the stores of a process share: connections where they go the same way, outages where they
//! go to the same address. Whatever no store uses any more is let go of.

use std::env;
use std::ffi::OsString;
use std::sync::Arc;

use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::OnceCell;

use super::connection::Connection;
use super::http;
use super::outage::Outage;
use super::registry::Registry;
use super::settings::Settings;
use super::trust::Bundle;

/// See the [module](self).
#[derive(Default)]
pub struct Shared {
    pools: Registry<(Settings, Option<Bundle>, Environment), HttpPool>,
    connections: Registry<(Settings, Environment), OnceCell<Connection>>,
    outages: Registry<Address, Outage>,
    retries: Registry<Address, TokenBucket>,
}

/// Connections that are kept and used again.
pub struct HttpPool {
    /// The client that uses them.
    pub client: SharedHttpClient,
}

/// Where DynamoDB is, as far as settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The endpoint, where one is set.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// Whether it is the dual-stack endpoint, and whether the FIPS endpoint.
    pub variants: (Option<bool>, Option<bool>),
}

impl Shared {
    /// The connection of stores with these settings, which the first of them opens.
    pub fn connection(&self, settings: &Settings) -> Arc<OnceCell<Connection>> {
        let key = (settings.clone(), environment());
        self.connections.of(key, OnceCell::new)
    }

    /// The connections to use with these settings and this CA bundle: whoever signs the requests can
    /// use the same.
    pub fn pool(&self, settings: &Settings, bundle: Option<Bundle>) -> Arc<HttpPool> {
        let (max_sockets, trust) = (settings.max_sockets, settings.trust);
        let key = Settings {
            max_sockets,
            trust,
            ..Settings::default()
        };
        self.pools
            .of((key, bundle.clone(), environment()), || HttpPool {
                client: http::client(max_sockets, trust, bundle),
            })
    }

    /// Lets go of what no store uses any more, with the settings that it was made of.
    pub fn sweep(&self) {
        self.pools.sweep();
        self.connections.sweep();
        self.outages.sweep();
        self.retries.sweep();
    }

    /// The outage of an address.
    pub fn outage(&self, address: Address) -> Arc<Outage> {
        self.outages.of(address, Outage::of_address)
    }

    /// What retries may cost at an address, all stores together.
    pub fn retries(&self, address: Address) -> Arc<TokenBucket> {
        self.retries.of(address, TokenBucket::default)
    }
}

/// The environment variables that decide how requests go.
type Environment = Vec<(OsString, OsString)>;

fn environment() -> Environment {
    let names = ["AWS_", "HOME", "NODE_EXTRA_CA_CERTS", "SSL_CERT_"];
    let mut found: Environment = env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            names.iter().any(|begin| name.starts_with(begin))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dynamo::settings::CredentialSource;
    use aws_credential_types::Credentials;
    use aws_credential_types::provider::SharedCredentialsProvider;

    fn fixed(id: &str) -> Settings {
        let credentials = Credentials::new(id, "secret", None, None, "test");
        Settings {
            credentials: Some(CredentialSource::Fixed(credentials)),
            ..Settings::default()
        }
    }

    #[test]
    fn the_same_settings_share_a_connection() {
        let shared = Shared::default();
        let connection = |settings: &Settings| shared.connection(settings);
        let (one, other) = (connection(&fixed("a")), connection(&fixed("a")));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&one, &connection(&fixed("b"))));
        let attempts = Settings {
            max_attempts: Some(1),
            ..fixed("a")
        };
        assert!(!Arc::ptr_eq(&one, &connection(&attempts)));
    }

    #[test]
    fn what_a_provider_asks_tells_whether_it_is_the_same() {
        let shared = Shared::default();
        let credentials = Credentials::new("a", "secret", None, None, "test");
        let provided = |origin: Option<&str>| Settings {
            credentials: Some(CredentialSource::Provided {
                provider: SharedCredentialsProvider::new(credentials.clone()),
                origin: origin.map(str::to_owned),
            }),
            ..Settings::default()
        };
        let is_shared = |one: Option<&str>, other: Option<&str>| {
            let (one, other) = (provided(one), provided(other));
            let (one, other) = (shared.connection(&one), shared.connection(&other));
            Arc::ptr_eq(&one, &other)
        };
        assert!(is_shared(Some("a"), Some("a")));
        assert!(!is_shared(Some("a"), Some("b")));
        assert!(!is_shared(None, None));
        let (one, other) = (
            shared.pool(&provided(None), None),
            shared.pool(&fixed("a"), None),
        );
        assert!(Arc::ptr_eq(&one, &other));
    }

    #[test]
    fn what_nobody_uses_is_let_go_of() {
        let shared = Shared::default();
        let connection = Arc::downgrade(&shared.connection(&fixed("a")));
        assert!(connection.upgrade().is_none());
        let _other = shared.connection(&fixed("b"));
        assert_eq!(shared.connections.len(), 1);
    }
}
