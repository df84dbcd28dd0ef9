//! The method of `NativeStore` that writes a session unless there is one.

use futures_util::TryFutureExt;
use napi::bindgen_prelude::Either;
use napi_derive::napi;

use super::session::{SpecialArgument, record};
use super::store::{NativeStore, time};
use super::tracking::SessionMarks;
use crate::core::expiry::UnixMillis;
use crate::core::store::{Tracks, new_version};

#[napi]
impl NativeStore {
    /// Writes a session unless there is one under its id. A session that has ended at `now` is replaced. The arguments
    /// are those of `save`.
    ///
    /// The result is `null` if the session was written, and `false` if there is one.
    #[napi]
    #[allow(
        clippy::too_many_arguments,
        reason = "an object for each call would cost the event loop more"
    )]
    pub fn create(
        &self,
        call: u32,
        sid: String,
        data: String,
        expires: Option<f64>,
        special: Vec<Option<SpecialArgument>>,
        version: Option<String>,
        now: f64,
        limit: f64,
        marks: Option<SessionMarks>,
    ) {
        let record = record(sid, data, expires, special);
        self.call(call, None, move |backend, _| {
            let has_versions = backend.expiring.is_some();
            let version = has_versions.then(|| version.unwrap_or_else(new_version));
            let (tracks, now) = (marks.map(Tracks::from), UnixMillis(now));
            let created = backend
                .sessions
                .create(record, tracks, version, now, time(limit));
            Ok(created.map_ok(|created| (!created).then_some(Either::B(false))))
        });
    }
}
