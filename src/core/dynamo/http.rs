//! The HTTP client below the AWS SDK, with a limit on its connections.
//!
//! If no connection is idle, the SDK's own client opens another one, however many are open: a burst of requests can
//! use up all file descriptors of the process. This client opens at most `max_sockets` connections to each host, as
//! an agent of Node does. Further requests wait for a connection.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::header::PROXY_AUTHORIZATION;
use http::{Extensions, HeaderValue, StatusCode, Uri};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::bounded::Bounded;
use super::connect::{Dialer, Resolve, System};
use super::proxy::{Proxies, Proxy};
use super::socket::{Pulse, PulseOf};
use super::telemetry::audience::Audience;
use super::tls;
use super::trust::Authorities;
use crate::core::error::Error;
use crate::core::lock::locked;

/// If a request is given up sooner than this, it says nothing about its connection.
const PATIENCE: Duration = Duration::from_millis(100);

type Hyper = Client<Bounded, SdkBody>;

/// An HTTP client that keeps connections and uses them again. Clones share them.
#[derive(Debug, Clone)]
pub struct Http(Arc<PooledClient>);

impl Http {
    /// An HTTP client with at most `max_sockets` connections to each host. The first connection with TLS reads the
    /// authorities. If they cannot be read, each request that needs TLS fails.
    pub fn new(max_sockets: usize, authorities: Authorities, proxies: Proxies) -> Self {
        Self::with_resolver(Arc::new(System), max_sockets, authorities, proxies)
    }

    fn with_resolver(
        resolver: Arc<dyn Resolve>,
        max_sockets: usize,
        authorities: Authorities,
        proxies: Proxies,
    ) -> Self {
        let dialer = Dialer::new(resolver);
        Self(Arc::new(PooledClient {
            connector: Bounded::new(dialer, max_sockets, authorities, proxies),
            pools: Mutex::default(),
        }))
    }

    /// Learns when connections are opened and closed.
    pub fn audience(&self) -> &Audience {
        self.0.connector.audience()
    }

    /// The number of open connections.
    pub fn open(&self) -> usize {
        self.0.connector.open_sockets()
    }

    /// The same client, in the form that the SDK takes.
    pub fn shared(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// A connector for requests for credentials. Its connections must open within `timeout`. Requests to this
    /// machine use no proxy, because a container may get its credentials there.
    pub fn connector(&self, timeout: Option<Duration>) -> SharedHttpConnector {
        self.0.pool(timeout, true)
    }
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.pool(settings.connect_timeout(), false)
    }
}

/// Keeps connections in pools: one for each connect timeout, and for connections to this machine with and without a
/// proxy. Requests to DynamoDB use one pool, requests for credentials use others.
struct PooledClient {
    connector: Bounded,
    pools: Mutex<HashMap<(Option<Duration>, bool), SharedHttpConnector>>,
}

impl fmt::Debug for PooledClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PooledClient")
    }
}

/// If a request finds an idle connection while it opens a new one, hyper goes on opening the new one. When
/// these wait for the limit, they would keep the pool and all its connections for ever.
impl Drop for PooledClient {
    fn drop(&mut self) {
        self.connector.close();
    }
}

impl PooledClient {
    fn pool(&self, timeout: Option<Duration>, spares_own: bool) -> SharedHttpConnector {
        let mut pools = locked(&self.pools);
        let pool = pools.entry((timeout, spares_own)).or_insert_with(|| {
            let connector = self.connector.within(timeout, spares_own);
            let client = Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector.clone());
            SharedHttpConnector::new(Pool { client, connector })
        });
        pool.clone()
    }
}

