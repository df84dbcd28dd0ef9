//! Reports of requests: counters, which are always on, and events for a listener.
//!
//! * [`counters`]: the counters of a store.
//! * [`request`]: a request in flight, and its report.
//! * [`meter`]: the HTTP client that counts attempts and bytes.
//! * [`audience`]: the listeners of a part that stores share: a connection pool, a credential source.
//!
//! No event has a key, an item or a credential.

pub mod audience;
pub mod counters;
pub mod meter;
pub mod request;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use self::counters::Counters;
use self::request::{Begin, End};
use crate::core::error::Error;

/// Takes the events of a store.
pub trait Listener: Send + Sync + 'static {
    /// Whether anybody wants events. Read before each event is made.
    fn is_listening(&self) -> bool;

    /// Takes an event. Called from any thread; must not wait.
    fn tell(&self, event: Event);
}

/// An event.
#[derive(Debug, Clone)]
pub enum Event {
    /// A request has begun: it has left the queue.
    RequestBegan(Begin),
    /// The same request has ended.
    RequestEnded(Box<End>),
    /// A request is sent once more.
    Retry {
        /// The number of the request.
        request: u32,
        /// The number of the attempt that begins; 2 for the first retry.
        attempt: u32,
        /// The code of the error of the last attempt.
        reason: String,
    },
    /// DynamoDB has throttled a request, or left items of a batch undone.
    Throttled {
        /// The number of the request.
        request: u32,
        /// DynamoDB's error, or [`Error::unprocessed`].
        error: Error,
    },
    /// A credential source has given credentials, or has failed.
    Credentials {
        /// The name of the source, without a secret.
        source: String,
        /// The time that the source took.
        took: Duration,
        /// When the credentials end; `None` if they never end.
        expires: Option<SystemTime>,
        /// The error of the source.
        error: Option<Error>,
    },
    /// A connection was opened or closed, or could not be opened.
    Connection(Connection),
}

/// An event of a connection.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The change.
    pub change: Change,
    /// The host and the port of the service.
    pub host: String,
    /// The IP address at the other end, which may be that of a proxy.
    pub peer: Option<String>,
    /// The time that opening took, or that a closed connection was open.
    pub took: Duration,
    /// The reason why the connection could not be opened.
    pub error: Option<String>,
}

/// A change of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The connection is open.
    Opened,
    /// The connection is closed.
    Closed,
    /// The connection could not be opened.
    Failed,
}

/// The telemetry of one store.
#[derive(Default)]
pub struct Telemetry {
    /// The counters.
    pub counters: Arc<Counters>,
    listener: Option<Arc<dyn Listener>>,
    /// Whether requests ask for the capacity that they consume.
    reports_capacity: AtomicBool,
    requests: AtomicU32,
}

impl Telemetry {
    /// Counts, and tells `listener`.
    pub fn new(listener: Option<Arc<dyn Listener>>) -> Arc<Self> {
        Arc::new(Self {
            listener,
            ..Self::default()
        })
    }

    /// The listener, if anybody wants events now.
    pub fn listening(&self) -> Option<&Arc<dyn Listener>> {
        let listener = self.listener.as_ref();
        listener.filter(|listener| listener.is_listening())
    }

    /// The listener, if the store has one.
    pub fn listener(&self) -> Option<&Arc<dyn Listener>> {
        self.listener.as_ref()
    }

    /// From now on, requests ask for the capacity that they consume.
    pub fn report_capacity(&self) {
        self.reports_capacity.store(true, Ordering::Relaxed);
    }

    /// Whether requests ask for the capacity that they consume.
    pub fn reports_capacity(&self) -> bool {
        self.reports_capacity.load(Ordering::Relaxed)
    }

    /// A number for a request. It is never 0.
    fn next_request(&self) -> u32 {
        self.requests
            .fetch_add(1, Ordering::Relaxed)
            .wrapping_add(1)
            .max(1)
    }
}
