//! The HTTP client under the AWS SDK, with a bound on its connections.
//!
//! The SDK's own client opens a connection for each request that finds none idle, however many are
//! open: a burst can take every file that the process may open. This client opens at most
//! `max_sockets` to each host, as an agent of Node does; a request beyond that waits for one of
//! them.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_sdk_dynamodb::config::RuntimeComponents;
use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::error::BoxError;
use aws_smithy_runtime_api::client::connection::{CaptureSmithyConnection, ConnectionMetadata};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{
    CaptureConnection, Connected, Connection, HttpConnector as TcpConnector, capture_connection,
};
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_service::Service;

use super::tls;
use super::trust::Authorities;
use crate::core::error::Error;

type Hyper = Client<Bounded, SdkBody>;

/// An HTTP client with connections that are kept and used again. A clone has the same.
#[derive(Debug, Clone)]
pub struct Http(Arc<PooledClient>);

impl Http {
    /// An HTTP client with at most `max_sockets` connections to each host. The authorities are read by
    /// the first connection with TLS. If they cannot be, each request that needs TLS fails.
    pub fn new(max_sockets: usize, authorities: Authorities) -> Self {
        let mut tcp = TcpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self(Arc::new(PooledClient {
            connector: Bounded {
                tcp,
                tls: Arc::default(),
                authorities,
                max_sockets,
                hosts: Arc::default(),
                timeout: None,
            },
            pools: Mutex::default(),
        }))
    }

    /// The same for the SDK.
    pub fn shared(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// What sends requests on connections that open within `timeout`.
    pub fn connector(&self, timeout: Option<Duration>) -> SharedHttpConnector {
        self.0.pool(timeout)
    }
}

impl HttpClient for Http {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector(settings.connect_timeout())
    }
}

/// Connections that are kept and used again, in a pool for each connect timeout that is asked for:
/// DynamoDB has one, the services that credentials come from have others.
struct PooledClient {
    connector: Bounded,
    pools: Mutex<HashMap<Option<Duration>, SharedHttpConnector>>,
}

impl fmt::Debug for PooledClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PooledClient")
    }
}

/// Hyper goes on opening a connection for a request that has found an idle one meanwhile. Those that
/// wait for their turn to open would keep the pool, and all connections in it, for ever.
impl Drop for PooledClient {
    fn drop(&mut self) {
        self.connector.close();
    }
}

impl PooledClient {
    fn pool(&self, timeout: Option<Duration>) -> SharedHttpConnector {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = pools.entry(timeout).or_insert_with(|| {
            let connector = Bounded {
                timeout,
                ..self.connector.clone()
            };
            let client = Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connector);
            SharedHttpConnector::new(Pool(client))
        });
        pool.clone()
    }
}

