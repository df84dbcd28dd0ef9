//! Environment variables, as a copy that JavaScript gives.
//!
//! No thread but the one of JavaScript may read the environment of the process: the C library moves it
//! whenever a variable is assigned, and ends the process if another thread is reading. The environment
//! of a worker thread or of a test's sandbox is known to JavaScript only.
//!
//! The SDK's own sources of credentials and regions read the environment of the process, so that none
//! of them can be used. The rest of the SDK is kept from reading it by [`super::interceptors`], or reads
//! it once while the addon is loaded, see [`read_early`].

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use aws_credential_types::provider;
use aws_sdk_dynamodb::config::endpoint::DefaultResolver;
use aws_types::os_shim_internal::Env;

use crate::core::lock::locked;

/// How long JavaScript may take to answer. If its event loop is busy for longer, the last copy is used.
const PATIENCE: Duration = Duration::from_secs(1);

/// The variables that are copied: all that are read anywhere.
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

/// A copy of the environment variables in [`NAMES`]. A clone is the same copy.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Arc<HashMap<&'static str, String>>);

impl Variables {
    /// The values of [`NAMES`], in their order; `None` where one is not set.
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

    /// The same for those parts of the SDK that take an environment of one's own.
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

/// By hand: there are keys among the values.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// The program around the core, which is JavaScript.
#[async_trait]
pub trait Surroundings: Send + Sync + 'static {
    /// The environment variables at this moment; `None` if JavaScript cannot be asked any more.
    async fn variables(&self) -> Option<Variables>;

    /// The credentials that a program prints, which the `credential_process` of a profile names. The
    /// program inherits the whole environment.
    async fn run(&self, command: &str) -> provider::Result;

    /// By what number the process knows this environment: one thread, or one sandbox of a test, has
    /// another environment than the next.
    fn number(&self) -> u32;
}

/// Surroundings without any variable.
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

/// The copies of an environment over time. Each is a fresh one, except that one may be given beforehand.
pub struct Copies {
    surroundings: Arc<dyn Surroundings>,
    patience: Duration,
    last: Mutex<Last>,
}

/// The last copy.
#[derive(Default)]
struct Last {
    variables: Variables,
    /// Whether it was given, and the next call is to get it.
    is_next: bool,
}

impl Copies {
    /// Will ask these surroundings.
    pub fn new(surroundings: Arc<dyn Surroundings>) -> Self {
        Self {
            surroundings,
            patience: PATIENCE,
            last: Mutex::default(),
        }
    }

    /// The program that is asked.
    pub fn surroundings(&self) -> &Arc<dyn Surroundings> {
        &self.surroundings
    }

    /// The next call of `variables` gets this copy.
    pub fn give(&self, variables: Variables) {
        *self.last() = Last {
            variables,
            is_next: true,
        };
    }

    /// The variables.
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

/// Makes each library that reads the environment once in a process read it now. To be called while the addon is
/// loaded: JavaScript must not run meanwhile, because it may assign variables.
pub fn read_early() {
    // The SDK looks for a variable that names another file of its partitions.
    let _ = DefaultResolver::new();
    // The GNU C library looks for two when it resolves the first host name. It asks no server for an empty
    // name.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let _ = std::net::ToSocketAddrs::to_socket_addrs(&("", 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives another region whenever it is asked, and then none, or no answer at all.
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
