//! `NativeStore`: each method converts, delegates and wraps.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::bindgen_prelude::{Buffer, Either4};
use napi_derive::napi;

use super::callbacks::{Callbacks, Source};
use super::failure::{Failure, Outcome, wrap};
use super::options::{ConnectStoreOptions, ConnectionOptions};
use crate::core::dynamo::sdk;
use crate::core::error::{Error, InvalidOption, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{ConnectLayout, Layout, Record, SpecialValue, Stored};
use crate::core::store::SessionStore;
use crate::core::table::Table;

/// The `expires` attribute of a session that lives until `end`.
///
/// `end` is in milliseconds since the Unix epoch, the result in whole seconds.
#[napi]
pub fn expires_at(end: f64) -> i64 {
    Expires::at(UnixMillis(end)).seconds()
}

/// Opens a store in connect-dynamodb's item format. Nothing is read or sent before the first call.
///
/// Fails with `ERR_INVALID_ARG_VALUE` where an option cannot be right.
#[napi]
pub fn open_connect_store(
    options: ConnectStoreOptions,
    connection: ConnectionOptions,
    callbacks: Callbacks,
) -> Outcome<NativeStore> {
    wrap(NativeStore::open(&options, connection, callbacks))
}

/// A value under a special key: nothing, a text, a number, bytes, or something else.
#[napi]
pub type SpecialArgument = Either4<String, f64, Buffer, OtherValue>;

/// A value that no special key takes.
#[napi(object, object_to_js = false)]
pub struct OtherValue {
    pub type_name: String,
}

/// A session and its id.
#[napi(object, object_from_js = false)]
pub struct SessionEntry {
    pub sid: String,
    /// The session as JSON.
    pub data: String,
}

/// What came of creating a table.
#[napi(object, object_from_js = false)]
pub struct CreationResult {
    /// `false` where another process was faster.
    pub created: bool,
    /// Why the table has no time to live, although it was asked for.
    pub time_to_live_failure: Option<Failure>,
}

/// A session store. `now` is in milliseconds since the Unix epoch; `limit` in milliseconds, the
/// time that each request of a call may take, retries included.
///
/// No method throws and no promise rejects: a failure is a result, see `Failure`.
#[napi]
pub struct NativeStore {
    /// `None` once closed. What is under way keeps its own reference and ends as it would have.
    open: Mutex<Option<Arc<Open>>>,
}

struct Open {
    sessions: SessionStore<ConnectLayout>,
    table: Table,
}

impl NativeStore {
    fn open(
        options: &ConnectStoreOptions,
        connection: ConnectionOptions,
        callbacks: Callbacks,
    ) -> Result<Self, InvalidOption> {
        let name = options.table()?;
        let layout = options.layout()?;
        let billing = options.billing()?;
        let dynamo = sdk::shared(Source::new(connection.settings()?, callbacks));
        let time_to_live = options.time_to_live.then(|| layout.expires_attribute());
        let table = Table::new(
            Arc::clone(&dynamo),
            name.clone(),
            layout.hash_key(),
            billing,
            time_to_live,
        );
        let sessions = SessionStore::new(dynamo, name, layout, options.consistent_read);
        Ok(Self {
            open: Mutex::new(Some(Arc::new(Open { sessions, table }))),
        })
    }

    fn opened(&self) -> Result<Arc<Open>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or(Error::Closed)
    }
}

#[napi]
impl NativeStore {
    /// The session as JSON, `null` where there is none or it has ended.
    #[napi]
    pub async fn load(&self, sid: String, now: f64, limit: f64) -> Outcome<Option<String>> {
        let load = async {
            let open = self.opened()?;
            open.sessions.load(&sid, UnixMillis(now), time(limit)).await
        };
        wrap(load.await)
    }

    /// Writes a session, given as JSON. `expires` is in seconds since the Unix epoch; `special` has
    /// a value for each special key of the options.
    #[napi]
    pub async fn save(
        &self,
        sid: String,
        data: String,
        expires: f64,
        special: Vec<Option<SpecialArgument>>,
        limit: f64,
    ) -> Outcome<()> {
        let record = Record {
            sid,
            data,
            expires: seconds(expires),
            special: special.into_iter().map(special_value).collect(),
        };
        let save = async { self.opened()?.sessions.save(record, time(limit)).await };
        wrap(save.await)
    }

