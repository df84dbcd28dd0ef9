//! Sweeps of `NativeStore`: operations on all sessions of the table, a page at a time.

use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use super::failure::{Failure, Outcome};
use super::store::{NativeStore, time};
use crate::core::error::Error;
use crate::core::expiry::UnixMillis;
use crate::core::store::{IndexMark, Listed, PageAt, Sweep, SweptPage, Unreadable};

/// A page of a sweep, which JavaScript asks for.
#[napi(object, object_to_js = false)]
pub struct SweepRequest {
    /// `listAll`: also the sessions that have ended and can still be read. `countEnded`: counts what `reap` deletes.
    #[napi(ts_type = "'list' | 'listAll' | 'ids' | 'count' | 'clear' | 'reap' | 'countEnded'")]
    pub sweep: String,
    /// The number of the segment, which begins at 0.
    pub segment: u32,
    pub segments: u32,
    /// The `next` of the page before. Not set for the first page of a segment.
    pub start: Option<String>,
    /// The largest number of items that are read. Not set: as many as DynamoDB puts into a page, up to 1 MB.
    pub most: Option<u32>,
    /// Whether the result has the capacity units of the page.
    pub counts_units: bool,
    /// For `list` and `listAll`: whether sessions that cannot be decoded are a part of the result, and not its failure.
    pub keeps_unreadable: bool,
    /// Whether the result has the keys of the deleted items.
    pub with_keys: bool,
}

/// A page of a sweep.
#[napi(object, object_from_js = false)]
pub struct SweepPage {
    /// The number of items that DynamoDB has read, also those that are no sessions of the sweep.
    pub read: f64,
    /// The number of sessions that belong to the sweep.
    pub sessions: f64,
    pub deleted: f64,
    /// For `list` and `listAll`.
    pub listed: Vec<ListedSession>,
    /// The sessions that cannot be decoded, if the request keeps them.
    pub unreadable: Vec<UnreadableSession>,
    /// The ids of the sessions as they stand in the table, for `ids`.
    pub ids: Vec<String>,
    /// The keys of the deleted items, if the request asks for them.
    pub keys: Vec<String>,
    /// The first failure of a deletion, after all others were tried.
    pub failure: Option<Failure>,
    /// The capacity units of the read. Not set if they were not asked for, or if the answer lacks them.
    pub read_units: Option<f64>,
    /// The capacity units of the deletions, as `readUnits`.
    pub write_units: Option<f64>,
    /// The place at which the next page of the segment begins: a key. Not set after the last page.
    pub next: Option<String>,
}

/// A session in a list. Times are in milliseconds since the Unix epoch.
#[napi(object, object_from_js = false)]
pub struct ListedSession {
    /// The id, as it stands in the table.
    pub sid: String,
    /// The session as JSON.
    pub data: String,
    /// The end of the session. Not set if it never ends.
    pub expires: Option<f64>,
    /// If a touch has moved the end: the exact end.
    pub end: Option<f64>,
    pub version: Option<String>,
    /// The beginning of the session, if the store tracks its sessions.
    pub created: Option<f64>,
    /// The last write of the session, as `created`.
    pub seen: Option<f64>,
    /// The marks of the session in the store's indexes, in the order of the options.
    pub indexed: Vec<ListedMark>,
}

/// A session that cannot be decoded.
#[napi(object, object_from_js = false)]
pub struct UnreadableSession {
    /// The id, as it stands in the table.
    pub sid: String,
    pub failure: Failure,
}

/// The marks of a session in an index.
#[napi(object, object_from_js = false)]
pub struct ListedMark {
    /// Not set if the session is not in the index.
    pub value: Option<String>,
    /// The time at which the session got its value, in milliseconds since the Unix epoch.
    pub since: Option<f64>,
    pub label: Option<String>,
}

impl SweepRequest {
    fn sweep(&self) -> napi::Result<Sweep> {
        match self.sweep.as_str() {
            "list" => Ok(Sweep::List),
            "listAll" => Ok(Sweep::ListAll),
            "ids" => Ok(Sweep::Ids),
            "count" => Ok(Sweep::Count),
            "clear" => Ok(Sweep::Clear),
            "reap" => Ok(Sweep::Reap),
            "countEnded" => Ok(Sweep::CountEnded),
            other => Err(napi::Error::new(
                napi::Status::InvalidArg,
                format!("there is no sweep \"{other}\""),
            )),
        }
    }
}

impl From<SweepRequest> for PageAt {
    fn from(request: SweepRequest) -> Self {
        Self {
            segment: request.segment,
            segments: request.segments,
            start: request.start,
            most: request.most,
            counts_units: request.counts_units,
            keeps_unreadable: request.keeps_unreadable,
        }
    }
}

impl From<Listed> for ListedSession {
    fn from(listed: Listed) -> Self {
        Self {
            sid: listed.stored.sid,
            data: listed.stored.data,
            expires: millis(listed.expires),
            end: millis(listed.marks.end),
            version: listed.marks.version,
            created: millis(listed.created),
            seen: millis(listed.seen),
            indexed: listed.indexed.into_iter().map(ListedMark::from).collect(),
        }
    }
}

impl From<IndexMark> for ListedMark {
    fn from(
        IndexMark {
            value,
            since,
            label,
        }: IndexMark,
    ) -> Self {
        let since = millis(since);
        Self {
            value,
            since,
            label,
        }
    }
}

fn millis(time: Option<UnixMillis>) -> Option<f64> {
    time.map(|UnixMillis(time)| time)
}

#[napi]
impl NativeStore {
    /// Reads a page of the table, and does with its sessions what the request says.
    #[napi]
    pub fn sweep_page<'env>(
        &self,
        env: &'env Env,
        request: SweepRequest,
        now: f64,
        limit: f64,
    ) -> napi::Result<PromiseRaw<'env, Outcome<SweepPage>>> {
        let failure_of = self.failures();
        let (sweep, with_keys) = (request.sweep()?, request.with_keys);
        self.start(env, move |backend| async move {
            let (now, limit) = (UnixMillis(now), time(limit));
            let page = backend
                .sessions
                .sweep_page(sweep, request.into(), now, limit);
            Ok(SweepPage::of(page.await?, with_keys, failure_of))
        })
    }
}

impl SweepPage {
    fn of(page: SweptPage, with_keys: bool, failure_of: impl Fn(&Error) -> Failure) -> Self {
        Self {
            read: page.read as f64,
            sessions: page.sessions as f64,
            deleted: page.deleted.len() as f64,
            listed: page.listed.into_iter().map(ListedSession::from).collect(),
            unreadable: { page.unreadable.into_iter() }
                .map(|Unreadable { sid, error }| UnreadableSession {
                    sid,
                    failure: failure_of(&error),
                })
                .collect(),
            ids: page.ids,
            keys: if with_keys { page.deleted } else { Vec::new() },
            failure: page.failure.map(|error| failure_of(&error)),
            read_units: page.read_units,
            write_units: page.write_units,
            next: page.next,
        }
    }
}

impl NativeStore {
    /// Makes failures of errors that are a part of a result.
    pub(super) fn failures(&self) -> impl Fn(&Error) -> Failure + Send + 'static {
        let locator = self.locator();
        move |error| Failure::of(error, &locator)
    }
}
