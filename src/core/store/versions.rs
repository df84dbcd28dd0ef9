//! Saves of a session that was read before: a destroyed session stays destroyed, and simultaneous
//! requests do not undo each other's changes.
//!
//! Each write gives the session a new version, and so does each retry with the changes of other
//! requests: the first attempt may have been carried out, and other requests may have read its version.
//!
//! A save of a known session is conditional: the session must still exist, and unless the store
//! overwrites, it must have the version that was read. If the condition holds, it costs nothing.

mod content;
mod items;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::Either;

use self::content::Content;
use super::expected::Expected;
use super::kept::Kept;
use super::known::{self, Conflict, FailedSave, Known, RequestWrites, Saved, Saving, attempt};
use super::moves::{Move, Repetitions};
use super::tracked_write::TrackedWrite;
use super::tracking::{Indexed, Tracks};
use super::{ATTEMPTS, Loaded, SessionStore, pause_before};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{ExpiringLayout, Item, Marks, Record};
use crate::core::merge::{End, Identity};

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// The saves of a request that are in flight. The caller holds them until the outcome of its call
    /// has been taken.
    pub fn writes_of(&self, request: u32) -> Arc<RequestWrites> {
        RequestWrites::of(&self.requests, request)
    }

    /// Writes a session with a new `version`, which no other write has. Without `known`, the session is
    /// written without a condition, even if it has ended already.
    ///
    /// `writes` are the saves of the request, if some may be in flight. Their results replace those in
    /// `known`.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] if another request has changed the session, and `known.conflict` is
    /// [`Conflict::Fail`]; the errors of [`Layout::to_item`](crate::core::layout::Layout::to_item).
    pub fn save_version(
        &self,
        record: Record,
        version: String,
        known: Option<Known>,
        writes: Option<Arc<RequestWrites>>,
        limit: Duration,
    ) -> impl Future<Output = Result<Saved>> + Send + use<L> {
        self.save_tracked(record, None, version, known, writes, limit)
    }

    /// Writes a session with its marks, see [`save_version`](Self::save_version). Without `known`, the
    /// session keeps the marks of the session that it replaces, unless that one has ended.
    ///
    /// # Errors
    ///
    /// The errors of `save_version`, and those of [`IndexValues`](super::IndexValues) if sessions are
    /// merged.
    pub fn save_tracked(
        &self,
        record: Record,
        tracks: Option<Tracks>,
        version: String,
        known: Option<Known>,
        writes: Option<Arc<RequestWrites>>,
        limit: Duration,
    ) -> impl Future<Output = Result<Saved>> + Send + use<L> {
        let moving = self.move_of(&record.sid);
        let record = self.stored_record(record);
        let key = self.layout.key(&record.sid);
        let tracked = { self.tracking.clone().zip(tracks) }.map(TrackedWrite::from);
        let replaces = known.is_none() && (tracked.is_some() || moving.is_some());
        // The first save of a new session, and a save without knowledge, have no condition. So they may
        // be sent in a batch.
        let is_first = writes.as_ref().is_none_or(|writes| writes.begin());
        let known = known.filter(|known| known.base.is_some() || !is_first);
        let mut write = Write {
            layout: Arc::clone(&self.layout),
            identity: Arc::clone(&self.identity),
            record,
            version,
            tracked,
            kept: self.kept.clone(),
            moving,
        };
        let deadline = Deadline::new(limit, "set");
        let written = match known {
            Some(known) => {
                let save = move |turn| async move {
                    let saving = writes.as_ref().map(|writes| {
                        let save = write.as_failed();
                        Saving::in_turn(Arc::clone(writes), move || save)
                    });
                    let known = match &writes {
                        Some(writes) => writes.update(known).await,
                        None => known,
                    };
                    let saved = write.save_under_any_key(&known, &turn).await?;
                    if let Some(saving) = saving {
                        saving.has_saved(&saved);
                    }
                    Ok(saved)
                };
                let work = move |turn| save(turn).boxed();
                Either::Left(deadline.ask(|| self.schedule.in_turn(key, work)))
            }
            None if replaces => {
                let work = move |turn| async move { write.replace(&turn).await }.boxed();
                Either::Left(deadline.ask(|| self.schedule.in_turn(key, work)))
            }
            None => {
                let write = Arc::new(write);
                let sent = Arc::clone(&write);
                let put = deadline.ask(|| match write.moving {
                    Some(_) => {
                        let put = move |turn| async move { sent.put_new(&turn).await }.boxed();
                        self.schedule.in_turn(key, put)
                    }
                    None => {
                        let item = move || sent.new_item(&sent.record.data);
                        self.schedule.put(key, write.record.size(), item)
                    }
                });
                let saving = writes.map(|writes| Saving::first(writes, move || write.as_failed()));
                Either::Right(async move {
                    put.await?;
                    if let Some(saving) = saving {
                        saving.has_saved(&Saved::AsGiven);
                    }
                    Ok(Saved::AsGiven)
                })
            }
        };
        deadline.bound(written)
    }
}

