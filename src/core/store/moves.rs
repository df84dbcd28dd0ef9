//! Moves of sessions to another key, once the option `hashIds` was set or changed.
//!
//! A session that is not under its present key may be under a former one, because a process with other options
//! has written it. It moves when it is first looked for: its item is written under the present key, then deleted
//! under the former one. So all other operations know one key only.
//!
//! Other processes may write the item meanwhile. The former item is deleted only if it has not changed. If it has
//! changed or is gone, the move is undone, and begins again with the new item: a session that was destroyed is
//! not brought back.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;

use super::tracking::{self, Tracking};
use super::{SessionStore, condition_held};
use crate::core::dynamo::schedule::InTurn;
use crate::core::error::Result;
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Condition, Item, Layout, Record};

/// The number of attempts, if other processes keep writing the session. After the last one, the item under the
/// former key stays, and is not read any more.
const ATTEMPTS: u32 = 8;

/// The number of times that all keys are read. While processes with other options move the session back and forth,
/// one pass may miss it.
const PASSES: u32 = 2;

/// A time at which no session has ended: a write moves a session even if it has ended.
pub(super) const AT_ANY_TIME: UnixMillis = UnixMillis(0.0);

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

impl<L: Layout + ?Sized> Move<L> {
    /// Moves the session if it is under a former key. Returns the item of the session, wherever it was. A session
    /// that has ended at `now` does not move.
    ///
    /// # Errors
    ///
    /// The errors of the requests; [`Error::Decrypt`](crate::core::error::Error::Decrypt) if the session is
    /// encrypted and does not open.
    pub async fn find(&self, now: UnixMillis, present: &InTurn) -> Result<Option<Item>> {
        let mut found = None;
        for _ in 0..PASSES {
            found = self.bring(now, present).await?;
            if found.is_none() {
                found = present.get().await?;
            }
            if found.is_some() {
                break;
            }
        }
        Ok(found)
    }

    /// Does what [`find`](Self::find) does, without looking under the present key.
    pub async fn bring(&self, now: UnixMillis, present: &InTurn) -> Result<Option<Item>> {
        for key in &self.former {
            let found = self.bring_from(&present.at(key), now, present).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn bring_from(
        &self,
        former: &InTurn,
        now: UnixMillis,
        present: &InTurn,
    ) -> Result<Option<Item>> {
        for _ in 0..ATTEMPTS {
            let Some(item) = former.get().await?.filter(|item| self.has_session(item)) else {
                return Ok(None);
            };
            let end = tracking::end(&*self.layout, self.tracking.as_deref(), &item);
            if expiry::has_passed(end, now) {
                return Ok(Some(item));
            }
            let moved = self.layout.rekeyed(item.clone(), present.key())?;
            let write = PutItemInputBuilder::default()
                .set_item(Some(moved.clone()))
                .condition_expression("attribute_not_exists(#session)")
                .expression_attribute_names("#session", self.layout.coded_attribute());
            let is_free = condition_held(present.put(write).await)?;
            if !is_free {
                // Another process has moved the session, or has written a new one.
                return present.get().await;
            }
            if self.delete(former, &item).await? {
                return Ok(Some(moved));
            }
            self.delete(present, &moved).await?;
        }
        former.get().await
    }

    fn has_session(&self, item: &Item) -> bool {
        item.contains_key(self.layout.coded_attribute())
    }

    /// Deletes an item if it still is as it was read.
    async fn delete(&self, turn: &InTurn, item: &Item) -> Result<bool> {
        let condition = self.unchanged(item);
        let request = DeleteItemInputBuilder::default()
            .condition_expression(condition.expression)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values));
        condition_held(turn.delete(request).await)
    }

    /// A condition that holds while an item has the same attributes. If the session has a version, its content is
    /// not compared.
    fn unchanged(&self, item: &Item) -> Condition {
        let has_version = self.layout.marks(item).version.is_some();
        let skipped = has_version.then(|| self.layout.coded_attribute());
        let mut condition = Condition::default();
        let mut parts = Vec::with_capacity(item.len());
        let compared = item
            .iter()
            .filter(|(name, _)| Some(name.as_str()) != skipped);
        for (at, (name, value)) in compared.enumerate() {
            let (attribute, text) = (format!("#a{at}"), format!(":a{at}"));
            parts.push(format!("{attribute} = {text}"));
            condition.names.insert(attribute, name.clone());
            condition.values.insert(text, value.clone());
        }
        condition.expression = parts.join(" AND ");
        condition
    }
}

/// Deletes a session under all its keys. The present one comes last: a move that is under way then either finds
/// no session to move, or what it has written is deleted here.
pub(super) async fn destroy(former: Vec<String>, present: InTurn) -> Result<()> {
    for key in former {
        present
            .at(&key)
            .delete(DeleteItemInputBuilder::default())
            .await?;
    }
    present.delete(DeleteItemInputBuilder::default()).await
}
