//! The sessions that have a value in one of the store's indexes: list them, and destroy some of them.

use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt, stream};

use super::tracking::{self, Tracking};
use super::{Index, SessionStore, condition_held};
use crate::core::deadline::Deadline;
use crate::core::error::{Error, Result};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{ExpiringLayout, Item};
use crate::core::table::TableIndex;

/// The largest number of deletions in flight of one call.
const DELETES_AT_ONCE: usize = 16;

/// A session in an index.
#[derive(Clone, PartialEq)]
pub struct IndexedSession {
    /// The key of the session's item.
    pub key: String,
    /// The beginning of the session.
    pub created: Option<UnixMillis>,
    /// The time at which the session got its value in the index.
    pub since: Option<UnixMillis>,
    /// The last set or touch that was written.
    pub seen: Option<UnixMillis>,
    /// The end of the session; `None` if it never ends.
    pub expires: Option<UnixMillis>,
    /// The label that the application has given the session.
    pub label: Option<String>,
}

/// Written by hand, because the key holds a session id.
impl fmt::Debug for IndexedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IndexedSession").finish_non_exhaustive()
    }
}

impl<L: ExpiringLayout + ?Sized> SessionStore<L> {
    /// The keys under which a session is found. The first is the present key.
    pub fn keys_of(&self, sid: &str) -> Vec<String> {
        let former = self.former_keys(sid);
        std::iter::once(self.key(sid)).chain(former).collect()
    }

    /// An index of the sessions, as the table has to have it.
    pub fn table_index(&self, index: &Index) -> TableIndex {
        TableIndex {
            index: index.clone(),
            projected: Tracking::projected(index, &*self.layout),
        }
    }

    /// The sessions of this store that have `value` in the index with this number, also ended ones. Other stores
    /// on the table, with other prefixes, and other applications may have items in the index. Indexes are
    /// eventually consistent: a session may be missing, or may have another value meanwhile.
    ///
    /// # Errors
    ///
    /// The errors of the requests; [`Error::Format`] if the store has no such index.
    pub async fn with_value(
        &self,
        index: usize,
        value: &str,
        limit: Duration,
    ) -> Result<Vec<IndexedSession>> {
        let index = self.session_index(index)?;
        let projected = Tracking::projected(index, &*self.layout);
        let names = [self.layout.hash_key().to_owned()]
            .into_iter()
            .chain(projected);
        let names: Vec<_> = names
            .enumerate()
            .map(|(at, name)| (format!("#p{at}"), name))
            .collect();
        let projection: Vec<_> = names.iter().map(|(name, _)| name.clone()).collect();
        let mut request = QueryInputBuilder::default()
            .index_name(&index.name)
            .key_condition_expression("#key = :value")
            .projection_expression(projection.join(", "))
            .expression_attribute_names("#key", &index.attribute)
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
        for (name, attribute) in names {
            request = request.expression_attribute_names(name, attribute);
        }
        let items = self.query(request, limit).await?;
        let sessions = items.into_iter().filter_map(|item| self.row(index, &item));
        Ok(sessions.collect())
    }

    /// Deletes the sessions under `keys` that still have `value` in the index with this number, and adds
    /// their keys to `deleted`, also if it fails.
    ///
    /// # Errors
    ///
    /// The first error, after all other deletions were tried; [`Error::Format`] if the store has no such
    /// index.
    pub async fn destroy_with_value(
        &self,
        index: usize,
        value: &str,
        keys: Vec<String>,
        deleted: &mut Vec<String>,
        limit: Duration,
    ) -> Result<()> {
        let index = self.session_index(index)?;
        let deletes = keys.into_iter().map(|key| async move {
            let request = DeleteItemInputBuilder::default()
                .condition_expression("#attribute = :value AND attribute_exists(#data)")
                .expression_attribute_names("#attribute", &index.attribute)
                .expression_attribute_names("#data", self.layout.data_attribute())
                .expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
            let deadline = Deadline::new(limit, "destroy");
            let deleted = deadline.ask(|| self.schedule.delete_if(key.clone(), request));
            let is_deleted = condition_held(deadline.bound(deleted).await)?;
            Ok(is_deleted.then_some(key))
        });
        let mut outcomes = stream::iter(deletes).buffer_unordered(DELETES_AT_ONCE);
        let mut failure = None;
        while let Some(outcome) = outcomes.next().await {
            match outcome {
                Ok(key) => deleted.extend(key),
                Err(error) => {
                    failure.get_or_insert(error);
                }
            }
        }
        failure.map_or(Ok(()), Err)
    }

    fn session_index(&self, number: usize) -> Result<&Index> {
        let tracking = self.tracking.as_ref();
        let index = tracking.and_then(|tracking| tracking.indexes().get(number));
        index.ok_or(Error::Format {
            operation: "finding sessions by an index",
        })
    }

    fn row(&self, index: &Index, item: &Item) -> Option<IndexedSession> {
        let marks = self.layout.marks(item);
        let created = tracking::millis(item, Tracking::CREATED);
        let exact = marks.end.or_else(|| self.layout.end(item));
        let tracking = self.tracking.as_ref()?;
        let label = item.get(&tracking::label(index));
        let since = tracking::millis(item, &tracking::since(index));
        let key = item.get(self.layout.hash_key())?.as_s().ok()?;
        let is_tracked = created.is_some() || since.is_some();
        if !is_tracked || !self.layout.owns_key(key) {
            return None;
        }
        Some(IndexedSession {
            key: key.clone(),
            created,
            since,
            seen: tracking::millis(item, Tracking::SEEN),
            expires: tracking.end(exact, created),
            label: label.and_then(|label| label.as_s().ok()).cloned(),
        })
    }
}
