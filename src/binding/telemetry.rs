//! Events and counters of requests, as plain data.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use napi_derive::napi;

use super::failure::Failure;
use super::store::NativeStore;
use crate::core::context::CallContext;
use crate::core::dynamo::telemetry::request::{Attempts, Begin, End, Path};
use crate::core::dynamo::telemetry::{Change, Connection, Event};
use crate::core::error::Error;

/// An event of a store's requests. Times are in milliseconds. The members that belong to the other kinds are not set.
#[napi(object, object_from_js = false)]
#[derive(Default)]
pub struct TelemetryEvent {
    #[napi(ts_type = "'begin' | 'end' | 'retry' | 'throttle' | 'credentials' | 'connection'")]
    pub kind: &'static str,
    /// The number of the request, in its store.
    pub request: u32,
    /// DynamoDB's name of the operation.
    pub operation: Option<&'static str>,
    /// The number of items in the request.
    pub items: Option<u32>,
    /// The contexts of the calls that the request is for, see `NativeStore.enter`.
    pub contexts: Option<Vec<u32>>,
    /// The longest time that a call has waited for the request, its first; not set for a request about the table.
    pub queued: Option<f64>,
    /// The time of the event, since the Unix epoch.
    pub at: Option<f64>,
    /// The time that the request, the source of credentials or the connection took; for a closed connection, the time
    /// that it was open.
    pub took: Option<f64>,
    /// The path of a request that has ended: `fast`, `sdk` or `client`.
    pub path: Option<&'static str>,
    /// The number of attempts; of a retry: the number of the attempt that begins.
    pub attempts: Option<u32>,
    /// The bytes of the bodies that were sent.
    pub sent: Option<f64>,
    /// The bytes of the bodies that were received.
    pub received: Option<f64>,
    /// The host and port of the service.
    pub host: Option<String>,
    /// The IP address at the other end of a connection.
    pub peer: Option<String>,
    /// The id that DynamoDB gave the request.
    pub request_id: Option<String>,
    /// The HTTP status of the last answer.
    pub status: Option<u16>,
    /// The capacity units that DynamoDB has reported.
    pub capacity: Option<f64>,
    /// The code of the error of a request; the reason of a retry; the reason why a connection was not opened.
    pub error: Option<String>,
    /// The error of a request, of throttling or of credentials.
    pub failure: Option<Failure>,
    /// The name of the source of credentials.
    pub source: Option<String>,
    /// The end of credentials, since the Unix epoch.
    pub expires: Option<f64>,
    /// The change of a connection: `open`, `close` or `error`.
    pub change: Option<&'static str>,
}

impl TelemetryEvent {
    /// Converts an event. `failure` converts its error.
    pub fn of(event: Event, failure: impl Fn(&Error) -> Failure) -> Self {
        match event {
            Event::RequestBegan(begin) => Self::began(begin),
            Event::RequestEnded(end) => Self::ended(*end, failure),
            Event::Retry {
                request,
                attempt,
                reason,
            } => Self {
                kind: "retry",
                request,
                attempts: Some(attempt),
                error: Some(reason),
                ..Self::default()
            },
            Event::Throttled { request, error } => Self {
                kind: "throttle",
                request,
                failure: Some(failure(&error)),
                ..Self::default()
            },
            Event::Credentials {
                source,
                took,
                expires,
                error,
            } => Self {
                kind: "credentials",
                source: Some(source),
                took: Some(milliseconds(took)),
                expires: expires.map(since_epoch),
                failure: error.as_ref().map(failure),
                ..Self::default()
            },
            Event::Connection(connection) => Self::connection(connection),
        }
    }

    fn began(begin: Begin) -> Self {
        let Begin {
            request,
            operation,
            items,
            contexts,
            queued,
            at,
        } = begin;
        Self {
            kind: "begin",
            request,
            operation: Some(operation),
            items: u32::try_from(items).ok(),
            contexts: Some(contexts.into_iter().map(|CallContext(it)| it).collect()),
            queued: queued.map(milliseconds),
            at: Some(since_epoch(at)),
            ..Self::default()
        }
    }

