//! DynamoDB through the AWS SDK for Rust.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveOutput;
use aws_sdk_dynamodb::operation::describe_time_to_live::builders::DescribeTimeToLiveInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use tokio::sync::OnceCell;

use super::Dynamo;
use crate::core::error::{Error, Result};
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
    /// The time that one attempt may take.
    pub request_timeout: Duration,
    /// The time that a connection may take to open.
    pub connect_timeout: Duration,
    /// Whether to use the dual-stack endpoint (IPv4 and IPv6).
    pub use_dual_stack: Option<bool>,
    /// Whether to use the FIPS endpoint.
    pub use_fips: Option<bool>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: None,
            endpoint: None,
            credentials: None,
            profile: None,
            max_attempts: None,
            request_timeout: Duration::from_secs(3),
            connect_timeout: Duration::from_secs(1),
            use_dual_stack: None,
            use_fips: None,
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
    /// The settings. After a failure, the next request asks again.
    async fn settings(&self) -> Result<Settings>;
}

#[async_trait]
impl ProvideSettings for Settings {
    async fn settings(&self) -> Result<Settings> {
        Ok(self.clone())
    }
}

/// DynamoDB through `aws-sdk-dynamodb`. Nothing is read or opened before the first request.
pub struct SdkDynamo {
    source: Box<dyn ProvideSettings>,
    connected: OnceCell<Connected>,
}

struct Connected {
    client: Client,
    request_timeout: Duration,
}

impl SdkDynamo {
    /// Will connect with the settings that `source` gives.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self {
            source: Box::new(source),
            connected: OnceCell::new(),
        }
    }

    async fn connected(&self) -> Result<&Connected> {
        let connect = || async { Ok(connect(self.source.settings().await?).await) };
        self.connected.get_or_try_init(connect).await
    }
}

/// Sends `$request` and translates its error: the same three moves for every operation, whose
/// types have no trait in common.
macro_rules! send {
    ($dynamo:expr, $request:expr) => {{
        let connected = $dynamo.connected().await?;
        let answer = $request.send_with(&connected.client).await;
        answer.map_err(|error| translate(error, connected.request_timeout))
    }};
}

