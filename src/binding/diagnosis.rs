//! The methods of `NativeStore` for the diagnosis of a store: the ways of its requests, and requests in any form.

use std::time::UNIX_EPOCH;

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::{Failure, Outcome};
use super::store::{NativeStore, time};
use crate::core::deadline::within;
use crate::core::dynamo::raw::Exchange;
use crate::core::dynamo::ways::{CredentialFacts, Ways};

/// The ways of a store's requests. No field has a credential.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct RequestWays {
    /// `true`: the user's client sends the requests. Then no other field is set.
    pub through_client: bool,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// The source of the region: `options`, `AWS_REGION`, `profile`, `AWS_DEFAULT_REGION`, `instance` or `default`.
    pub region_from: Option<String>,
    /// The endpoint in the settings, or the address of the first request.
    pub endpoint: Option<String>,
    /// The source of the endpoint: `options`, a variable, `profile`, or `region` for AWS's own endpoint.
    pub endpoint_from: Option<String>,
    /// The source of the credentials: `options`, `provider`, or a part of the environment, such as `profile "shop"`.
    pub credentials_from: Option<String>,
    /// When the credentials end, in milliseconds since the Unix epoch.
    pub credentials_end: Option<f64>,
    /// The reason why there are no credentials.
    pub credentials_failure: Option<Failure>,
}

/// The outcome of a request in any form.
#[napi(object, object_from_js = false)]
pub struct RawOutcome {
    /// DynamoDB's JSON, if the request has succeeded.
    pub body: Option<String>,
    /// The failure, if the request has failed.
    pub failure: Option<Failure>,
    /// How many seconds DynamoDB's clock is ahead of this machine's. Not set if DynamoDB did not answer, or if the
    /// user's client sent the request.
    pub clock_ahead: Option<f64>,
}

impl From<Option<Ways>> for RequestWays {
    fn from(ways: Option<Ways>) -> Self {
        let Some(ways) = ways else {
            return Self {
                through_client: true,
                ..Self::default()
            };
        };
        let CredentialFacts { from, given } = ways.credentials;
        let end = given.as_ref().ok().copied().flatten();
        let end = end.and_then(|end| end.duration_since(UNIX_EPOCH).ok());
        Self {
            through_client: false,
            region: ways.region,
            region_from: Some(ways.region_from.to_owned()),
            endpoint: ways.endpoint,
            endpoint_from: Some(ways.endpoint_from.to_owned()),
            credentials_from: Some(from),
            credentials_end: end.map(|end| end.as_secs_f64() * 1000.0),
            credentials_failure: given.err().map(Failure::from),
        }
    }
}

#[napi]
impl NativeStore {
    /// The ways of the store's requests. Asks the source for credentials, and sends no request to DynamoDB.
    #[napi]
    pub fn ways<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<RequestWays>>> {
        self.start(env, move |backend| async move {
            let ways = backend.dynamo.ways();
            let ways = within(time(limit), "looking for credentials", ways);
            ways.await.map(RequestWays::from)
        })
    }

    /// Sends a request for an operation, such as `GetItem`, with DynamoDB's JSON as `body`. It passes all layers of a
    /// request, except the order of requests for items.
    #[napi]
    pub fn request<'env>(
        &self,
        env: &'env Env,
        operation: String,
        body: String,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<RawOutcome>>> {
        let failure_of = self.failures();
        self.start(env, move |backend| async move {
            let sent = backend.dynamo.exchange(&backend.name, operation, body);
            let sent = async { Ok(sent.await) };
            let Exchange {
                answer,
                clock_ahead,
            } = within(time(limit), "the request", sent).await?;
            let failure = answer.as_ref().err().map(&failure_of);
            Ok(RawOutcome {
                body: answer.ok(),
                failure,
                clock_ahead,
            })
        })
    }
}
