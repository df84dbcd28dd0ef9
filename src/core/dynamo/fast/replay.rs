//! The HTTP client of the SDK. It can replay the outcome of a first attempt that the fast path made.

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};

use crate::core::dynamo::attempts;

/// If the fast path made the first attempt, answers the SDK's first attempt with its outcome. All other
/// attempts go to the inner client.
#[derive(Debug)]
pub struct Replay<C>(pub C);

impl HttpClient for Replay<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Replay(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for Replay<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match attempts::take_first() {
            Some(outcome) => HttpConnectorFuture::ready(outcome),
            None => self.0.call(request),
        }
    }
}
