//! `NativeStore`: each method converts, delegates and wraps. `table.rs` has the methods for the table.

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
use super::completions::{CallResult, Completed, Completions, Outcomes, catch_panics, json};
use super::failure::{Failure, Outcome, wrap};
use super::intake;
use super::runtime;
use super::session::{KnownSession, SpecialArgument, loaded, record, seconds};
use super::tracking::SessionMarks;
use crate::core::context::CallContext;
use crate::core::dynamo::sdk::Locator;
use crate::core::dynamo::telemetry::counters::Counters;
use crate::core::error::{Error, Result};
use crate::core::expiry::UnixMillis;
use crate::core::store::{
    Known, LookUp, NewEnd, RequestWrites, Saved, Touched, Tracks, new_version,
};

/// A session store. In all methods, `now` is in milliseconds since the Unix epoch. `limit` is the time
/// that each request of a call may take, in milliseconds, with its waiting and its retries.
///
/// A failure is a result, see `Failure`: no method throws, and no promise rejects. If an argument does
/// not have its declared type, napi throws before the method runs; `lib/calls.js` turns this into a
/// failure.
///
/// A method that has the parameter `call` returns nothing. Its outcome comes under this number, see
/// `take`.
#[napi]
pub struct NativeStore {
    /// `None` once the store is closed. Calls in flight hold their own references and end as usual.
    open: Mutex<Option<Open>>,
    outcomes: Arc<Outcomes>,
    locator: Locator,
    counters: Arc<Counters>,
    /// The asynchronous context of calls that are made now; 0 without one.
    context: AtomicU32,
}

/// The parts of a store that `close` releases.
struct Open {
    backend: Arc<Backend>,
    completions: Arc<Completions>,
}

