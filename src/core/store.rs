//! The operations on sessions: load, save, create and destroy, and sweeps: list and clear. In formats that have an
//! end, also touch and reap.

mod assignments;
mod create;
mod expected;
mod kept;
mod known;
mod lease;
mod many;
mod moves;
mod of_value;
mod sweep;
mod touch;
mod tracked_write;
mod tracking;
mod versions;

pub use kept::Kept;
pub use known::{Conflict, FailedSave, Known, RequestWrites, Saved, birth, new_version};
pub use lease::{Claim, Claimed, Lease};
pub use many::Index;
pub use of_value::IndexedSession;
pub use sweep::{IndexMark, Listed, PageAt, Sweep, SweptPage, Unreadable};
pub use touch::{NewEnd, Touched};
pub use tracking::{IndexValues, Indexed, Tracked, Tracking, Tracks};

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, TryFutureExt};

use self::known::Requests;
use super::deadline::Deadline;
use super::dynamo::ResultFuture;
use super::dynamo::schedule::Schedule;
use super::error::{CONDITION_FAILED, Error, Result};
use super::expiry::{self, UnixMillis};
use super::hashed_ids::{self, HashedIds};
use super::layout::{ExpiringLayout, Item, Layout, Marks, Record, Stored};
use super::merge::Identity;

/// The sessions of one table, in one item format.
///
/// Methods that are not `async` queue their operation when called, not when polled. `limit` is the time
/// that each request of a method may take, with its waiting and its retries.
pub struct SessionStore<L: ?Sized> {
    schedule: Schedule,
    layout: Arc<L>,
    consistent_read: bool,
    identity: Arc<Identity>,
    requests: Requests,
    /// `None` if the ids of sessions stand in the table as they are.
    hashed_ids: Option<Arc<HashedIds>>,
    /// `None` unless the store keeps the beginning of its sessions, or has indexes.
    tracking: Option<Arc<Tracking>>,
    /// `None`: a save without tracking replaces the whole item.
    kept: Option<Arc<Kept>>,
}

impl<L: Layout> SessionStore<L> {
    /// The sessions in the table of `schedule`. Reads are strongly consistent if `consistent_read`.
    pub fn new(schedule: Schedule, layout: L, consistent_read: bool) -> Self {
        Self {
            schedule,
            layout: Arc::new(layout),
            consistent_read,
            identity: Arc::default(),
            requests: Requests::default(),
            hashed_ids: None,
            tracking: None,
            kept: None,
        }
    }

    /// Sets the keys of a session that name its user.
    pub fn with_identity(self, identity: Identity) -> Self {
        let identity = Arc::new(identity);
        Self { identity, ..self }
    }

    /// Sets the hashes that stand in the table in place of ids.
    pub fn with_hashed_ids(self, ids: HashedIds) -> Self {
        let hashed_ids = Some(Arc::new(ids));
        Self { hashed_ids, ..self }
    }

    /// Sets the marks that the store keeps of its sessions.
    pub fn with_tracking(self, tracking: Tracking) -> Self {
        let tracking = Some(Arc::new(tracking));
        Self { tracking, ..self }
    }

    /// Lets saves of sessions that were read keep the attributes that the store does not know.
    pub fn with_kept(self, kept: Kept) -> Self {
        let kept = Some(Arc::new(kept));
        Self { kept, ..self }
    }

    /// The same sessions, for the operations of all formats.
    pub fn of_any_format(&self) -> SessionStore<dyn Layout> {
        let layout = Arc::clone(&self.layout);
        self.with(layout)
    }

    /// The same sessions, for the operations of formats that have an end.
    pub fn of_expiring_format(&self) -> SessionStore<dyn ExpiringLayout>
    where
        L: ExpiringLayout,
    {
        let layout = Arc::clone(&self.layout);
        self.with(layout)
    }

    fn with<M: ?Sized>(&self, layout: Arc<M>) -> SessionStore<M> {
        SessionStore {
            schedule: self.schedule.clone(),
            layout,
            consistent_read: self.consistent_read,
            identity: Arc::clone(&self.identity),
            requests: Arc::clone(&self.requests),
            hashed_ids: self.hashed_ids.clone(),
            tracking: self.tracking.clone(),
            kept: self.kept.clone(),
        }
    }
}

/// A session that was read.
#[derive(Clone, PartialEq)]
pub struct Loaded {
    /// The session as JSON.
    pub data: String,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<UnixMillis>,
    /// The version and the exact end of the session.
    pub marks: Marks,
    /// If the store tracks its sessions: the session's beginning and its values in the indexes.
    pub tracked: Option<Tracked>,
}

