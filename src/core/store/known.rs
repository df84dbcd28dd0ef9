//! What a request knows of its session: what it has read, and what it has written since.
//!
//! JavaScript keeps it between the calls of a request. From the moment at which it makes a call until it
//! has taken the outcome, a [`RequestWrites`] keeps what the call leaves in the table. JavaScript fetches
//! it when it makes a call, and drops it when it takes an outcome, both on the thread of its event loop. So
//! there is no moment at which neither of the two knows of a write.
//!
//! A version is `<birth>.<write>`. All versions of a session have its birth: a session that was destroyed
//! and made again under the same id has another. No two writes have the same second part.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::sync::Notify;

use super::Loaded;

/// The version of a session that is written without knowledge of what is there: it is born.
pub fn new_version() -> String {
    let birth = URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes());
    let write = URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes());
    format!("{birth}.{write}")
}

/// The birth of the session that has this version; `None` in a version of somebody else's making.
pub fn birth(version: &str) -> Option<&str> {
    version.split_once('.').map(|(birth, _)| birth)
}

/// The version of another attempt of the write that `version` is of, for a session of this birth. What
/// such an attempt writes differs from what the one before it has written.
pub(super) fn attempt(version: &str, birth: Option<&str>, number: u32) -> String {
    let (own, write) = version.split_once('.').unwrap_or((version, version));
    format!("{}.{write}~{number}", birth.unwrap_or(own))
}

/// Whether an attempt of the write that `version` is of has written `found`.
fn is_attempt_of(version: &str, found: &str) -> bool {
    let write = |version| str::split_once(version, '.').map_or(version, |(_, write)| write);
    let rest = write(found).strip_prefix(write(version));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('~'))
}

/// What becomes of a session that another request has changed since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It is overwritten, unless it was destroyed.
    Overwrite,
    /// The changes of both are kept, key by key.
    Merge,
    /// The write fails with [`Error::Conflict`](crate::core::error::Error::Conflict).
    Fail,
}

/// What came of a save.
#[derive(Clone, PartialEq)]
pub enum Saved {
    /// The session was written as it was given.
    AsGiven,
    /// This was written: the session with the changes of others, or in another version. It has an end
    /// where that of another request was kept.
    Changed(Loaded),
    /// Nothing was written: the session was destroyed since it was read, or somebody else has logged in.
    Gone,
}

/// By hand: there may be a session in it.
impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsGiven => "AsGiven",
            Self::Changed(_) => "Changed",
            Self::Gone => "Gone",
        })
    }
}

/// What a request knows of the session that it saves.
#[derive(Clone)]
pub struct Known {
    /// The version that is expected in the table; `None` for a session that has none, because a
    /// replaced package has written it.
    pub version: Option<String>,
    /// The session as JSON that the request's changes count from; `None` for a new session, which is
    /// written whatever is there.
    pub base: Option<String>,
    /// The session as JSON that is expected in the table, where that is not `base`: an earlier save
    /// of the request was merged.
    pub stored: Option<String>,
    /// Saves of the request since then that have failed. They may have been carried out.
    pub failed: Vec<FailedSave>,
    /// What to do where something else is there.
    pub conflict: Conflict,
}

/// By hand: there is a session in it.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("conflict", &self.conflict)
            .finish_non_exhaustive()
    }
}

impl Known {
    /// The birth of the session, as far as it has one.
    pub(super) fn birth(&self) -> Option<&str> {
        birth(self.version.as_deref()?)
    }

    /// Whether the session that is in the table in the version `found` is another one than the request
    /// has read, under the same id.
    pub(super) fn is_of_another(&self, found: Option<&str>) -> bool {
        match (self.birth(), found.and_then(birth)) {
            (Some(known), Some(found)) => known != found,
            _ => false,
        }
    }

    /// Whether a save that has failed has written `found` all the same.
    pub(super) fn has_written(&self, found: Option<&str>) -> bool {
        let is_it = |failed: &FailedSave| found.is_some_and(|found| failed.has_written(found));
        self.failed.iter().any(is_it)
    }

    /// What the changes of a request count from: see [`merge`](crate::core::merge::merge).
    pub(super) fn bases(&self) -> Vec<&str> {
        let failed = self.failed.iter().map(|failed| &*failed.data);
        self.base.as_deref().into_iter().chain(failed).collect()
    }
}

/// A save that has failed.
#[derive(Clone)]
pub struct FailedSave {
    /// Its version.
    pub version: String,
    /// The session that it was given, as JSON.
    pub data: String,
}

impl FailedSave {
    fn has_written(&self, found: &str) -> bool {
        is_attempt_of(&self.version, found)
    }
}

