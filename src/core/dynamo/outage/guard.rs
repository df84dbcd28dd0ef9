//! The HTTP client under the SDK and the fast path. It notes the outcome of each attempt.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use futures_util::future::{Either, select};

use super::Outage;
use crate::core::dynamo::answers::{self, Answered, Expected};
use crate::core::dynamo::redact::Secrets;
use crate::core::error::{Error, causes, sources};

/// If an attempt takes longer than this and an outage begins, the attempt is given up.
const PATIENCE: Duration = Duration::from_millis(500);

/// If the caller gives up an attempt after this time, or after 90 % of its time limit, the attempt counts as
/// failed: DynamoDB answers within milliseconds.
const HOPELESS: Duration = Duration::from_secs(1);

/// Guards the attempts of a connection.
#[derive(Clone)]
pub struct Guard {
    /// The inner client, which sends the attempts.
    pub http: SharedHttpClient,
    /// The outage of the address. `None` if every call is sent.
    pub address: Option<Arc<Outage>>,
    /// The outage of the credential source. Each attempt ends it: a signed request has credentials.
    pub credentials: Option<Arc<Outage>>,
    /// Whether answers come from DynamoDB itself. A client that the user gave may be a stub.
    pub is_direct: bool,
    /// Whether the attempts are probes. Probes are sent during an outage too.
    pub is_probe: bool,
    /// The reason of an outage must not quote these secrets.
    pub secrets: Secrets,
    /// The time limit of an attempt.
    pub request_timeout: Duration,
}

impl Guard {
    /// Turns the guard into a client.
    pub fn client(self) -> SharedHttpClient {
        SharedHttpClient::new(self)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guard")
    }
}

impl HttpClient for Guard {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(GuardedConnector {
            guard: self.clone(),
            connector: self.http.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct GuardedConnector {
    guard: Guard,
    connector: SharedHttpConnector,
}

impl HttpConnector for GuardedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if let Some(credentials) = &self.guard.credentials {
            credentials.note(Ok(()));
        }
        let address = self.guard.address.clone();
        let is_probe = self.guard.is_probe;
        if let Some(refusal) = address.as_ref().and_then(|address| address.refusal())
            && !is_probe
        {
            // The SDK does not retry "user" errors.
            return HttpConnectorFuture::ready(Err(ConnectorError::user(refusal.into())));
        }
        let expected = match self.guard.is_direct {
            true => Expected::of(&request),
            false => Expected::Anything,
        };
        let attempt = address.map(|address| Attempt {
            address,
            secrets: self.guard.secrets.clone(),
            body: request.body().try_clone(),
            started: Instant::now(),
            hopeless: HOPELESS.min(self.guard.request_timeout / 10 * 9),
            is_over: false,
        });
        let answer = self.connector.call(request);
        HttpConnectorFuture::new(async move {
            let read = async { answers::read(answer.await?, &expected).await };
            let Some(mut attempt) = attempt else {
                return Ok(read.await?.response);
            };
            let outcome = if is_probe {
                read.await
            } else {
                attempt.unless_an_outage_begins(read).await
            };
            attempt.end(&outcome);
            Ok(outcome?.response)
        })
    }
}

/// An attempt in flight.
struct Attempt {
    address: Arc<Outage>,
    secrets: Secrets,
    /// The body of the request. No error may quote it.
    body: Option<SdkBody>,
    started: Instant,
    /// If the attempt is given up after this time, it counts as failed.
    hopeless: Duration,
    is_over: bool,
}

impl Attempt {
    /// Waits for `answer`. If this takes longer than [`PATIENCE`] and an outage begins, gives up.
    async fn unless_an_outage_begins(
        &self,
        answer: impl Future<Output = Result<Answered, ConnectorError>>,
    ) -> Result<Answered, ConnectorError> {
        let mut answer = pin!(answer);
        if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut answer).await {
            return answer;
        }
        match select(answer, pin!(self.address.opened())).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => answer_of_nobody(&self.address),
        }
    }

    fn end(&mut self, outcome: &Result<Answered, ConnectorError>) {
        self.is_over = true;
        match outcome {
            Ok(Answered {
                failure: Some(failure),
                ..
            }) => self.fail(failure),
            Ok(_) => self.address.note(Ok(())),
            Err(error) => {
                if let Some(error) = meaning(error) {
                    self.fail(&error);
                }
            }
        }
    }

    fn fail(&self, error: &Error) {
        let body = self.body.as_ref().and_then(|body| body.bytes());
        let shown = error.clone().hiding(|text| self.secrets.hide(text, body));
        self.address.note(Err(&shown));
    }
}

/// The outcome of an attempt that is given up because of an outage. The request was sent, and may have taken
/// effect.
fn answer_of_nobody(address: &Outage) -> Result<Answered, ConnectorError> {
    let reason = address.reason().unwrap_or(Error::unreachable(vec![
        "an outage has begun and ended while the request was in flight".to_owned(),
    ]));
    // The SDK does not retry "user" errors.
    Err(ConnectorError::user(reason.into()))
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let waited = self.started.elapsed();
        if !self.is_over && waited >= self.hopeless {
            self.address.note(Err(&Error::Timeout {
                operation: "a request to DynamoDB",
                after: waited,
            }));
        }
    }
}

/// Translates the error of an attempt. `None` if it says nothing about DynamoDB.
fn meaning(error: &ConnectorError) -> Option<Error> {
    let known = sources(error).find_map(|error| error.downcast_ref::<Error>());
    match known {
        Some(error) => Some(error.clone()),
        None if error.is_user() => None,
        None => Some(Error::unreachable(causes(error))),
    }
}
