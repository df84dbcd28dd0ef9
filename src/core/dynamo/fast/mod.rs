//! The fast path: session operations without the SDK's machinery around each request.
//!
//! Through the SDK, most of the CPU time goes into layering the configuration, running interceptors and
//! deriving the signing key. On the fast path, a request is its JSON (see [`json`]), a signature, and a
//! call of the SDK's HTTP client with the SDK's connection pool.
//!
//! The SDK does everything else. It finds the region, the endpoint and the credentials, and sends the
//! first request. This request, as the SDK signed it, becomes the [`template`] of the next requests, for
//! at most a minute and only for the same credentials. The fast path then makes the first attempt of each
//! request. If the attempt succeeds, the request is done. Otherwise the SDK takes over: it gets the
//! outcome as that of its own first attempt (see [`replay`]), reads the error, and decides whether to try
//! again. While the SDK's retry token bucket is not full, the SDK sends every request.

mod attributes;
mod json;
mod replay;
mod template;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::Builder as ConfigBuilder;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime::client::retries::TokenBucket;
use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

pub use self::attributes::{Attributes, Found};
pub use self::json::{Consumed, FastOperation};
use self::replay::Replay;
use self::template::{RecordingSigner, Template};
use super::attempts::AttemptOutcome;
use super::settings::Settings;
use crate::core::error::Error;

/// Sends requests without the SDK's client. See the [module](self).
pub struct FastPath {
    template: SharedTemplate,
    /// The token bucket of the client's retries. It is full while requests succeed.
    tokens: TokenBucket,
    request_timeout: Duration,
    /// Whether the SDK dates requests by DynamoDB's clock if this machine's clock differs.
    corrects_clock: bool,
}

type SharedTemplate = Arc<RwLock<Option<Arc<Template>>>>;

impl FastPath {
    /// Returns a fast path, and `config` extended for the client that it works with. The client sends its
    /// requests by `http`, and its retries take from `tokens`.
    pub fn beside(
        config: ConfigBuilder,
        http: SharedHttpClient,
        tokens: TokenBucket,
        settings: &Settings,
        corrects_clock: bool,
    ) -> (Self, ConfigBuilder) {
        let template = SharedTemplate::default();
        // The same settings as the SDK's, so that both share a connection pool.
        let connection = HttpConnectorSettings::builder()
            .connect_timeout(settings.connect_timeout)
            .build();
        let signer = RecordingSigner::new(http.clone(), connection, Arc::clone(&template));
        let config = config.http_client(Replay(http)).push_auth_scheme(signer);
        let fast = Self {
            template,
            tokens,
            request_timeout: settings.request_timeout,
            corrects_clock,
        };
        (fast, config)
    }

    /// Sends `request`, signed with `credentials`.
    ///
    /// # Errors
    ///
    /// The SDK has to send the request. The error is the outcome of the first attempt, if one was made.
    #[allow(clippy::result_large_err, reason = "see `attempt`")]
    pub async fn send<R: FastOperation>(
        &self,
        request: &R,
        credentials: &Credentials,
    ) -> Result<R::Output, Option<AttemptOutcome>> {
        let Some((request, template)) = self.make(request, credentials) else {
            return Err(None);
        };
        let attempt = attempt::<R>(request, template.connector());
        match tokio::time::timeout(self.request_timeout, attempt).await {
            Ok(Ok(output)) => Ok(output),
            // The SDK would compare the answer with the date of a request that it did not send. So it makes
            // the first attempt itself, and learns the difference of the clocks.
            Ok(Err(Ok(answer))) if self.corrects_clock && template.is_dated_wrong(&answer) => {
                Err(None)
            }
            Ok(Err(outcome)) => Err(Some(outcome)),
            Err(_) => Err(Some(Err(ConnectorError::timeout(
                Error::Timeout {
                    operation: "a request to DynamoDB",
                    after: self.request_timeout,
                }
                .into(),
            )))),
        }
    }

    /// The signed request and its template. `None` if the SDK has to send the request.
    fn make<R: FastOperation>(
        &self,
        request: &R,
        credentials: &Credentials,
    ) -> Option<(HttpRequest, Arc<Template>)> {
        let template = self.template()?;
        if !template.signs_with(credentials) {
            return None;
        }
        let body = request.to_json().ok()?;
        let request = template.request(R::NAME, body)?;
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
async fn attempt<R: FastOperation>(
    mut request: HttpRequest,
    connector: &SharedHttpConnector,
) -> Result<R::Output, AttemptOutcome> {
    let connection = CaptureSmithyConnection::new();
    request.add_extension(connection.clone());
    let mut response = connector.call(request).await.map_err(Err)?;
    if !response.status().is_success() {
        // As the SDK does: the next attempt should not go to the same failing server.
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