    fn ended(end: End, failure: impl Fn(&Error) -> Failure) -> Self {
        let Attempts {
            number,
            sent,
            received,
            host,
            request_id,
            status,
            ..
        } = end.attempts;
        Self {
            kind: "end",
            request: end.request,
            took: Some(milliseconds(end.took)),
            path: match end.path {
                Path::None => None,
                Path::Fast => Some("fast"),
                Path::Sdk => Some("sdk"),
                Path::Client => Some("client"),
            },
            attempts: Some(number),
            sent: Some(sent as f64),
            received: Some(received as f64),
            host,
            request_id,
            status,
            capacity: end.capacity,
            error: end.error.as_ref().map(|error| error.code().to_owned()),
            failure: end.error.as_ref().map(failure),
            ..Self::default()
        }
    }

    fn connection(connection: Connection) -> Self {
        Self {
            kind: "connection",
            change: Some(match connection.change {
                Change::Opened => "open",
                Change::Closed => "close",
                Change::Failed => "error",
            }),
            host: Some(connection.host),
            peer: connection.peer,
            took: Some(milliseconds(connection.took)),
            error: connection.error,
            ..Self::default()
        }
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn since_epoch(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).map_or(0.0, milliseconds)
}

/// The counters of a store's requests since it was opened.
#[napi(object, object_from_js = false)]
pub struct RequestCounters {
    /// The operations with at least one request.
    pub operations: Vec<OperationCounters>,
    /// The requests in flight, with those that wait because the table throttles.
    pub in_flight: f64,
    pub attempts: f64,
    /// The attempts after the first of each request.
    pub retries: f64,
    pub throttled: f64,
    /// The operations that were sent as one with another operation on the same item.
    pub merged: f64,
    /// The bytes of the bodies that were sent.
    pub sent: f64,
    /// The bytes of the bodies that were received.
    pub received: f64,
    /// The capacity units of reads that DynamoDB has reported.
    pub read_units: f64,
    /// The capacity units of writes that DynamoDB has reported.
    pub write_units: f64,
    /// The open connections, which the store shares with other stores; 0 once it is closed.
    pub connections: f64,
}

/// The requests for one operation.
#[napi(object, object_from_js = false)]
pub struct OperationCounters {
    /// DynamoDB's name of the operation, or `other`.
    pub name: &'static str,
    /// The requests that have ended.
    pub requests: f64,
    /// Those of them that have failed. If a condition did not hold, the request has not failed.
    pub failed: f64,
    /// The items in them.
    pub items: f64,
}

#[napi]
impl NativeStore {
    /// Sets whether the store reports events of its requests, see `Completed.events`.
    #[napi]
    pub fn listen(&self, is_listening: bool) {
        self.set_listening(is_listening);
    }

    /// From now on, requests ask for the capacity that they consume.
    #[napi]
    pub fn report_capacity(&self) {
        self.telemetry().report_capacity();
    }

    /// The counters of the store's requests.
    #[napi]
    pub fn counters(&self) -> RequestCounters {
        let telemetry = self.telemetry();
        let counters = &telemetry.counters;
        let backend = self.backend().ok();
        let operations = counters.operations().filter_map(|(name, of)| {
            let requests = of.ended.get();
            (requests > 0).then(|| OperationCounters {
                name,
                requests: requests as f64,
                failed: of.failed.get() as f64,
                items: of.items.get() as f64,
            })
        });
        let (read_units, write_units) = counters.consumed();
        RequestCounters {
            operations: operations.collect(),
            in_flight: counters.in_flight.get() as f64,
            attempts: counters.attempts.get() as f64,
            retries: counters.retries.get() as f64,
            throttled: counters.throttled.get() as f64,
            merged: counters.merged.get() as f64,
            sent: counters.sent.get() as f64,
            received: counters.received.get() as f64,
            read_units,
            write_units,
            connections: backend.map_or(0.0, |open| open.requests.open_connections() as f64),
        }
    }
}
