//! The beginning of sessions, and the store's indexes, as they cross between Rust and JavaScript.

use std::sync::Arc;

use napi_derive::napi;

use crate::core::error::InvalidOption;
use crate::core::expiry::UnixMillis;
use crate::core::layout::ExpiringLayout;
use crate::core::options::{AttributeName, IndexName};
use crate::core::store::{Index, IndexValues, Indexed, IndexedSession, Tracked, Tracking, Tracks};

/// The marks that a store keeps of its sessions.
#[napi(object, object_to_js = false)]
pub struct TrackingOptions {
    /// The milliseconds after which a session ends, however often it is touched or saved.
    pub absolute_ttl: Option<f64>,
    pub indexes: Vec<SessionIndexOption>,
}

/// An index of sessions by a value.
#[napi(object, object_to_js = false)]
pub struct SessionIndexOption {
    /// The name of the index in the options.
    pub name: String,
    /// The attribute that holds the value.
    pub attribute: String,
    /// The name of the global secondary index.
    pub index: String,
}

impl TrackingOptions {
    /// The tracking of sessions in `layout`.
    pub fn tracking<L: ExpiringLayout>(
        self,
        layout: &L,
        values: Option<Arc<dyn IndexValues>>,
    ) -> Result<Tracking, InvalidOption> {
        let (mut indexes, mut names) = (Vec::new(), Vec::new());
        for SessionIndexOption {
            name,
            attribute,
            index,
        } in self.indexes
        {
            let option = |part: &str| format!("indexes.{name}.{part}");
            indexes.push(Index {
                attribute: AttributeName::new(&option("attribute"), &attribute)?
                    .as_str()
                    .to_owned(),
                name: IndexName::new(&option("index"), &index)?.into(),
            });
            names.push(name);
        }
        let tracking = Tracking::new(self.absolute_ttl, indexes, values);
        tracking.check(layout, &names)?;
        Ok(tracking)
    }
}

/// The marks that a write gives a session.
#[napi(object, object_to_js = false)]
pub struct SessionMarks {
    /// The beginning of the session, if its item has none: milliseconds since the Unix epoch.
    pub created: f64,
    /// The present time, in milliseconds since the Unix epoch.
    pub seen: f64,
    /// The places of the session in the store's indexes, in the order of the options.
    pub indexed: Vec<IndexedValue>,
}

/// The place of a session in an index.
#[napi(object, object_to_js = false)]
pub struct IndexedValue {
    /// Not set if the session is not in the index.
    pub value: Option<String>,
    pub label: Option<String>,
    /// Whether the item did not have this value when the request read it.
    pub is_new: bool,
    /// Whether the session did not have this value when the request read it. A session from before the index has the
    /// value, and its item has not.
    pub is_login: bool,
}

impl From<SessionMarks> for Tracks {
    fn from(marks: SessionMarks) -> Self {
        let indexed = marks.indexed.into_iter().map(|indexed| Indexed {
            value: indexed.value,
            label: indexed.label,
            is_new: indexed.is_new,
            is_login: indexed.is_login,
        });
        Self {
            created: UnixMillis(marks.created),
            seen: UnixMillis(marks.seen),
            indexed: indexed.collect(),
        }
    }
}

/// The marks that were read, as a line of JSON.
pub fn line(tracked: &Tracked) -> String {
    let millis = |time: Option<UnixMillis>| time.map(|UnixMillis(time)| time);
    let (created, seen) = (millis(tracked.created), millis(tracked.seen));
    let line = serde_json::to_string(&(created, &tracked.values, seen));
    // Numbers and texts can always be written as JSON.
    let mut line = line.unwrap_or_else(|_| "[null,[],null]".to_owned());
    line.push('\n');
    line
}

/// A session in an index. Times are in milliseconds since the Unix epoch.
#[napi(object, object_from_js = false)]
pub struct IndexEntry {
    /// The key of the session's item.
    pub key: String,
    pub created: Option<f64>,
    /// The time at which the session got its value in the index.
    pub since: Option<f64>,
    /// The last set or touch that was written.
    pub seen: Option<f64>,
    pub expires: Option<f64>,
    pub label: Option<String>,
}

impl From<IndexedSession> for IndexEntry {
    fn from(session: IndexedSession) -> Self {
        let millis = |time: Option<UnixMillis>| time.map(|UnixMillis(time)| time);
        Self {
            key: session.key,
            created: millis(session.created),
            since: millis(session.since),
            seen: millis(session.seen),
            expires: millis(session.expires),
            label: session.label,
        }
    }
}
