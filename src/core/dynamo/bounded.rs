//! Opens connections, at most a fixed number to each host.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::error::BoxError;
use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::connect::{Dialer, Peer, Trial};
use super::proxy::{Proxies, Proxy};
use super::socket::{Reports, Socket, Sockets, Stream};
use super::telemetry::audience::Audience;
use super::tls;
use super::trust::Authorities;
use crate::core::error::Error;
use crate::core::lock::locked;

/// When a connection fails, other idle connections to the host stay open only if something was heard from them
/// within this time.
const LATELY: Duration = Duration::from_millis(250);

/// Opens connections, at most a fixed number to each host. Cloning is cheap, because each request clones it a few
/// times. Clones share the limit.
#[derive(Clone)]
pub struct Bounded(Arc<Inner>);

/// Clones count the same connections.
#[derive(Clone)]
struct Inner {
    dialer: Dialer,
    tls: Tls,
    max_sockets: usize,
    proxies: Proxies,
    /// Whether connections to this machine use no proxy.
    spares_own: bool,
    hosts: Arc<Mutex<HashMap<String, Host>>>,
    audience: Arc<Audience>,
    /// The time in which a connection must open, once the limit on connections lets it.
    timeout: Option<Duration>,
}

/// The connections to a host. Clones share them.
#[derive(Clone)]
pub(super) struct Host {
    bound: Arc<Semaphore>,
    pub(super) sockets: Arc<Sockets>,
}

impl Bounded {
    /// Opens at most `max_sockets` connections to each host. The first connection with TLS reads the authorities.
    pub fn new(
        dialer: Dialer,
        max_sockets: usize,
        authorities: Authorities,
        proxies: Proxies,
    ) -> Self {
        Self(Arc::new(Inner {
            dialer,
            tls: Tls {
                config: Arc::default(),
                authorities,
            },
            max_sockets,
            proxies,
            spares_own: false,
            hosts: Arc::default(),
            audience: Arc::default(),
            timeout: None,
        }))
    }

    /// The same with a limit of `timeout` for opening a connection. If `spares_own` is set, connections to this
    /// machine use no proxy.
    pub fn within(&self, timeout: Option<Duration>, spares_own: bool) -> Self {
        Self(Arc::new(Inner {
            timeout,
            spares_own,
            ..Inner::clone(&self.0)
        }))
    }

    /// Learns when connections are opened and closed.
    pub fn audience(&self) -> &Audience {
        &self.0.audience
    }

    /// The number of open connections, to all hosts.
    pub fn open_sockets(&self) -> usize {
        let hosts = locked(&self.0.hosts);
        hosts.values().map(|host| host.sockets.open()).sum()
    }

    pub(super) fn host(&self, uri: &Uri) -> Host {
        let mut hosts = locked(&self.0.hosts);
        let host = hosts.entry(authority(uri)).or_insert_with(|| Host {
            bound: Arc::new(Semaphore::new(self.0.max_sockets)),
            sockets: Arc::default(),
        });
        host.clone()
    }

    /// Closes idle connections to the host of `uri`, because a connection that was open before `sent` did not
    /// answer the request sent then. A connection stays open if something was heard from it since `sent`, and
    /// within the last [`LATELY`].
    pub fn doubt(&self, uri: &Uri, sent: Instant) {
        let lately = Instant::now().checked_sub(LATELY);
        let since = lately.map_or(sent, |lately| lately.max(sent));
        self.host(uri).sockets.close_silent_since(since);
    }

    /// Makes all requests fail that wait for a free connection.
    pub fn close(&self) {
        let hosts = locked(&self.0.hosts);
        for host in hosts.values() {
            host.bound.close();
        }
    }

    /// The proxy that a request to `uri` goes through.
    fn proxy(&self, uri: &Uri) -> Option<&Proxy> {
        self.0.proxies.of(uri, self.0.spares_own)
    }

    /// The proxy that forwards requests to `uri`. `None` if there is no proxy, or a tunnel through it.
    pub fn forwarding_proxy(&self, uri: &Uri) -> Option<&Proxy> {
        self.proxy(uri).filter(|_| !is_secure(uri))
    }

