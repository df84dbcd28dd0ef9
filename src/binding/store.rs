//! `NativeStore`: each method converts, delegates and wraps.

use std::future::Future;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use napi::Env;
use napi::bindgen_prelude::{Buffer, Either, Either4, PromiseRaw, ToNapiValue};
use napi_derive::napi;

use super::completions::{Answer, Completed, Completions, Notify, json};
use super::failure::{Failure, Outcome, wrap};
use super::open::Open;
use super::options::capacity;
use crate::core::error::{Error, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{Record, SpecialValue, Stored, connect};
use crate::core::table::Description;

/// The `expires` attribute of a session that lives until `end`.
///
/// `end` is in milliseconds since the Unix epoch, the result in whole seconds.
#[napi]
pub fn expires_at(end: f64) -> i64 {
    Expires::at(UnixMillis(end)).seconds()
}

/// The session in the `sess` and `expires` attributes of an item in connect-dynamodb's format,
/// `null` where there is none or it has ended. `now` is in milliseconds since the Unix epoch.
#[napi]
pub fn session_of(sess: Option<String>, expires: Option<String>, now: f64) -> Option<String> {
    connect::session(sess, expires.as_deref(), UnixMillis(now))
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

impl From<Stored> for SessionEntry {
    fn from(Stored { sid, data, .. }: Stored) -> Self {
        Self { sid, data }
    }
}

/// How a table is paid for now.
#[napi(object, object_from_js = false)]
pub struct TableState {
    /// Whether it is on demand; then the capacities are 0.
    pub on_demand: bool,
    pub read_capacity_units: f64,
    pub write_capacity_units: f64,
}

impl From<Description> for TableState {
    fn from(table: Description) -> Self {
        Self {
            on_demand: table.on_demand,
            read_capacity_units: table.read as f64,
            write_capacity_units: table.write as f64,
        }
    }
}

/// What came of creating a table.
#[napi(object, object_from_js = false)]
pub struct CreationResult {
    /// `false` where another process was faster.
    pub created: bool,
    /// Why the table has no time to live, although it was asked for.
    pub time_to_live_failure: Option<Failure>,
}

/// A table's time to live.
#[napi(object, object_from_js = false)]
pub struct TimeToLiveState {
    /// DynamoDB's name for its status, such as `ENABLED`.
    pub status: String,
    pub attribute: Option<String>,
}

/// What a store has to do for the time to live that it wants.
#[napi(object, object_from_js = false)]
pub struct TimeToLivePlan {
    /// The attribute that the end of a session is written to from now on.
    pub attribute: String,
    /// Whether to turn it on or off; nothing to leave it.
    pub change: Option<bool>,
}

/// A session store. `now` is in milliseconds since the Unix epoch; `limit` in milliseconds, the
/// time that each request of a call may take, retries included.
///
/// No method throws and no promise rejects: a failure is a result, see `Failure`.
#[napi]
pub struct NativeStore {
    /// `None` once closed. What is under way has its own reference and ends as it would have.
    open: Mutex<Option<Arc<Open>>>,
    completions: Arc<Completions>,
}

impl NativeStore {
    pub fn new(open: Open, notify: Notify) -> Self {
        Self {
            open: Mutex::new(Some(Arc::new(open))),
            completions: Arc::new(Completions::new(notify)),
        }
    }

    /// What is open at this moment, whatever is closed later.
    fn opened(&self) -> Result<Arc<Open>> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or(Error::Closed)
    }

    /// Begins `work` as a call whose outcome is taken with others.
    fn call<F>(&self, number: u32, work: impl FnOnce(Arc<Open>) -> F + Send + 'static)
    where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let opened = self.opened();
        self.completions
            .begin(number, || async move { work(opened?).await });
    }

    /// Starts `work` with a promise of its own.
    fn start<'env, T, F>(
        &self,
        env: &'env Env,
        work: impl FnOnce(Arc<Open>) -> F,
    ) -> napi::Result<PromiseRaw<'env, Outcome<T>>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let work = self.opened().map(work);
        env.spawn_future(async move { Ok(wrap(async move { work?.await }.await)) })
    }
}

#[napi]
impl NativeStore {
    /// The session as JSON, `null` where there is none or it has ended. A call: see `take`.
    #[napi]
    pub fn load(&self, call: u32, sid: String, now: f64, limit: f64) {
        self.call(call, move |open| async move {
            let now = UnixMillis(now);
            let session = open.sessions.load(&sid, now, time(limit)).await?;
            Ok(session.map(json).map(Either::A))
        });
    }

    /// Writes a session, given as JSON. `expires` is in seconds since the Unix epoch, nothing where it
    /// never ends; `special` has a value for each special key of the options. A call: see `take`.
    #[napi]
    pub fn save(
        &self,
        call: u32,
        sid: String,
        data: String,
        expires: Option<f64>,
        special: Vec<Option<SpecialArgument>>,
        limit: f64,
    ) {
        let record = Record {
            sid,
            data,
            expires: expires.map(seconds),
            special: special.into_iter().map(special_value).collect(),
        };
        self.call(call, move |open| async move {
            open.sessions.save(record, time(limit)).await?;
            Ok(None)
        });
    }

    /// Moves a session's end. `false` where the session is gone. A call: see `take`.
    #[napi]
    pub fn touch(&self, call: u32, sid: String, expires: f64, limit: f64) {
        self.call(call, move |open| async move {
            let expires = seconds(expires);
            let found = open.sessions.touch(&sid, expires, time(limit)).await?;
            Ok(Some(Either::B(found)))
        });
    }

