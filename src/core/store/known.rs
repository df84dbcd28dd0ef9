//! The knowledge of a web request about its session: the version that it has read, and its saves since.
//!
//! JavaScript keeps this knowledge between the calls of a request. While a call is in flight, a
//! [`RequestWrites`] keeps the results of the request's saves. JavaScript fetches the `RequestWrites`
//! when it makes a call, and drops it when it takes the outcome. Both happen on the thread of its event
//! loop, so at any moment one of the two knows each save.
//!
//! A version is `<birth>.<write>`. All versions of a session have the same birth. If a session is
//! destroyed and made again under the same id, it has another birth. Each write has another second part.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Notify;

use super::Loaded;
use super::versions::Saved;

/// The version of a new session, with a new birth.
pub fn new_version() -> String {
    let birth = URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes());
    let write = URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes());
    format!("{birth}.{write}")
}

/// The birth in a version; `None` if another program has written the version.
pub fn birth(version: &str) -> Option<&str> {
    version.split_once('.').map(|(birth, _)| birth)
}

/// The version of another attempt of the write that has `version`, for a session with this birth. Each
/// attempt needs another version, because it writes other data.
pub(super) fn attempt(version: &str, birth: Option<&str>, number: u32) -> String {
    let (own, write) = version.split_once('.').unwrap_or((version, version));
    format!("{}.{write}~{number}", birth.unwrap_or(own))
}

/// Whether `found` is the version of an attempt of the write that has `version`.
fn is_attempt_of(version: &str, found: &str) -> bool {
    let write = |version| str::split_once(version, '.').map_or(version, |(_, write)| write);
    let rest = write(found).strip_prefix(write(version));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('~'))
}

/// The behaviour of a save if another request has changed the session since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// Overwrite the session, unless it was destroyed.
    Overwrite,
    /// Merge both changes, key by key.
    Merge,
    /// Fail with [`Error::Conflict`](crate::core::error::Error::Conflict).
    Fail,
}

/// The knowledge of a request about the session that it saves.
#[derive(Clone)]
pub struct Known {
    /// The version that the request expects in the table; `None` if a replaced package has written the
    /// session.
    pub version: Option<String>,
    /// The session as JSON to which the request's changes are compared. `None` for a new session, which
    /// is written without a condition.
    pub base: Option<String>,
    /// The session as JSON that the request expects in the table, if it is not `base`, because an
    /// earlier save of the request was merged.
    pub stored: Option<String>,
    /// Saves of the request that have failed since then. DynamoDB may have carried them out.
    pub failed: Vec<FailedSave>,
    /// The behaviour if the stored session is another one than expected.
    pub conflict: Conflict,
}

/// Written by hand, because the type holds a session.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("conflict", &self.conflict)
            .finish_non_exhaustive()
    }
}

impl Known {
    /// The birth of the session, if it has one.
    pub(super) fn birth(&self) -> Option<&str> {
        birth(self.version.as_deref()?)
    }

    /// Whether the stored version `found` has another birth than the session that the request has read.
    pub(super) fn is_of_another(&self, found: Option<&str>) -> bool {
        match (self.birth(), found.and_then(birth)) {
            (Some(known), Some(found)) => known != found,
            _ => false,
        }
    }

    /// Whether a failed save of the request has written the version `found`.
    pub(super) fn has_written(&self, found: Option<&str>) -> bool {
        let is_it = |failed: &FailedSave| found.is_some_and(|found| failed.has_written(found));
        self.failed.iter().any(is_it)
    }

    /// The sessions to which the request's changes are compared, see
    /// [`merge`](crate::core::merge::merge).
    pub(super) fn bases(&self) -> Vec<&str> {
        let failed = self.failed.iter().map(|failed| &*failed.data);
        self.base.as_deref().into_iter().chain(failed).collect()
    }
}

/// A save that has failed. DynamoDB may have carried it out.
#[derive(Clone)]
pub struct FailedSave {
    /// The version of the save.
    pub version: String,
    /// The session of the save, as JSON.
    pub data: String,
}

impl FailedSave {
    fn has_written(&self, found: &str) -> bool {
        is_attempt_of(&self.version, found)
    }
}

/// The requests that have saves in flight, by their number.
pub(super) type Requests = Arc<Mutex<HashMap<u32, Weak<RequestWrites>>>>;

/// The saves of one request that are in flight, or whose outcome JavaScript has not taken yet. See the
/// [module](self).
pub struct RequestWrites {
    number: u32,
    requests: Requests,
    has_begun: AtomicBool,
    /// Whether the first save is in flight. It may be sent in a batch, so later saves may get their turn
    /// just before its result is noted here.
    is_first_in_flight: AtomicBool,
    /// Notified when the result of the first save is noted.
    first_noted: Notify,
    results: Mutex<SaveResults>,
}

/// The results of the request's saves.
#[derive(Default)]
struct SaveResults {
    last_saved: Option<LastSaved>,
    failed: Vec<FailedSave>,
}

