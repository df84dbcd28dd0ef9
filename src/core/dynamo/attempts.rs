//! Connects our parts of the SDK's client with the request that it sends.
//!
//! A task-local variable does so: the SDK sends a request in the task that called it.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::core::lock::locked;

tokio::task_local! {
    /// The attempts of the request that this task sends.
    static ATTEMPTS: Arc<Attempts>;
}

/// The outcome of an attempt.
pub type AttemptOutcome = Result<HttpResponse, ConnectorError>;

/// The attempts of a request. The SDK makes all of them, or all but the first. No `Debug`: this holds credentials
/// and an answer.
#[derive(Default)]
pub struct Attempts {
    /// The credentials to sign with.
    credentials: Option<Credentials>,
    /// The outcome of the first attempt, until the SDK has taken it.
    first: Mutex<Option<AttemptOutcome>>,
    sent: AtomicU32,
    timed_out: AtomicU32,
    /// The `x-amz-date` of the last attempt.
    date: Mutex<Option<String>>,
}

impl Attempts {
    /// The number of attempts that the SDK made, with the first one of the fast path.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The number of attempts that timed out.
    pub fn timed_out(&self) -> u32 {
        self.timed_out.load(Ordering::Relaxed)
    }

    /// The date with which the last attempt was signed, such as `20261121T105438Z`.
    pub fn date(&self) -> Option<String> {
        let date = locked(&self.date);
        date.clone()
    }
}

/// Runs `work`, which sends a request by a client with a [`Watch`]. The client signs with `credentials`. If
/// `first` is set, it is the outcome of the first attempt.
pub async fn sending<T>(
    credentials: Option<Credentials>,
    first: Option<AttemptOutcome>,
    work: impl Future<Output = T>,
) -> (T, Arc<Attempts>) {
    let attempts = Arc::new(Attempts {
        credentials,
        first: Mutex::new(first),
        ..Attempts::default()
    });
    let answer = ATTEMPTS.scope(Arc::clone(&attempts), work).await;
    (answer, attempts)
}

/// If this task sends a request: the credentials to sign it with.
pub fn credentials() -> Option<Credentials> {
    let credentials = ATTEMPTS.try_with(|attempts| attempts.credentials.clone());
    credentials.ok().flatten()
}

/// Takes the outcome of the first attempt, if the fast path made it. The next call returns `None`.
pub fn take_first() -> Option<AttemptOutcome> {
    let first = ATTEMPTS.try_with(|attempts| locked(&attempts.first).take());
    first.ok().flatten()
}

/// Watches the attempts of a client. Clones share the endpoint.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    endpoint: Arc<OnceLock<String>>,
}

impl Watch {
    /// The address of the first request, such as `https://dynamodb.eu-west-1.amazonaws.com`. `None` before it.
    pub fn endpoint(&self) -> Option<&String> {
        self.endpoint.get()
    }
}

impl Intercept for Watch {
    fn name(&self) -> &'static str {
        "Watch"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.endpoint.get_or_init(|| {
            let uri = context.request().uri();
            uri.trim_end_matches('/').to_owned()
        });
        // A client for which `sending` was not called has no task-local value.
        let date = context.request().headers().get("x-amz-date");
        let _ = ATTEMPTS.try_with(|attempts| {
            attempts.sent.fetch_add(1, Ordering::Relaxed);
            let mut last = locked(&attempts.date);
            *last = date.map(str::to_owned);
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let timed_out = match context.output_or_error() {
            Some(Err(error)) => {
                let of_connector = error.as_connector_error();
                error.is_timeout_error() || of_connector.is_some_and(|error| error.is_timeout())
            }
            _ => false,
        };
        if timed_out {
            let _ =
                ATTEMPTS.try_with(|attempts| attempts.timed_out.fetch_add(1, Ordering::Relaxed));
        }
        Ok(())
    }
}
