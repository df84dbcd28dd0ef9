//! Opens a [`Connection`], from settings and environment variables or through the user's client.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache};
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};

use super::attempts::Watch;
use super::connection::Connection;
use super::credentials::asking::Asking;
use super::credentials::cache::Cache;
use super::credentials::instance::Instance;
use super::credentials::requests::Requests;
use super::credentials::{Checked, OfEnvironment};
use super::environment::{Environment, Service};
use super::fast::FastPath;
use super::interceptors::{HashBody, KeepFromEnvironment, UserAgent};
use super::outage::Outage;
use super::outage::guard::Guard;
use super::proxy::Proxies;
use super::redact::Secrets;
use super::region;
use super::registry::Registry;
use super::settings::Settings;
use super::shared::{Address, Shared};
use super::surrogates::WellFormed;
use super::throttle::{Repeats, Throttling};
use super::trust::Authorities;
use super::user_client::{self, UserClient};
use super::variables::{Copies, Surroundings, Variables};
use super::ways::{CredentialsOrigin, Origins};
use crate::core::error::Result;

/// The longest pause before the first retry. The SDK's default of a second is too long for a visitor who waits for
/// a page.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The longest pause before a retry. The SDK's default is 20 seconds.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// A connection through the user's client, which has its own retries and timeouts.
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
        signer: None,
        corrects_clock: false,
        pool: None,
        retries: None,
        repeats: Repeats::default(),
        limits: Registry::default(),
        region: None,
        lacks_region: false,
        secrets,
        configured: None,
        watch,
        origins: Origins::default(),
    }
}

