//! `NativeStore`: each method converts, delegates and wraps. Those about the table are in `table.rs`.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either as FutureEither, ready};
use futures_util::{FutureExt, TryFutureExt};
use napi::Env;
use napi::bindgen_prelude::{Either, PromiseRaw, ToNapiValue};
use napi_derive::napi;
use tokio::sync::oneshot;

use super::backend::Backend;
use super::completions::{Answer, Completed, Completions, Outcomes, json, unless_it_panics};
use super::failure::{Failure, Outcome, wrap};
use super::intake;
use super::runtime;
use super::session::{KnownSession, SessionEntry, SpecialArgument, loaded, special_value};
use crate::core::context::CallContext;
use crate::core::dynamo::sdk::Locator;
use crate::core::error::{Error, Result};
use crate::core::expiry::{Expires, UnixMillis};
use crate::core::layout::{Record, connect};
use crate::core::store::{Known, NewEnd, RequestWrites, Saved, Touched, new_version};

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

/// A session store. `now` is in milliseconds since the Unix epoch; `limit` in milliseconds, the
/// time that each request of a call may take, retries included.
///
/// A failure is a result, see `Failure`: no promise rejects, and no method throws. Only napi throws,
/// before a method runs, where an argument is of another type than declared; `lib/calls.js` makes a
/// failure of that.
#[napi]
pub struct NativeStore {
    /// `None` once closed. What is under way has its own references and ends as it would have.
    open: Mutex<Option<Open>>,
    outcomes: Arc<Outcomes>,
    locator: Locator,
    /// The context of calls that are made now; 0 where there is none.
    context: AtomicU32,
}

/// What a store has while it is open.
struct Open {
    backend: Arc<Backend>,
    completions: Arc<Completions>,
}

impl NativeStore {
    pub fn new(backend: Backend, completions: Arc<Completions>) -> Self {
        completions.locate(backend.locator.clone());
        let outcomes = Arc::clone(completions.outcomes());
        let locator = backend.locator.clone();
        let open = Open {
            backend: Arc::new(backend),
            completions,
        };
        Self {
            open: Mutex::new(Some(open)),
            outcomes,
            locator,
            context: AtomicU32::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The backend at this moment, whatever is closed later.
    pub(super) fn backend(&self) -> Result<Arc<Backend>> {
        let open = self.lock();
        let open = open.as_ref().ok_or(Error::Closed)?;
        Ok(Arc::clone(&open.backend))
    }

    fn context(&self) -> Option<CallContext> {
        let context = self.context.load(Ordering::Relaxed);
        (context != 0).then_some(CallContext(context))
    }

    /// Enqueues a call whose outcome is taken with others. `ask` is called when it begins, and takes
    /// the places of its operations. On a closed store, which `lib/` makes no calls on, nobody is told
    /// that there is an outcome.
    ///
    /// `request` is the number of the request that has made the call. What its saves leave in the table
    /// is kept until JavaScript has taken the outcome, see `RequestWrites`.
    fn call<F>(
        &self,
        number: u32,
        request: Option<u32>,
        ask: impl FnOnce(&Backend, Option<Arc<RequestWrites>>) -> Result<F> + Send + 'static,
    ) where
        F: Future<Output = Result<Answer>> + Send + 'static,
    {
        let open = self.lock();
        let Some(Open {
            backend,
            completions,
        }) = &*open
        else {
            self.outcomes.push(number, None, Err(Error::Closed.into()));
            return;
        };
        let backend = Arc::clone(backend);
        let sessions = backend.expiring.as_ref();
        let writes = sessions
            .zip(request)
            .map(|(sessions, request)| sessions.writes_of(request));
        let kept = writes.clone();
        completions.enqueue(number, kept, self.context(), move || {
            match ask(&backend, writes) {
                Ok(asked) => FutureEither::Left(asked),
                Err(error) => FutureEither::Right(ready(Err(error))),
            }
        });
    }

    /// Has a call begin that has a promise of its own. `ask` is called when it begins, behind those
    /// that were made before it.
    pub(super) fn start<'env, T, F>(
        &self,
        env: &'env Env,
        ask: impl FnOnce(Arc<Backend>) -> F + Send + 'static,
    ) -> napi::Result<PromiseRaw<'env, Outcome<T>>>
    where
        T: ToNapiValue + Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let backend = self.backend();
        let locator = self.locator.clone();
        let (sender, receiver) = oneshot::channel();
        let begin = || {
            let asked = backend.map(ask);
            async move {
                let outcome = unless_it_panics(async { asked?.await }).await;
                // Gone only where JavaScript has ended.
                let _ = sender.send(outcome);
            }
            .boxed()
        };
        intake::enqueue(self.context(), Box::new(begin));
        intake::begin_all();
        let (promise, settle) = runtime::promise(env)?;
        runtime::spawn(async move {
            // Dropped where the beginning of the call has panicked.
            let defect = Error::Internal {
                operation: "the call",
            };
            let outcome = receiver.await.unwrap_or(Err(defect));
            settle(wrap(outcome.map_err(|error| Failure::of(&error, &locator))));
        });
        Ok(promise)
    }
}

