//! Moves of sessions to another key, once the option `hashIds` was set or changed.
//!
//! A session that is not under its present key may be under a former one, because a process with other options
//! has written it. It moves when it is first looked for, in one transaction: its item is written under the present
//! key, if there is no session, and deleted under the former one, if it has not changed. So all other operations
//! know one key only, and other processes see the session under one of its keys at each moment.

use std::sync::Arc;

use aws_sdk_dynamodb::types::builders::{DeleteBuilder, PutBuilder};
use aws_sdk_dynamodb::types::{Delete, Put};

use super::expected::unchanged;
use super::tracking::{self, Tracking};
use super::{ATTEMPTS, SessionStore, condition_held, pause_before};
use crate::core::dynamo::schedule::{InTurn, TransactedWrite};
use crate::core::error::{Error, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Item, Layout, Record};

/// The number of times that all keys are read. While processes with other options move the session back and forth,
/// one pass may miss it.
const PASSES: u32 = 2;

/// The number of times that an operation moves a session which other processes move back.
const MOVES: u32 = 8;

/// A time at which no session has ended: a write moves a session even if it has ended.
pub(super) const EVEN_IF_ENDED: UnixMillis = UnixMillis(0.0);

impl<L: Layout + ?Sized> SessionStore<L> {
    /// The key of a session's item.
    pub(super) fn key(&self, sid: &str) -> String {
        match &self.hashed_ids {
            Some(ids) => self.layout.key(&ids.present(sid)),
            None => self.layout.key(sid),
        }
    }

    /// The other keys under which the session is found.
    pub(super) fn former_keys(&self, sid: &str) -> Vec<String> {
        let former = { self.hashed_ids.as_ref() }.map_or_else(Vec::new, |ids| ids.former(sid));
        former.iter().map(|id| self.layout.key(id)).collect()
    }

    /// The record with the id that stands in the table.
    pub(super) fn stored_record(&self, record: Record) -> Record {
        match &self.hashed_ids {
            Some(ids) => Record {
                sid: ids.present(&record.sid),
                ..record
            },
            None => record,
        }
    }

    /// The move of a session from its former keys; `None` if it has none.
    pub(super) fn move_of(&self, sid: &str) -> Option<Move<L>> {
        let former = self.former_keys(sid);
        (!former.is_empty()).then(|| Move {
            layout: Arc::clone(&self.layout),
            tracking: self.tracking.clone(),
            former,
        })
    }
}

/// A move of a session to its present key, see the [module](self).
pub(super) struct Move<L: ?Sized> {
    layout: Arc<L>,
    tracking: Option<Arc<Tracking>>,
    former: Vec<String>,
}

/// A session that was looked for under its former keys.
enum Former {
    /// The session has moved to its present key.
    Moved(Item),
    /// The session has ended, and has not moved.
    Ended(Item),
    Missing,
}