    /// Opens a connection.
    async fn open(&self, uri: &Uri) -> Result<(Stream, Peer), BoxError> {
        let is_secure = is_secure(uri);
        // If the authorities cannot be read, fail before anything is sent.
        let config = is_secure.then(|| self.0.tls.config()).transpose()?;
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let (stream, trial) = match self.proxy(uri) {
            None => {
                let (stream, trial) = self.0.dialer.dial(host, port, self.0.timeout).await?;
                (Box::new(stream) as Stream, trial)
            }
            Some(proxy) => {
                let (stream, trial) = self.open_to(proxy).await?;
                let stream = match is_secure {
                    true => proxy.tunnel(stream, &format!("{host}:{port}")).await?,
                    false => stream,
                };
                (stream, trial)
            }
        };
        let stream = match config {
            Some(config) => secure(stream, config, host, &authority(uri)).await?,
            None => stream,
        };
        Ok((stream, trial.pass()))
    }

    /// Opens a connection to a proxy.
    async fn open_to(&self, proxy: &Proxy) -> Result<(Stream, Trial), BoxError> {
        let config = proxy.is_secure().then(|| self.0.tls.config()).transpose()?;
        let dialled = self
            .0
            .dialer
            .dial(proxy.host(), proxy.port(), self.0.timeout);
        let (stream, trial) = dialled.await.map_err(|error| {
            let reason = format!("the proxy {proxy} cannot be reached: {error}");
            io::Error::new(error.kind(), reason)
        })?;
        let stream: Stream = Box::new(stream);
        let stream = match config {
            Some(config) => secure(stream, config, proxy.host(), &proxy.authority()).await?,
            None => stream,
        };
        Ok((stream, trial))
    }
}

/// The settings of TLS. Clones share them.
#[derive(Clone)]
struct Tls {
    /// The first connection that needs it makes it.
    config: Arc<OnceLock<Result<Arc<ClientConfig>, Error>>>,
    authorities: Authorities,
}

impl Tls {
    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let config = || tls::config(self.authorities.read()?).map(Arc::new);
        self.config.get_or_init(config).clone()
    }
}

/// Begins TLS with `host` on `stream`. Errors call the host `shown`.
async fn secure(
    stream: Stream,
    config: Arc<ClientConfig>,
    host: &str,
    shown: &str,
) -> Result<Stream, BoxError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned())?;
    match TlsConnector::from(config).connect(name, stream).await {
        Ok(stream) => Ok(Box::new(stream)),
        Err(error) => match tls::explain(&error, shown) {
            Some(explained) => Err(explained.into()),
            None => Err(error.into()),
        },
    }
}

fn is_secure(uri: &Uri) -> bool {
    uri.scheme() == Some(&Scheme::HTTPS)
}

/// Returns `localhost:8000` for `http://localhost:8000/`.
fn authority(uri: &Uri) -> String {
    let authority = uri.authority();
    authority.map_or_else(String::new, ToString::to_string)
}

impl Service<Uri> for Bounded {
    type Response = Socket;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Socket, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // `call` waits for the limit.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = self.host(&uri);
        let is_forwarded = self.forwarding_proxy(&uri).is_some();
        // Only without a proxy: a proxy may close a connection for reasons of its own.
        let plain = (!is_secure(&uri) && !is_forwarded).then(|| authority(&uri));
        let bounded = self.clone();
        let limit = self.0.timeout.unwrap_or(Duration::MAX);
        Box::pin(async move {
            let permit = host.bound.acquire_owned().await?;
            let began = Instant::now();
            let opened = tokio::time::timeout(limit, bounded.open(&uri)).await;
            let opened = opened.unwrap_or_else(|_| {
                let by = bounded.proxy(&uri);
                let by = by.map_or_else(String::new, |proxy| format!(" through the proxy {proxy}"));
                let reason = format!("no connection{by} within {} ms", limit.as_millis());
                Err(io::Error::new(io::ErrorKind::TimedOut, reason).into())
            });
            let reports = Reports {
                audience: Arc::clone(&bounded.0.audience),
                host: authority(&uri),
            };
            let (stream, peer) = match opened {
                Ok(opened) => opened,
                Err(error) => {
                    reports.failed(began.elapsed(), &*error);
                    return Err(error);
                }
            };
            reports.opened(began.elapsed(), &peer);
            let sockets = &host.sockets;
            Ok(Socket::new(
                stream,
                peer,
                plain,
                is_forwarded,
                sockets,
                reports,
                permit,
            ))
        })
    }
}
