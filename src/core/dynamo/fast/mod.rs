//! The fast path: session operations without the SDK's machinery around each request.
//!
//! Most of what a request costs through the SDK is not the request: configuration is layered,
//! interceptors run, a signing key is derived. Here a request is its JSON (see [`json`]), a
//! signature, and a call of the SDK's own HTTP client with the SDK's own pool of connections.
//!
//! Whatever is not plain sailing stays with the SDK. It finds region, endpoint and credentials, and
//! makes the first request; what that looked like when it was signed is the [`template`] of those
//! that follow, for a minute at most and for as long as these credentials are the ones to sign with. The first attempt of those
//! is made here. Where it ends in anything but success, the SDK takes over, with that outcome as
//! the one of its own first attempt (see [`replay`]): it reads the error, decides whether to try
//! again, waits, counts. Until it has earned back what its retries have cost, every request is its.

mod attributes;
mod json;
mod replay;
mod template;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder as ConfigBuilder;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

#[cfg(test)]
pub use self::attributes::Attributes;
pub use self::attributes::Found;
pub use self::json::Request;
use self::replay::Replay;
use self::template::{Learning, Template};
use super::settings::Settings;
use crate::core::error::Error;

/// A client of the SDK, and what it takes to do without it most of the time.
pub struct FastPath {
    client: Client,
    http: SharedHttpClient,
    template: SharedTemplate,
    /// What the client may spend on retries: full while all goes well.
    tokens: TokenBucket,
    request_timeout: Duration,
    /// Whether requests are dated by DynamoDB's clock where that differs from this machine's.
    corrects_clock: bool,
}

type SharedTemplate = Arc<RwLock<Option<Arc<Template>>>>;

/// An attempt that has to be taken up by the SDK.
type Outcome = Result<HttpResponse, ConnectorError>;

impl FastPath {
    /// Makes a client of `config`, whose requests `http` sends and whose retries take from `tokens`.
    pub fn new(
        config: ConfigBuilder,
        http: SharedHttpClient,
        tokens: TokenBucket,
        settings: &Settings,
        corrects_clock: bool,
    ) -> Self {
        let template = SharedTemplate::default();
        // As the SDK asks for them: so both have the same connections.
        let connection = HttpConnectorSettings::builder()
            .connect_timeout(settings.connect_timeout)
            .build();
        let learning = Learning::new(http.clone(), connection, Arc::clone(&template));
        let config = config.http_client(http.clone()).push_auth_scheme(learning);
        Self {
            client: Client::from_conf(config.build()),
            http,
            template,
            tokens,
            request_timeout: settings.request_timeout,
            corrects_clock,
        }
    }

    /// Sends `request`, signed with `credentials`. Where it cannot, or that does not end well, the client that
    /// has to send it.
    pub async fn send<R: Request>(
        &self,
        request: &R,
        credentials: &Credentials,
    ) -> Result<R::Output, Client> {
        let Some((request, template)) = self.make(request, credentials) else {
            return Err(self.client.clone());
        };
        let attempt = attempt::<R>(request, template.connector());
        let outcome = match tokio::time::timeout(self.request_timeout, attempt).await {
            Ok(Ok(output)) => return Ok(output),
            // The SDK could not know from this outcome that the date was wrong: it has another one.
            Ok(Err(Ok(answer))) if self.corrects_clock && template.is_dated_wrong(&answer) => {
                return Err(self.client.clone());
            }
            Ok(Err(outcome)) => outcome,
            Err(_) => Err(ConnectorError::timeout(
                Error::Timeout {
                    operation: "a request to DynamoDB",
                    after: self.request_timeout,
                }
                .into(),
            )),
        };
        let replay = Replay::new(outcome, self.http.clone());
        let config = self.client.config().to_builder().http_client(replay);
        Err(Client::from_conf(config.build()))
    }

    /// The client of the SDK.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What to send, and what it was made by; `None` where the SDK has to.
    fn make<R: Request>(
        &self,
        request: &R,
        credentials: &Credentials,
    ) -> Option<(HttpRequest, Arc<Template>)> {
        let template = self.template()?;
        if !template.signs_with(credentials) {
            return None;
        }
        let body = request.to_json().ok()?;
        let request = template.request(R::OPERATION, body)?;
        Some((request, template))
    }

    fn template(&self) -> Option<Arc<Template>> {
        let template = self.template.read().unwrap_or_else(PoisonError::into_inner);
        let template = template.as_ref().filter(|template| template.is_fresh())?;
        self.tokens.is_full().then(|| Arc::clone(template))
    }
}

#[allow(
    clippy::result_large_err,
    reason = "a failed attempt is moved once, to where it is taken apart"
)]
async fn attempt<R: Request>(
    mut request: HttpRequest,
    connector: &SharedHttpConnector,
) -> Result<R::Output, Outcome> {
    let connection = CaptureSmithyConnection::new();
    request.add_extension(connection.clone());
    let mut response = connector.call(request).await.map_err(Err)?;
    if !response.status().is_success() {
        // As the SDK does: a server in trouble should not get the next attempt too.
        if response.status().is_server_error()
            && let Some(connection) = connection.get()
        {
            connection.poison();
        }
        return Err(Ok(response));
    }
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = match body {
        Ok(body) => body.into_bytes(),
        Err(error) => return Err(Err(ConnectorError::io(error.into()))),
    };
    R::read(&body).map_err(|_| {
        *response.body_mut() = SdkBody::from(body);
        Ok(response)
    })
}