/// Written by hand, because the type holds a session.
impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").finish_non_exhaustive()
    }
}

/// The result of looking for a session.
pub enum LookUp {
    /// The session.
    Found(Loaded),
    /// The session has ended, and is still in the table.
    Ended,
    /// The table has no such session.
    Missing,
}

impl<L: Layout + ?Sized> SessionStore<L> {
    /// Loads a session. `None` if it does not exist or has ended.
    pub fn load(
        &self,
        sid: &str,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<Option<Loaded>>> + Send + use<L> {
        self.look_up(sid, now, limit).map_ok(|found| match found {
            LookUp::Found(loaded) => Some(loaded),
            LookUp::Ended | LookUp::Missing => None,
        })
    }

    /// Looks for a session.
    pub fn look_up(
        &self,
        sid: &str,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<LookUp>> + Send + use<L> {
        let deadline = Deadline::new(limit, "get");
        // A hashed id comes from a copy of the table, not from a visitor.
        let is_hash = self.hashed_ids.is_none() && hashed_ids::is_hashed(sid);
        let read = deadline.ask(|| self.read(sid, now));
        let layout = Arc::clone(&self.layout);
        let tracking = self.tracking.clone();
        async move {
            let found = deadline.bound(read).await?;
            let Some(item) = found.filter(|_| !is_hash) else {
                return Ok(LookUp::Missing);
            };
            let marks = layout.marks(&item);
            let end = tracking::end(&*layout, tracking.as_deref(), &item);
            let read = tracking::read(&*layout, tracking.as_deref(), item, now)?;
            let alive = read.filter(|(stored, _)| is_alive(stored, now));
            Ok(match alive {
                Some((Stored { data, expires, .. }, tracked)) => LookUp::Found(Loaded {
                    data,
                    expires,
                    marks,
                    tracked,
                }),
                None if expiry::has_passed(end, now) => LookUp::Ended,
                None => LookUp::Missing,
            })
        }
    }

    /// Reads the item of a session, under whichever key it is.
    fn read(&self, sid: &str, now: UnixMillis) -> ResultFuture<Option<Item>> {
        let key = self.key(sid);
        let Some(moving) = self.move_of(sid) else {
            return self.schedule.get(key, self.consistent_read);
        };
        let find = move |turn| async move { moving.find(now, &turn).await }.boxed();
        self.schedule.in_turn(key, find)
    }

    /// Writes a session, even if it has ended already.
    ///
    /// # Errors
    ///
    /// The errors of the request, and those of [`Layout::to_item`].
    pub fn save(
        &self,
        record: Record,
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<L> {
        let record = self.stored_record(record);
        let key = self.layout.key(&record.sid);
        let layout = Arc::clone(&self.layout);
        let size = record.size();
        let deadline = Deadline::new(limit, "set");
        let written = deadline.ask(|| self.schedule.put(key, size, move || layout.to_item(record)));
        deadline.bound(written)
    }

    /// Deletes a session. If the session does not exist, this succeeds.
    pub fn destroy(
        &self,
        sid: &str,
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<L> {
        let (key, former) = (self.key(sid), self.former_keys(sid));
        let deadline = Deadline::new(limit, "destroy");
        let deleted = deadline.ask(|| match former.is_empty() {
            true => self.schedule.delete(key),
            false => {
                let work = move |turn| moves::destroy(former, turn).boxed();
                self.schedule.in_turn(key, work)
            }
        });
        deadline.bound(deleted)
    }
}

fn is_alive(stored: &Stored, now: UnixMillis) -> bool {
    !expiry::has_passed(stored.expires, now)
}

/// The largest number of attempts of an operation, if other processes keep changing the session.
const ATTEMPTS: u32 = 40;

/// The number of attempts without a pause. Before attempt `AT_ONCE + n`, there is a random pause of up to
/// n times `PAUSE`, so that many processes do not keep refusing each other's writes.
const AT_ONCE: u32 = 3;
const PAUSE: Duration = Duration::from_millis(3);

/// Pauses before the attempt with this number, which begins at 0.
async fn pause_before(number: u32) {
    if let Some(late) = number.checked_sub(AT_ONCE) {
        let longest = PAUSE * (late + 1);
        tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
    }
}

/// Whether a conditional write was carried out. If its condition does not hold, the result is `false`,
/// and not an error.
fn condition_held(outcome: Result<()>) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if is_refused(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether an error says that the condition of a write does not hold. A called client reports that as
/// DynamoDB's error.
fn is_refused(error: &Error) -> bool {
    matches!(error, Error::ConditionFailed { .. }) || error.is_service(CONDITION_FAILED)
}
