//! The requests that the core needs, behind two traits: one for items, one for tables.
//!
//! * [`sdk`]: implements both traits through the AWS SDK for Rust. Its parts:
//!   * [`pipeline`]: the way of every request, layer by layer; [`operation`]: the differences between
//!     operations.
//!   * [`settings`]: the settings for reaching DynamoDB.
//!   * [`routes`]: chooses between DynamoDB itself and the user's client.
//!   * [`connection`]: the clients, credentials and limits of one route; [`open`] makes one.
//!   * [`shared`]: shares connections between the stores of a process, in a [`registry`] by their keys.
//!   * [`http`]: the HTTP client below the SDK; [`bounded`]: limits its connections; [`connect`]: dials the
//!     addresses of a host; [`socket`]: notices dead connections.
//!   * [`proxy`]: chooses the proxy of a request, and opens tunnels through it.
//!   * [`outage`]: calls fail at once while DynamoDB does not answer.
//!   * [`throttle`]: retries throttled requests, at the rate that the table takes.
//!   * [`lost`]: recovers from a table that was lost while the process runs.
//!   * [`answers`]: checks that an answer is whole and comes from DynamoDB.
//!   * [`surrogates`]: mends text in an answer that is not well-formed Unicode.
//!   * [`pages`]: reads the readable items of a page with an unreadable one.
//!   * [`tls`]: sets up TLS and explains its errors; [`trust`]: the trusted certificate authorities.
//!   * [`variables`]: a copy of JavaScript's environment variables; [`environment`]: settings in them and in
//!     profiles; [`region`]: finds the region.
//!   * [`credentials`]: the credential sources if the options give no credentials.
//!   * [`rehearsal`]: rehearses the first request of a process while JavaScript is loading.
//!   * [`interceptors`]: changes to the SDK's requests.
//!   * [`failure`]: translates the SDK's errors.
//!   * [`attempts`]: connects the SDK's client with the request that it sends: credentials, attempts,
//!     address; [`redact`]: removes secrets from errors.
//!   * [`refused`]: recognises requests that can be sent once more with another signature.
//!   * [`trace`]: the header with which AWS traces a Lambda invocation.
//!   * [`fast`]: the fast path: requests for items without the SDK's machinery.
//!   * [`raw`]: requests given as JSON, for a diagnosis; [`ways`]: where the settings come from.
//!   * [`user_client`]: calls the user's client in place of HTTP.
//!   * [`telemetry`]: counts requests, and reports them to a listener.
//! * [`size`]: the size of an item, as DynamoDB counts it; [`capacity`]: capacity units.
//! * [`schedule`]: requests for items: in order, merged, and limited in number.

mod answers;
mod attempts;
mod bounded;
pub mod capacity;
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
pub mod raw;
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
pub mod telemetry;
mod throttle;
mod tls;
pub mod trace;
pub mod trust;
pub mod user_client;
pub mod variables;
pub mod ways;

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
    transact_write_items::{TransactWriteItemsOutput, builders::TransactWriteItemsInputBuilder},
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

/// Parses the body of an answer as the fast path does. `None` if the fast path leaves it to the SDK.
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn fast_answer<R: fast::FastOperation>(body: &[u8]) -> Option<R::Output> {
    R::read(body).ok()
}

/// The readable items of a page that the SDK cannot read. `None` if `body` is not a page.
#[cfg(any(test, fuzzing))]
pub(in crate::core) fn readable_items(body: &[u8]) -> Option<Vec<super::layout::Item>> {
    let page = pages::readable(body)?;
    Some(page.items)
}

/// An answer with half a surrogate pair, as the SDK gets it. `None` if the answer needs no change.
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
    /// The name of the table.
    pub name: TableName,
    /// The name of the key attribute.
    pub hash_key: String,
}

impl KeyedTable {
    /// The key of the item whose key attribute has the value `key`.
    fn key(&self, key: &str) -> HashMap<String, AttributeValue> {
        HashMap::from([(self.hash_key.clone(), AttributeValue::S(key.to_owned()))])
    }
}

/// The future outcome of a request.
pub type ResultFuture<T> = BoxFuture<'static, Result<T>>;

/// Requests for items: one method for each, in the SDK's own vocabulary.
///
/// An implementation answers each call once, and retries if another attempt may succeed. It has no deadlines: the
/// caller has. Methods take their place in the order of requests when called, not when polled. Dropping the
/// future gives the request up.
#[allow(
    missing_docs,
    reason = "each method is the DynamoDB operation of its name"
)]
pub trait Items: Send + Sync + 'static {
    /// Finds the route of the requests, and sends no request for an item. If this fails, each request fails in the
    /// same way.
    fn prepare(&self) -> ResultFuture<()>;

    /// Whether requests may be merged into batches. `false` until this is known, and if the user's client gets each
    /// request.
    fn merges(&self) -> bool;

    /// The largest number of requests in flight.
    fn max_requests(&self) -> usize;

    /// Whether reads and whether writes wait because the table throttles.
    fn throttled(&self) -> Throttled {
        Throttled::default()
    }

    /// A channel that changes when requests begin to wait because the table throttles. `None` if they never
    /// wait, and before [`prepare`](Self::prepare).
    fn throttling_began(&self) -> Option<watch::Receiver<()>> {
        None
    }

    /// The last throttling error of the table, and until when requests waited after it, if that is not before `then`.
    fn throttled_since(&self, _then: Instant) -> Option<(Error, Instant)> {
        None
    }

    /// Counts operations that are sent as one with another operation on the same item.
    fn note_merged(&self, _operations: usize) {}

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
    fn transact_write_items(
        &self,
        request: TransactWriteItemsInputBuilder,
    ) -> ResultFuture<TransactWriteItemsOutput>;
}

/// Requests for tables. They are rare, so they are never merged, and do not count for the limit of requests.
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
