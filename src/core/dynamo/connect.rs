//! Opening TCP connections: which address of a host is dialled when.
//!
//! A name may have several addresses: an interface endpoint has one in each availability zone. One of them
//! may be dead while the others answer. So the addresses are dialled as in RFC 8305 ("happy eyeballs"): the
//! next one is dialled if the last one has not answered after [`STAGGER`], and at once if it refuses. The
//! first connection that opens is used.
//!
//! Names are resolved anew for each connection, so that a change of address is followed.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use crate::core::lock::locked;

/// How long an address may take to answer before the next one is dialled too. Node and RFC 8305 have the
/// same.
const STAGGER: Duration = Duration::from_millis(250);

/// The shortest such time, for a host with many addresses and little time.
const SHORTEST_STAGGER: Duration = Duration::from_millis(20);

/// How addresses are found.
#[async_trait]
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a host, the best first.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The resolver of the operating system.
pub struct System;

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// Dials hosts, and remembers which of their addresses have answered. A clone remembers the same.
#[derive(Clone)]
pub struct Dialer {
    resolver: Arc<dyn Resolve>,
    hosts: Arc<Mutex<HashMap<String, Addresses>>>,
}

impl Dialer {
    /// Finds addresses by this resolver.
    pub fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            resolver,
            hosts: Arc::default(),
        }
    }

    /// A connection to a host. `limit` is the time that the caller allows: with many addresses, they are
    /// dialled in faster succession, so that each gets its turn.
    ///
    /// # Errors
    ///
    /// The host has no address, or none of its addresses takes a connection.
    pub async fn dial(
        &self,
        host: &str,
        port: u16,
        limit: Option<Duration>,
    ) -> io::Result<(TcpStream, Trial)> {
        // An IPv6 address in a URL is in brackets.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found = match bare.parse::<IpAddr>() {
            Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
            Err(_) => self.resolver.resolve(bare, port).await,
        };
        let unresolved = |error: io::Error| {
            let reason = format!("no address was found for {bare}: {error}");
            io::Error::new(error.kind(), reason)
        };
        let found = found.map_err(unresolved)?;
        if found.is_empty() {
            return Err(unresolved(io::ErrorKind::NotFound.into()));
        }
        let addresses = self
            .locked()
            .entry(bare.to_owned())
            .or_default()
            .order(&found);
        let stagger = stagger(addresses.len(), limit);
        let refused = |address: SocketAddr| self.note_failure(bare, address.ip());
        let (address, stream) = race(addresses, stagger, TcpStream::connect, refused)
            .await
            .map_err(|(address, error)| {
                let reason = format!("no connection to {address}: {error}");
                io::Error::new(error.kind(), reason)
            })?;
        self.note_answer(bare, address.ip());
        set_up(&stream);
        let trial = Trial {
            peer: Peer {
                dialer: self.clone(),
                host: bare.to_owned(),
                address: address.ip(),
            },
            has_passed: false,
        };
        Ok((stream, trial))
    }

    fn note_answer(&self, host: &str, address: IpAddr) {
        self.locked()
            .entry(host.to_owned())
            .or_default()
            .answered(address);
    }

    fn note_failure(&self, host: &str, address: IpAddr) {
        self.locked()
            .entry(host.to_owned())
            .or_default()
            .failed(address);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Addresses>> {
        locked(&self.hosts)
    }
}

/// The address that a connection goes to.
#[derive(Clone)]
pub struct Peer {
    dialer: Dialer,
    host: String,
    address: IpAddr,
}

impl Peer {
    /// The next connections to the host start with another of its addresses, if it has one.
    pub fn avoid(&self) {
        self.dialer.note_failure(&self.host, self.address);
    }
}

/// A connection that may still turn out to be of no use, for instance because the host behind it is frozen
/// and only its kernel answers. If this is dropped before it has passed, the address is avoided.
pub struct Trial {
    peer: Peer,
    has_passed: bool,
}

impl Trial {
    /// The connection can be used.
    pub fn pass(mut self) -> Peer {
        self.has_passed = true;
        self.peer.clone()
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        if !self.has_passed {
            self.peer.avoid();
        }
    }
}

/// What is known of a host's addresses.
#[derive(Debug, Default)]
struct Addresses {
    /// The one that has answered last.
    answered: Option<IpAddr>,
    /// Those that have failed since they answered, the latest last.
    failed: Vec<IpAddr>,
}

