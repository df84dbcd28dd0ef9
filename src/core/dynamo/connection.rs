//! Where DynamoDB is, and an SDK client that talks to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_http_client::Builder as HttpClientBuilder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::endpoint_config::AccountIdEndpointMode;
use ring::digest;

use super::fast::FastPath;
use super::host::CallClient;
use super::trust;
use crate::core::error::Result;
use crate::core::options::Endpoint;

/// The region where nothing names one, as in connect-dynamodb 2.x.
const DEFAULT_REGION: &str = "us-east-1";

/// The SDK's own first pause is a second, far too long for somebody who waits for a page.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// How to reach DynamoDB. What is not set, the AWS environment decides: variables, profile files,
/// container and instance roles.
#[derive(Clone)]
pub struct Settings {
    /// The region. Where the environment has none either: `us-east-1`.
    pub region: Option<String>,
    /// Another address than AWS's own.
    pub endpoint: Option<Endpoint>,
    /// Where credentials come from.
    pub credentials: Option<SharedCredentialsProvider>,
    /// The profile to read in the AWS configuration files.
    pub profile: Option<String>,
    /// How often a request is sent at most, the first time included. The SDK's default is 3.
    pub max_attempts: Option<u32>,
    /// Whether to slow down for a DynamoDB that throttles (`adaptive`), or not (`standard`).
    pub adaptive_retries: Option<bool>,
    /// The time that one attempt may take.
    pub request_timeout: Duration,
    /// The time that a connection may take to open.
    pub connect_timeout: Duration,
    /// Whether to use the dual-stack endpoint (IPv4 and IPv6).
    pub use_dual_stack: Option<bool>,
    /// Whether to use the FIPS endpoint.
    pub use_fips: Option<bool>,
    /// Whether to use the endpoint of the account that the credentials name.
    pub account_id_endpoint_mode: Option<AccountIdEndpointMode>,
    /// What to add to the `user-agent` of each request.
    pub user_agent: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: None,
            endpoint: None,
            credentials: None,
            profile: None,
            max_attempts: None,
            adaptive_retries: None,
            request_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(1),
            use_dual_stack: None,
            use_fips: None,
            account_id_endpoint_mode: None,
            user_agent: None,
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
    /// The settings; none where requests have to go through the user's client. After a failure,
    /// the next request asks again.
    async fn settings(&self) -> Result<Option<Settings>>;

    /// Whether the next request has to go through the user's client, whatever the settings.
    fn through_client(&self) -> bool {
        false
    }

    /// The user's client, where there is one.
    fn client(&self) -> Option<Arc<dyn CallClient>> {
        None
    }

    /// The certificate authorities that the program trusts of itself, in PEM.
    async fn root_certificates(&self) -> Vec<u8> {
        Vec::new()
    }
}

#[async_trait]
impl ProvideSettings for Settings {
    async fn settings(&self) -> Result<Option<Settings>> {
        Ok(Some(self.clone()))
    }
}

/// A connection to DynamoDB.
pub struct Connection {
    /// The SDK's client.
    pub client: Client,
    /// For the requests of session operations, where the client can be spared.
    pub fast: Option<FastPath>,
    /// The time that one attempt may take.
    pub request_timeout: Duration,
}

/// Connects with these settings. Nothing is sent yet, except what finding the region asks.
pub async fn connect(settings: Settings, source: &dyn ProvideSettings) -> Result<Connection> {
    let http = http_client(&settings, source).await?;
    let region = region(&settings, &http).await;
    let mut retries = match settings.adaptive_retries {
        Some(true) => RetryConfig::adaptive(),
        _ => RetryConfig::standard(),
    }
    .with_initial_backoff(FIRST_BACKOFF);
    if let Some(attempts) = settings.max_attempts {
        retries = retries.with_max_attempts(attempts);
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(settings.request_timeout)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(http.clone())
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new(env!("CARGO_PKG_NAME")) {
        loader = loader.app_name(name);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint.as_str());
    }
    if let Some(credentials) = settings.credentials.clone() {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(dual_stack) = settings.use_dual_stack {
        loader = loader.use_dual_stack(dual_stack);
    }
    if let Some(fips) = settings.use_fips {
        loader = loader.use_fips(fips);
    }
    if let Some(mode) = settings.account_id_endpoint_mode.clone() {
        loader = loader.account_id_endpoint_mode(mode);
    }
    let mut config = aws_sdk_dynamodb::config::Builder::from(&loader.load().await);
    config = config.interceptor(HashBody);
    if let Some(suffix) = &settings.user_agent {
        config = config.interceptor(UserAgent(suffix.clone()));
    }
    // Adaptive retries slow down requests before they are sent, each of which has to be counted.
    if settings.adaptive_retries == Some(true) {
        return Ok(Connection {
            client: Client::from_conf(config.build()),
            fast: None,
            request_timeout: settings.request_timeout,
        });
    }
    let fast = FastPath::new(config, http, &settings);
    Ok(Connection {
        client: fast.client().clone(),
        fast: Some(fast),
        request_timeout: settings.request_timeout,
    })
}

/// One without TLS where nothing needs it: reading the trusted certificates takes milliseconds.
async fn http_client(
    settings: &Settings,
    source: &dyn ProvideSettings,
) -> Result<SharedHttpClient> {
    let plain = settings.endpoint.as_ref().is_some_and(Endpoint::is_plain);
    // The chain that finds credentials may talk to other services.
    if plain && settings.credentials.is_some() {
        return Ok(HttpClientBuilder::new().build_http());
    }
    Ok(HttpClientBuilder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(trust::tls_context(source).await?)
        .build_https())
}

async fn region(settings: &Settings, http: &SharedHttpClient) -> Region {
    if let Some(region) = &settings.region {
        return Region::new(region.clone());
    }
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    let mut chain = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(profile.build());
    // For a DynamoDB of one's own, the instance metadata service would be asked in vain, and on a
    // machine without one that takes seconds.
    if settings.endpoint.is_none() {
        let provider = ProviderConfig::default().with_http_client(http.clone());
        chain = chain.or_else(ImdsRegionProvider::builder().configure(&provider).build());
    }
    let found = chain.region().await;
    found.unwrap_or_else(|| Region::from_static(DEFAULT_REGION))
}

/// Hashes the body for the signature. The signer would too, in portable code: where the processor
/// has no instructions for SHA-256, that was a sixth of the CPU time of a write.
#[derive(Debug)]
struct HashBody;

impl Intercept for HashBody {
    fn name(&self) -> &'static str {
        "HashBody"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(body) = context.request().body().bytes() {
            let hash = digest::digest(&digest::SHA256, body);
            let hash = PayloadSigningOverride::Precomputed(hex::encode(hash));
            bag.interceptor_state().store_put(hash);
        }
        Ok(())
    }
}

/// Adds to the `user-agent`.
#[derive(Debug)]
struct UserAgent(String);

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let own = headers.get("user-agent").unwrap_or_default();
        let all = format!("{own} {}", self.0);
        headers.try_insert("user-agent", all)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_do_not_print_credentials() {
        use aws_credential_types::Credentials;
        let settings = Settings {
            credentials: Some(SharedCredentialsProvider::new(Credentials::new(
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
