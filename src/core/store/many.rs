//! Many sessions at a time: by an index, and in batches.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;

use super::SessionStore;
use crate::core::deadline::Deadline;
use crate::core::error::{Error, Result};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{Item, Layout, Stored};

/// An index of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// Its partition key.
    pub attribute: String,
}

impl<L: Layout + ?Sized> SessionStore<L> {
    /// The ids of the sessions with the key `value` in `index`, from all pages, in the index's order.
    pub async fn find(&self, index: &Index, value: &str, limit: Duration) -> Result<Vec<String>> {
        let request = QueryInputBuilder::default()
            .index_name(&index.name)
            .key_condition_expression("#key = :value")
            .projection_expression("#id")
            .expression_attribute_names("#key", &index.attribute)
            .expression_attribute_names("#id", self.layout.hash_key())
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
        let items = self.query(request, limit).await?;
        let ids =
            items
                .into_iter()
                .filter_map(|mut item| match item.remove(self.layout.hash_key()) {
                    Some(AttributeValue::S(id)) => Some(id),
                    _ => None,
                });
        Ok(ids.collect())
    }

    /// The items of all pages of a query. The request of each page may take `limit`.
    pub(super) async fn query(
        &self,
        request: QueryInputBuilder,
        limit: Duration,
    ) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        let mut next = None;
        loop {
            let request = request.clone().set_exclusive_start_key(next);
            let deadline = Deadline::new(limit, "querying the index");
            let page = deadline.ask(|| self.schedule.query(request));
            let answer = deadline.bound(page).await?;
            items.extend(answer.items.unwrap_or_default());
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    /// Loads the sessions of `ids` in their order, without those that do not exist or cannot be read.
    pub async fn load_many(
        &self,
        ids: &[String],
        now: UnixMillis,
        limit: Duration,
    ) -> Result<Vec<Stored>> {
        let unique = unique(ids);
        let keys = unique.iter().map(|id| self.layout.key(id));
        let deadline = Deadline::new(limit, "get");
        let reads = deadline.ask(|| self.schedule.get_many(keys, self.consistent_read));
        let reads = reads.into_iter().map(async |read| match read.await {
            Err(Error::Unreadable) => Ok(None),
            outcome => outcome,
        });
        let items = deadline.bound(try_join_all(reads)).await?;
        let mut found: HashMap<String, Stored> = HashMap::new();
        for item in items.into_iter().flatten() {
            if let Some(stored) = self.layout.read(item, now)? {
                found.insert(stored.sid.clone(), stored);
            }
        }
        Ok(unique.iter().filter_map(|id| found.remove(*id)).collect())
    }

    /// Deletes the sessions of `ids`. Sessions that do not exist are skipped.
    ///
    /// # Errors
    ///
    /// The first error. Other sessions may not have been deleted then.
    pub fn destroy_many(
        &self,
        ids: &[String],
        limit: Duration,
    ) -> impl Future<Output = Result<()>> + Send + use<L> {
        let keys = unique(ids).into_iter().map(|id| self.layout.key(id));
        let deadline = Deadline::new(limit, "destroy");
        let deletes = deadline.ask(|| self.schedule.delete_many(keys));
        async move {
            deadline.bound(try_join_all(deletes)).await?;
            Ok(())
        }
    }
}

/// Each id once, in the given order, because DynamoDB refuses a batch with a repeated key.
fn unique(ids: &[String]) -> Vec<&str> {
    let mut seen = HashSet::new();
    let ids = ids.iter().map(String::as_str);
    ids.filter(|id| seen.insert(*id)).collect()
}