#[napi]
impl NativeStore {
    /// The session, `null` where there is none or it has ended: its exact end in milliseconds where a
    /// touch has moved it, when it ends in seconds, and its version, each followed by `;` and empty
    /// where there is none, and then the session as JSON. One text, because each value that crosses costs the event loop. A call:
    /// see `take`.
    #[napi]
    pub fn load(&self, call: u32, sid: String, now: f64, limit: f64) {
        self.call(call, None, move |backend, _| {
            let session = backend.sessions.load(&sid, UnixMillis(now), time(limit));
            Ok(session.map_ok(|session| session.map(loaded).map(Either::A)))
        });
    }

    /// Writes a session, given as JSON. `expires` is in seconds since the Unix epoch, nothing where it
    /// never ends; `special` has a value for each special key of the options. `version` is one that no
    /// other write has; without it, the formats that have versions make one.
    ///
    /// Gives `null` where the session was written as it is. Where something else was written, with changes
    /// of others or in another version, gives that in the form of `load`, with the end of the session where
    /// that of another request was kept. Gives `false` where nothing was written, because the session was
    /// destroyed since it was read, or somebody else has logged in. A call: see `take`.
    #[napi]
    #[allow(
        clippy::too_many_arguments,
        reason = "an object for each call would cost the event loop more"
    )]
    pub fn save(
        &self,
        call: u32,
        sid: String,
        data: String,
        expires: Option<f64>,
        special: Vec<Option<SpecialArgument>>,
        version: Option<String>,
        known: Option<KnownSession>,
        limit: f64,
    ) {
        let record = Record {
            sid,
            data,
            expires: expires.map(seconds),
            special: special.into_iter().map(special_value).collect(),
        };
        let request = known.as_ref().and_then(|known| known.request);
        self.call(call, request, move |backend, writes| {
            let limit = time(limit);
            Ok(match &backend.expiring {
                Some(sessions) => {
                    let version = version.unwrap_or_else(new_version);
                    let known = known.map(Known::from);
                    let saved = sessions.save_version(record, version, known, writes, limit);
                    FutureEither::Left(saved.map_ok(|saved| match saved {
                        Saved::AsGiven => None,
                        Saved::Changed(session) => Some(Either::A(loaded(session))),
                        Saved::Gone => Some(Either::B(false)),
                    }))
                }
                None => {
                    let saved = backend.sessions.save(record, limit);
                    FutureEither::Right(saved.map_ok(|()| None))
                }
            })
        });
    }

    /// Moves a session's end. `expires` is in seconds since the Unix epoch; `end` is the same to the
    /// millisecond and `lifetime` in milliseconds, where the session has a cookie with an end. With
    /// `known`, the end stays as it is where another request has given the session another lifetime.
    ///
    /// `false` where the session is gone, `true` where its end was moved. Where it stays as it is, that in
    /// seconds, as text; empty where an earlier save of the request has found out. A call: see `take`.
    #[napi]
    #[allow(
        clippy::too_many_arguments,
        reason = "an object for each call would cost the event loop more"
    )]
    pub fn touch(
        &self,
        call: u32,
        sid: String,
        expires: f64,
        end: Option<f64>,
        lifetime: Option<f64>,
        known: Option<KnownSession>,
        limit: f64,
    ) {
        let request = known.as_ref().and_then(|known| known.request);
        self.call(call, request, move |backend, writes| {
            let sessions = backend.expiring("touch")?;
            let limit = time(limit);
            let to = NewEnd {
                expires: seconds(expires),
                exact: end.map(UnixMillis).zip(lifetime),
            };
            Ok(match known {
                Some(known) => {
                    let known = Known::from(known);
                    let touched = sessions.touch_known(&sid, to, known, writes, limit);
                    FutureEither::Left(touched.map_ok(|touched| {
                        Some(match touched {
                            Touched::Moved => Either::B(true),
                            Touched::Gone => Either::B(false),
                            Touched::Kept(end) => Either::A(json(kept(end))),
                        })
                    }))
                }
                None => {
                    let found = sessions.touch(&sid, to, limit);
                    FutureEither::Right(found.map_ok(|found| Some(Either::B(found))))
                }
            })
        });
    }

    /// Deletes a session. A call: see `take`.
    #[napi]
    pub fn destroy(&self, call: u32, sid: String, limit: f64) {
        self.call(call, None, move |backend, _| {
            let destroyed = backend.sessions.destroy(&sid, time(limit));
            Ok(destroyed.map_ok(|()| None))
        });
    }

    /// Has the calls begin that were made since this was last called, of all stores.
    #[napi]
    pub fn flush(&self) {
        intake::begin_all();
    }

    /// The outcomes of all calls that have completed since this was last asked. A method that is a
    /// call takes a number, under which its outcome comes; `notify` tells when there are some.
    #[napi]
    pub fn take(&self) -> Completed {
        self.outcomes.take()
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
        self.start(env, move |backend| async move {
            let operation = "finding sessions by an index";
            let index = backend.index.as_ref().ok_or(Error::Format { operation })?;
            let limit = time(limit);
            let ids = backend.sessions.find(index, &value, limit).await?;
            let sessions = backend
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
        self.start(env, move |backend| {
            backend.sessions.destroy_many(&sids, time(limit))
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
        self.start(env, move |backend| async move {
            let sessions = backend
                .expiring("list")?
                .list(UnixMillis(now), time(limit))
                .await?;
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
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("list")?;
            sessions.ids(UnixMillis(now), time(limit)).await
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
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("list")?;
            let count = sessions.count(UnixMillis(now), time(limit)).await?;
            Ok(count as f64)
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
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("clear")?;
            sessions.clear(UnixMillis(now), time(limit)).await
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
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("reap")?;
            let reaped = sessions.reap(UnixMillis(now), time(limit)).await?;
            Ok(reaped as f64)
        })
    }

    /// Whether requests go through the user's client from now on, whatever its settings say.
    #[napi]
    pub fn use_client(&self, through: bool) {
        if let Ok(backend) = self.backend() {
            backend.through_client.store(through, Ordering::Relaxed);
        }
    }

    /// Where requests go, as errors say it: `table "sessions", endpoint http://…, region us-east-1`, as far
    /// as that is known by now.
    #[napi]
    pub fn place(&self) -> String {
        self.locator.place().to_string()
    }

    /// Calls that are made from now on are made in the context of this number, until another is
    /// entered; 0 is none. The number comes back with each request for them that goes through the
    /// user's client.
    #[napi]
    pub fn enter(&self, context: u32) {
        self.context.store(context, Ordering::Relaxed);
    }

    /// Lets go of connections, of the client and of the functions in JavaScript, once the calls that
    /// are under way have ended. Calls after it fail with `ERR_SESSION_CLOSED`.
    #[napi]
    pub fn close(&self) {
        // Dropped when it is unlocked again.
        let open = self.lock().take();
        drop(open);
    }
}

/// `lib/` sees to it that a limit is a positive number; nothing here may panic if it was not.
pub(super) fn time(limit: f64) -> Duration {
    Duration::from_millis(limit as u64)
}

/// The end of a session that stays as it is, in whole seconds.
fn kept(end: Option<UnixMillis>) -> String {
    end.map_or_else(String::new, |end| end.seconds().floor().to_string())
}

fn seconds(expires: f64) -> Expires {
    Expires::at(UnixMillis(expires * 1000.0))
}
