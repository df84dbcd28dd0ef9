//! Where credentials come from if the options give none: the environment, a profile, the container,
//! the instance.
//!
//! The order is that of the AWS SDK for JavaScript v3. The default chain of the SDK for Rust has
//! another: it asks the environment before a profile that was named, so that sessions could land in
//! another account than the one that was asked for, and a profile's `credential_process` before its
//! keys.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use futures_util::FutureExt;

use super::environment::{Environment, selected_profile};
use super::redact::Secrets;

/// The credentials of the environment. `profile` is the one that stands in the options.
///
/// A profile in the options gives credentials or an error. One that `AWS_PROFILE` names may have none:
/// then containers and instances are asked. Keys in the environment count where no profile is named.
pub fn of_environment(profile: Option<&str>, config: &ProviderConfig) -> SharedCredentialsProvider {
    if let Some(name) = profile {
        return SharedCredentialsProvider::new(Profile::new(name, config));
    }
    let chain = match selected_profile() {
        Some(name) => CredentialsProviderChain::first_try("Profile", Profile::new(&name, config)),
        None => {
            let keys = EnvironmentVariableCredentialsProvider::new();
            CredentialsProviderChain::first_try("Environment", keys)
                .or_else("Profile", Profile::new("default", config))
        }
    };
    let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(config);
    let container = EcsCredentialsProvider::builder().configure(config);
    let instance = ImdsCredentialsProvider::builder().configure(config);
    let chain = chain
        .or_else("WebIdentityToken", web_identity.build())
        .or_else("EcsContainer", container.build())
        .or_else("Ec2InstanceMetadata", instance.build());
    SharedCredentialsProvider::new(chain)
}

/// A profile, whose name is in its errors.
struct Profile {
    name: String,
    config: ProviderConfig,
    provider: Mutex<Arc<ProfileFileCredentialsProvider>>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile").field("name", &self.name).finish()
    }
}

impl ProvideCredentials for Profile {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

impl Profile {
    fn new(name: &str, config: &ProviderConfig) -> Self {
        Self {
            name: name.to_owned(),
            config: config.clone(),
            provider: Mutex::new(provider(name, config)),
        }
    }

    async fn credentials(&self) -> provider::Result {
        let environment = Environment::load(Some(&self.name)).await;
        if let Some(keys) = environment.profile().and_then(keys) {
            return Ok(keys);
        }
        let provider = Arc::clone(&self.provider());
        let given = provider.provide_credentials().await;
        given.map_err(|error| {
            // The provider fails for ever, but the next look may find a file that was mended.
            *self.provider() = self::provider(&self.name, &self.config);
            self.explain(&error, &environment)
        })
    }

    fn provider(&self) -> std::sync::MutexGuard<'_, Arc<ProfileFileCredentialsProvider>> {
        self.provider.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The error with the name of the profile, and the innermost reason.
    fn explain(&self, error: &CredentialsError, environment: &Environment) -> CredentialsError {
        let name = &self.name;
        let reason = std::iter::successors(std::error::Error::source(error), |e| e.source())
            .last()
            .map_or_else(|| error.to_string(), ToString::to_string);
        // The words of the program that `credential_process` names: nobody knows what is in them.
        let reason = reason.split(" Stderr:").next().unwrap_or_default();
        match error {
            CredentialsError::CredentialsNotLoaded(_) => {
                CredentialsError::not_loaded(match environment.profile() {
                    Some(_) if reason.contains("not enabled") => {
                        format!("profile \"{name}\" has no credentials")
                    }
                    Some(_) => format!("profile \"{name}\": {reason}"),
                    None => format!(
                        "profile \"{name}\" is not in the AWS files \"config\" and \"credentials\""
                    ),
                })
            }
            _ => CredentialsError::invalid_configuration(format!("profile \"{name}\": {reason}")),
        }
    }
}

fn provider(name: &str, config: &ProviderConfig) -> Arc<ProfileFileCredentialsProvider> {
    let builder = ProfileFileCredentialsProvider::builder().profile_name(name);
    Arc::new(builder.configure(config).build())
}

/// The keys in a profile, which come before whatever else it names, except a role to assume.
fn keys(profile: &aws_config::profile::Profile) -> Option<Credentials> {
    let get = |key| profile.get(key).filter(|value| !value.is_empty());
    let is_role = get("role_arn").is_some()
        && (get("source_profile").is_some() || get("credential_source").is_some());
    if is_role {
        return None;
    }
    let mut keys = Credentials::builder()
        .access_key_id(get("aws_access_key_id")?)
        .secret_access_key(get("aws_secret_access_key")?)
        .provider_name("profile");
    keys.set_session_token(get("aws_session_token").map(str::to_owned));
    keys.set_account_id(get("aws_account_id").map(Into::into));
    Some(keys.build())
}

/// Credentials from any source, looked at before a request is signed with them: the SDK panics where
/// they fit into no header, such as those of a secret file that ends in a newline.
/// No error quotes them from then on.
#[derive(Debug)]
pub struct Checked {
    source: SharedCredentialsProvider,
    secrets: Secrets,
}

impl Checked {
    /// Checks what `source` gives, and tells `secrets` of it.
    pub fn new(source: SharedCredentialsProvider, secrets: Secrets) -> Self {
        Self { source, secrets }
    }
}

impl ProvideCredentials for Checked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            // A source that signs a request of its own panics there.
            let given = AssertUnwindSafe(self.source.provide_credentials()).catch_unwind();
            let credentials = given.await.unwrap_or_else(|_panic| Err(unusable()))?;
            self.secrets.learn(&credentials);
            let parts = [
                Some(credentials.access_key_id()),
                Some(credentials.secret_access_key()),
                credentials.session_token(),
            ];
            let is_usable = |part: &str| part.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            if parts.into_iter().flatten().all(is_usable) {
                Ok(credentials)
            } else {
                Err(unusable())
            }
        })
    }
}

fn unusable() -> CredentialsError {
    CredentialsError::invalid_configuration(
        "the credentials have a line break in them, or a character that no header can have",
    )
}