/// Connections with the same settings.
struct Pool(Hyper);

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
        if let Some(capture) = request.extensions().get::<CaptureSmithyConnection>() {
            capture.set_connection_retriever(move || metadata(&connection));
        }
        let answer = self.0.request(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(classify)?;
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// What the SDK may do with the connection of a request: keep others from using it again.
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

/// What the SDK has to know of a failure to decide whether to try again.
fn classify(error: ClientError) -> ConnectorError {
    // What is wrong with the settings or with TLS stays so.
    if let Some(error) = find::<Error>(&error) {
        return ConnectorError::user(error.clone().into());
    }
    if let Some(error) = find(&error).and_then(tls::wants_certificate) {
        return ConnectorError::user(error.into());
    }
    let is_timeout = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if find::<io::Error>(&error).is_some_and(is_timeout) {
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

/// The outermost error of a kind among `error` and what led to it.
fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    std::iter::successors(Some(error), |&error| {
        tls::within(error).or_else(|| error.source())
    })
    .find_map(|error| error.downcast_ref::<E>())
}

/// Opens connections, a bounded number to each host.
#[derive(Clone)]
struct Bounded {
    tcp: TcpConnector,
    /// Made by the first connection that needs it.
    tls: Arc<OnceLock<Result<HttpsConnector<TcpConnector>, Error>>>,
    authorities: Authorities,
    max_sockets: usize,
    hosts: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    /// From the moment at which the connection may be opened.
    timeout: Option<Duration>,
}

impl Bounded {
    fn sockets(&self, uri: &Uri) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let sockets = hosts
            .entry(host(uri))
            .or_insert_with(|| Arc::new(Semaphore::new(self.max_sockets)));
        Arc::clone(sockets)
    }

    /// Has everybody give up who waits to open a connection.
    fn close(&self) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for sockets in hosts.values() {
            sockets.close();
        }
    }

    fn tls(&self) -> Result<HttpsConnector<TcpConnector>, Error> {
        let connector = self.tls.get_or_init(|| {
            let connector = HttpsConnectorBuilder::new()
                .with_tls_config(tls::config(self.authorities.read()?)?)
                .https_only()
                .enable_http1();
            Ok(connector.wrap_connector(self.tcp.clone()))
        });
        connector.clone()
    }

    /// Opens a connection.
    fn open(&self, uri: Uri) -> BoxFuture<'static, Result<Stream, BoxError>> {
        if uri.scheme() == Some(&Scheme::HTTPS) {
            let connector = self.tls();
            let host = host(&uri);
            return Box::pin(async move {
                let opened = connector?.call(uri).await;
                opened.map_err(|error| match tls::explain(&*error, &host) {
                    Some(explained) => explained.into(),
                    None => error,
                })
            });
        }
        let opening = self.tcp.clone().call(uri);
        Box::pin(async move { Ok(MaybeHttpsStream::Http(opening.await?)) })
    }
}

/// `localhost:8000` of `http://localhost:8000/`.
fn host(uri: &Uri) -> String {
    let authority = uri.authority();
    authority.map_or_else(String::new, ToString::to_string)
}

impl Service<Uri> for Bounded {
    type Response = Socket;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Socket, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Neither kind of connector has to be waited for.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let sockets = self.sockets(&uri);
        let plain = (uri.scheme() == Some(&Scheme::HTTP)).then(|| host(&uri));
        let bounded = self.clone();
        let limit = self.timeout.unwrap_or(Duration::MAX);
        Box::pin(async move {
            let permit = sockets.acquire_owned().await?;
            let opening = tokio::time::timeout(limit, bounded.open(uri));
            let stream = opening.await.map_err(|_| {
                let reason = format!("no connection within {} ms", limit.as_millis());
                io::Error::new(io::ErrorKind::TimedOut, reason)
            })??;
            Ok(Socket {
                stream,
                unheard: plain,
                _permit: permit,
            })
        })
    }
}

type Stream = MaybeHttpsStream<<TcpConnector as Service<Uri>>::Response>;

/// An open connection, which counts as such until it is dropped.
struct Socket {
    stream: Stream,
    /// The host of a connection without TLS that nothing has been heard from yet.
    unheard: Option<String>,
    _permit: OwnedSemaphorePermit,
}

impl Socket {
    fn stream(self: Pin<&mut Self>) -> Pin<&mut Stream> {
        Pin::new(&mut self.get_mut().stream)
    }
}

impl Connection for Socket {
    fn connected(&self) -> Connected {
        self.stream.connected()
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.unheard.is_none() || buffer.remaining() == 0 {
            return self.stream().poll_read(context, buffer);
        }
        // The first byte tells whether the server takes this for TLS, and so does its silence.
        let mut first = [0];
        let mut read = ReadBuf::new(&mut first);
        let outcome = ready!(self.as_mut().stream().poll_read(context, read.unfilled()));
        let heard = read.filled();
        buffer.put_slice(heard);
        let host = self.get_mut().unheard.take().unwrap_or_default();
        match (outcome, heard) {
            (Ok(()), [tls::ALERT]) => {
                let error = tls::spoken_by(&host);
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error)))
            }
            (Ok(()), []) => Poll::Ready(Err(tls::silent(&host, io::ErrorKind::UnexpectedEof))),
            (Err(error), _) if error.kind() == io::ErrorKind::ConnectionReset => {
                Poll::Ready(Err(tls::silent(&host, error.kind())))
            }
            (outcome, _) => Poll::Ready(outcome),
        }
    }
}

impl Write for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.stream().poll_write_vectored(context, buffers)
    }
}
