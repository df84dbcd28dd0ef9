//! The pipeline of every request, whether the fast path or the SDK sends it.
//!
//! Its layers, from the outermost to the innermost, in the request's own [`telemetry`](super::telemetry):
//!
//! 1. [`throttle`](super::throttle): throttled requests are sent again until the deadline of their call, at the
//!    rate that the table takes.
//! 2. [`outage`](super::outage): during an outage no request is sent.
//! 3. [`credentials`](super::credentials): the request gets the credentials to sign it with.
//! 4. [`fast`](super::fast): the fast path. Most requests end here.
//! 5. [`lost`](super::lost): if the table is missing, the store looks for it, and sends the request once more.
//! 6. [`refused`](super::refused): if DynamoDB refuses the signature and another one is possible, the request is
//!    sent once more.
//! 7. The SDK, with its own retries. [`attempts`](super::attempts) connects its client with this request.
//! 8. [`failure`](super::failure): translates the SDK's error into an [`Error`].
//!
//! Below both the fast path and the SDK is one HTTP client: [`telemetry::meter`](super::telemetry::meter), which
//! counts the attempts, on [`outage::guard`](super::outage::guard), which notes the outcome of each for layer 2, on
//! [`http`](super::http).

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use super::attempts::{AttemptOutcome, sending};
use super::connection::Connection;
use super::failure::translate;
use super::operation::Operation;
use super::refused::Refusal;
use super::routes::Routes;
use super::telemetry::{self, request::Path};
use super::throttle::Patience;
use crate::core::error::{Error, Result};

/// Sends a request. See the [module](self).
#[allow(
    clippy::manual_async_fn,
    reason = "the future of an `async fn` holds its request twice"
)]
pub fn send<O: Operation>(
    routes: Arc<Routes>,
    request: O,
) -> impl Future<Output = Result<O::Output>> + Send {
    async move {
        let report = routes
            .telemetry()
            .begin(O::NAME, request.items(), O::USE.is_some());
        let request = match routes.telemetry().reports_capacity() {
            true => request.reporting_capacity(),
            false => request,
        };
        let outcome = Arc::clone(&report).scope(repeat(&routes, request)).await;
        let capacity = outcome.as_ref().ok().and_then(O::capacity);
        report.end(&outcome, O::USE.zip(capacity));
        outcome
    }
}

/// Sends a request until DynamoDB does not throttle it.
#[allow(
    clippy::manual_async_fn,
    reason = "the future of an `async fn` holds its request twice"
)]
fn repeat<O: Operation>(
    routes: &Arc<Routes>,
    request: O,
) -> impl Future<Output = Result<O::Output>> + Send {
    async move {
        let connection = routes.connection().await?;
        let limits = O::USE.zip(routes.limits());
        let mut patience = Patience::new(&connection.repeats, limits, request.items());
        loop {
            connection.admit()?;
            patience.turn().await;
            // An outage may have begun while the request waited for its turn.
            connection.admit()?;
            let limit = routes.credentials_timeout();
            let turn = Turn {
                credentials: connection.credentials(limit).await?,
                limit,
                routes,
                connection,
                request: &request,
            };
            let answer = turn.send(&patience).await;
            if let Some(answer) = patience.outcome(answer, O::unprocessed).await {
                return answer;
            }
        }
    }
}

fn note_path(path: Path) {
    if let Some(request) = telemetry::request::current() {
        request.take(path);
    }
}

/// A request that may be sent now.
struct Turn<'r, O> {
    routes: &'r Routes,
    connection: &'r Connection,
    request: &'r O,
    /// The credentials to sign with. `None`: the user's client signs.
    credentials: Option<Credentials>,
    /// The time that the credential source has to give other credentials.
    limit: Duration,
}

impl<O: Operation> Turn<'_, O> {
    async fn send(&self, patience: &Patience<'_>) -> Result<O::Output> {
        let searches = O::USE.and_then(|_| self.routes.searches());
        let first = match (&self.connection.fast, &self.credentials) {
            (Some(fast), Some(credentials)) => {
                note_path(Path::Fast);
                match self.request.by_fast_path(fast, credentials).await {
                    Ok(output) => return Ok(output),
                    Err(first) => first,
                }
            }
            _ => None,
        };
        note_path(match self.credentials {
            Some(_) => Path::Sdk,
            None => Path::Client,
        });
        tracing::debug!(
            "the SDK sends {}, attempt {}",
            O::NAME,
            1 + usize::from(first.is_some())
        );
        let client = &self.connection.client;
        // The SDK's retry strategy holds one permit. If requests shared a client here, each retry would lose the
        // permit of another request, with its tokens.
        let client = match first {
            Some(_) => Client::from_conf(client.config().to_builder().build()),
            None => client.clone(),
        };
        let client = patience.limited(client);
        // Boxed: the future is large, and most requests end on the fast path.
        Box::pin(self.find_table(searches, &client, first)).await
    }

    /// Sends the request by the SDK. If the table is missing, looks for it, and sends the request once more.
    /// `searches` is the number of searches before the request was first sent.
    async fn find_table(
        &self,
        searches: Option<u64>,
        client: &Client,
        first: Option<AttemptOutcome>,
    ) -> Result<O::Output> {
        let mut answer = self.sign(client, first).await;
        if let Err(error) = &answer
            && self.routes.is_table_back(searches, error).await
        {
            answer = self.sign(&self.connection.client, None).await;
        }
        answer.map_err(|error| match O::USE {
            Some(_) => self.routes.about_table(error),
            None => error,
        })
    }

    /// Sends the request by the SDK. If DynamoDB refuses the signature and another one is possible, sends the
    /// request once more.
    async fn sign(&self, client: &Client, first: Option<AttemptOutcome>) -> Result<O::Output> {
        let credentials = self.credentials.clone();
        // Boxed, because it is moved into the task-local scope.
        let request = Box::pin(self.request.clone().by_sdk(client));
        let (mut answer, mut attempts) = sending(credentials, first, request).await;
        if let (Err(error), Some(used)) = (&answer, &self.credentials) {
            let date = attempts.date();
            let refusal = Refusal::of(error.code(), error.raw_response(), date.as_deref());
            let other = self.connection.mend(refusal, used, self.limit).await;
            if other.is_some() {
                let request = Box::pin(self.request.clone().by_sdk(&self.connection.client));
                (answer, attempts) = sending(other, None, request).await;
            }
        }
        answer.or_else(|error| {
            O::meaning(&error).unwrap_or_else(|| {
                let (connection, body) = (self.connection, self.request.body());
                let hide = |text: &str| connection.secrets.hide(text, body.as_deref());
                let error = translate(error, connection.request_timeout, &attempts, hide);
                connection.note(&error);
                Err::<O::Output, Error>(error)
            })
        })
    }
}