/// A save of a session.
struct Write<L: ?Sized> {
    layout: Arc<L>,
    identity: Arc<Identity>,
    record: Record,
    /// The version of the present attempt.
    version: String,
    /// The marks of the session, if the store tracks its sessions.
    tracked: Option<TrackedWrite>,
    /// What the save keeps of the item, if it has no marks.
    kept: Option<Arc<Kept>>,
    /// The move of the session, if it may be under former keys.
    moving: Option<Move<L>>,
}

impl<L: ExpiringLayout + ?Sized> Write<L> {
    /// The record of this save if it fails.
    fn as_failed(&self) -> FailedSave {
        FailedSave {
            version: self.version.clone(),
            data: self.record.data.clone(),
        }
    }

    /// Saves the session under its present key. If it is not there, but under a former one, moves it first, and
    /// again if another process moves it back.
    async fn save_under_any_key(&mut self, known: &Known, turn: &InTurn) -> Result<Saved> {
        let given = self.version.clone();
        let mut repetitions = Repetitions::default();
        loop {
            let saved = self.save(known, turn).await?;
            let is_gone = saved == Saved::Gone;
            if !is_gone || !repetitions.once_more(self.moving.as_ref(), turn).await? {
                return Ok(saved);
            }
            self.version.clone_from(&given);
        }
    }

