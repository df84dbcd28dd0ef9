//! The requests that the core needs, behind two traits: one for items, one for tables.
//!
//! * [`sdk`]: both traits, through the AWS SDK for Rust. Its parts:
//!   * [`pipeline`]: the way of every request, layer by layer; [`operation`]: in what operations differ.
//!   * [`settings`]: how to reach DynamoDB, and where settings come from.
//!   * [`routes`]: the routes that requests can take, and which is taken.
//!   * [`connection`]: the SDK's clients for one way to DynamoDB; [`open`] makes one.
//!   * [`shared`]: what the stores of a process share, in a [`registry`] by their keys.
//!   * [`http`]: the HTTP client under it; [`bounded`]: the bound on its connections; [`connect`]: which
//!     address is dialled when; [`socket`]: whether a connection is alive.
//!   * [`proxy`]: which proxy a request goes through, and how.
//!   * [`outage`]: failing at once while DynamoDB does not answer.
//!   * [`lost`]: a table that is lost while the process runs.
//!   * [`answers`]: what may be taken for DynamoDB's answer.
//!   * [`surrogates`]: text in an answer that is not well-formed Unicode.
//!   * [`pages`]: what can be read of a page that has an item which cannot be read.
//!   * [`tls`]: TLS, and what a refusal means; [`trust`]: the certificate authorities that are trusted.
//!   * [`variables`]: environment variables, as a copy of JavaScript's; [`environment`]: what they and
//!     profiles say of the way to DynamoDB; [`region`]: the region.
//!   * [`credentials`]: where credentials come from if the options give none.
//!   * [`rehearsal`]: the first request of a process, rehearsed while JavaScript is loading.
//!   * [`interceptors`]: what is changed in the SDK's requests.
//!   * [`failure`]: what the SDK's errors mean.
//!   * [`attempts`]: what the SDK's client knows of the request that it sends: credentials, attempts, the
//!     address; [`redact`]: what errors may not quote.
//!   * [`refused`]: requests that are sent once more with another signature.
//!   * [`fast`]: the fast path: requests for items without the SDK's machinery.
//!   * [`user_client`]: the user's client in place of HTTP.
//! * [`size`]: how large an item is, as DynamoDB counts.
//! * [`schedule`]: requests for items in order, merged, and no more than a bound at a time.

mod answers;
mod attempts;
mod bounded;
mod connect;
pub mod connection;
pub mod credentials;
mod environment;
mod failure;
mod fast;
mod http;
mod interceptors;
pub mod lost;
pub mod open;
mod operation;
pub mod outage;
mod pages;
mod pipeline;
pub mod proxy;
mod redact;
mod refused;
mod region;
mod registry;
pub mod rehearsal;
mod routes;
pub mod schedule;
pub mod sdk;
pub mod settings;
pub mod shared;
pub mod size;
mod socket;
mod surrogates;
mod throttle;
mod tls;
pub mod trace;
pub mod trust;
pub mod user_client;
pub mod variables;

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::{
    batch_get_item::{BatchGetItemOutput, builders::BatchGetItemInputBuilder},
    batch_write_item::{BatchWriteItemOutput, builders::BatchWriteItemInputBuilder},
    create_table::{CreateTableOutput, builders::CreateTableInputBuilder},
    delete_item::{DeleteItemOutput, builders::DeleteItemInputBuilder},
    describe_table::{DescribeTableOutput, builders::DescribeTableInputBuilder},
    describe_time_to_live::{DescribeTimeToLiveOutput, builders::DescribeTimeToLiveInputBuilder},
    get_item::{GetItemOutput, builders::GetItemInputBuilder},
    put_item::{PutItemOutput, builders::PutItemInputBuilder},
    query::{QueryOutput, builders::QueryInputBuilder},
    scan::{ScanOutput, builders::ScanInputBuilder},
    update_continuous_backups::{
        UpdateContinuousBackupsOutput, builders::UpdateContinuousBackupsInputBuilder,
    },
    update_item::{UpdateItemOutput, builders::UpdateItemInputBuilder},
    update_table::{UpdateTableOutput, builders::UpdateTableInputBuilder},
    update_time_to_live::{UpdateTimeToLiveOutput, builders::UpdateTimeToLiveInputBuilder},
};
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;

/// What the fast path reads in the body of an answer; `None` for what it leaves to the SDK.
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn fast_answer<R: fast::FastOperation>(body: &[u8]) -> Option<R::Output> {
    R::read(body).ok()
}

