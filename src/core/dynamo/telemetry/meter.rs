//! The HTTP client that counts the attempts of requests, and their bytes.

use std::fmt;

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;

use super::request::{self, Attempts};
use crate::core::dynamo::answers;
use crate::core::dynamo::redact::Secrets;
use crate::core::error::{Error, sources};

const REQUEST_ID: &str = "x-amzn-requestid";

/// Counts what the inner client sends and receives.
pub struct Meter<C> {
    inner: C,
    /// No report must quote these secrets.
    secrets: Secrets,
}

impl Meter<SharedHttpClient> {
    /// A client that counts what `inner` sends and receives. No report quotes `secrets`.
    pub fn client(inner: SharedHttpClient, secrets: Secrets) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner, secrets })
    }
}

impl<C> fmt::Debug for Meter<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

impl HttpClient for Meter<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Meter {
            inner: self.inner.http_connector(settings, components),
            secrets: self.secrets.clone(),
        })
    }
}

impl HttpConnector for Meter<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(current) = request::current() else {
            return self.inner.call(request);
        };
        current.attempt(length(request.body()), || host(request.uri()));
        let answer = self.inner.call(request);
        let secrets = self.secrets.clone();
        HttpConnectorFuture::new(async move {
            let outcome = answer.await;
            match &outcome {
                Ok(response) => current.answered(length(response.body()), |attempts| {
                    note_answer(attempts, response, &secrets);
                }),
                Err(error) => current.answered(0, |attempts| {
                    attempts.failure = Some(code_of(error));
                }),
            }
            outcome
        })
    }
}

fn note_answer(attempts: &mut Attempts, response: &HttpResponse, secrets: &Secrets) {
    let shown = |text: &str| secrets.hide(text, None);
    attempts.status = Some(response.status().as_u16());
    attempts.request_id = response.headers().get(REQUEST_ID).map(shown);
    attempts.failure = answers::error_code(response).map(|code| shown(&code));
}

/// The length of a body that is in memory.
fn length(body: &SdkBody) -> usize {
    body.bytes().map_or(0, <[u8]>::len)
}

/// The host and port of a request.
fn host(uri: &str) -> Option<String> {
    let uri: Uri = uri.parse().ok()?;
    uri.authority().map(ToString::to_string)
}

/// The code of an attempt without an answer.
fn code_of(error: &ConnectorError) -> String {
    let known = sources(error).find_map(|error| error.downcast_ref::<Error>());
    match known {
        Some(error) => error.code().to_owned(),
        None if error.is_timeout() => "timeout".to_owned(),
        None => "connection".to_owned(),
    }
}
