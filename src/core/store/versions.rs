//! Saving a session that was read before: a logout stays a logout, and requests that run at the same
//! time do not undo each other.
//!
//! Each write of a session gives it a new version, also one that is tried again with the changes of
//! others: the one before may have been done, and others may count on what that has written. A write
//! that knows what it has read is conditional on that: the session has to be there still, and unless
//! the store overwrites, in the version that was read. The condition costs nothing where it holds.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt;
use futures_util::future::Either;

use super::expected::Expected;
use super::known::{self, Conflict, FailedSave, Known, RequestWrites, Saved, Saving, attempt};
use super::{Loaded, SessionStore};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{ExpiringLayout, Item, Marks, Record};
use crate::core::merge::{End, Identity, Merged, Rules, is_unchanged, merge};

/// How often a write is tried where another process is faster each time.
const ATTEMPTS: u32 = 40;

/// The attempts that follow each other at once. Before each of the others there is a pause of up to
/// so long times its number: else many processes keep being in each other's way.
const AT_ONCE: u32 = 3;
const PAUSE: Duration = Duration::from_millis(3);

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// The saves of a request that are in flight. Whoever makes a call for the request holds them until
    /// the outcome of the call has been taken.
    pub fn writes_of(&self, request: u32) -> Arc<RequestWrites> {
        RequestWrites::of(&self.requests, request)
    }

    /// Writes a session in a new `version`, which no other write has. Without knowledge of what is
    /// there it is written whatever that is, also where it has ended already.
    ///
    /// `writes` are those of the request that saves, where more of them may be in flight: what these
    /// have written counts then, whatever stands in `known`.
    ///
    /// # Errors
    ///
    /// [`Error::Conflict`] where another request has changed the session and `known` says so; where
    /// the session cannot be written in the store's format, see
    /// [`Layout::to_item`](crate::core::layout::Layout::to_item).
    pub fn save_version(
        &self,
        record: Record,
        version: String,
        known: Option<Known>,
        writes: Option<Arc<RequestWrites>>,
        limit: Duration,
    ) -> impl Future<Output = Result<Saved>> + Send + use<L> {
        let key = self.layout.key(&record.sid);
        // The first save of a new session, and one of which nothing is known, may be sent in a batch.
        let is_first = writes.as_ref().is_none_or(|writes| writes.begin());
        let known = known.filter(|known| known.base.is_some() || !is_first);
        let mut write = Write {
            layout: Arc::clone(&self.layout),
            identity: Arc::clone(&self.identity),
            record,
            version,
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
                    let saved = write.save(&known, &turn).await?;
                    if let Some(saving) = saving {
                        saving.has_saved(&saved);
                    }
                    Ok(saved)
                };
                let work = move |turn| save(turn).boxed();
                Either::Left(deadline.ask(|| self.schedule.in_turn(key, work)))
            }
            None => {
                let write = Arc::new(write);
                let (sent, size) = (Arc::clone(&write), write.record.size());
                let item = move || sent.item(&sent.record.data);
                let put = deadline.ask(|| self.schedule.put(key, size, item));
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

/// A session that is to be written.
struct Write<L: ?Sized> {
    layout: Arc<L>,
    identity: Arc<Identity>,
    record: Record,
    /// That of the attempt that is made.
    version: String,
}

/// What a write puts into the table.
struct Content {
    data: String,
    end: End,
    /// Whether there are changes of others in it.
    is_merged: bool,
}

impl<L: ExpiringLayout + ?Sized> Write<L> {
    /// This save, in case that it fails.
    fn as_failed(&self) -> FailedSave {
        FailedSave {
            version: self.version.clone(),
            data: self.record.data.clone(),
        }
    }

    async fn save(&mut self, known: &Known, turn: &InTurn) -> Result<Saved> {
        let Some(base) = &known.base else {
            let item = self.item(&self.record.data)?;
            let request = PutItemInputBuilder::default().set_item(Some(item));
            turn.put(request).await?;
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
        let mut there: Option<Item> = None;
        let has_copies = !self.layout.copied_keys().is_empty();
        if content.is_merged && (has_copies || content.end == End::Theirs) {
            // Their end, and the copies of keys that others have changed, are only in the table.
            there = match turn.get().await {
                Ok(None) => return Ok(Saved::Gone),
                // Others have changed it: the write is refused.
                Err(Error::Unreadable) => None,
                found => found?,
            };
        }
        for number in 0..ATTEMPTS {
            if let Some(late) = number.checked_sub(AT_ONCE) {
                let longest = PAUSE * (late + 1);
                tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
            }
            let mut item = self.item(&content.data)?;
            if let Some(there) = there.as_ref().filter(|_| content.is_merged) {
                self.copy_unchanged(&known.bases(), there, &mut item);
                if content.end == End::Theirs {
                    self.copy_end(there, &mut item);
                }
            }
            let request = expected.put(item, &*self.layout);
            let refused = match turn.put(request).await {
                Ok(()) => return Ok(self.saved(&given, content, there.as_ref())),
                Err(Error::ConditionFailed { found }) => found,
                // As a user's client has it.
                Err(error) if error.is_service(CONDITION_FAILED) => None,
                Err(error) => return Err(error),
            };
            if known.conflict == Conflict::Overwrite {
                return Ok(Saved::Gone);
            }
            // Some that stand in for DynamoDB leave the item out although there is one.
            let found = match refused {
                Some(FoundItem(item)) => Ok(Some(*item)),
                None => turn.get().await,
            };
            let found = match found {
                Err(Error::Unreadable) if known.conflict == Conflict::Merge => {
                    // There is nothing to merge with, so this session replaces it.
                    expected = Expected::Birth(known.birth().map(str::to_owned));
                    content = self.ours();
                    self.version = attempt(&given, known.birth(), number + 1);
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
            // An attempt whose answer was lost has done it.
            if version.as_ref() == Some(&self.version) {
                return Ok(self.saved(&given, content, there.as_ref()));
            }
            if known.is_of_another(version.as_deref()) {
                return Ok(Saved::Gone);
            }
            if let Expected::Data(read) = &expected
                && version.is_none()
                && *read == stored
            {
                // It is what was read, but DynamoDB has half a surrogate pair where U+FFFD was read.
                expected = Expected::Unversioned;
                continue;
            }
            if known.conflict == Conflict::Fail && !known.has_written(version.as_deref()) {
                return Err(Error::Conflict);
            }
            // Another content needs another version: an attempt whose answer was lost may have been
            // done, and somebody who has read that must not overwrite what comes after it.
            self.version = attempt(
                &given,
                version.as_deref().and_then(known::birth),
                number + 1,
            );
            expected = match version {
                Some(version) => Expected::Version(version),
                None => Expected::Data(stored),
            };
            // The end of the session does not matter here, and neither does the time.
            let theirs = self.layout.read(found.clone(), UnixMillis(0.0));
            let merged = match theirs {
                Some(theirs) => self.merged(known, &theirs.data),
                None => Some(self.ours()),
            };
            content = match merged {
                Some(content) => content,
                None => return Ok(Saved::Gone),
            };
            there = Some(found);
        }
        Err(Error::Conflict)
    }

    /// What came of a write that was done. `given` is the version that the caller has given it.
    fn saved(&self, given: &str, content: Content, there: Option<&Item>) -> Saved {
        if content.data == self.record.data && self.version == given && content.end == End::Ours {
            return Saved::AsGiven;
        }
        let kept = there.filter(|_| content.end == End::Theirs);
        let expires = kept.and_then(|there| self.layout.end(there));
        let version = Some(self.version.clone());
        Saved::Changed(Loaded {
            data: content.data,
            expires,
            marks: Marks { version, end: None },
        })
    }

    /// The session as it was given.
    fn ours(&self) -> Content {
        Content {
            data: self.record.data.clone(),
            end: End::Ours,
            is_merged: false,
        }
    }

    /// The session with what others have changed. What cannot be merged is ours. `None` where somebody
    /// else has logged in, so that nothing is to be written.
    fn merged(&self, known: &Known, theirs: &str) -> Option<Content> {
        let rules = Rules {
            clock: self.layout.clock(),
            identity: &self.identity,
        };
        match merge(&known.bases(), &self.record.data, theirs, rules) {
            Some(Merged::Session(data, end)) => Some(Content {
                data,
                end,
                is_merged: true,
            }),
            Some(Merged::Ours) | None => Some(self.ours()),
            Some(Merged::Theirs) => None,
        }
    }

    fn item(&self, data: &str) -> Result<Item> {
        let mut item = self.layout.to_item(Record {
            data: data.to_owned(),
            ..self.record.clone()
        })?;
        let version = AttributeValue::S(self.version.clone());
        item.insert(Marks::VERSION.to_owned(), version);
        Ok(item)
    }

    /// The attributes that are copies of a key that this request has not changed.
    fn copy_unchanged(&self, bases: &[&str], there: &Item, item: &mut Item) {
        for key in self.layout.copied_keys() {
            if is_unchanged(bases, &self.record.data, key) {
                copy(key, there, item);
            }
        }
    }

    /// The end that another request has given the session.
    fn copy_end(&self, there: &Item, item: &mut Item) {
        copy(&self.layout.expires_attribute(), there, item);
        copy(Marks::END, there, item);
    }
}

fn copy(attribute: &str, from: &Item, to: &mut Item) {
    match from.get(attribute) {
        Some(value) => to.insert(attribute.to_owned(), value.clone()),
        None => to.remove(attribute),
    };
}
