//! Environment variables, as a copy that JavaScript gives.
//!
//! Only JavaScript's thread may read the environment of the process. The C library moves the environment when a
//! variable is assigned, and if another thread reads it at this moment, the process crashes. Besides, only
//! JavaScript knows the environment of a worker thread or of a test's sandbox.
//!
//! The SDK's sources of credentials and regions read the environment of the process, so none of them is used.
//! [`super::interceptors`] keep the rest of the SDK from reading it. A few libraries read it once, while the
//! addon is loaded, see [`read_early`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider;
use aws_sdk_dynamodb::config::endpoint::DefaultResolver;
use aws_types::os_shim_internal::Env;

use crate::core::lock::locked;

/// The time that JavaScript has to answer. If its event loop is busy for longer, the last copy is used.
const PATIENCE: Duration = Duration::from_secs(1);

/// The copied variables: all variables that the core reads.
pub const NAMES: [&str; 49] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_ACCOUNT_ID",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_CA_BUNDLE",
    "AWS_CONFIG_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_DEFAULT_REGION",
    "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SSO",
    "AWS_ENDPOINT_URL_SSO_OIDC",
    "AWS_ENDPOINT_URL_STS",
    "AWS_EXECUTION_ENV",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_MAX_ATTEMPTS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_RETRY_MODE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_SDK_UA_APP_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "HOME",
    "HOMEDRIVE",
    "HOMEPATH",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NODE_EXTRA_CA_CERTS",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "USERPROFILE",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// A copy of the environment variables in [`NAMES`]. Clones share it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Arc<HashMap<&'static str, String>>);

impl Variables {
    /// Takes the values of [`NAMES`], in their order. `None`: the variable is not set.
    pub fn new(values: impl IntoIterator<Item = Option<String>>) -> Self {
        let named = NAMES.into_iter().zip(values);
        Self::from_iter(named.filter_map(|(name, value)| Some((name, value?))))
    }

    /// The value of a variable, which may be empty.
    pub fn even_empty(&self, name: &str) -> Option<&str> {
        debug_assert!(NAMES.contains(&name), "{name} is not copied");
        self.0.get(name).map(String::as_str)
    }

    /// The value of a variable. An empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.even_empty(name).filter(|value| !value.is_empty())
    }

    /// The same as an [`Env`], for the parts of the SDK that take one.
    pub fn env(&self) -> Env {
        let variables = self.0.iter();
        let owned = variables.map(|(name, value)| ((*name).to_owned(), value.clone()));
        Env::from(owned.collect::<HashMap<_, _>>())
    }
}

impl FromIterator<(&'static str, String)> for Variables {
    fn from_iter<I: IntoIterator<Item = (&'static str, String)>>(variables: I) -> Self {
        Self(Arc::new(variables.into_iter().collect()))
    }
}

/// By hand: some of the values are secret keys.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The JavaScript program around the core.
#[async_trait]
pub trait Surroundings: Send + Sync + 'static {
    /// The environment variables at this moment. `None` if JavaScript has ended.
    async fn variables(&self) -> Option<Variables>;

    /// Runs the `credential_process` of a profile, and returns the credentials that it prints. The program
    /// inherits the whole environment.
    async fn run(&self, command: &str) -> provider::Result;

    /// The number of this environment in the process. Each thread, and each sandbox of a test, has its own
    /// environment.
    fn number(&self) -> u32;
}

/// Surroundings without variables.
pub struct Nothing;

#[async_trait]
impl Surroundings for Nothing {
    async fn variables(&self) -> Option<Variables> {
        None
    }

    async fn run(&self, _command: &str) -> provider::Result {
        Err(provider::error::CredentialsError::not_loaded_no_source())
    }

    fn number(&self) -> u32 {
        0
    }
}

/// Copies an environment, anew each time. If [`Copies::give`] was called, its copy is used once.
pub struct Copies {
    surroundings: Arc<dyn Surroundings>,
    patience: Duration,
    last: Mutex<Last>,
}

/// The last copy.
#[derive(Default)]
struct Last {
    variables: Variables,
    /// Whether this copy was given, and not used yet.
    is_next: bool,
}

impl Copies {
    /// Copies the environment of these surroundings.
    pub fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            surroundings,
            patience: PATIENCE,
            last: Mutex::default(),
        }
    }

    /// The surroundings whose environment is copied.
    pub fn surroundings(&self) -> &Arc<dyn Surroundings> {
        &self.surroundings
    }

    /// Lets the next call of [`variables`](Self::variables) return this copy.
    pub fn give(&self, variables: Variables) {
        *self.last() = Last {
            variables,
            is_next: true,
        };
    }

    /// A fresh copy of the variables. If JavaScript does not answer, the last copy.
    pub async fn variables(&self) -> Variables {
        if let Some(given) = self.given() {
            return given;
        }
        let asked = tokio::time::timeout(self.patience, self.surroundings.variables());
        let fresh = asked.await.ok().flatten();
        let mut last = self.last();
        if let Some(fresh) = fresh {
            last.variables = fresh;
        }
        last.variables.clone()
    }

    fn given(&self) -> Option<Variables> {
        let mut last = self.last();
        std::mem::take(&mut last.is_next).then(|| last.variables.clone())
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        locked(&self.last)
    }
}

/// Makes each library read the environment now that reads it once in a process. Call this while the addon is
/// loaded: JavaScript must not run at the same time, because it may assign variables.
pub fn read_early() {
    // The SDK reads a variable that names another file of partitions.
    let _ = DefaultResolver::new();
    // The GNU C library reads two variables when it resolves the first host name. For an empty name, it asks no
    // server.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let _ = std::net::ToSocketAddrs::to_socket_addrs(&("", 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns another region the first two times. After that, returns nothing or hangs.
    struct Moving {
        count: Mutex<u32>,
        then_hangs: bool,
    }

    #[async_trait]
    impl Surroundings for Moving {
        async fn variables(&self) -> Option<Variables> {
            let count = {
                let mut count = self.count.lock().unwrap();
                *count += 1;
                *count
            };
            match self.then_hangs {
                _ if count < 3 => Some(in_region(&format!("region-{count}"))),
                true => std::future::pending().await,
                false => None,
            }
        }

        async fn run(&self, _command: &str) -> provider::Result {
            Nothing.run("").await
        }

        fn number(&self) -> u32 {
            1
        }
    }

    fn in_region(region: &str) -> Variables {
        Variables::from_iter([("AWS_REGION", region.to_owned())])
    }

    #[tokio::test]
    async fn each_copy_is_fresh_but_for_one_that_is_given_and_the_last_one_is_kept() {
        for then_hangs in [false, true] {
            let count = Mutex::new(0);
            let copies = Copies {
                patience: Duration::from_millis(100),
                ..Copies::new(Arc::new(Moving { count, then_hangs }))
            };
            copies.give(in_region("given"));
            for expected in ["given", "region-1", "region-2", "region-2"] {
                let variables = copies.variables().await;
                assert_eq!(variables.get("AWS_REGION"), Some(expected));
            }
        }
    }

    #[test]
    fn values_are_in_the_order_of_their_names_and_do_not_print() {
        assert!(NAMES.is_sorted());
        let values = NAMES.map(|name| Some(format!("value of {name}")));
        let variables = Variables::new(values);
        assert_eq!(variables.get("HOME"), Some("value of HOME"));
        assert!(!format!("{variables:?}").contains("value"));
        assert_eq!(Variables::new([None]), Variables::default());
    }
}