/// Connections with the same settings.
struct Pool {
    client: Hyper,
    /// The connector of `client`.
    connector: Bounded,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl HttpConnector for Pool {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        let connection = capture_connection(&mut request);
        let of_sdk = connection.clone();
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&of_sdk));
        }
        let proxy = self.connector.forwarding_proxy(request.uri()).cloned();
        if let Some(value) = proxy.as_ref().and_then(authorization) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, value);
        }
        let mut sent = Sent {
            connector: self.connector.clone(),
            uri: request.uri().clone(),
            connection,
            at: Instant::now(),
            is_over: false,
        };
        let answer = self.client.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await;
            sent.is_over = true;
            let answer = answer.map_err(|error| {
                sent.fail(&error);
                classify(error)
            })?;
            if let Some(proxy) = proxy
                && answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            {
                return Err(ConnectorError::user(proxy.unauthorized().into()));
            }
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// The header `proxy-authorization` of a forwarded request, if the proxy needs one.
fn authorization(proxy: &Proxy) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(proxy.authorization()?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// A sent request. If it is dropped before it is over, its time was up.
struct Sent {
    connector: Bounded,
    uri: Uri,
    connection: CaptureConnection,
    at: Instant,
    is_over: bool,
}

impl Sent {
    /// The connection of the request. `None` if it has no connection yet.
    fn pulse(&self) -> Option<Arc<Pulse>> {
        let connection = self.connection.connection_metadata();
        let mut extras = Extensions::new();
        connection.as_ref()?.get_extras(&mut extras);
        extras.get::<PulseOf>()?.0.upgrade()
    }

    /// Notes that the connection failed. If it was open before the request, other connections may be dead too.
    fn fail(&self, error: &ClientError) {
        if is_timeout(error) {
            self.time_out();
        } else if find::<io::Error>(error).is_some() {
            self.doubt(self.pulse().as_deref());
        }
    }

    /// Notes that the connection did not answer in time.
    fn time_out(&self) {
        let pulse = self.pulse();
        self.doubt(pulse.as_deref());
        if let Some(pulse) = pulse {
            pulse.peer().avoid();
        }
    }

    fn doubt(&self, pulse: Option<&Pulse>) {
        if pulse.is_some_and(|pulse| pulse.is_older_than(self.at)) {
            self.connector.doubt(&self.uri, self.at);
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if !self.is_over && self.at.elapsed() >= PATIENCE {
            self.time_out();
        }
    }
}

/// Lets the SDK poison the connection of a request, so that no other request uses it again.
fn metadata(connection: &CaptureConnection) -> Option<ConnectionMetadata> {
    connection.connection_metadata().as_ref()?;
    let connection = connection.clone();
    let poison = move || {
        if let Some(connected) = connection.connection_metadata().as_ref() {
            connected.poison();
        }
    };
    let metadata = ConnectionMetadata::builder().proxied(false);
    Some(metadata.poison_fn(poison).build())
}

/// Classifies an error, so that the SDK can decide whether to retry.
fn classify(error: ClientError) -> ConnectorError {
    // A retry does not mend the settings or TLS.
    if let Some(error) = find::<Error>(&error) {
        return ConnectorError::user(error.clone().into());
    }
    if let Some(error) = find(&error).and_then(tls::wants_certificate) {
        return ConnectorError::user(error.into());
    }
    if is_timeout(&error) {
        return ConnectorError::timeout(error.into());
    }
    let (is_user, is_incomplete) = find::<hyper::Error>(&error).map_or((false, false), |error| {
        (error.is_user(), error.is_incomplete_message())
    });
    let is_closed =
        find::<hyper::Error>(&error).is_some_and(|error| error.is_closed() || error.is_canceled());
    if is_user {
        ConnectorError::user(error.into())
    } else if is_incomplete {
        ConnectorError::other(error.into(), Some(ErrorKind::TransientError))
    } else if error.is_connect() || is_closed || find::<io::Error>(&error).is_some() {
        ConnectorError::io(error.into())
    } else {
        ConnectorError::other(error.into(), None)
    }
}

fn is_timeout(error: &ClientError) -> bool {
    find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// The outermost error of type `E` among `error` and its sources.
fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |&error| {
        tls::within(error).or_else(|| error.source())
    })
    .find_map(|error| error.downcast_ref::<E>())
}

#[cfg(test)]
mod tests;
