//! Opens TCP connections: chooses which address of a host is dialled when.
//!
//! A host name may have several addresses. For example, an interface endpoint has one in each availability zone.
//! One of them may be dead while the others answer. So the addresses are dialled as in RFC 8305 ("happy
//! eyeballs"): if the last address has not answered after [`STAGGER`], the next one is dialled. If it refuses, the
//! next one is dialled at once. The first connection that opens is used.
//!
//! Each connection resolves the name anew, so that it follows a change of address.

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

/// If an address does not answer within this time, the next one is dialled too. Node and RFC 8305 use the same
/// time.
const STAGGER: Duration = Duration::from_millis(250);

/// The shortest time between two addresses, for a host with many addresses and a short limit.
const SHORTEST_STAGGER: Duration = Duration::from_millis(20);

/// Resolves host names.
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

/// Dials hosts, and remembers which of their addresses have answered. Clones share this memory.
#[derive(Clone)]
pub struct Dialer {
    resolver: Arc<dyn Resolve>,
    hosts: Arc<Mutex<HashMap<String, Addresses>>>,
}

impl Dialer {
    /// Resolves names by `resolver`.
    pub fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self {
            resolver,
            hosts: Arc::default(),
        }
    }

    /// Opens a connection to a host. `limit` is the time that the caller allows: many addresses are dialled
    /// in faster succession, so that each gets its turn. The caller ends the attempt after `limit`.
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

/// The address at the other end of a connection.
#[derive(Clone)]
pub struct Peer {
    dialer: Dialer,
    host: String,
    address: IpAddr,
}

impl Peer {
    /// The IP address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Makes the next connections to the host begin with another address, if there is one.
    pub fn avoid(&self) {
        self.dialer.note_failure(&self.host, self.address);
    }
}

/// Tests whether a new connection works. The host behind it may be frozen, with only its kernel answering. If this
/// is dropped before [`pass`](Self::pass), the address is avoided.
pub struct Trial {
    peer: Peer,
    has_passed: bool,
}

impl Trial {
    /// Notes that the connection works.
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

/// The history of a host's addresses.
#[derive(Debug, Default)]
struct Addresses {
    /// The address that answered last.
    answered: Option<IpAddr>,
    /// The addresses that have failed since they last answered, in the order of their failures.
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

    /// Sorts the addresses that the resolver `found` for dialling: first the address that answered last, then the
    /// addresses without a failure, IPv4 and IPv6 in turn, then the failed ones, the latest failure last. Forgets
    /// addresses that were not found again.
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

/// The addresses, each once. The two families take turns, beginning with that of the first address.
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

/// The time between dialling two of `count` addresses.
fn stagger(count: usize, limit: Option<Duration>) -> Duration {
    let parts = u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
    let share = limit.map_or(STAGGER, |limit| limit / parts);
    share.clamp(SHORTEST_STAGGER, STAGGER)
}

/// Dials the addresses by `connect`: each address `stagger` after the one before, or as soon as a dialled one
/// fails. Returns the first address that connects, and its connection. Calls `refused` for each failure.
///
/// # Errors
///
/// If no address connects: the first one that failed, and its error.
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
            // `first` is set, because the caller passes at least one address.
            Ok(None) => {
                let nothing = SocketAddr::from(([0, 0, 0, 0], 0));
                return Err(first.unwrap_or((nothing, io::ErrorKind::NotFound.into())));
            }
            Err(_) => {}
        }
    }
}

/// TCP keep-alive: the idle time before the first probe, the time between two probes, and the number of probes.
const KEEP_ALIVE: (Duration, Duration, u32) = (Duration::from_secs(5), Duration::from_secs(1), 3);

/// If the other end does not acknowledge sent data for this time, the connection counts as dead. Lost packets are
/// sent again several times within it.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(2);

/// Sets the options by which the operating system soon notices a dead connection. Options that it does not know are
/// skipped: then a timeout notices.
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
