//! Where DynamoDB is, and an SDK client that talks to it.

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
use std::env;
use std::sync::Arc;
use std::time::Duration;

use super::attempts::Watch;
use super::credentials::{self, Checked};
use super::environment::{self, Environment};
use super::fast::FastPath;
use super::outage::Outage;
use super::outage::guard::Guard;
use super::redact::Secrets;
use super::settings::Settings;
use super::shared::{Address, HttpPool, Shared};
use super::surrogates::WellFormed;
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
    /// What retries may cost, shared for as long as this is used.
    pub retries: Option<Arc<TokenBucket>>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// The credentials of late, which no error may quote.
    pub secrets: Secrets,
    configured: Option<String>,
    watch: Watch,
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

    /// The address that requests go to: the one of the settings, or what the SDK has made of the
    /// region, once it has.
    pub fn endpoint(&self) -> Option<&String> {
        self.watch.endpoint().or(self.configured.as_ref())
    }

    /// The outages that keep requests from being sent.
    pub fn outages(&self) -> impl Iterator<Item = &Arc<Outage>> {
        self.address.iter().chain(&self.credentials)
    }
}

/// A connection through a client of the user's, whose retries and timeouts are its own business.
pub fn through(client: Arc<dyn UserClient>, breaker: bool, max_sockets: usize) -> Connection {
    let (secrets, watch) = (Secrets::default(), Watch::default());
    let guard = Guard {
        http: user_client::http_client(client),
        address: breaker.then(|| Arc::new(Outage::of_client())),
        credentials: None,
        request_timeout: Duration::MAX,
        is_direct: false,
        is_probe: false,
        secrets: secrets.clone(),
    };
    let client = user_client::sdk_client(guard.clone().client(), watch.clone());
    Connection {
        probe: probing(&client, &guard),
        client,
        fast: None,
        request_timeout: Duration::MAX,
        max_sockets,
        address: guard.address,
        credentials: None,
        pool: None,
        retries: None,
        region: None,
        secrets,
        configured: None,
        watch,
    }
}

/// Connects with these settings. Nothing is sent yet, except what finding the region asks.
///
/// # Errors
///
/// [`Error::Settings`] for a region or an endpoint of the environment that cannot be one.
pub async fn connect(settings: &Settings, shared: &Shared) -> Result<Connection> {
    let environment = Environment::load(settings.profile.as_deref()).await;
    let settings = &environment.complete(settings)?;
    let pool = shared.pool(settings, environment.ca_bundle());
    let http = pool.client.clone();
    let endpoint = match &settings.endpoint {
        None if settings.ignore_configured_endpoints => None,
        None => environment.endpoint()?,
        given => given.clone(),
    };
    let configured = endpoint.map(|endpoint| endpoint.as_str().to_owned());
    let (region, is_fips) = region(settings, &http).await?;
    let use_fips = if is_fips {
        Some(true)
    } else {
        settings.use_fips
    };
    let address = Address {
        endpoint: configured.clone(),
        region: region.as_ref().to_owned(),
        variants: (settings.use_dual_stack, use_fips),
    };
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
    let credentials = match &settings.credentials {
        Some(credentials) => credentials.provider(),
        None => {
            let config = ProviderConfig::default()
                .with_http_client(http.clone())
                .with_region(Some(region.clone()))
                .with_use_fips(use_fips)
                .with_use_dual_stack(settings.use_dual_stack)
                .with_retry_config(retries.clone())
                .with_timeout_config(timeouts.clone());
            credentials::of_environment(settings.profile.as_deref(), &config)
        }
    };
    let (secrets, watch) = (Secrets::default(), Watch::default());
    let region_name = region.to_string();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .http_client(http)
        .retry_config(retries)
        .timeout_config(timeouts)
        .credentials_provider(Checked::new(credentials, secrets.clone()));
    if let Ok(name) = AppName::new(env!("CARGO_PKG_NAME")) {
        loader = loader.app_name(name);
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(dual_stack) = settings.use_dual_stack {
        loader = loader.use_dual_stack(dual_stack);
    }
    if let Some(fips) = use_fips {
        loader = loader.use_fips(fips);
    }
    if let Some(mode) = settings.account_id_endpoint_mode.clone() {
        loader = loader.account_id_endpoint_mode(mode);
    }
    let mut config = aws_sdk_dynamodb::config::Builder::from(&loader.load().await);
    // Whatever the SDK has found for itself: it panics where a variable is empty.
    config.set_endpoint_url(configured.clone());
    config = config
        .interceptor(HashBody)
        .interceptor(WellFormed)
        .interceptor(watch.clone());
    if let Some(suffix) = &settings.user_agent {
        config = config.interceptor(UserAgent(suffix.clone()));
    }
    // All that the stores of an address may spend on retries, together.
    let retries = shared.retries(address.clone());
    let partition = RetryPartition::custom("dynamodb").token_bucket((*retries).clone());
    config = config.retry_partition(partition.build());
    let guard = Guard {
        http: pool.client.clone(),
        address: settings.breaker.then(|| shared.outage(address)),
        credentials: settings.breaker.then(|| Arc::new(Outage::of_credentials())),
        request_timeout: settings.request_timeout,
        is_direct: true,
        is_probe: false,
        secrets: secrets.clone(),
    };
    let (client, fast) = clients(config, &guard, (*retries).clone(), settings);
    Ok(Connection {
        probe: probing(&client, &guard),
        client,
        fast,
        request_timeout: settings.request_timeout,
        max_sockets: settings.max_sockets,
        address: guard.address,
        credentials: guard.credentials,
        pool: Some(pool),
        retries: Some(retries),
        region: Some(region_name),
        secrets,
        configured,
        watch,
    })
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

/// The region, and whether it was named as one with FIPS (`fips-us-east-1`).
///
/// As in the AWS SDK for JavaScript v3: the options, `AWS_REGION`, the profile. It stops there; here
/// `AWS_DEFAULT_REGION` follows, as for the AWS CLI, and the instance.
async fn region(settings: &Settings, http: &SharedHttpClient) -> Result<(Region, bool)> {
    // An empty variable is no region, but it is somebody's answer.
    let of_environment = || env::var("AWS_REGION").ok();
    let named = match settings.region.clone().or_else(of_environment) {
        Some(region) => region,
        None => found_region(settings, http).await.to_string(),
    };
    let real = named
        .strip_prefix("fips-")
        .or_else(|| named.strip_suffix("-fips"));
    let region = match real {
        Some("aws" | "aws-global") => DEFAULT_REGION,
        Some(real) => real,
        None => &named,
    };
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if !(1..=63).contains(&region.len()) || !region.bytes().all(is_letter) {
        return Err(Error::Settings {
            causes: vec![format!(
                "the region must be a region's name such as \"us-east-1\", but is {named:?}"
            )],
        });
    }
    Ok((Region::new(region.to_owned()), real.is_some()))
}

/// The region that neither the options nor `AWS_REGION` name.
async fn found_region(settings: &Settings, http: &SharedHttpClient) -> Region {
    let mut profile = ProfileFileRegionProvider::builder();
    if let Some(name) = &settings.profile {
        profile = profile.profile_name(name);
    }
    let default = environment::set("AWS_DEFAULT_REGION").map(Region::new);
    let mut chain = RegionProviderChain::first_try(profile.build()).or_else(default);
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
    ) -> std::result::Result<(), BoxError> {
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
    ) -> std::result::Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let own = headers.get("user-agent").unwrap_or_default();
        let all = format!("{own} {}", self.0);
        headers.try_insert("user-agent", all)?;
        Ok(())
    }
}