    /// Deletes a session. A call: see `take`.
    #[napi]
    pub fn destroy(&self, call: u32, sid: String, limit: f64) {
        self.call(call, move |open| async move {
            open.sessions.destroy(&sid, time(limit)).await?;
            Ok(None)
        });
    }

    /// Starts the calls that were made since this was last called.
    #[napi]
    pub fn flush(&self) {
        self.completions.flush();
    }

    /// The outcomes of all calls that have completed since this was last asked. A method that is a
    /// call takes a number, under which its outcome comes; `notify` tells when there are some.
    #[napi]
    pub fn take(&self) -> Completed {
        self.completions.take()
    }

    /// The sessions that the store's index has under `value`.
    #[napi]
    pub fn find<'env>(
        &self,
        env: &'env Env,
        value: String,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Vec<SessionEntry>>>> {
        self.start(env, move |open| async move {
            let Some(index) = &open.index else {
                return Ok(Vec::new());
            };
            let limit = time(limit);
            let ids = open.sessions.find(index, &value, limit).await?;
            let sessions = open
                .sessions
                .load_many(&ids, UnixMillis(now), limit)
                .await?;
            Ok(sessions.into_iter().map(SessionEntry::from).collect())
        })
    }

    /// Deletes sessions.
    #[napi]
    pub fn destroy_many<'env>(
        &self,
        env: &'env Env,
        sids: Vec<String>,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<()>>> {
        self.start(env, move |open| async move {
            open.sessions.destroy_many(&sids, time(limit)).await
        })
    }

    /// Every session that is alive.
    #[napi]
    pub fn list<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Vec<SessionEntry>>>> {
        self.start(env, move |open| async move {
            let sessions = open.sessions.list(UnixMillis(now), time(limit)).await?;
            Ok(sessions.into_iter().map(SessionEntry::from).collect())
        })
    }

    /// The id of every session that is alive.
    #[napi]
    pub fn ids<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Vec<String>>>> {
        self.start(env, move |open| async move {
            let sessions = open.sessions.list(UnixMillis(now), time(limit)).await?;
            Ok(sessions.into_iter().map(|stored| stored.sid).collect())
        })
    }

    /// How many sessions are alive.
    #[napi]
    pub fn count<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<f64>>> {
        self.start(env, move |open| async move {
            let sessions = open.sessions.list(UnixMillis(now), time(limit)).await?;
            Ok(sessions.len() as f64)
        })
    }

    /// Deletes every session that is alive.
    #[napi]
    pub fn clear<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<()>>> {
        self.start(env, move |open| async move {
            open.sessions.clear(UnixMillis(now), time(limit)).await
        })
    }

    /// Deletes sessions that have ended; how many they were.
    #[napi]
    pub fn reap<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<f64>>> {
        self.start(env, move |open| async move {
            let reaped = open.sessions.reap(UnixMillis(now), time(limit)).await?;
            Ok(reaped as f64)
        })
    }

    /// Waits until the table can be used.
    #[napi]
    pub fn describe_table<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TableState>>> {
        self.start(env, move |open| async move {
            open.table.describe(time(limit)).await.map(TableState::from)
        })
    }

    /// Creates the table and waits until it can be used.
    #[napi]
    pub fn create_table<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<CreationResult>>> {
        self.start(env, move |open| async move {
            let creation = open.table.create(time(limit)).await?;
            Ok(CreationResult {
                created: creation.created,
                time_to_live_failure: creation.time_to_live_failure.map(Failure::from),
            })
        })
    }

    /// Gives a provisioned table the capacity units that are named. Whether it had others.
    #[napi]
    pub fn set_capacity<'env>(
        &self,
        env: &'env Env,
        read: Option<f64>,
        write: Option<f64>,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<bool>>> {
        self.start(env, move |open| async move {
            let read = capacity("table.readCapacityUnits", read)?;
            let write = capacity("table.writeCapacityUnits", write)?;
            open.table.set_capacity(read, write, time(limit)).await
        })
    }

    /// The table's time to live.
    #[napi]
    pub fn time_to_live<'env>(
        &self,
        env: &'env Env,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TimeToLiveState>>> {
        self.start(env, move |open| async move {
            let found = open.table.time_to_live(time(limit)).await?;
            Ok(TimeToLiveState {
                status: found.status,
                attribute: found.attribute,
            })
        })
    }

    /// Looks at the table's time to live, and says what is left to do where it is to be on
    /// `attribute`, or off, as `wanted` says. In Koa's format, the end of sessions is written to the
    /// attribute of the plan from now on.
    #[napi]
    pub fn plan_time_to_live<'env>(
        &self,
        env: &'env Env,
        attribute: String,
        wanted: bool,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<TimeToLivePlan>>> {
        self.start(env, move |open| async move {
            let found = open.table.time_to_live(time(limit)).await?;
            let plan = found.plan(&attribute, wanted);
            if let Some(layout) = &open.koa {
                layout.write_expires_to(plan.attribute.clone());
            }
            Ok(TimeToLivePlan {
                attribute: plan.attribute,
                change: plan.change,
            })
        })
    }

    /// Turns the table's time to live on `attribute` on or off.
    #[napi]
    pub fn set_time_to_live<'env>(
        &self,
        env: &'env Env,
        attribute: String,
        enabled: bool,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<()>>> {
        self.start(env, move |open| async move {
            let limit = time(limit);
            open.table
                .set_time_to_live(&attribute, enabled, limit)
                .await
        })
    }

    /// Whether requests go through the user's client from now on, whatever its settings say.
    #[napi]
    pub fn use_client(&self, through: bool) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*open {
            open.through_client.store(through, Ordering::Relaxed);
        }
    }

    /// Lets go of the client. Calls after it fail with `ERR_SESSION_CLOSED`.
    #[napi]
    pub fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
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
