//! Events of requests, as plain data.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use napi_derive::napi;

use super::failure::Failure;
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
