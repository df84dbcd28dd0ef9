//! Saving a session that was read before: a logout stays a logout, and requests that run at the same
//! time do not undo each other.
//!
//! Each write of a session gives it a new version, also one that is tried again with the changes of
//! others: the one before may have been done, and others may count on what that has written. A write
//! that knows what it has read is conditional on that: the session has to be there still, and unless
//! the store overwrites, in the version that was read. The condition costs nothing where it holds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use futures_util::future::Either;

use super::SessionStore;
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result, within};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{ExpiringLayout, Item, Marks, Record};
use crate::core::merge::{is_unchanged, merge};

/// How often a write is tried where another process is faster each time.
const ATTEMPTS: u32 = 40;

/// The attempts that follow each other at once. Before each of the others there is a pause of up to
/// so long times its number: else many processes keep being in each other's way.
const AT_ONCE: u32 = 3;
const PAUSE: Duration = Duration::from_millis(3);

/// A version that no other write has, for an attempt that JavaScript has made none for.
pub fn new_version() -> String {
    URL_SAFE_NO_PAD.encode(fastrand::u64(..).to_be_bytes())
}

/// What becomes of a session that another request has changed since it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// It is overwritten, unless it was destroyed.
    Overwrite,
    /// The changes of both are kept, key by key.
    Merge,
    /// The write fails with [`Error::Conflict`].
    Fail,
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
    /// What to do where something else is there.
    pub conflict: Conflict,
    /// The number of the request, where it may have asked for saves before this one that are not
    /// answered yet: what these have written is known then, whatever stands above.
    pub request: Option<u32>,
}

/// The requests that have saves in flight, by their number.
pub(super) type Requests = Arc<Mutex<HashMap<u32, Weak<Request>>>>;

/// A request that has saves in flight. It is among the others for as long.
pub(super) struct Request {
    number: u32,
    others: Requests,
    /// What the last save has left in the table, once one has ended.
    left: Mutex<Option<Left>>,
}

#[derive(Clone)]
struct Left {
    version: String,
    base: String,
    stored: Option<String>,
}

/// The request of this number.
fn request(requests: &Requests, number: u32) -> Arc<Request> {
    let mut known = requests.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(request) = known.get(&number).and_then(Weak::upgrade) {
        return request;
    }
    let request = Arc::new(Request {
        number,
        others: Arc::clone(requests),
        left: Mutex::default(),
    });
    known.insert(number, Arc::downgrade(&request));
    request
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut known = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        // Another save of the same request may have put its successor there.
        let is_over = |request: &Weak<Request>| request.strong_count() == 0;
        if known.get(&self.number).is_some_and(is_over) {
            known.remove(&self.number);
        }
    }
}

impl Request {
    fn left(&self) -> MutexGuard<'_, Option<Left>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known when it is the turn of a save: what the one before it has left.
    fn update(&self, known: Known) -> Known {
        match self.left().clone() {
            Some(Left {
                version,
                base,
                stored,
            }) => Known {
                version: Some(version),
                base: Some(base),
                stored,
                ..known
            },
            None => known,
        }
    }
}

/// By hand: there is a session in it.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known")
            .field("conflict", &self.conflict)
            .finish_non_exhaustive()
    }
}

/// What came of a save.
#[derive(Clone, PartialEq)]
pub enum Saved {
    /// The session was written as it was given.
    AsGiven,
    /// This was written, as JSON: the session with the changes of others.
    Merged(String),
    /// Nothing was written: the session was destroyed since it was read.
    Gone,
}

/// By hand: there may be a session in it.
impl fmt::Debug for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsGiven => "AsGiven",
            Self::Merged(_) => "Merged",
            Self::Gone => "Gone",
        })
    }
}

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// Writes a session in a new `version`, which no other write has. Without knowledge of what is
    /// there it is written whatever that is, also where it has ended already.
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
        limit: Duration,
    ) -> impl Future<Output = Result<Saved>> + Send + use<L> {
        let key = self.layout.key(&record.sid);
        let mut write = Write {
            layout: Arc::clone(&self.layout),
            record,
            version,
        };
        let number = known.as_ref().and_then(|known| known.request);
        let request = number.map(|number| request(&self.requests, number));
        // The first save of a new session, and one of which nothing is known, may be merged.
        let is_first = request
            .as_ref()
            .is_none_or(|request| Arc::strong_count(request) == 1);
        let known = known.filter(|known| known.base.is_some() || !is_first);
        let written = match known {
            Some(known) => {
                let save = move |turn| async move {
                    let known = match &request {
                        Some(request) => request.update(known),
                        None => known,
                    };
                    let saved = write.save(&known, &turn).await?;
                    if let Some(request) = request
                        && saved != Saved::Gone
                    {
                        *request.left() = Some(write.left(&saved));
                    }
                    Ok(saved)
                };
                Either::Left(self.schedule.in_turn(key, move |turn| save(turn).boxed()))
            }
            None => {
                let write = Arc::new(write);
                let (sent, size) = (Arc::clone(&write), write.record.size());
                let item = move || sent.item(&sent.record.data);
                let put = self.schedule.put(key, size, item);
                Either::Right(async move {
                    put.await?;
                    if let Some(request) = request {
                        *request.left() = Some(write.left(&Saved::AsGiven));
                    }
                    Ok(Saved::AsGiven)
                })
            }
        };
        within(limit, "set", written)
    }
}