/// The last save that has succeeded.
struct LastSaved {
    version: String,
    base: String,
    stored: Option<String>,
}

impl RequestWrites {
    /// The saves of the request with this number.
    pub(super) fn of(requests: &Requests, number: u32) -> Arc<Self> {
        let mut in_flight = locked(requests);
        if let Some(writes) = in_flight.get(&number).and_then(Weak::upgrade) {
            return writes;
        }
        let writes = Arc::new(Self {
            number,
            requests: Arc::clone(requests),
            has_begun: AtomicBool::new(false),
            is_first_in_flight: AtomicBool::new(false),
            first_noted: Notify::new(),
            results: Mutex::default(),
        });
        in_flight.insert(number, Arc::downgrade(&writes));
        writes
    }

    /// Notes that the request makes a save. Returns whether it is its first.
    pub(super) fn begin(&self) -> bool {
        !self.has_begun.swap(true, Ordering::Relaxed)
    }

    /// Adds the results of the request's earlier saves to `known`. Called at the turn of an operation,
    /// when the earlier saves have ended. Waits for the first save, whose result may be noted a moment
    /// later.
    pub(super) async fn update(&self, known: Known) -> Known {
        loop {
            let noted = self.first_noted.notified();
            if !self.is_first_in_flight.load(Ordering::Acquire) {
                return self.updated(known);
            }
            noted.await;
        }
    }

    fn updated(&self, known: Known) -> Known {
        let results = locked(&self.results);
        let Some(saved) = &results.last_saved else {
            let failed = [known.failed, results.failed.clone()].concat();
            return Known { failed, ..known };
        };
        Known {
            version: Some(saved.version.clone()),
            base: Some(saved.base.clone()),
            stored: saved.stored.clone(),
            failed: results.failed.clone(),
            conflict: known.conflict,
        }
    }
}

impl Drop for RequestWrites {
    fn drop(&mut self) {
        let mut in_flight = locked(&self.requests);
        // Another `RequestWrites` may have taken the number already.
        let is_over = |writes: &Weak<Self>| writes.strong_count() == 0;
        if in_flight.get(&self.number).is_some_and(is_over) {
            in_flight.remove(&self.number);
        }
    }
}

/// A guard for a save in flight. If it is dropped before `has_saved`, the save counts as failed.
pub(super) struct Saving {
    writes: Arc<RequestWrites>,
    as_failed: Option<Box<dyn FnOnce() -> FailedSave + Send>>,
    has_turn: bool,
}

impl Saving {
    /// A save at its turn, which keeps the turn until this is dropped. `as_failed` returns the record of the
    /// save. It is called only at the end, so that a save in flight holds its session only once.
    pub fn in_turn(
        writes: Arc<RequestWrites>,
        as_failed: impl FnOnce() -> FailedSave + Send + 'static,
    ) -> Self {
        Self {
            writes,
            as_failed: Some(Box::new(as_failed)),
            has_turn: true,
        }
    }

    /// The first save of a request. Its turn may end a moment before this is dropped.
    pub fn first(
        writes: Arc<RequestWrites>,
        as_failed: impl FnOnce() -> FailedSave + Send + 'static,
    ) -> Self {
        writes.is_first_in_flight.store(true, Ordering::Release);
        let mut first = Self::in_turn(writes, as_failed);
        first.has_turn = false;
        first
    }

    /// Notes the result of a successful save, for later saves of the request.
    pub fn has_saved(mut self, saved: &Saved) {
        let Some(as_failed) = self.as_failed.take() else {
            return;
        };
        let FailedSave { version, data } = as_failed();
        let last_saved = match saved {
            Saved::Gone => return,
            Saved::AsGiven => LastSaved {
                version,
                base: data,
                stored: None,
            },
            Saved::Changed(Loaded {
                data: stored,
                marks,
                ..
            }) => LastSaved {
                version: marks.version.clone().unwrap_or(version),
                stored: (*stored != data).then(|| stored.clone()),
                base: data,
            },
        };
        *locked(&self.writes.results) = SaveResults {
            last_saved: Some(last_saved),
            failed: Vec::new(),
        };
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(as_failed) = self.as_failed.take() {
            locked(&self.writes.results).failed.push(as_failed());
        }
        if !self.has_turn {
            self.writes
                .is_first_in_flight
                .store(false, Ordering::Release);
            self.writes.first_noted.notify_waiters();
        }
    }
}

/// No code under these locks can panic and leave a value half changed.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_of_which_session_and_of_which_write_it_is() {
        let version = new_version();
        assert_ne!(birth(&version), birth(&new_version()));
        let again = attempt(&version, Some("theirs"), 2);
        assert_eq!(birth(&again), Some("theirs"));
        assert!(is_attempt_of(&version, &again));
        assert!(is_attempt_of(&version, &version));
        assert!(!is_attempt_of(&again, &version));
        assert!(!is_attempt_of("a.b1", "a.b12"));
        assert_eq!(birth("of somebody else"), None);
    }
}
