//! Many sessions at a time: by an index, and in batches.
//!
//! A batch takes as many items as DynamoDB lets it. What it leaves unprocessed is sent again, with
//! growing pauses, while the time lasts. Where the IAM policy knows no batches, single requests do
//! the same.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, DeleteRequest, KeysAndAttributes, WriteRequest};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::SessionStore;
use crate::core::error::{Error, Result, built, within};
use crate::core::expiry::UnixMillis;
use crate::core::layout::{Item, Stored};

/// How many items a BatchGetItem and a BatchWriteItem take.
const MOST_READS: usize = 100;
const MOST_WRITES: usize = 25;

/// How many batches, and how many single requests in their place, are under way at once.
const BATCHES_AT_ONCE: usize = 4;
const SINGLES_AT_ONCE: usize = 16;

/// The pauses before what was left unprocessed is sent again: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(25), Duration::from_secs(1));

/// An index of the table: its name, and the attribute that it is keyed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The index's name.
    pub name: String,
    /// Its partition key.
    pub attribute: String,
}

impl SessionStore {
    /// The ids of the sessions that `index` has under `value`, from every page, in its order.
    pub async fn find(&self, index: &Index, value: &str, limit: Duration) -> Result<Vec<String>> {
        let request = QueryInputBuilder::default()
            .table_name(self.table.as_str())
            .index_name(&index.name)
            .key_condition_expression("#key = :value")
            .projection_expression("#id")
            .expression_attribute_names("#key", &index.attribute)
            .expression_attribute_names("#id", self.layout.hash_key())
            .expression_attribute_values(":value", AttributeValue::S(value.to_owned()));
        let mut ids = Vec::new();
        let mut next = None;
        loop {
            let request = request.clone().set_exclusive_start_key(next);
            let answer = within(limit, "querying the index", self.dynamo.query(request)).await?;
            for mut item in answer.items.unwrap_or_default() {
                if let Some(AttributeValue::S(id)) = item.remove(self.layout.hash_key()) {
                    ids.push(id);
                }
            }
            next = answer.last_evaluated_key;
            if next.is_none() {
                return Ok(ids);
            }
        }
    }

    /// The sessions of `ids` that there are, in the order of `ids`.
    pub async fn load_many(
        &self,
        ids: &[String],
        now: UnixMillis,
        limit: Duration,
    ) -> Result<Vec<Stored>> {
        let unique = unique(ids);
        let batches = unique.chunks(MOST_READS);
        let reads: Vec<_> = batches.map(|batch| self.read_all(batch, limit)).collect();
        let items: Vec<Vec<Item>> = at_once(BATCHES_AT_ONCE, reads).await?;
        let items = items.into_iter().flatten();
        let stored = items.filter_map(|item| self.layout.read(item, now));
        let mut found: HashMap<String, Stored> =
            stored.map(|stored| (stored.sid.clone(), stored)).collect();
        Ok(unique.iter().filter_map(|id| found.remove(*id)).collect())
    }

    /// Deletes the sessions of `ids`. Those that are not there are no error.
    ///
    /// # Errors
    ///
    /// The first failure; other deletions may not have been tried then.
    pub async fn destroy_many(&self, ids: &[String], limit: Duration) -> Result<()> {
        let unique = unique(ids);
        let batches = unique.chunks(MOST_WRITES);
        let deletes: Vec<_> = batches.map(|batch| self.delete_all(batch, limit)).collect();
        at_once(BATCHES_AT_ONCE, deletes).await?;
        Ok(())
    }

    /// Reads in a batch, or where that is not allowed one by one.
    async fn read_all(&self, ids: &[&str], limit: Duration) -> Result<Vec<Item>> {
        match within(limit, "get", self.read_batch(ids)).await {
            Err(error) if is_denied(&error) => {
                let reads: Vec<_> = ids.iter().map(|id| self.read_item(id, limit)).collect();
                let items: Vec<Option<Item>> = at_once(SINGLES_AT_ONCE, reads).await?;
                Ok(items.into_iter().flatten().collect())
            }
            outcome => outcome,
        }
    }

    /// Deletes in a batch, or where that is not allowed one by one.
    async fn delete_all(&self, ids: &[&str], limit: Duration) -> Result<()> {
        match within(limit, "destroy", self.delete_batch(ids)).await {
            Err(error) if is_denied(&error) => {
                let deletes: Vec<_> = ids.iter().map(|id| self.destroy(id, limit)).collect();
                at_once(SINGLES_AT_ONCE, deletes).await?;
                Ok(())
            }
            outcome => outcome,
        }
    }

    async fn read_batch(&self, ids: &[&str]) -> Result<Vec<Item>> {
        let table = self.table.as_str();
        let keys = ids.iter().map(|id| self.layout.key(id)).collect();
        let mut wanted = built(
            KeysAndAttributes::builder()
                .set_keys(Some(keys))
                .consistent_read(self.consistent_read)
                .build(),
        )?;
        let mut items = Vec::with_capacity(ids.len());
        let mut pause = PAUSE.0;
        loop {
            let request = BatchGetItemInputBuilder::default().request_items(table, wanted);
            let answer = self.dynamo.batch_get_item(request).await?;
            let found = answer.responses.unwrap_or_default().into_values();
            items.extend(found.flatten());
            match answer.unprocessed_keys.and_then(only) {
                Some(left) => wanted = left,
                None => return Ok(items),
            }
            wait(&mut pause).await;
        }
    }

    async fn delete_batch(&self, ids: &[&str]) -> Result<()> {
        let delete = |id: &&str| {
            let key = self.layout.key(id);
            let request = DeleteRequest::builder().set_key(Some(key)).build();
            Ok(WriteRequest::builder()
                .delete_request(built(request)?)
                .build())
        };
        let mut wanted = ids.iter().map(delete).collect::<Result<Vec<_>>>()?;
        let mut pause = PAUSE.0;
        loop {
            let table = self.table.as_str();
            let request = BatchWriteItemInputBuilder::default().request_items(table, wanted);
            let answer = self.dynamo.batch_write_item(request).await?;
            match answer.unprocessed_items.and_then(only) {
                Some(left) => wanted = left,
                None => return Ok(()),
            }
            wait(&mut pause).await;
        }
    }
}

/// Each id once, in their order. A batch with one twice would be refused.
fn unique(ids: &[String]) -> Vec<&str> {
    let mut seen = HashSet::new();
    let ids = ids.iter().map(String::as_str);
    ids.filter(|id| seen.insert(*id)).collect()
}

/// What is left of the only table of a batch.
fn only<T>(left: HashMap<String, T>) -> Option<T> {
    left.into_values().next()
}

/// Whether the IAM policy lacks the action.
fn is_denied(error: &Error) -> bool {
    error.is_service("AccessDeniedException")
}

/// Runs `work`, some at a time, until one fails.
async fn at_once<T>(most: usize, work: Vec<impl Future<Output = Result<T>>>) -> Result<Vec<T>> {
    stream::iter(work)
        .buffer_unordered(most)
        .try_collect()
        .await
}

async fn wait(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(PAUSE.1);
}
