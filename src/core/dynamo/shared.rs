//! Shares connections, HTTP clients, outages and retry tokens between the stores of a process. Entries
//! without users are dropped.

use std::sync::Arc;

use aws_smithy_runtime::client::retries::TokenBucket;
use tokio::sync::OnceCell;

use super::connection::Connection;
use super::http::Http;
use super::outage::Outage;
use super::proxy::Proxies;
use super::registry::Registry;
use super::settings::Settings;
use super::trust::Authorities;
use super::variables::Variables;

/// See the [module](self).
#[derive(Default)]
pub struct Shared {
    pools: Registry<(usize, Authorities, Proxies), Http>,
    connections: Registry<ConnectionKey, OnceCell<Connection>>,
    outages: Registry<(Address, Proxies), Outage>,
    retries: Registry<(Address, Proxies), TokenBucket>,
}

/// Stores with equal keys share a connection.
#[derive(PartialEq)]
struct ConnectionKey {
    settings: Settings,
    variables: Variables,
    /// If credentials come from the environment: its number. Credentials are needed again later, and by then
    /// another thread or sandbox may have other variables.
    environment: Option<u32>,
}

/// The address of DynamoDB, as the settings describe it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The endpoint, if one is set.
    pub endpoint: Option<String>,
    /// The region.
    pub region: String,
    /// Whether to use the dual-stack endpoint, and whether to use the FIPS endpoint.
    pub variants: (Option<bool>, Option<bool>),
}

impl Shared {
    /// The connection of stores with these settings and variables. The first of them opens it. `environment` is the
    /// number of the environment with these variables.
    pub fn connection(
        &self,
        settings: &Settings,
        variables: &Variables,
        environment: u32,
    ) -> Arc<OnceCell<Connection>> {
        let key = ConnectionKey {
            settings: settings.clone(),
            variables: variables.clone(),
            environment: settings.credentials.is_none().then_some(environment),
        };
        self.connections.of(key, OnceCell::new)
    }

    /// The HTTP client with at most `max_sockets` connections to each host, these authorities and these proxies.
    /// Stores with different credentials can share it.
    pub fn http(
        &self,
        max_sockets: usize,
        authorities: Authorities,
        proxies: Proxies,
    ) -> Arc<Http> {
        let key = (max_sockets, authorities.clone(), proxies.clone());
        let make = || Http::new(max_sockets, authorities, proxies);
        self.pools.of(key, make)
    }

    /// Drops entries without users, with their settings.
    pub fn sweep(&self) {
        self.pools.sweep();
        self.connections.sweep();
        self.outages.sweep();
        self.retries.sweep();
    }

    /// The outage of an address behind these proxies. If a proxy fails, stores without this proxy have no outage.
    pub fn outage(&self, address: Address, proxies: Proxies) -> Arc<Outage> {
        self.outages.of((address, proxies), Outage::of_address)
    }

    /// The token bucket for retries of all stores with this address and these proxies.
    pub fn retries(&self, address: Address, proxies: Proxies) -> Arc<TokenBucket> {
        self.retries.of((address, proxies), TokenBucket::default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::dynamo::proxy::Proxy;
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

    fn of(shared: &Shared, settings: &Settings, number: u32) -> Arc<OnceCell<Connection>> {
        shared.connection(settings, &Variables::default(), number)
    }

    #[test]
    fn credentials_of_an_environment_are_shared_within_it() {
        let shared = Shared::default();
        let nobodys = Settings::default();
        let one = of(&shared, &nobodys, 1);
        assert!(Arc::ptr_eq(&one, &of(&shared, &nobodys, 1)));
        assert!(!Arc::ptr_eq(&one, &of(&shared, &nobodys, 2)));
        let given = fixed("a");
        let (one, other) = (of(&shared, &given, 1), of(&shared, &given, 2));
        assert!(Arc::ptr_eq(&one, &other));
        let region = ("AWS_REGION", "eu-west-1".to_owned());
        let variables = Variables::from_iter([region]);
        let elsewhere = shared.connection(&given, &variables, 1);
        assert!(!Arc::ptr_eq(&one, &elsewhere));
    }

    #[test]
    fn the_same_settings_share_a_connection() {
        let shared = Shared::default();
        let connection = |settings: &Settings| of(&shared, settings, 1);
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
            let (one, other) = (of(&shared, &one, 1), of(&shared, &other, 1));
            Arc::ptr_eq(&one, &other)
        };
        assert!(is_shared(Some("a"), Some("a")));
        assert!(!is_shared(Some("a"), Some("b")));
        assert!(!is_shared(None, None));
        let http = |proxies| shared.http(1, Authorities::default(), proxies);
        let direct = http(Proxies::default());
        assert!(Arc::ptr_eq(&direct, &http(Proxies::default())));
        let proxy = |url| Proxies::from(Proxy::new(url).unwrap());
        let one = http(proxy("http://user:a@proxy.test"));
        assert!(!Arc::ptr_eq(&one, &direct));
        assert!(!Arc::ptr_eq(&one, &http(proxy("http://user:b@proxy.test"))));
    }

    #[test]
    fn an_outage_is_known_by_its_address_and_the_proxies_to_it() {
        let shared = Shared::default();
        let outage = |proxies| {
            let address = Address {
                endpoint: None,
                region: "eu-west-1".to_owned(),
                variants: (None, None),
            };
            let retries = shared.retries(address.clone(), Proxies::clone(&proxies));
            (shared.outage(address, proxies), retries)
        };
        let proxy = |url| Proxies::from(Proxy::new(url).unwrap());
        let direct = outage(Proxies::default());
        let behind = outage(proxy("http://proxy.test"));
        for other in [&behind, &outage(proxy("http://other.test"))] {
            assert!(!Arc::ptr_eq(&direct.0, &other.0));
            assert!(!Arc::ptr_eq(&direct.1, &other.1));
        }
        let same = outage(proxy("http://proxy.test"));
        assert!(Arc::ptr_eq(&behind.0, &same.0) && Arc::ptr_eq(&behind.1, &same.1));
    }

    #[test]
    fn what_nobody_uses_is_let_go_of() {
        let shared = Shared::default();
        let connection = Arc::downgrade(&of(&shared, &fixed("a"), 1));
        assert!(connection.upgrade().is_none());
        let _other = of(&shared, &fixed("b"), 1);
        assert_eq!(shared.connections.len(), 1);
    }
}
