//! Opening connections, a bounded number to each host.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
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

use super::connect::{Dialer, Peer};
use super::socket::{Socket, Sockets, Stream};
use super::tls;
use super::trust::Authorities;
use crate::core::error::Error;

/// After a connection has failed, others are closed that were silent for this long: those that have
/// answered within it are well.
const LATELY: Duration = Duration::from_millis(250);

/// Opens connections, a bounded number to each host. A clone counts the same connections.
#[derive(Clone)]
pub struct Bounded {
    dialer: Dialer,
    tls: Tls,
    max_sockets: usize,
    hosts: Arc<Mutex<HashMap<String, Host>>>,
    /// The time that a connection has to open, from the moment at which it may.
    timeout: Option<Duration>,
}

/// The connections to a host. A clone is the same.
#[derive(Clone)]
pub(super) struct Host {
    bound: Arc<Semaphore>,
    pub(super) sockets: Arc<Sockets>,
}

impl Bounded {
    /// Opens at most `max_sockets` connections to each host. The authorities are read by the first
    /// connection with TLS.
    pub fn new(dialer: Dialer, max_sockets: usize, authorities: Authorities) -> Self {
        Self {
            dialer,
            tls: Tls {
                config: Arc::default(),
                authorities,
            },
            max_sockets,
            hosts: Arc::default(),
            timeout: None,
        }
    }

    /// The same, for connections that open within `timeout`.
    pub fn within(&self, timeout: Option<Duration>) -> Self {
        Self {
            timeout,
            ..self.clone()
        }
    }

    pub(super) fn host(&self, uri: &Uri) -> Host {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(authority(uri)).or_insert_with(|| Host {
            bound: Arc::new(Semaphore::new(self.max_sockets)),
            sockets: Arc::default(),
        });
        host.clone()
    }

    /// Closes idle connections to the host of `uri`: one that was open before `sent`, when a request was
    /// sent, has not answered it. Those that were heard from lately stay open.
    pub fn doubt(&self, uri: &Uri, sent: Instant) {
        let lately = Instant::now().checked_sub(LATELY);
        let since = lately.map_or(sent, |lately| lately.max(sent));
        self.host(uri).sockets.close_silent_since(since);
    }

    /// Has everybody give up who waits to open a connection.
    pub fn close(&self) {
        let hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for host in hosts.values() {
            host.bound.close();
        }
    }

    /// Opens a connection.
    async fn open(&self, uri: &Uri) -> Result<(Stream, Peer), BoxError> {
        let is_secure = uri.scheme() == Some(&Scheme::HTTPS);
        // What is wrong with the authorities is found before anything is sent.
        let config = is_secure.then(|| self.tls.config()).transpose()?;
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let (stream, trial) = self.dialer.dial(host, port, self.timeout).await?;
        let stream = match config {
            Some(config) => secure(Box::new(stream), config, host, &authority(uri)).await?,
            None => Box::new(stream),
        };
        Ok((stream, trial.pass()))
    }
}

/// How TLS is spoken. A clone is the same.
#[derive(Clone)]
struct Tls {
    /// Made by the first connection that needs it.
    config: Arc<OnceLock<Result<Arc<ClientConfig>, Error>>>,
    authorities: Authorities,
}

impl Tls {
    fn config(&self) -> Result<Arc<ClientConfig>, Error> {
        let config = || tls::config(self.authorities.read()?).map(Arc::new);
        self.config.get_or_init(config).clone()
    }
}

/// TLS with `host` on `stream`. Errors call it `shown`.
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

/// `localhost:8000` of `http://localhost:8000/`.
fn authority(uri: &Uri) -> String {
    let authority = uri.authority();
    authority.map_or_else(String::new, ToString::to_string)
}

impl Service<Uri> for Bounded {
    type Response = Socket;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Socket, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // There is nothing to wait for before a connection is asked for.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let host = self.host(&uri);
        let plain = (uri.scheme() == Some(&Scheme::HTTP)).then(|| authority(&uri));
        let bounded = self.clone();
        let limit = self.timeout.unwrap_or(Duration::MAX);
        Box::pin(async move {
            let permit = host.bound.acquire_owned().await?;
            let opened = tokio::time::timeout(limit, bounded.open(&uri)).await;
            let (stream, peer) = opened.map_err(|_| {
                let reason = format!("no connection within {} ms", limit.as_millis());
                io::Error::new(io::ErrorKind::TimedOut, reason)
            })??;
            Ok(Socket::new(stream, peer, plain, &host.sockets, permit))
        })
    }
}
