//! Credentials of a profile that was named, in the options or by `AWS_PROFILE`.
//!
//! A profile that was named comes before keys in the environment, as in the AWS SDK for JavaScript
//! v3: else sessions could land in another account than the one that was asked for. The default
//! chain of the SDK for Rust asks the environment first.

use std::env;
use std::fmt;

use aws_config::Region;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// The credentials of the profile that was named; `None` where none was.
///
/// One that stands in the options gives credentials or an error. One that the environment names may
/// have none: then containers and instances are asked, as in the default chain.
pub fn credentials(
    named: Option<&str>,
    http: &SharedHttpClient,
    region: &Region,
) -> Option<SharedCredentialsProvider> {
    let from_environment = || env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let name = named.map(str::to_owned).or_else(from_environment)?;
    let config = ProviderConfig::default()
        .with_http_client(http.clone())
        .with_region(Some(region.clone()));
    let profile = Profile {
        provider: ProfileFileCredentialsProvider::builder()
            .profile_name(&name)
            .configure(&config)
            .build(),
        name,
    };
    if named.is_some() {
        return Some(SharedCredentialsProvider::new(profile));
    }
    let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&config);
    let container = EcsCredentialsProvider::builder().configure(&config);
    let instance = ImdsCredentialsProvider::builder().configure(&config);
    let chain = CredentialsProviderChain::first_try("Profile", profile)
        .or_else("WebIdentityToken", web_identity.build())
        .or_else("EcsContainer", container.build())
        .or_else("Ec2InstanceMetadata", instance.build());
    Some(SharedCredentialsProvider::new(chain))
}

/// A profile, whose name is in its errors.
struct Profile {
    name: String,
    provider: ProfileFileCredentialsProvider,
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
        future::ProvideCredentials::new(async {
            self.provider
                .provide_credentials()
                .await
                .map_err(|error| self.named(error))
        })
    }
}

impl Profile {
    fn named(&self, error: CredentialsError) -> CredentialsError {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        let reason = source.unwrap_or_else(|| error.to_string());
        let message = format!("profile \"{}\": {reason}", self.name);
        match error {
            CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(message),
            _ => CredentialsError::invalid_configuration(message),
        }
    }
}