    async fn save(&mut self, known: &Known, turn: &InTurn) -> Result<Saved> {
        let Some(base) = &known.base else {
            self.put_new(turn).await?;
            return Ok(Saved::AsGiven);
        };
        let given = self.version.clone();
        if let Some(birth) = known.birth()
            && known::birth(&given) != Some(birth)
        {
            self.version = attempt(&given, Some(birth), 0);
        }
        let mut expected = match (&known.version, known.conflict) {
            (_, Conflict::Overwrite) => Expected::Birth(known.birth().map(str::to_owned)),
            (Some(version), _) => Expected::Version(version.clone()),
            (None, _) => {
                let stored = known.stored.as_ref().unwrap_or(base);
                Expected::Data(self.layout.data(stored)?)
            }
        };
        let Some(mut content) = (match &known.stored {
            Some(stored) if known.conflict == Conflict::Merge => self.merged(known, stored),
            _ => Some(self.ours()),
        }) else {
            return Ok(Saved::Gone);
        };
        let mut stored_item: Option<Item> = None;
        let has_copies = !self.layout.copied_keys().is_empty();
        let has_indexes = self.tracked.as_ref().is_some_and(TrackedWrite::has_indexes);
        if content.is_merged && (has_copies || has_indexes || content.end == End::Theirs) {
            // The end of the other request, and the attributes of special keys that it has changed, are
            // only in the table.
            stored_item = match turn.get().await {
                Ok(None) => return Ok(Saved::Gone),
                // Another writer has changed the item, so the condition will fail.
                Err(Error::Unreadable) => None,
                found => found?,
            };
        }
        // An update would keep what makes the stored item unreadable.
        let mut replaces_unreadable = false;
        for number in 0..ATTEMPTS {
            pause_before(number).await;
            let mut item = self.item(&content.data)?;
            if let Some(stored_item) = stored_item.as_ref().filter(|_| content.is_merged) {
                self.copy_unchanged(&known.bases(), stored_item, &mut item);
                if content.end == End::Theirs {
                    self.copy_end(stored_item, &mut item);
                }
            }
            let indexed = match &self.tracked {
                Some(tracked) if content.is_merged => tracked.merged(&content.data).await?,
                tracked => { tracked.as_ref() }.map_or_else(Vec::new, TrackedWrite::indexed),
            };
            let written = match &self.tracked {
                Some(tracked) if replaces_unreadable => {
                    tracked.add(&mut item);
                    turn.put(expected.put(item, &*self.layout)).await
                }
                Some(tracked) => {
                    turn.check_size(&item)?;
                    let stored = stored_item.as_ref();
                    let change = tracked.change(&*self.layout, item, &indexed, stored);
                    turn.update(expected.update(change, &*self.layout)).await
                }
                None => self.put(item, &expected, turn).await,
            };
            let refused = match written {
                Ok(()) => {
                    return Ok(self.saved(&given, content, stored_item.as_ref(), indexed));
                }
                Err(Error::ConditionFailed { found }) => found,
                // A called client reports a condition that does not hold as DynamoDB's error.
                Err(error) if error.is_service(CONDITION_FAILED) => None,
                Err(error) => return Err(error),
            };
            if known.conflict == Conflict::Overwrite {
                return Ok(Saved::Gone);
            }
            // Some emulators of DynamoDB leave the item out of the error.
            let found = match refused {
                Some(FoundItem(item)) => Ok(Some(*item)),
                None => turn.get().await,
            };
            let found = match found {
                Err(Error::Unreadable) if known.conflict == Conflict::Merge => {
                    // The stored session cannot be read and merged, so this session replaces it.
                    expected = Expected::Birth(known.birth().map(str::to_owned));
                    content = self.ours();
                    self.version = attempt(&given, known.birth(), number + 1);
                    replaces_unreadable = true;
                    continue;
                }
                Err(Error::Unreadable) => return Err(Error::Conflict),
                found => found?,
            };
            let Some(found) = found else {
                return Ok(Saved::Gone);
            };
            let Some(stored) = found.get(self.layout.data_attribute()).cloned() else {
                return Ok(Saved::Gone);
            };
            let version = self.layout.marks(&found).version;
            // An earlier attempt, whose answer was lost, has been carried out.
            if version.as_ref() == Some(&self.version) {
                return Ok(self.saved(&given, content, stored_item.as_ref(), indexed));
            }
            if known.is_of_another(version.as_deref()) {
                return Ok(Saved::Gone);
            }
            if let Expected::Data(read) = &expected
                && version.is_none()
                && *read == stored
            {
                // The session is unchanged: DynamoDB has half a surrogate pair where U+FFFD was read.
                expected = Expected::Unversioned;
                continue;
            }
            if known.conflict == Conflict::Fail && !known.has_written(version.as_deref()) {
                return Err(Error::Conflict);
            }
            // Other content needs another version. If an attempt was carried out and its answer lost,
            // another request may have read its version, and must not overwrite the next attempt's
            // content.
            self.version = attempt(
                &given,
                version.as_deref().and_then(known::birth),
                number + 1,
            );
            expected = match version {
                Some(version) => Expected::Version(version),
                None => Expected::Data(stored),
            };
            // A merge does not use the end of the stored session, so any time will do.
            let theirs = self.layout.read(found.clone(), UnixMillis(0.0))?;
            let merged = match theirs {
                Some(theirs) => self.merged(known, &theirs.data),
                None => Some(self.ours()),
            };
            content = match merged {
                Some(content) => content,
                None => return Ok(Saved::Gone),
            };
            stored_item = Some(found);
        }
        Err(Error::Conflict)
    }

    /// Writes the item of a session without marks.
    async fn put(&self, item: Item, expected: &Expected, turn: &InTurn) -> Result<()> {
        let Some(kept) = &self.kept else {
            return turn.put(expected.put(item, &*self.layout)).await;
        };
        turn.check_size(&item)?;
        let change = kept.change(&*self.layout, item);
        turn.update(expected.update(change, &*self.layout)).await
    }

    /// The result of a save that was carried out. `given` is the version that the caller gave the save.
    fn saved(
        &self,
        given: &str,
        content: Content,
        stored_item: Option<&Item>,
        indexed: Vec<Indexed>,
    ) -> Saved {
        if content.data == self.record.data && self.version == given && content.end == End::Ours {
            return Saved::AsGiven;
        }
        let kept = stored_item.filter(|_| content.end == End::Theirs);
        let expires = kept.and_then(|stored_item| self.layout.end(stored_item));
        let version = Some(self.version.clone());
        Saved::Changed(Loaded {
            data: content.data,
            expires,
            marks: Marks { version, end: None },
            tracked: { self.tracked.as_ref() }.map(|tracked| tracked.written(indexed)),
        })
    }
}
