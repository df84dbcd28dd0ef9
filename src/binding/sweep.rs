//! The methods of `NativeStore` that delete sessions all over the table.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::{Failure, Outcome};
use super::store::{NativeStore, time};
use crate::core::error::Error;
use crate::core::expiry::UnixMillis;

/// The result of deleting many sessions. If it has a failure, some sessions may have been deleted.
#[napi(object, object_from_js = false)]
pub struct Deletions {
    /// The number of deleted sessions. 0 if `clear` or `reap` has failed.
    pub count: f64,
    /// The keys of the deleted items, if the caller has asked for them.
    pub keys: Vec<String>,
    pub failure: Option<Failure>,
}

#[napi]
impl NativeStore {
    /// Deletes all sessions that have not ended. `with_keys`: the result has the keys of the deleted items.
    #[napi]
    pub fn clear<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
        with_keys: bool,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Deletions>>> {
        let failure_of = self.failures();
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("clear")?;
            let mut keys = with_keys.then(Vec::new);
            let cleared = sessions.clear_noting(UnixMillis(now), time(limit), keys.as_mut());
            let failure = cleared.await.err().map(|error| failure_of(&error));
            Ok(Deletions {
                count: 0.0,
                keys: keys.unwrap_or_default(),
                failure,
            })
        })
    }

    /// Deletes the sessions that have ended. `with_keys`: the result has the keys of the deleted items.
    #[napi]
    pub fn reap<'env>(
        &self,
        env: &'env Env,
        now: f64,
        limit: f64,
        with_keys: bool,
    ) -> napi::Result<PromiseRaw<'env, Outcome<Deletions>>> {
        let failure_of = self.failures();
        self.start(env, move |backend| async move {
            let sessions = backend.expiring("reap")?;
            let mut keys = with_keys.then(Vec::new);
            let reaped = sessions.reap_noting(UnixMillis(now), time(limit), keys.as_mut());
            let (count, failure) = match reaped.await {
                Ok(count) => (count as f64, None),
                Err(error) => (0.0, Some(failure_of(&error))),
            };
            Ok(Deletions {
                count,
                keys: keys.unwrap_or_default(),
                failure,
            })
        })
    }
}

impl NativeStore {
    /// Makes failures of errors that are a part of a result.
    pub(super) fn failures(&self) -> impl Fn(&Error) -> Failure + Send + 'static {
        let locator = self.locator();
        move |error| Failure::of(error, &locator)
    }
}