/// The items that are read of a page which the SDK cannot read; `None` for no page.
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn readable_items(body: &[u8]) -> Option<Vec<super::layout::Item>> {
    let page = pages::readable(body)?;
    Some(page.items)
}

/// An answer as the SDK gets it where it has half a surrogate pair; `None` where it has none.
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn well_formed_answer(body: &[u8]) -> Option<Vec<u8>> {
    surrogates::well_formed(body)
}

/// An item as the fast path writes it.
#[cfg(test)]
pub(in crate::core) fn written_item(item: &super::layout::Item) -> String {
    serde_json::to_string(&fast::Attributes(item)).unwrap_or_default()
}

use self::throttle::Throttled;
use super::error::{Error, Result};
use super::options::TableName;

/// A table, and the only attribute of its key.
#[derive(Debug, Clone)]
pub struct KeyedTable {
    /// The table.
    pub name: TableName,
    /// The attribute.
    pub hash_key: String,
}

impl KeyedTable {
    /// The key of the item whose key attribute has the value `key`.
    fn key(&self, key: &str) -> HashMap<String, AttributeValue> {
        HashMap::from([(self.hash_key.clone(), AttributeValue::S(key.to_owned()))])
    }
}

/// What comes of a request.
pub type ResultFuture<T> = BoxFuture<'static, Result<T>>;

/// Requests for items: one method for each, in the SDK's own vocabulary.
///
/// An implementation answers each call once and retries what deserves it; deadlines are the
/// caller's. A call that is made before another one is asked for before it, whichever of their
/// futures is polled first. Dropping the future gives the request up.
#[allow(
    missing_docs,
    reason = "each method is the DynamoDB operation of its name"
)]
pub trait Items: Send + Sync + 'static {
    /// Finds out how requests will go, without sending one for an item. A failure of it comes again
    /// with each request.
    fn prepare(&self) -> ResultFuture<()>;

    /// Whether requests may be merged into batches. `false` until that is known, and where somebody
    /// looks at each request.
    fn merges(&self) -> bool;

    /// How many requests may be in flight at a time.
    fn max_requests(&self) -> usize;

    /// Of which use requests wait because the table throttles.
    fn throttled(&self) -> Throttled {
        Throttled::default()
    }

    /// Changes when requests begin to wait because the table throttles; `None` where they never do, and before
    /// [`prepare`](Self::prepare).
    fn throttling_began(&self) -> Option<watch::Receiver<()>> {
        None
    }

    /// The last error by which DynamoDB has throttled the table, if there was one since `then`.
    fn throttled_since(&self, _then: Instant) -> Option<Error> {
        None
    }

    fn get_item(&self, request: GetItemInputBuilder) -> ResultFuture<GetItemOutput>;
    fn put_item(&self, request: PutItemInputBuilder) -> ResultFuture<PutItemOutput>;
    fn update_item(&self, request: UpdateItemInputBuilder) -> ResultFuture<UpdateItemOutput>;
    fn delete_item(&self, request: DeleteItemInputBuilder) -> ResultFuture<DeleteItemOutput>;
    fn batch_get_item(&self, request: BatchGetItemInputBuilder)
    -> ResultFuture<BatchGetItemOutput>;
    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> ResultFuture<BatchWriteItemOutput>;
    fn query(&self, request: QueryInputBuilder) -> ResultFuture<QueryOutput>;
    fn scan(&self, request: ScanInputBuilder) -> ResultFuture<ScanOutput>;
}

/// Requests for tables. They are few: never merged, and not counted among those for items.
#[allow(
    missing_docs,
    reason = "each method is the DynamoDB operation of its name"
)]
pub trait Tables: Send + Sync + 'static {
    fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> ResultFuture<DescribeTableOutput>;
    fn create_table(&self, request: CreateTableInputBuilder) -> ResultFuture<CreateTableOutput>;
    fn update_table(&self, request: UpdateTableInputBuilder) -> ResultFuture<UpdateTableOutput>;
    fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> ResultFuture<DescribeTimeToLiveOutput>;
    fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> ResultFuture<UpdateTimeToLiveOutput>;
    fn update_continuous_backups(
        &self,
        request: UpdateContinuousBackupsInputBuilder,
    ) -> ResultFuture<UpdateContinuousBackupsOutput>;
}