#[async_trait]
impl Dynamo for SdkDynamo {
    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput> {
        send!(self, request)
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput> {
        send!(self, request)
    }

    async fn update_item(&self, request: UpdateItemInputBuilder) -> Result<UpdateItemOutput> {
        send!(self, request)
    }

    async fn delete_item(&self, request: DeleteItemInputBuilder) -> Result<DeleteItemOutput> {
        send!(self, request)
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput> {
        send!(self, request)
    }

    async fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput> {
        send!(self, request)
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput> {
        send!(self, request)
    }

    async fn scan(&self, request: ScanInputBuilder) -> Result<ScanOutput> {
        send!(self, request)
    }

    async fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> Result<DescribeTableOutput> {
        send!(self, request)
    }

    async fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Result<DescribeTimeToLiveOutput> {
        send!(self, request)
    }

    async fn update_table(&self, request: UpdateTableInputBuilder) -> Result<UpdateTableOutput> {
        send!(self, request)
    }

    async fn create_table(&self, request: CreateTableInputBuilder) -> Result<CreateTableOutput> {
        send!(self, request)
    }

    async fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Result<UpdateTimeToLiveOutput> {
        send!(self, request)
    }
}

async fn connect(settings: Settings) -> Connected {
    let region = region(&settings).await;
    let mut retries = RetryConfig::standard().with_initial_backoff(FIRST_BACKOFF);
    if let Some(attempts) = settings.max_attempts {
        retries = retries.with_max_attempts(attempts);
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(settings.request_timeout)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region)
        .retry_config(retries)
        .timeout_config(timeouts);
    if let Ok(name) = AppName::new(env!("CARGO_PKG_NAME")) {
        loader = loader.app_name(name);
    }
    if let Some(endpoint) = &settings.endpoint {
        loader = loader.endpoint_url(endpoint.as_str());
    }
    if let Some(credentials) = settings.credentials {
        loader = loader.credentials_provider(credentials);
    }
    if let Some(profile) = settings.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(dual_stack) = settings.use_dual_stack {
        loader = loader.use_dual_stack(dual_stack);
    }
    if let Some(fips) = settings.use_fips {
        loader = loader.use_fips(fips);
    }
    Connected {
        client: Client::new(&loader.load().await),
        request_timeout: settings.request_timeout,
    }
}

async fn region(settings: &Settings) -> Region {
    if let Some(region) = &settings.region {
        return Region::new(region.clone());
    }
    let found = if settings.endpoint.is_some() {
        // A DynamoDB of one's own: the instance metadata service would be asked in vain, and
        // on a machine without one that takes seconds.
        let mut profile = ProfileFileRegionProvider::builder();
        if let Some(name) = &settings.profile {
            profile = profile.profile_name(name);
        }
        RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
            .or_else(profile.build())
            .region()
            .await
    } else {
        let mut chain = DefaultRegionChain::builder();
        if let Some(name) = &settings.profile {
            chain = chain.profile_name(name);
        }
        chain.build().region().await
    };
    found.unwrap_or_else(|| Region::from_static(DEFAULT_REGION))
}

/// What the SDK's error means to a caller.
fn translate<E>(error: SdkError<E, HttpResponse>, request_timeout: Duration) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    // A success that cannot be read is an error of this kind too, but none that DynamoDB gave.
    if let SdkError::ServiceError(answer) = &error
        && !answer.raw().status().is_success()
    {
        let status = answer.raw().status().as_u16();
        let code = answer.err().code().unwrap_or("UnknownError");
        return Error::Service {
            code: code.to_owned(),
            message: explain(code, answer.err().message(), status),
            request_id: error.request_id().map(str::to_owned),
            status: Some(status),
            retryable: status >= 500 || is_throttling(code),
        };
    }
    let causes = causes(&error);
    if is_about_credentials(&error) {
        return Error::Credentials { causes };
    }
    match error {
        SdkError::TimeoutError(_) => Error::Timeout {
            operation: "a request to DynamoDB",
            after: request_timeout,
        },
        SdkError::ConstructionFailure(_) => Error::Settings { causes },
        SdkError::DispatchFailure(failure) if failure.is_user() => Error::Settings { causes },
        _ => Error::Unreachable { causes },
    }
}

/// DynamoDB's words, without those parts of a signature that it quotes: what was signed has the
/// session token in it, the header the access key.
fn explain(code: &str, message: Option<&str>, status: u16) -> String {
    match message {
        _ if code == "IncompleteSignatureException" => {
            "the signature of the request is incomplete".to_owned()
        }
        Some(message) => match message.find("The Canonical String") {
            Some(end) => message[..end].trim_end().to_owned(),
            None => message.to_owned(),
        },
        None => format!("DynamoDB answered with HTTP status {status}"),
    }
}

/// The errors of DynamoDB that pass by themselves and do not have a status of 500 or more.
fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "TransactionInProgressException"
            | "LimitExceededException"
    )
}

fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}

fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Wrappers that print what they wrap say everything twice.
    causes.dedup();
    causes
}

fn is_about_credentials(error: &(dyn StdError + 'static)) -> bool {
    sources(error).any(|source| source.is::<CredentialsError>())
}

/// Shares one way to reach DynamoDB between the parts of the core.
pub fn shared(source: impl ProvideSettings) -> Arc<dyn Dynamo> {
    Arc::new(SdkDynamo::new(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_error_does_not_show_what_was_signed() {
        let message = "The request signature we calculated does not match.\n\nThe Canonical String \
            for this request should have been\n'POST\n/\nx-amz-security-token:SECRET'";
        assert_eq!(
            explain("InvalidSignatureException", Some(message), 400),
            "The request signature we calculated does not match."
        );
        let message = "'AKIDEXAMPLE' not a valid key=value pair in Authorization header";
        let shown = explain("IncompleteSignatureException", Some(message), 400);
        assert!(!shown.contains("AKIDEXAMPLE"), "{shown}");
        assert_eq!(
            explain("UnknownError", None, 502),
            "DynamoDB answered with HTTP status 502"
        );
    }

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
