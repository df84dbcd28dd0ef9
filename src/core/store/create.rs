//! Creations: the write of a session unless there is one under its id already. For copies of sessions, while an
//! application may write to the same table.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put};
use futures_util::FutureExt;

use super::expected::unchanged;
use super::tracking::{self, Tracking, Tracks};
use super::{ATTEMPTS, SessionStore, condition_held, pause_before};
use crate::core::deadline::Deadline;
use crate::core::dynamo::schedule::{InTurn, TransactedWrite};
use crate::core::error::{Error, Result};
use crate::core::expiry::{self, UnixMillis};
use crate::core::layout::{Condition, Item, Layout, Marks, Record};

impl<L: Layout + ?Sized> SessionStore<L> {
    /// Writes a session unless there is one under its id, whichever key that one has. A session that has ended at
    /// `now`, and what is left of a destroyed one, are replaced. Returns whether the session was written.
    ///
    /// `version` is a new version of the session, which no other write has; `None` in formats without versions.
    ///
    /// # Errors
    ///
    /// The errors of the requests, and those of [`Layout::to_item`]; [`Error::Conflict`] if other processes keep
    /// writing and deleting the session.
    ///
    /// If the answer to a write was lost, the result is `false` in formats without versions.
    pub fn create(
        &self,
        record: Record,
        tracks: Option<Tracks>,
        version: Option<String>,
        now: UnixMillis,
        limit: Duration,
    ) -> impl Future<Output = Result<bool>> + Send + use<L> {
        let former = self.former_keys(&record.sid);
        let record = self.stored_record(record);
        let key = self.layout.key(&record.sid);
        let creation = Creation {
            layout: Arc::clone(&self.layout),
            tracking: self.tracking.clone(),
            former,
            now,
        };
        let work = move |turn: InTurn| {
            async move {
                let item = creation.item(record, tracks, version)?;
                creation.run(&item, &turn).await
            }
            .boxed()
        };
        let deadline = Deadline::new(limit, "set");
        let created = deadline.ask(|| self.schedule.in_turn(key, work));
        deadline.bound(created)
    }
}

/// A creation, see the [module](self).
struct Creation<L: ?Sized> {
    layout: Arc<L>,
    tracking: Option<Arc<Tracking>>,
    /// The other keys under which the session is found.
    former: Vec<String>,
    now: UnixMillis,
}

/// The items without a live session that were found under keys of the session.
type Leftovers = HashMap<String, Item>;

impl<L: Layout + ?Sized> Creation<L> {
    fn item(
        &self,
        record: Record,
        tracks: Option<Tracks>,
        version: Option<String>,
    ) -> Result<Item> {
        let mut item = self.layout.to_item(record)?;
        if let Some(version) = version {
            item.insert(Marks::VERSION.to_owned(), AttributeValue::S(version));
        }
        if let Some((tracking, tracks)) = self.tracking.as_deref().zip(tracks) {
            tracking.add(&tracks, &mut item);
        }
        Ok(item)
    }

    /// The first attempt expects that the table has no item. If it has one, the next attempt expects that the item has
    /// not changed since it was read.
    async fn run(&self, item: &Item, turn: &InTurn) -> Result<bool> {
        let mut leftovers = Leftovers::new();
        for number in 0..ATTEMPTS {
            pause_before(number).await;
            if condition_held(self.write(item, &leftovers, turn).await)? {
                return Ok(true);
            }
            leftovers.clear();
            for key in std::iter::once(turn.key()).chain(self.former.iter().map(String::as_str)) {
                let found = match turn.at(key).get().await {
                    Err(Error::Unreadable) => return Ok(false),
                    found => found?,
                };
                match found {
                    None => {}
                    // An earlier attempt, whose answer was lost, has been carried out.
                    Some(found) if is_same(&found, item) => return Ok(true),
                    Some(found) if self.is_leftover(&found) => {
                        leftovers.insert(key.to_owned(), found);
                    }
                    Some(_) => return Ok(false),
                }
            }
        }
        Err(Error::Conflict)
    }

    /// Writes the item under the present key, and deletes leftovers under the former ones.
    async fn write(&self, item: &Item, leftovers: &Leftovers, turn: &InTurn) -> Result<()> {
        let condition = |key: &str| match leftovers.get(key) {
            Some(leftover) => unchanged(&*self.layout, leftover),
            None => self.no_item(),
        };
        let (expression, names, values) = condition(turn.key()).into_parts();
        if self.former.is_empty() {
            let put = PutItemInputBuilder::default()
                .set_item(Some(item.clone()))
                .condition_expression(expression)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(values);
            return turn.put(put).await;
        }
        let put = Put::builder()
            .set_item(Some(item.clone()))
            .condition_expression(expression)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values);
        let deletes = self.former.iter().map(|key| {
            let (expression, names, values) = condition(key).into_parts();
            let delete = Delete::builder()
                .condition_expression(expression)
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(values);
            TransactedWrite::Delete(key.clone(), delete)
        });
        let writes = std::iter::once(TransactedWrite::Put(put)).chain(deletes);
        turn.transact(writes.collect()).await
    }

    fn no_item(&self) -> Condition {
        let key = self.layout.hash_key().to_owned();
        Condition {
            expression: "attribute_not_exists(#key)".to_owned(),
            names: [("#key".to_owned(), key)].into(),
            ..Condition::default()
        }
    }

    /// Whether an item holds a session that has ended, or is what a replaced package leaves of a destroyed session. An
    /// item of another application is neither.
    fn is_leftover(&self, item: &Item) -> bool {
        let tracking = self.tracking.as_deref();
        match tracking::outline(&*self.layout, tracking, item.clone(), self.now) {
            Some(outline) => expiry::has_passed(outline.expires, self.now),
            None => {
                let end = self.layout.end_attribute();
                item.len() == 2 && end.is_some_and(|end| item.contains_key(&*end))
            }
        }
    }
}

/// Whether an item that was found is the one to be written. In formats without versions, nothing tells it from an equal
/// item of another writer.
fn is_same(found: &Item, item: &Item) -> bool {
    { item.get(Marks::VERSION) }.is_some_and(|version| found.get(Marks::VERSION) == Some(version))
}
