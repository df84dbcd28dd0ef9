//! DynamoDB through the AWS SDK for Rust.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::operation::Operation;
use super::pipeline;
use super::routes::Routes;
pub use super::routes::{Locator, Probe, StoreContext};
use super::settings::{MAX_SOCKETS, ProvideSettings};
use super::shared::Shared;
use super::throttle::{Limits, Throttled};
use super::*;

/// DynamoDB through `aws-sdk-dynamodb`, straight or by way of the user's client. Nothing is read or
/// opened before the first request. A clone is the same.
#[derive(Clone)]
pub struct SdkDynamo(Arc<Routes>);

impl SdkDynamo {
    /// Will connect with the settings that `source` gives. Shares nothing with others.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self(Arc::new(Routes::new(source, Arc::default(), None)))
    }

    /// Will connect for a store with the settings that `source` gives, and share `shared` with others.
    pub fn for_store(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: StoreContext,
    ) -> Self {
        Self(Arc::new(Routes::new(source, shared, Some(store))))
    }

    /// What says where requests go, and keeps nothing open.
    pub fn locator(&self) -> Locator {
        Locator::new(&self.0)
    }

    fn send<O: Operation>(&self, request: O) -> ResultFuture<O::Output> {
        Box::pin(pipeline::send(Arc::clone(&self.0), request))
    }
}

impl Items for SdkDynamo {
    fn prepare(&self) -> ResultFuture<()> {
        let routes = Arc::clone(&self.0);
        Box::pin(async move { routes.connection().await.map(|_| ()) })
    }

    /// Not through the user's client: it is called with the very commands that the user would
    /// send.
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

    fn throttled_since(&self, then: Instant) -> Option<Error> {
        self.0.limits()?.throttled_since(then)
    }

    fn get_item(&self, request: GetItemInputBuilder) -> ResultFuture<GetItemOutput> {
        self.send(request)
    }

    fn put_item(&self, request: PutItemInputBuilder) -> ResultFuture<PutItemOutput> {
        self.send(request)
    }

    fn update_item(&self, request: UpdateItemInputBuilder) -> ResultFuture<UpdateItemOutput> {
        self.send(request)
    }

    fn delete_item(&self, request: DeleteItemInputBuilder) -> ResultFuture<DeleteItemOutput> {
        self.send(request)
    }

    fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> ResultFuture<BatchGetItemOutput> {
        self.send(request)
    }

    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> ResultFuture<BatchWriteItemOutput> {
        self.send(request)
    }

    fn query(&self, request: QueryInputBuilder) -> ResultFuture<QueryOutput> {
        self.send(request)
    }

    fn scan(&self, request: ScanInputBuilder) -> ResultFuture<ScanOutput> {
        self.send(request)
    }
}

impl Tables for SdkDynamo {
    fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> ResultFuture<DescribeTableOutput> {
        self.send(request)
    }

    fn create_table(&self, request: CreateTableInputBuilder) -> ResultFuture<CreateTableOutput> {
        self.send(request)
    }

    fn update_table(&self, request: UpdateTableInputBuilder) -> ResultFuture<UpdateTableOutput> {
        self.send(request)
    }

    fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> ResultFuture<DescribeTimeToLiveOutput> {
        self.send(request)
    }

    fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> ResultFuture<UpdateTimeToLiveOutput> {
        self.send(request)
    }

    fn update_continuous_backups(
        &self,
        request: UpdateContinuousBackupsInputBuilder,
    ) -> ResultFuture<UpdateContinuousBackupsOutput> {
        self.send(request)
    }
}