impl NativeStore {
    pub fn new(backend: Backend, completions: Arc<Completions>) -> Self {
        completions.locate(backend.locator.clone());
        let outcomes = Arc::clone(completions.outcomes());
        let locator = backend.locator.clone();
        let counters = Arc::clone(&backend.dynamo.telemetry().counters);
        let open = Open {
            backend: Arc::new(backend),
            completions,
        };
        Self {
            open: Mutex::new(Some(open)),
            outcomes,
            locator,
            counters,
            context: AtomicU32::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counters of the store's requests, also once the store is closed.
    pub(super) fn request_counters(&self) -> &Counters {
        &self.counters
    }

    /// Sets whether the store reports events.
    pub(super) fn set_listening(&self, is_listening: bool) {
        if let Some(Open { completions, .. }) = &*self.lock() {
            completions.listen(is_listening);
        }
    }

    /// The backend. A caller keeps it even if the store is closed afterwards.
    pub(super) fn backend(&self) -> Result<Arc<Backend>> {
        let open = self.lock();
        let open = open.as_ref().ok_or(Error::Closed)?;
        Ok(Arc::clone(&open.backend))
    }

    /// The place of the table, for errors.
    pub(super) fn locator(&self) -> Locator {
        self.locator.clone()
    }

    fn context(&self) -> Option<CallContext> {
        let context = self.context.load(Ordering::Relaxed);
        (context != 0).then_some(CallContext(context))
    }

    /// Puts a call into the intake. When the call begins, `ask` runs and takes the places of the call's
    /// operations in the schedule. JavaScript takes the outcome with other outcomes, see `take`.
    ///
    /// `request` is the number of the web request that made the call. The results of the request's saves
    /// are kept until JavaScript has taken the outcome, see `RequestWrites`.
    ///
    /// `lib/` makes no calls on a closed store, so the outcome of such a call does not notify
    /// JavaScript.
    pub(super) fn call<F>(
        &self,
        number: u32,
        request: Option<u32>,
        ask: impl FnOnce(&Backend, Option<Arc<RequestWrites>>) -> Result<F> + Send + 'static,
    ) where
        F: Future<Output = Result<CallResult>> + Send + 'static,
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

    /// Starts a call that returns a promise of napi. `ask` runs when the call begins, after all calls
    /// that were made before it have begun.
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
                let outcome = catch_panics(async { asked?.await }).await;
                // The receiver is gone only if JavaScript has ended.
                let _ = sender.send(outcome);
            }
            .boxed()
        };
        intake::enqueue(self.context(), Box::new(begin));
        intake::begin_all();
        let (promise, settle) = runtime::promise(env)?;
        runtime::spawn(async move {
            // If the beginning of the call panics, the sender is dropped.
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
    /// Loads a session. The result is `null` if the session does not exist, and `false` if it has ended but
    /// is still in the table.
    ///
    /// Otherwise it is one text, because each value that crosses costs the event loop time. The text is
    /// `<end>;<expires>;<length>;<version><JSON>`, where a part is empty if it does not exist:
    ///
    /// * `end`: the exact end in milliseconds, if a touch has moved it;
    /// * `expires`: the end in seconds;
    /// * `length`: the length of `version` in UTF-16 code units;
    /// * `version`: the session's version;
    /// * the session as JSON.
    ///
    /// If the store has the option `tracking`, a line of JSON comes first: `[created,[value, …],seen]`,
    /// with the beginning of the session, its value in each index, and the time of its last write; each is
    /// `null` if it is not set. Times are in milliseconds.
    #[napi]
    pub fn load(&self, call: u32, sid: String, now: f64, limit: f64) {
        self.call(call, None, move |backend, _| {
            let found = backend.sessions.look_up(&sid, UnixMillis(now), time(limit));
            Ok(found.map_ok(|found| match found {
                LookUp::Found(session) => Some(Either::A(loaded(session))),
                LookUp::Ended => Some(Either::B(false)),
                LookUp::Missing => None,
            }))
        });
    }

    /// Writes a session, given as JSON. `expires` is in seconds since the Unix epoch, and not set if the
    /// session never ends. `special` has a value for each special key of the options. `version` is a new
    /// version, which no other write has; without it, the store makes one in the formats that have
    /// versions.
    ///
    /// The result is `null` if the session was written as it was given. If the write added changes of
    /// other requests, or has another version, the result is the session that was written, in the form
    /// of `load`; it has `expires` if the write kept the end that another request has set. The result is
    /// `false` if nothing was written, because the session was destroyed after it was read, or because
    /// another user has logged in.
    ///
    /// `marks` are set if the store has the option `tracking`.
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
        marks: Option<SessionMarks>,
    ) {
        let record = record(sid, data, expires, special);
        let request = known.as_ref().and_then(|known| known.request);
        self.call(call, request, move |backend, writes| {
            let limit = time(limit);
            Ok(match &backend.expiring {
                Some(sessions) => {
                    let version = version.unwrap_or_else(new_version);
                    let known = known.map(Known::from);
                    let tracks = marks.map(Tracks::from);
                    let saved =
                        sessions.save_tracked(record, tracks, version, known, writes, limit);
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

    /// Moves the end of a session. `expires` is in seconds since the Unix epoch. If the session's cookie
    /// has an end, `end` is the same end in milliseconds, and `lifetime` is its lifetime in
    /// milliseconds.
    ///
    /// The result is `true` if the end was moved, and `false` if the session does not exist any more.
    /// With `known`, the end is not moved if another request has given the session another lifetime.
    /// Then the result is the session's end in seconds, as text; it is empty if an earlier save of the
    /// request has found the other lifetime.
    ///
    /// `seen` is the present time in milliseconds, if the store has the option `tracking`.
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
        seen: Option<f64>,
    ) {
        let request = known.as_ref().and_then(|known| known.request);
        self.call(call, request, move |backend, writes| {
            let sessions = backend.expiring("touch")?;
            let limit = time(limit);
            let to = NewEnd {
                expires: seconds(expires),
                exact: end.map(UnixMillis).zip(lifetime),
                seen: { seen.map(UnixMillis) }
                    .map(|seen| (seen, !backend.session_indexes.is_empty())),
            };
            Ok(match known {
                Some(known) => {
                    let known = Known::from(known);
                    let touched = sessions.touch_known(&sid, to, known, writes, limit);
                    FutureEither::Left(touched.map_ok(|touched| {
                        Some(match touched {
                            Touched::Moved => Either::B(true),
                            Touched::Gone => Either::B(false),
                            Touched::Kept(end) => Either::A(json(seconds_text(end))),
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

    /// Deletes a session.
    #[napi]
    pub fn destroy(&self, call: u32, sid: String, limit: f64) {
        self.call(call, None, move |backend, _| {
            let destroyed = backend.sessions.destroy(&sid, time(limit));
            Ok(destroyed.map_ok(|()| None))
        });
    }

    /// Starts all calls that were made since the last `flush`, of all stores.
    #[napi]
    pub fn flush(&self) {
        intake::begin_all();
    }

    /// Takes the outcomes of all calls that have completed since the last `take`. The store calls
    /// `notify` if there are outcomes to take.
    #[napi]
    pub fn take(&self) -> Completed {
        self.outcomes.take()
    }

    /// `true`: from now on, requests go through the user's client, whatever its settings are.
    #[napi]
    pub fn use_client(&self, through: bool) {
        if let Ok(backend) = self.backend() {
            backend.through_client.store(through, Ordering::Relaxed);
        }
    }

    /// The table, endpoint and region of the store, as its errors name them, as far as they are known:
    /// `table "sessions", endpoint http://…, region us-east-1`.
    #[napi]
    pub fn place(&self) -> String {
        self.locator.place().to_string()
    }

    /// Sets the asynchronous context of the calls that follow, as a number; 0 for none. If a request for
    /// one of these calls goes through the user's client, the callback `call` gets this number.
    #[napi]
    pub fn enter(&self, context: u32) {
        self.context.store(context, Ordering::Relaxed);
    }

    /// Closes the store. Its connections, its client and its JavaScript callbacks are released once the
    /// calls in flight have ended. Later calls fail with `ERR_SESSION_CLOSED`.
    #[napi]
    pub fn close(&self) {
        // Drop after unlocking: the parts may own JavaScript callbacks.
        let open = self.lock().take();
        drop(open);
    }
}

/// A call's time. `lib/` gives a positive number; the cast accepts any number without a panic.
pub(super) fn time(limit: f64) -> Duration {
    Duration::from_millis(limit as u64)
}

/// An end that a touch did not move, in whole seconds.
fn seconds_text(end: Option<UnixMillis>) -> String {
    end.map_or_else(String::new, |end| end.seconds().floor().to_string())
}
