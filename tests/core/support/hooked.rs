//! A way to DynamoDB with something happening before each deletion.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use dynamo_session_store::core::dynamo::{Items, ResultFuture};
use dynamo_session_store::core::error::Result;

/// What happens before an item is deleted. An error takes the place of the deletion.
#[async_trait]
pub trait BeforeDelete: Send + Sync + 'static {
    /// `key` is that of the item, the store's prefix included.
    async fn before_delete(&self, key: &str) -> Result<()>;
}

/// See the [module](self).
pub struct Hooked<I, H> {
    /// Where requests go.
    pub inner: I,
    /// What happens before.
    pub hook: Arc<H>,
}

impl<I: Items + Clone, H: BeforeDelete> Items for Hooked<I, H> {
    fn prepare(&self) -> ResultFuture<()> {
        self.inner.prepare()
    }

    fn merges(&self) -> bool {
        self.inner.merges()
    }

    fn max_requests(&self) -> usize {
        self.inner.max_requests()
    }

    fn delete_item(&self, request: DeleteItemInputBuilder) -> ResultFuture<DeleteItemOutput> {
        let key = request.get_key().as_ref().unwrap()["id"].as_s().unwrap();
        let (inner, hook, key) = (self.inner.clone(), Arc::clone(&self.hook), key.clone());
        Box::pin(async move {
            hook.before_delete(&key).await?;
            inner.delete_item(request).await
        })
    }

    fn get_item(&self, request: GetItemInputBuilder) -> ResultFuture<GetItemOutput> {
        self.inner.get_item(request)
    }

    fn put_item(&self, request: PutItemInputBuilder) -> ResultFuture<PutItemOutput> {
        self.inner.put_item(request)
    }

    fn update_item(&self, request: UpdateItemInputBuilder) -> ResultFuture<UpdateItemOutput> {
        self.inner.update_item(request)
    }

    fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> ResultFuture<BatchGetItemOutput> {
        self.inner.batch_get_item(request)
    }

    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> ResultFuture<BatchWriteItemOutput> {
        self.inner.batch_write_item(request)
    }

    fn query(&self, request: QueryInputBuilder) -> ResultFuture<QueryOutput> {
        self.inner.query(request)
    }

    fn scan(&self, request: ScanInputBuilder) -> ResultFuture<ScanOutput> {
        self.inner.scan(request)
    }

    fn transact_write_items(
        &self,
        request: TransactWriteItemsInputBuilder,
    ) -> ResultFuture<TransactWriteItemsOutput> {
        self.inner.transact_write_items(request)
    }
}