impl<L: Layout + ?Sized> Move<L> {
    /// The item of the session. The present key is read first, then the former ones, from which the session moves,
    /// and then all of them once more, because another process may have moved the session meanwhile. A session that
    /// has ended at `now` does not move.
    ///
    /// # Errors
    ///
    /// The errors of [`move_here`](Self::move_here).
    pub async fn find(&self, now: UnixMillis, present: &InTurn) -> Result<Option<Item>> {
        for _ in 0..PASSES {
            let found = self.under(present).await?;
            if found.is_some() {
                return Ok(found);
            }
            let found = self.move_here(now, present).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        self.under(present).await
    }

    /// The item under the present key, if it holds a session.
    async fn under(&self, present: &InTurn) -> Result<Option<Item>> {
        let found = present.get().await?;
        Ok(found.filter(|item| self.has_session(item)))
    }

    /// Whether the session is under the present key now, maybe because it has just moved there.
    async fn is_found_again(&self, present: &InTurn) -> Result<bool> {
        let moved = self.move_here(EVEN_IF_ENDED, present).await?;
        Ok(moved.is_some() || self.under(present).await?.is_some())
    }

    /// Moves the session if it is under a former key, and returns its item. If the only session found has ended at
    /// `now`, returns its item and does not move it.
    ///
    /// # Errors
    ///
    /// The errors of the requests; [`Error::Decrypt`] if the session is encrypted and does not open;
    /// [`Error::Conflict`] if other processes keep changing the session.
    pub async fn move_here(&self, now: UnixMillis, present: &InTurn) -> Result<Option<Item>> {
        let mut ended = None;
        for key in &self.former {
            match self.move_from(key, now, present).await? {
                Former::Moved(item) => return Ok(Some(item)),
                Former::Ended(item) => ended = Some(item),
                Former::Missing => {}
            }
        }
        Ok(ended)
    }

    async fn move_from(&self, key: &str, now: UnixMillis, present: &InTurn) -> Result<Former> {
        for number in 0..ATTEMPTS {
            pause_before(number).await;
            let found = present.at(key).get().await?;
            let Some(item) = found.filter(|item| self.has_session(item)) else {
                return Ok(Former::Missing);
            };
            let end = tracking::end(&*self.layout, self.tracking.as_deref(), &item);
            if expiry::has_passed(end, now) {
                return Ok(Former::Ended(item));
            }
            let moved = self.layout.rekeyed(item.clone(), present.key())?;
            let put = TransactedWrite::Put(self.put(moved.clone()));
            let delete = TransactedWrite::Delete(key.to_owned(), self.delete(&item));
            if condition_held(present.transact(vec![put, delete]).await)? {
                return Ok(Former::Moved(moved));
            }
            // Another process has moved the session or written a new one, or has changed the former item.
            if let Some(item) = self.under(present).await? {
                return Ok(Former::Moved(item));
            }
        }
        Err(Error::Conflict)
    }

    /// Writes an item under the present key, and deletes those under the former ones.
    pub async fn put_in_place_of_all(&self, item: Item, present: &InTurn) -> Result<()> {
        let put = TransactedWrite::Put(Put::builder().set_item(Some(item)));
        let deletes = deletes(self.former.iter().cloned());
        let writes = std::iter::once(put).chain(deletes);
        present.transact(writes.collect()).await
    }

    fn has_session(&self, item: &Item) -> bool {
        item.contains_key(self.layout.coded_attribute())
    }

    /// Writes an item if there is no session under its key.
    fn put(&self, item: Item) -> PutBuilder {
        Put::builder()
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#session)")
            .expression_attribute_names("#session", self.layout.coded_attribute())
    }

    /// Deletes an item if it has not changed.
    fn delete(&self, item: &Item) -> DeleteBuilder {
        let condition = unchanged(&*self.layout, item);
        Delete::builder()
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values))
    }
}

/// The repetitions of an operation that has found no session, because the session may have moved.
#[derive(Default)]
pub(super) struct Repetitions(u32);

impl Repetitions {
    /// Whether the operation may find the session now. `moving` is `None` if the session has one key only.
    pub async fn once_more<L: Layout + ?Sized>(
        &mut self,
        moving: Option<&Move<L>>,
        present: &InTurn,
    ) -> Result<bool> {
        let Some(moving) = moving.filter(|_| self.0 < MOVES) else {
            return Ok(false);
        };
        self.0 += 1;
        moving.is_found_again(present).await
    }
}

/// Deletes a session under all its keys at once: a move by another process comes before or after that.
pub(super) async fn destroy(former: Vec<String>, present: InTurn) -> Result<()> {
    let keys = std::iter::once(present.key().to_owned()).chain(former);
    present.transact(deletes(keys).collect()).await
}

fn deletes(keys: impl Iterator<Item = String>) -> impl Iterator<Item = TransactedWrite> {
    keys.map(|key| TransactedWrite::Delete(key, Delete::builder()))
}
