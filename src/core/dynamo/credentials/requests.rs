//! Requests to the services that give credentials, or the region of an instance.

use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::{sleep, timeout};

use super::super::http::Http;

/// The first pause before a request is sent again. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The header with the lifetime of an instance's token, in seconds.
pub const TOKEN_LIFETIME: &str = "x-aws-ec2-metadata-token-ttl-seconds";

/// The time limits of a request, and its retries.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// The time that a connection may take to open.
    pub connect: Duration,
    /// The time that one attempt may take.
    pub attempt: Duration,
    /// The largest number of attempts, with the first.
    pub attempts: u32,
    /// Whether a request without an answer is sent again.
    pub repeats_unanswered: bool,
}

/// Sends requests by the HTTP client of a connection to DynamoDB.
#[derive(Clone)]
pub struct Requests(Http);

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}

/// A request. Each attempt builds a new one.
#[derive(Debug, Default)]
pub struct Request {
    /// The HTTP method, such as `GET`.
    pub method: &'static str,
    /// The address, with path and query.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, as text.
    pub body: String,
}

/// An answer, whatever its status.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The header [`TOKEN_LIFETIME`], which only the instance's service sends.
    pub token_lifetime: Option<String>,
    /// The body, as text.
    pub body: String,
}

impl Answer {
    /// Whether the status is between 200 and 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether the status lets a retry hope for success.
    pub fn is_transient(&self) -> bool {
        matches!(self.status, 429 | 500 | 502 | 503 | 504)
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The request could not be sent, or broke off.
    #[error("{0}")]
    Connector(#[from] ConnectorError),
    /// An attempt took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The request is not valid HTTP.
    #[error("{0}")]
    Request(String),
}

impl From<Unanswered> for CredentialsError {
    fn from(unanswered: Unanswered) -> Self {
        Self::provider_error(unanswered)
    }
}

impl Requests {
    /// Sends requests by this client.
    pub fn new(http: Http) -> Self {
        Self(http)
    }

    /// Sends the request that `make` builds. If `is_transient` holds for the answer, sends it again, at most
    /// `policy.attempts` times in all.
    ///
    /// # Errors
    ///
    /// [`Unanswered`], of the last attempt.
    pub async fn send(
        &self,
        policy: &RetryPolicy,
        make: impl Fn() -> Request + Send,
        is_transient: impl Fn(&Answer) -> bool + Send,
    ) -> Result<Answer, Unanswered> {
        let connector = self.0.connector(Some(policy.connect));
        let mut pause = FIRST_PAUSE;
        for left in (0..policy.attempts.max(1)).rev() {
            let outcome = attempt(&connector, make(), policy.attempt).await;
            let again = match &outcome {
                Ok(answer) => is_transient(answer),
                Err(Unanswered::Connector(error)) => policy.repeats_unanswered && !error.is_user(),
                Err(Unanswered::Timeout(_)) => policy.repeats_unanswered,
                Err(Unanswered::Request(_)) => false,
            };
            if !again || left == 0 {
                return outcome;
            }
            sleep(pause.mul_f64(0.5 + fastrand::f64() / 2.0)).await;
            pause *= 2;
        }
        Err(Unanswered::Timeout(Duration::ZERO))
    }
}

async fn attempt(
    connector: &SharedHttpConnector,
    request: Request,
    limit: Duration,
) -> Result<Answer, Unanswered> {
    let request = request.build()?;
    let answered = async {
        let response = connector.call(request).await?;
        Answer::read(response).await
    };
    let answered = timeout(limit, answered).await;
    answered.unwrap_or(Err(Unanswered::Timeout(limit)))
}

impl Request {
    fn build(self) -> Result<HttpRequest, Unanswered> {
        let unfit = |what: &str| Unanswered::Request(format!("{what} of the request is not valid"));
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        let method = request.set_method(self.method);
        method.map_err(|_| unfit("the method"))?;
        let url = request.set_uri(self.url);
        url.map_err(|_| unfit("the address"))?;
        for (name, value) in self.headers {
            let inserted = request.headers_mut().try_insert(name, value);
            // The error does not quote the value, which may be a token.
            inserted.map_err(|_| unfit(&format!("the header {name}")))?;
        }
        Ok(request)
    }
}

impl Answer {
    async fn read(mut response: HttpResponse) -> Result<Self, Unanswered> {
        let body = ByteStream::new(response.take_body()).collect().await;
        let body = body.map_err(|error| ConnectorError::io(error.into()))?;
        let lifetime = response.headers().get(TOKEN_LIFETIME);
        Ok(Self {
            status: response.status().as_u16(),
            token_lifetime: lifetime.map(str::to_owned),
            body: String::from_utf8_lossy(&body.into_bytes()).into_owned(),
        })
    }
}