/// What has to be in the table for a write to be done.
enum Expected {
    /// Any session.
    Any,
    /// This version.
    Version(String),
    /// This session, in no version.
    Data(AttributeValue),
}

/// A session that is to be written.
struct Write<L: ?Sized> {
    layout: Arc<L>,
    record: Record,
    /// That of the attempt that is made.
    version: String,
}

impl<L: ExpiringLayout + ?Sized> Write<L> {
    async fn save(&mut self, known: &Known, turn: &InTurn) -> Result<Saved> {
        let Some(base) = &known.base else {
            let item = self.item(&self.record.data)?;
            let request = PutItemInputBuilder::default().set_item(Some(item));
            turn.put(request).await?;
            return Ok(Saved::AsGiven);
        };
        let mut expected = match (&known.version, known.conflict) {
            (_, Conflict::Overwrite) => Expected::Any,
            (Some(version), _) => Expected::Version(version.clone()),
            (None, _) => {
                let stored = known.stored.as_ref().unwrap_or(base);
                Expected::Data(self.layout.data(stored)?)
            }
        };
        let mut data = match &known.stored {
            Some(stored) if known.conflict == Conflict::Merge => self.merged(base, stored),
            _ => self.record.data.clone(),
        };
        let mut there: Option<Item> = None;
        if known.stored.is_some() && !self.layout.copied_keys().is_empty() {
            // The copies of what others have changed are only in the table.
            there = turn.get().await?;
            if there.is_none() {
                return Ok(Saved::Gone);
            }
        }
        for attempt in 0..ATTEMPTS {
            if let Some(number) = attempt.checked_sub(AT_ONCE) {
                let longest = PAUSE * (number + 1);
                tokio::time::sleep(longest.mul_f64(fastrand::f64())).await;
            }
            let mut item = self.item(&data)?;
            if let Some(there) = &there {
                self.copy_unchanged(base, there, &mut item);
            }
            let refused = match turn.put(self.request(item, &expected)).await {
                Ok(()) => return Ok(self.saved(data)),
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
                Some(FoundItem(item)) => Some(*item),
                None => turn.get().await?,
            };
            let Some(found) = found else {
                return Ok(Saved::Gone);
            };
            let Some(stored) = found.get(self.layout.data_attribute()).cloned() else {
                return Ok(Saved::Gone);
            };
            let marks = self.layout.marks(&found);
            // An attempt whose answer was lost has done it.
            if marks.version.as_ref() == Some(&self.version) {
                return Ok(self.saved(data));
            }
            if known.conflict == Conflict::Fail {
                return Err(Error::Conflict);
            }
            expected = match marks.version {
                Some(version) => Expected::Version(version),
                None => Expected::Data(stored),
            };
            // The end of the session does not matter here, and neither does the time.
            let theirs = self.layout.read(found.clone(), UnixMillis(0.0));
            data = match theirs {
                Some(theirs) => self.merged(base, &theirs.data),
                None => self.record.data.clone(),
            };
            there = Some(found);
            // Another content needs another version: an attempt whose answer was lost may have been
            // done, and somebody who has read that must not overwrite what comes after it.
            self.version = new_version();
        }
        Err(Error::Conflict)
    }

    fn left(&self, saved: &Saved) -> Left {
        Left {
            version: self.version.clone(),
            base: self.record.data.clone(),
            stored: match saved {
                Saved::Merged(data) => Some(data.clone()),
                _ => None,
            },
        }
    }

    fn saved(&self, data: String) -> Saved {
        if data == self.record.data {
            Saved::AsGiven
        } else {
            Saved::Merged(data)
        }
    }

    /// The session with what others have changed. What cannot be merged is ours.
    fn merged(&self, base: &str, theirs: &str) -> String {
        let ours = &self.record.data;
        let is_ours = |key: &str| self.layout.is_of_the_request(key);
        merge(base, ours, theirs, is_ours).unwrap_or_else(|| ours.clone())
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
    fn copy_unchanged(&self, base: &str, there: &Item, item: &mut Item) {
        for key in self.layout.copied_keys() {
            if !is_unchanged(base, &self.record.data, key) {
                continue;
            }
            match there.get(key) {
                Some(value) => item.insert(key.to_owned(), value.clone()),
                None => item.remove(key),
            };
        }
    }

    fn request(&self, item: Item, expected: &Expected) -> PutItemInputBuilder {
        let request = PutItemInputBuilder::default().set_item(Some(item));
        let data = self.layout.data_attribute();
        match expected {
            Expected::Any => {
                return request
                    .condition_expression("attribute_exists(#data)")
                    .expression_attribute_names("#data", data);
            }
            Expected::Version(version) => request
                .condition_expression("#version = :version")
                .expression_attribute_values(":version", AttributeValue::S(version.clone())),
            Expected::Data(value) => request
                .condition_expression("attribute_not_exists(#version) AND #data = :data")
                .expression_attribute_names("#data", data)
                .expression_attribute_values(":data", value.clone()),
        }
        .expression_attribute_names("#version", Marks::VERSION)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}
