//! Where DynamoDB is, and an SDK client that talks to it.

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_runtime::auth::PayloadSigningOverride;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use ring::digest;
use std::sync::Arc;
use std::time::Duration;

use super::fast::FastPath;
use super::outage::Outage;
use super::outage::guard::Guard;
use super::profile;
use super::settings::Settings;
use super::shared::{Address, HttpPool, Shared};
use super::user_client::{self, UserClient};
use crate::core::error::{Error, Result};

/// The region where nothing names one, as in connect-dynamodb 2.x.
const DEFAULT_REGION: &str = "us-east-1";

/// The SDK's own first pause is a second, far too long for somebody who waits for a page.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The longest pause before a retry. The SDK's own is 20 seconds.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// A connection to DynamoDB.
pub struct Connection {
    /// The SDK's client.
    pub client: Client,
    /// The same for probes: it sends during an outage too, and once only.
    pub probe: Client,
    /// For the requests of session operations, where the client can be spared.
    pub fast: Option<FastPath>,
    /// The time that one attempt may take.
    pub request_timeout: Duration,
    /// How many connections may be open at a time.
    pub max_sockets: usize,
    /// Whether DynamoDB answers; `None` where every call is to be tried.
    pub address: Option<Arc<Outage>>,
    /// Whether there are credentials to sign with; `None` where every call is to be tried.
    pub credentials: Option<Arc<Outage>>,
    /// The connections, for as long as this is used.
    pub pool: Option<Arc<HttpPool>>,
}

impl Connection {
    /// Lets a request pass.
    ///
    /// # Errors
    ///
    /// What is wrong, during an outage.
    pub fn admit(&self) -> Result<()> {
        match self.outages().find_map(|outage| outage.refusal()) {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// Notes a failure that came before any attempt: the guard has noted those that came later.
    pub fn note(&self, error: &Error) {
        if let (Error::Credentials { .. }, Some(credentials)) = (error, &self.credentials) {
            credentials.note(Err(error));
        }
    }

    /// The outages that keep requests from being sent.
    pub fn outages(&self) -> impl Iterator<Item = &Arc<Outage>> {
        self.address.iter().chain(&self.credentials)
    }
}

/// A connection through a client of the user's, whose retries and timeouts are its own business.
pub fn through(client: Arc<dyn UserClient>, breaker: bool, max_sockets: usize) -> Connection {
    let guard = Guard {
        http: user_client::http_client(client),
        address: breaker.then(Arc::default),
        credentials: None,
        is_direct: false,
        is_probe: false,
    };
    let client = user_client::sdk_client(guard.clone().client());
    Connection {
        probe: probing(&client, &guard),
        client,
        fast: None,
        request_timeout: Duration::MAX,
        max_sockets,
        address: guard.address,
        credentials: None,
        pool: None,
    }
}

/// Connects with these settings. Nothing is sent yet, except what finding the region asks.
pub async fn connect(settings: &Settings, shared: &Shared) -> Connection {
    let pool = shared.pool(settings);
    let http = pool.client.clone();
    let region = region(settings, &http).await;
    let address = shared.outage(Address {
        endpoint: settings
            .endpoint
            .as_ref()
            .map(|endpoint| endpoint.as_str().to_owned()),
        region: region.as_ref().to_owned(),
        variants: (settings.use_dual_stack, settings.use_fips),
    });
    let mut retries = match settings.adaptive_retries {
        Some(true) => RetryConfig::adaptive(),
        _ => RetryConfig::standard(),
    }
    .with_initial_backoff(FIRST_BACKOFF)
    .with_max_backoff(LONGEST_BACKOFF);
    if let Some(attempts) = settings.max_attempts {
        retries = retries.with_max_attempts(attempts);
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(settings.request_timeout)
        .build();
    let credentials = settings
        .credentials
        .as_ref()
        .map(|credentials| credentials.provider())
        .or_else(|| profile::credentials(settings.profile.as_deref(), &http, &region));
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(http)
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new(env!("CARGO_PKG_NAME")) {
        loader = loader.app_name(name);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint.as_str());
    }
    if let Some(credentials) = credentials {
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
    // All that the stores of an address may spend on retries, together.
    let retries = address.retries().clone();
    let partition = RetryPartition::custom("dynamodb").token_bucket(retries.clone());
    config = config.retry_partition(partition.build());
    let guard = Guard {
        http: pool.client.clone(),
        address: settings.breaker.then_some(address),
        credentials: settings.breaker.then(Arc::default),
        is_direct: true,
        is_probe: false,
    };
    let (client, fast) = clients(config, &guard, retries, settings);
    Connection {
        probe: probing(&client, &guard),
        client,
        fast,
        request_timeout: settings.request_timeout,
        max_sockets: settings.max_sockets,
        address: guard.address,
        credentials: guard.credentials,
        pool: Some(pool),
    }
}

fn clients(
    config: aws_sdk_dynamodb::config::Builder,
    guard: &Guard,
    retries: TokenBucket,
    settings: &Settings,
) -> (Client, Option<FastPath>) {
    let http = guard.clone().client();
    // Adaptive retries slow down requests before they are sent, each of which has to be counted.
    if settings.adaptive_retries == Some(true) {
        let client = Client::from_conf(config.http_client(http).build());
        return (client, None);
    }
    let fast = FastPath::new(config, http, retries, settings);
    (fast.client().clone(), Some(fast))
}

/// A client for probes, otherwise like `client`, whose requests `guard` sends.
fn probing(client: &Client, guard: &Guard) -> Client {
    let guard = Guard {
        is_probe: true,
        ..guard.clone()
    };
    let config = client.config().to_builder();
    let config = config
        .http_client(guard.client())
        .retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
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
