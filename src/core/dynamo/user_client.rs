//! DynamoDB through the client that the user passed.
//!
//! The SDK for Rust serializes each request and parses each answer. Instead of sending a request by HTTP, it calls
//! the user's client. DynamoDB's JSON for an operation has the same shape as the parameters of a command in
//! JavaScript, so this file knows no operation by name.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, Credentials, Region, RuntimeComponents, StalledStreamProtectionConfig,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::attempts::Watch;
use super::interceptors::KeepFromEnvironment;
use super::surrogates::WellFormed;
use super::variables::Variables;
use crate::core::context::{self, CallContext};
use crate::core::error::{
    Error, Place, REPLICATED_WRITE_CONFLICT, Result, TRANSACTION_CONFLICT, TRANSACTION_IN_PROGRESS,
};

/// The number of attempts for a write that another Region refuses, through a client that does not retry the error
/// itself.
const ATTEMPTS: u32 = 3;

/// The number of attempts for a write that meets a transaction.
const ATTEMPTS_BESIDE_TRANSACTIONS: u32 = 6;

/// The longest pause before the second attempt. It doubles with each attempt.
const PAUSE: Duration = Duration::from_millis(50);

/// The user's client.
#[async_trait]
pub trait UserClient: Send + Sync + 'static {
    /// Calls the client with `operation`, such as `GetItem`. `input` and the answer are DynamoDB's JSON.
    /// `context` is the context of the call that caused the request.
    ///
    /// # Errors
    ///
    /// The client's error.
    async fn call(
        &self,
        operation: String,
        input: String,
        context: Option<CallContext>,
    ) -> Result<String>;

    /// The endpoint and region of the client, as far as they are known.
    fn place(&self) -> Place {
        Place::default()
    }
}

/// An HTTP client that calls `client` for each request.
pub fn http_client(client: Arc<dyn UserClient>) -> SharedHttpClient {
    SharedHttpClient::new(Calls(client))
}

/// A client of the SDK for Rust that sends requests by `http`, without signing, retries and timeouts: the user's
/// client does this. `watch` counts the calls.
pub fn sdk_client(http: SharedHttpClient, watch: Watch) -> Client {
    // Credentials and region are never sent: the user's client has its own.
    let credentials = Credentials::new("unused", "unused", None, None, "user client");
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http)
        .interceptor(WellFormed)
        // The user's client reads the variables itself.
        .interceptor(KeepFromEnvironment::new(&Variables::default(), None))
        .interceptor(watch)
        .build();
    Client::from_conf(config)
}

/// An HTTP client that calls the user's client.
#[derive(Clone)]
struct Calls(Arc<dyn UserClient>);

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a client of the user's own")
    }
}

impl HttpClient for Calls {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Calls {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            match call(client.as_ref(), &request).await {
                Ok(output) => Ok(HttpResponse::new(
                    StatusCode::try_from(200_u16)
                        .map_err(|error| ConnectorError::other(error.into(), None))?,
                    SdkBody::from(output),
                )),
                Err(error) => Err(ConnectorError::other(error.into(), None)),
            }
        })
    }
}

/// Calls the client. If a write is refused because another Region or a transaction is writing the item, calls it
/// again: the refused write had no effect.
async fn call(client: &dyn UserClient, request: &HttpRequest) -> Result<String> {
    let mut attempt = 1;
    let mut pause = PAUSE;
    loop {
        let answer = call_once(client, request).await;
        let most = answer.as_ref().err().map_or(0, attempts_after);
        if attempt >= most {
            return answer;
        }
        tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
        attempt += 1;
        pause *= 2;
    }
}

async fn call_once(client: &dyn UserClient, request: &HttpRequest) -> Result<String> {
    let (operation, input) = parts(request).ok_or_else(|| Error::Settings {
        causes: vec!["the request is not one to DynamoDB".to_owned()],
    })?;
    client.call(operation, input, context::current()).await
}

/// The number of attempts for a write after this error; 0 if it is another error, or if the client has retried it. No
/// client retries a conflict with a transaction. Clients of aws-sdk v2 do not know the refusal of another Region.
/// Clients of v3 do, and their errors have `$metadata`.
fn attempts_after(error: &Error) -> u32 {
    if error.is_service(TRANSACTION_CONFLICT) || error.is_service(TRANSACTION_IN_PROGRESS) {
        return ATTEMPTS_BESIDE_TRANSACTIONS;
    }
    let is_known = matches!(
        error,
        Error::Service {
            metadata: Some(_),
            ..
        }
    );
    if !is_known && error.is_service(REPLICATED_WRITE_CONFLICT) {
        return ATTEMPTS;
    }
    0
}

/// The operation's name and its parameters. Keys are sorted, because the SDK writes the attributes of an item in
/// another order each time, and a test that records the client's commands would differ each time.
fn parts(request: &HttpRequest) -> Option<(String, String)> {
    let (_version, operation) = request.headers().get("x-amz-target")?.rsplit_once('.')?;
    let input: Value = serde_json::from_slice(request.body().bytes()?).ok()?;
    Some((operation.to_owned(), input.to_string()))
}
