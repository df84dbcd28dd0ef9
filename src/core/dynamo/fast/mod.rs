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

#[cfg(test)]
pub use self::attributes::Attributes;
pub use self::attributes::Found;
pub use self::json::FastOperation;
use self::replay::Replay;
use self::template::{RecordingSigner, Template};
use super::attempts::AttemptOutcome;
use super::settings::Settings;
use crate::core::error::Error;

/// What it takes to do without the SDK's client most of the time.
pub struct FastPath {
    template: SharedTemplate,
    /// What the client may spend on retries: full while all goes well.
    tokens: TokenBucket,
    request_timeout: Duration,
    /// Whether requests are dated by DynamoDB's clock where that differs from this machine's.
    corrects_clock: bool,
}

type SharedTemplate = Arc<RwLock<Option<Arc<Template>>>>;

impl FastPath {
    /// The fast path beside a client of `config`, whose requests `http` sends and whose retries take from
    /// `tokens`; and what that client is made of.
    pub fn beside(
        config: ConfigBuilder,
        http: SharedHttpClient,
        tokens: TokenBucket,
        settings: &Settings,
        corrects_clock: bool,
    ) -> (Self, ConfigBuilder) {
        let template = SharedTemplate::default();
        // As the SDK asks for them: so both have the same connections.
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
    /// If the SDK has to send the request: the outcome of the first attempt, if there was one.
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
            // The SDK could not know from this outcome that the date was wrong: it has another one.
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

    /// What to send, and what it was made by; `None` where the SDK has to.
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
