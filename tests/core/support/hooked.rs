//! A way to DynamoDB with something happening before each deletion.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::BatchWriteItemOutput;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::create_table::CreateTableOutput;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemOutput;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableOutput;
use aws_sdk_dynamodb::operation::describe_table::builders::DescribeTableInputBuilder;
use aws_sdk_dynamodb::operation::describe_time_to_live::DescribeTimeToLiveOutput;
use aws_sdk_dynamodb::operation::describe_time_to_live::builders::DescribeTimeToLiveInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::PutItemOutput;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use dynamo_session_store::core::dynamo::Dynamo;
use dynamo_session_store::core::error::Result;

/// What happens before an item is deleted. An error takes the place of the deletion.
#[async_trait]
pub trait BeforeDelete: Send + Sync + 'static {
    /// `key` is that of the item, the store's prefix included.
    async fn before_delete(&self, key: &str) -> Result<()>;
}

/// See the [module](self).
pub struct Hooked<H> {
    /// Where requests go.
    pub inner: Arc<dyn Dynamo>,
    /// What happens before.
    pub hook: Arc<H>,
}

#[async_trait]
impl<H: BeforeDelete> Dynamo for Hooked<H> {
    async fn delete_item(&self, request: DeleteItemInputBuilder) -> Result<DeleteItemOutput> {
        let key = request.get_key().as_ref().unwrap()["id"].as_s().unwrap();
        self.hook.before_delete(key).await?;
        self.inner.delete_item(request).await
    }

    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput> {
        self.inner.get_item(request).await
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput> {
        self.inner.put_item(request).await
    }

    async fn update_item(&self, request: UpdateItemInputBuilder) -> Result<UpdateItemOutput> {
        self.inner.update_item(request).await
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput> {
        self.inner.batch_get_item(request).await
    }

    async fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput> {
        self.inner.batch_write_item(request).await
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput> {
        self.inner.query(request).await
    }

    async fn scan(&self, request: ScanInputBuilder) -> Result<ScanOutput> {
        self.inner.scan(request).await
    }

    async fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> Result<DescribeTableOutput> {
        self.inner.describe_table(request).await
    }

    async fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Result<DescribeTimeToLiveOutput> {
        self.inner.describe_time_to_live(request).await
    }

    async fn update_table(&self, request: UpdateTableInputBuilder) -> Result<UpdateTableOutput> {
        self.inner.update_table(request).await
    }

    async fn create_table(&self, request: CreateTableInputBuilder) -> Result<CreateTableOutput> {
        self.inner.create_table(request).await
    }

    async fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Result<UpdateTimeToLiveOutput> {
        self.inner.update_time_to_live(request).await
    }
}
