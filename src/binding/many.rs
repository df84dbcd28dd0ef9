//! The methods of `NativeStore` for many sessions at a time.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::Outcome;
use super::session::SessionEntry;
use super::store::{NativeStore, time};
use crate::core::error::Error;
use crate::core::expiry::UnixMillis;

#[napi]
impl NativeStore {
    /// The sessions with the key `value` in the store's index.
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

    /// Deletes many sessions.
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
}
