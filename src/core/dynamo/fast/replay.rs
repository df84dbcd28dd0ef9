//! An HTTP client whose first request has been made already.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};

use super::Outcome;

/// Answers the first request with what came of it elsewhere, and sends those that follow.
#[derive(Clone)]
pub struct Replay {
    outcome: Arc<Mutex<Option<Outcome>>>,
    http: SharedHttpClient,
}

impl Replay {
    pub fn new(outcome: Outcome, http: SharedHttpClient) -> Self {
        Self {
            outcome: Arc::new(Mutex::new(Some(outcome))),
            http,
        }
    }
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Replay")
    }
}

impl HttpClient for Replay {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(ReplayConnector {
            replay: self.clone(),
            connector: self.http.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct ReplayConnector {
    replay: Replay,
    connector: SharedHttpConnector,
}

impl HttpConnector for ReplayConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let outcome = self.replay.outcome.lock();
        let outcome = outcome.unwrap_or_else(PoisonError::into_inner).take();
        match outcome {
            Some(outcome) => HttpConnectorFuture::ready(outcome),
            None => self.connector.call(request),
        }
    }
}
