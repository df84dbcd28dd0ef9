//! DynamoDB through the AWS SDK for Rust.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pipeline;
use super::raw::{Exchange, RawRequest};
use super::routes::Routes;
pub use super::routes::{Locator, Probe, StoreContext};
use super::settings::{MAX_SOCKETS, ProvideSettings};
use super::shared::Shared;
use super::telemetry::Telemetry;
use super::throttle::{Limits, Throttled};
use super::ways::Ways;
use super::*;
use crate::core::lock::locked;

/// DynamoDB through `aws-sdk-dynamodb`, directly or through the user's client. Nothing is read or opened before the
/// first request. Clones share the connection.
#[derive(Clone)]
pub struct SdkDynamo(Arc<Routes>);

impl SdkDynamo {
    /// Connects with the settings of `source`, and shares nothing.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self(Arc::new(Routes::new(source, Arc::default(), None)))
    }

    /// Connects for a store with the settings of `source`. Stores with the same `shared` share connections.
    pub fn for_store(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: StoreContext,
    ) -> Self {
        Self(Arc::new(Routes::new(source, shared, Some(store))))
    }

    /// Counts the requests of the store.
    pub fn telemetry(&self) -> &Arc<Telemetry> {
        self.0.telemetry()
    }

    /// The number of connections that the store shares with others, open at this moment.
    pub fn open_connections(&self) -> usize {
        let pool = self.0.known().and_then(|known| known.pool.as_ref());
        pool.map_or(0, |pool| pool.open())
    }

    /// A [`Locator`] of the requests. It keeps nothing open.
    pub fn locator(&self) -> Locator {
        Locator::new(&self.0)
    }

    /// The ways of the requests; `None` if the user's client sends them. Asks the source for credentials, and sends no
    /// request to DynamoDB.
    ///
    /// # Errors
    ///
    /// The settings cannot be read.
    pub async fn ways(&self) -> Result<Option<Ways>> {
        self.0.ways().await
    }

    /// Sends a request for any operation, such as `GetItem`, on `table`, with DynamoDB's JSON as `body`.
    pub async fn exchange(&self, table: &TableName, operation: String, body: String) -> Exchange {
        let heard = Arc::default();
        let request = RawRequest {
            table: table.as_str().to_owned(),
            operation,
            body,
            heard: Arc::clone(&heard),
        };
        let answer = pipeline::send(Arc::clone(&self.0), request).await;
        let clock_ahead = locked(&heard).clock_ahead;
        Exchange {
            answer,
            clock_ahead,
        }
    }
}

/// Methods that send their requests through the [`pipeline`].
macro_rules! send {
    ($($method:ident: $request:ident => $output:ident,)+) => {
        $(fn $method(&self, request: $request) -> ResultFuture<$output> {
            Box::pin(pipeline::send(Arc::clone(&self.0), request))
        })+
    };
}

impl Items for SdkDynamo {
    fn prepare(&self) -> ResultFuture<()> {
        let routes = Arc::clone(&self.0);
        Box::pin(async move { routes.connection().await.map(|_| ()) })
    }

    /// `false` through the user's client: it must get the same commands as without this store.
    fn merges(&self) -> bool {
        self.0.is_direct()
    }

    fn max_requests(&self) -> usize {
        self.0
            .known()
            .map_or(MAX_SOCKETS, |known| known.max_sockets)
    }

    fn throttled(&self) -> Throttled {
        self.0.limits().map(Limits::throttled).unwrap_or_default()
    }

    fn throttling_began(&self) -> Option<watch::Receiver<()>> {
        self.0.limits().map(Limits::began)
    }

    fn throttled_since(&self, then: Instant) -> Option<(Error, Instant)> {
        self.0.limits()?.throttled_since(then)
    }

    fn note_merged(&self, operations: usize) {
        self.0.telemetry().counters.merged.add(operations);
    }

    send! {
        get_item: GetItemInputBuilder => GetItemOutput,
        put_item: PutItemInputBuilder => PutItemOutput,
        update_item: UpdateItemInputBuilder => UpdateItemOutput,
        delete_item: DeleteItemInputBuilder => DeleteItemOutput,
        batch_get_item: BatchGetItemInputBuilder => BatchGetItemOutput,
        batch_write_item: BatchWriteItemInputBuilder => BatchWriteItemOutput,
        query: QueryInputBuilder => QueryOutput,
        scan: ScanInputBuilder => ScanOutput,
        transact_write_items: TransactWriteItemsInputBuilder => TransactWriteItemsOutput,
    }
}

impl Tables for SdkDynamo {
    send! {
        describe_table: DescribeTableInputBuilder => DescribeTableOutput,
        create_table: CreateTableInputBuilder => CreateTableOutput,
        update_table: UpdateTableInputBuilder => UpdateTableOutput,
        describe_time_to_live: DescribeTimeToLiveInputBuilder => DescribeTimeToLiveOutput,
        update_time_to_live: UpdateTimeToLiveInputBuilder => UpdateTimeToLiveOutput,
        update_continuous_backups: UpdateContinuousBackupsInputBuilder => UpdateContinuousBackupsOutput,
    }
}
