//! The requests that the core needs, behind one trait. One file for each way to reach DynamoDB.

pub mod coalesce;
pub mod connection;
mod fast;
pub mod host;
pub mod sdk;
mod trust;

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

use super::error::Result;

/// A way to reach DynamoDB: one method for each request, in the SDK's own vocabulary.
///
/// An implementation answers each call once and retries what deserves it; deadlines are the
/// caller's. Dropping the future gives the request up.
#[async_trait]
#[allow(
    missing_docs,
    reason = "each method is the DynamoDB operation of its name"
)]
pub trait Dynamo: Send + Sync + 'static {
    /// Whether requests may be merged into batches. They may not where somebody looks at each.
    fn takes_batches(&self) -> bool {
        true
    }

    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput>;
    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput>;
    async fn update_item(&self, request: UpdateItemInputBuilder) -> Result<UpdateItemOutput>;
    async fn delete_item(&self, request: DeleteItemInputBuilder) -> Result<DeleteItemOutput>;
    async fn batch_get_item(&self, request: BatchGetItemInputBuilder)
    -> Result<BatchGetItemOutput>;
    async fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput>;
    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput>;
    async fn scan(&self, request: ScanInputBuilder) -> Result<ScanOutput>;
    async fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> Result<DescribeTableOutput>;
    async fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Result<DescribeTimeToLiveOutput>;
    async fn update_table(&self, request: UpdateTableInputBuilder) -> Result<UpdateTableOutput>;
    async fn create_table(&self, request: CreateTableInputBuilder) -> Result<CreateTableOutput>;
    async fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Result<UpdateTimeToLiveOutput>;
}
