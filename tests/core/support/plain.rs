//! A plain HTTP client for the SDK, which has nothing of the core's own.
//!
//! The SDK's default client would bring HTTP/2 and TLS along: with these, each crate that the addon is
//! built of would be compiled a second time for the tests.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector as Dialer;
use hyper_util::rt::TokioExecutor;

#[derive(Debug)]
struct Plain(Client<Dialer, SdkBody>);

impl HttpConnector for Plain {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = request.try_into_http1x().unwrap();
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer
                .await
                .map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// An HTTP client with connections of its own.
pub fn http_client() -> SharedHttpClient {
    let client = Client::builder(TokioExecutor::new()).build(Dialer::new());
    let connector = SharedHttpConnector::new(Plain(client));
    http_client_fn(move |_settings, _components| connector.clone())
}