/// Connects with these settings, in an environment with these variables. No request is sent, except to the
/// metadata service of an instance for the region. When credentials are needed again, `surroundings` give newer
/// variables.
///
/// # Errors
///
/// [`Error::Settings`] if the settings or the environment have a wrong value, for example for the region.
pub async fn direct(
    settings: &Settings,
    variables: Variables,
    surroundings: Arc<dyn Surroundings>,
    shared: &Shared,
) -> Result<Connection> {
    let environment = Environment::load(settings.profile.as_deref(), variables).await;
    let mut settings = environment.complete(settings)?;
    let variables = environment.variables();
    let authorities = Authorities::new(settings.trust, environment.ca_bundle(), variables);
    let proxies = match &settings.proxy {
        Some(proxy) => Proxies::from(proxy.clone()),
        None if settings.follows_proxy_variables => Proxies::of_variables(variables)?,
        None => Proxies::default(),
    };
    let pool = shared.http(settings.max_sockets, authorities, proxies.clone());
    let service = Service::DynamoDb;
    let endpoint = match &settings.endpoint {
        None if settings.ignore_configured_endpoints => None,
        None => environment.endpoint(service)?,
        given => given.clone(),
    };
    let endpoint_from = match (&endpoint, &settings.endpoint) {
        (None, _) => "region",
        (_, Some(_)) => "options",
        _ => { environment.endpoint_variable(service) }.map_or("profile", |(variable, _)| variable),
    };
    let configured = endpoint.map(|endpoint| endpoint.as_str().to_owned());
    let requests = Requests::new((*pool).clone());
    let instance = Arc::new(Instance::new(requests.clone()));
    let found = region::find(&settings, &environment, &instance).await?;
    // If an endpoint is set, any region will do.
    let lacks_region = found.is_default() && configured.is_none();
    let region = found.region;
    if found.is_fips {
        settings.use_fips = Some(true);
    }
    let settings = &settings;
    let address = Address {
        endpoint: configured.clone(),
        region: region.as_ref().to_owned(),
        variants: (settings.use_dual_stack, settings.use_fips),
    };
    let asking = Asking::new("the provider of the credentials");
    let origins = Origins {
        region: found.source,
        endpoint: endpoint_from,
        credentials: CredentialsOrigin::of(settings.credentials.as_ref(), &asking),
    };
    let credentials = match &settings.credentials {
        Some(credentials) => credentials.provider(),
        None => {
            let copies = Copies::new(surroundings);
            copies.give(variables.clone());
            let region = region.as_ref();
            let asking = asking.clone();
            let source = OfEnvironment::new(copies, settings, region, requests, instance, asking);
            SharedCredentialsProvider::new(source)
        }
    };
    let (secrets, watch) = (Secrets::default(), Watch::default());
    let outage = settings.breaker.then(|| Arc::new(Outage::of_credentials()));
    let checked = SharedCredentialsProvider::new(Checked::new(credentials, secrets.clone()));
    let signer = Cache::new(checked, asking, outage.clone());
    let corrects_clock = !environment.disables_clock_correction();
    let region_name = region.to_string();
    let mut config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region)
        .retry_config(retry_config(settings))
        .timeout_config(timeout_config(settings))
        // `Cache` keeps the credentials.
        .identity_cache(IdentityCache::no_cache())
        .credentials_provider(signer.clone())
        .disable_clock_skew_correction(!corrects_clock)
        .interceptor(KeepFromEnvironment::new(
            variables,
            settings.app_id.as_deref(),
        ))
        .retry_classifier(Throttling)
        .interceptor(HashBody)
        .interceptor(WellFormed)
        .interceptor(watch.clone());
    config.set_use_dual_stack(settings.use_dual_stack);
    config.set_use_fips(settings.use_fips);
    config.set_account_id_endpoint_mode(settings.account_id_endpoint_mode.clone());
    config.set_endpoint_url(configured.clone());
    if let Some(suffix) = &settings.user_agent {
        config = config.interceptor(UserAgent(suffix.clone()));
    }
    // All stores with the same address and proxies share a token bucket for retries.
    let retries = shared.retries(address.clone(), proxies.clone());
    let partition = RetryPartition::custom("dynamodb").token_bucket((*retries).clone());
    config = config.retry_partition(partition.build());
    let guard = Guard {
        http: pool.shared(),
        address: settings.breaker.then(|| shared.outage(address, proxies)),
        credentials: outage,
        request_timeout: settings.request_timeout,
        is_direct: true,
        is_probe: false,
        secrets: secrets.clone(),
    };
    let tokens = (*retries).clone();
    let (client, fast) = clients(config, &guard, tokens, settings, corrects_clock);
    Ok(Connection {
        probe: probing(&client, &guard),
        client,
        fast,
        request_timeout: settings.request_timeout,
        max_sockets: settings.max_sockets,
        address: guard.address,
        credentials: guard.credentials,
        signer: Some(signer),
        corrects_clock,
        pool: Some(pool),
        retries: Some(retries),
        repeats: Repeats {
            until_deadline: true,
            max_attempts: settings.max_attempts.filter(|_| !settings.default_attempts),
        },
        limits: Registry::default(),
        region: Some(region_name),
        lacks_region,
        secrets,
        configured,
        watch,
        origins,
    })
}

/// The SDK's retries. Throttled requests are retried by [`super::throttle`] instead.
fn retry_config(settings: &Settings) -> RetryConfig {
    let retries = RetryConfig::standard()
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    match settings.max_attempts {
        Some(attempts) => retries.with_max_attempts(attempts),
        None => retries,
    }
}

fn timeout_config(settings: &Settings) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(settings.request_timeout)
        .build()
}

fn clients(
    config: aws_sdk_dynamodb::config::Builder,
    guard: &Guard,
    retries: TokenBucket,
    settings: &Settings,
    corrects_clock: bool,
) -> (Client, Option<FastPath>) {
    let http = guard.clone().client();
    // The user asked for the SDK's adaptive mode, so the SDK must send every request.
    if settings.adaptive_retries == Some(true) {
        return (Client::from_conf(config.http_client(http).build()), None);
    }
    let (fast, config) = FastPath::beside(config, http, retries, settings, corrects_clock);
    (Client::from_conf(config.build()), Some(fast))
}

/// A client for probes: `client` without retries, and with a guard that sends during outages.
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