impl Addresses {
    fn answered(&mut self, address: IpAddr) {
        self.failed.retain(|each| *each != address);
        self.answered = Some(address);
    }

    fn failed(&mut self, address: IpAddr) {
        if self.answered == Some(address) {
            self.answered = None;
        }
        self.failed.retain(|each| *each != address);
        self.failed.push(address);
    }

    /// The order in which the addresses are dialled that a resolver has `found`: the one that answered last,
    /// then those that nothing speaks against, both families in turn, then those that have failed, the
    /// latest last. An address that is not found any more is forgotten.
    fn order(&mut self, found: &[SocketAddr]) -> Vec<SocketAddr> {
        let is_found = |address: &IpAddr| found.iter().any(|each| each.ip() == *address);
        self.failed.retain(is_found);
        self.answered = self.answered.filter(is_found);
        let mut order = interleave(found);
        order.sort_by_key(|address| {
            let ip = address.ip();
            let failure = self.failed.iter().position(|each| *each == ip);
            match failure {
                Some(when) => when + 2,
                None if self.answered == Some(ip) => 0,
                None => 1,
            }
        });
        order
    }
}

/// The addresses, each once, one of the family of the first and one of the other in turn.
fn interleave(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut unique = Vec::with_capacity(found.len());
    for address in found {
        if !unique.contains(address) {
            unique.push(*address);
        }
    }
    let starts_with_6 = unique.first().is_some_and(SocketAddr::is_ipv6);
    let (one, other): (Vec<_>, Vec<_>) = unique
        .into_iter()
        .partition(|address| address.is_ipv6() == starts_with_6);
    let (mut one, mut other) = (one.into_iter(), other.into_iter());
    let mut order = Vec::with_capacity(found.len());
    loop {
        let before = order.len();
        order.extend(one.next());
        order.extend(other.next());
        if order.len() == before {
            return order;
        }
    }
}

/// How long an address may take before the next one of `count` is dialled too.
fn stagger(count: usize, limit: Option<Duration>) -> Duration {
    let parts = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let share = limit.map_or(STAGGER, |limit| limit / parts);
    share.clamp(SHORTEST_STAGGER, STAGGER)
}

/// The first of the addresses that `connect` connects to, and the connection. If none does: the first that
/// has failed, and why. `refused` is told of each that fails.
///
/// Each address is dialled `stagger` after the one before, or as soon as one that was dialled fails.
async fn race<T, F>(
    addresses: Vec<SocketAddr>,
    stagger: Duration,
    connect: impl Fn(SocketAddr) -> F,
    refused: impl Fn(SocketAddr),
) -> Result<(SocketAddr, T), (SocketAddr, io::Error)>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = addresses.into_iter();
    let mut dialled = FuturesUnordered::new();
    let mut first = None;
    loop {
        if let Some(address) = waiting.next() {
            let connection = connect(address);
            dialled.push(async move { (address, connection.await) });
        }
        let ended = match waiting.len() {
            0 => Ok(dialled.next().await),
            _ => tokio::time::timeout(stagger, dialled.next()).await,
        };
        match ended {
            Ok(Some((address, Ok(connection)))) => return Ok((address, connection)),
            Ok(Some((address, Err(error)))) => {
                refused(address);
                first.get_or_insert((address, error));
            }
            // `first` is set: whoever calls this has an address.
            Ok(None) => {
                let nothing = SocketAddr::from(([0, 0, 0, 0], 0));
                return Err(first.unwrap_or((nothing, io::ErrorKind::NotFound.into())));
            }
            Err(_) => {}
        }
    }
}

/// How long a connection may be idle before the operating system asks its other end for a sign of life,
/// how long that may take, and how often it is asked.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(5), Duration::from_secs(1), 3);

/// How long the other end may not acknowledge what was sent, before the connection counts as dead. Packets
/// that get lost are sent again several times within it.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(2);

/// Has the operating system notice soon when the connection dies. An option that it does not have is left
/// alone: without it, a timeout notices.
fn set_up(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let (idle, interval, count) = KEEP_ALIVE;
    let keep_alive = TcpKeepalive::new().with_time(idle).with_interval(interval);
    let keep_alive = keep_alive.with_retries(count);
    let _ = socket.set_tcp_keepalive(&keep_alive);
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

#[cfg(test)]
pub mod tests;