/// The requests that have writes in flight, by their number.
pub(super) type Requests = Arc<Mutex<HashMap<u32, Weak<RequestWrites>>>>;

/// The saves of one request that are in flight, or whose outcome was not taken yet. See the
/// [module](self).
pub struct RequestWrites {
    number: u32,
    others: Requests,
    has_begun: AtomicBool,
    /// Whether the first save is to tell what it has left. It has no turn that it keeps until then.
    is_awaited: AtomicBool,
    /// Tells that it has.
    told: Notify,
    left: Mutex<Left>,
}

/// What the saves have left in the table.
#[derive(Default)]
struct Left {
    saved: Option<LastSave>,
    failed: Vec<FailedSave>,
}

/// The last save that has succeeded.
struct LastSave {
    version: String,
    base: String,
    stored: Option<String>,
}

impl RequestWrites {
    /// Those of the request of this number.
    pub(super) fn of(requests: &Requests, number: u32) -> Arc<Self> {
        let mut known = locked(requests);
        if let Some(writes) = known.get(&number).and_then(Weak::upgrade) {
            return writes;
        }
        let writes = Arc::new(Self {
            number,
            others: Arc::clone(requests),
            has_begun: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            told: Notify::new(),
            left: Mutex::default(),
        });
        known.insert(number, Arc::downgrade(&writes));
        writes
    }

    /// A save is made. Whether it is the first.
    pub(super) fn begin(&self) -> bool {
        !self.has_begun.swap(true, Ordering::Relaxed)
    }

    /// What is known when it is the turn of an operation. The saves before it have ended then, but the
    /// call of the first may not have been told yet.
    pub(super) async fn update(&self, known: Known) -> Known {
        loop {
            let told = self.told.notified();
            if !self.is_awaited.load(Ordering::Acquire) {
                return self.updated(known);
            }
            told.await;
        }
    }

    fn updated(&self, known: Known) -> Known {
        let left = locked(&self.left);
        let Some(saved) = &left.saved else {
            let failed = [known.failed, left.failed.clone()].concat();
            return Known { failed, ..known };
        };
        Known {
            version: Some(saved.version.clone()),
            base: Some(saved.base.clone()),
            stored: saved.stored.clone(),
            failed: left.failed.clone(),
            conflict: known.conflict,
        }
    }
}

impl Drop for RequestWrites {
    fn drop(&mut self) {
        let mut known = locked(&self.others);
        // Its successor may be there already.
        let is_over = |writes: &Weak<Self>| writes.strong_count() == 0;
        if known.get(&self.number).is_some_and(is_over) {
            known.remove(&self.number);
        }
    }
}

/// A save that is made. If this is dropped before it has an outcome, the save has failed.
pub(super) struct Saving {
    writes: Arc<RequestWrites>,
    as_failed: Option<Box<dyn FnOnce() -> FailedSave + Send>>,
    has_turn: bool,
}

impl Saving {
    /// A save whose turn has come, and lasts until this is dropped. `as_failed` gives the save, in case
    /// that it fails: one that waits holds its session only once.
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

    /// The first save of a request, whose turn may end a moment before this is dropped.
    pub fn first(
        writes: Arc<RequestWrites>,
        as_failed: impl FnOnce() -> FailedSave + Send + 'static,
    ) -> Self {
        writes.is_awaited.store(true, Ordering::Release);
        let mut first = Self::in_turn(writes, as_failed);
        first.has_turn = false;
        first
    }

    /// Has later saves of the request count on what this one has left.
    pub fn has_saved(mut self, saved: &Saved) {
        let Some(as_failed) = self.as_failed.take() else {
            return;
        };
        let FailedSave { version, data } = as_failed();
        let save = match saved {
            Saved::Gone => return,
            Saved::AsGiven => LastSave {
                version,
                base: data,
                stored: None,
            },
            Saved::Changed(Loaded {
                data: stored,
                marks,
                ..
            }) => LastSave {
                version: marks.version.clone().unwrap_or(version),
                stored: (*stored != data).then(|| stored.clone()),
                base: data,
            },
        };
        *locked(&self.writes.left) = Left {
            saved: Some(save),
            failed: Vec::new(),
        };
    }
}

impl Drop for Saving {
    fn drop(&mut self) {
        if let Some(as_failed) = self.as_failed.take() {
            locked(&self.writes.left).failed.push(as_failed());
        }
        if !self.has_turn {
            self.writes.is_awaited.store(false, Ordering::Release);
            self.writes.told.notify_waiters();
        }
    }
}

/// Nothing that is done under these locks can panic half way.
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