    /// Moves a session's end. `false` where the session is gone.
    #[napi]
    pub async fn touch(&self, sid: String, expires: f64, limit: f64) -> Outcome<bool> {
        let touch = async {
            let open = self.opened()?;
            open.sessions
                .touch(&sid, seconds(expires), time(limit))
                .await
        };
        wrap(touch.await)
    }

    /// Deletes a session.
    #[napi]
    pub async fn destroy(&self, sid: String, limit: f64) -> Outcome<()> {
        let destroy = async { self.opened()?.sessions.destroy(&sid, time(limit)).await };
        wrap(destroy.await)
    }

    /// Every session that is alive.
    #[napi]
    pub async fn list(&self, now: f64, limit: f64) -> Outcome<Vec<SessionEntry>> {
        let entry = |Stored { sid, data, .. }| SessionEntry { sid, data };
        wrap(
            self.stored(now, limit)
                .await
                .map(|sessions| sessions.into_iter().map(entry).collect()),
        )
    }

    /// The id of every session that is alive.
    #[napi]
    pub async fn ids(&self, now: f64, limit: f64) -> Outcome<Vec<String>> {
        let ids = |sessions: Vec<Stored>| sessions.into_iter().map(|stored| stored.sid).collect();
        wrap(self.stored(now, limit).await.map(ids))
    }

    /// How many sessions are alive.
    #[napi]
    pub async fn count(&self, now: f64, limit: f64) -> Outcome<f64> {
        wrap(
            self.stored(now, limit)
                .await
                .map(|sessions| sessions.len() as f64),
        )
    }

    /// Deletes every session that is alive.
    #[napi]
    pub async fn clear(&self, now: f64, limit: f64) -> Outcome<()> {
        let clear = async {
            let open = self.opened()?;
            open.sessions.clear(UnixMillis(now), time(limit)).await
        };
        wrap(clear.await)
    }

    /// Deletes sessions that have ended; how many they were.
    #[napi]
    pub async fn reap(&self, now: f64, limit: f64) -> Outcome<f64> {
        let reap = async {
            let open = self.opened()?;
            open.sessions.reap(UnixMillis(now), time(limit)).await
        };
        wrap(reap.await.map(|count| count as f64))
    }

    /// Waits until the table can be used.
    #[napi]
    pub async fn describe_table(&self, limit: f64) -> Outcome<()> {
        let describe = async { self.opened()?.table.describe(time(limit)).await };
        wrap(describe.await)
    }

    /// Creates the table and waits until it can be used.
    #[napi]
    pub async fn create_table(&self, limit: f64) -> Outcome<CreationResult> {
        let create = async { self.opened()?.table.create(time(limit)).await };
        wrap(create.await.map(|creation| CreationResult {
            created: creation.created,
            time_to_live_failure: creation.time_to_live_failure.map(Failure::from),
        }))
    }

    /// The session in the `sess` and `expires` attributes of an item, `null` where there is none
    /// or it has ended.
    #[napi]
    pub fn session_of(
        &self,
        sess: Option<String>,
        expires: Option<String>,
        now: f64,
    ) -> Outcome<Option<String>> {
        let layout = |open: Arc<Open>| {
            let layout = open.sessions.layout();
            layout.session(sess, expires.as_deref(), UnixMillis(now))
        };
        wrap(self.opened().map(layout))
    }

    /// Lets go of the client. Calls after it fail with `ERR_SESSION_CLOSED`.
    #[napi]
    pub fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn stored(&self, now: f64, limit: f64) -> Result<Vec<Stored>> {
        let open = self.opened()?;
        open.sessions.list(UnixMillis(now), time(limit)).await
    }
}

/// `lib/` sees to it that a limit is a positive number; nothing here may panic if it was not.
fn time(limit: f64) -> Duration {
    Duration::from_millis(limit as u64)
}

fn seconds(expires: f64) -> Expires {
    Expires::at(UnixMillis(expires * 1000.0))
}

fn special_value(value: Option<SpecialArgument>) -> SpecialValue {
    match value {
        None => SpecialValue::Missing,
        Some(Either4::A(text)) => SpecialValue::Text(text),
        Some(Either4::B(number)) => SpecialValue::Number(number),
        Some(Either4::C(bytes)) => SpecialValue::Bytes(bytes.to_vec()),
        Some(Either4::D(other)) => SpecialValue::Other(other.type_name),
    }
}
