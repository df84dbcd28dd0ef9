//! A way to DynamoDB without a server: a test makes the answers. With a virtual clock, nothing takes time
//! but what the core waits for.

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

/// Reads alone: see the [module](self).
pub trait Reads: Send + Sync + 'static {
    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput>;

    fn batch_get_item(&self, request: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput>;
}

/// What answers as `Reads` says, when it is asked.
pub struct Fake<R>(pub std::sync::Arc<R>);

macro_rules! answer {
    ($self:expr, $ask:expr) => {{
        let reads = std::sync::Arc::clone(&$self.0);
        Box::pin(async move { $ask(&*reads) })
    }};
}

macro_rules! nobody_asks {
    ($($method:ident: $request:ty => $output:ty),+) => {
        $(fn $method(&self, _request: $request) -> ResultFuture<$output> {
            unreachable!("nobody asks for {}", stringify!($method))
        })+
    };
}

impl<R: Reads> Items for Fake<R> {
    fn prepare(&self) -> ResultFuture<()> {
        answer!(self, R::prepare)
    }

    fn merges(&self) -> bool {
        true
    }

    fn max_requests(&self) -> usize {
        128
    }

    fn get_item(&self, request: GetItemInputBuilder) -> ResultFuture<GetItemOutput> {
        answer!(self, |reads: &R| reads.get_item(request))
    }

    fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> ResultFuture<BatchGetItemOutput> {
        answer!(self, |reads: &R| reads.batch_get_item(request))
    }

    nobody_asks! {
        put_item: PutItemInputBuilder => PutItemOutput,
        update_item: UpdateItemInputBuilder => UpdateItemOutput,
        delete_item: DeleteItemInputBuilder => DeleteItemOutput,
        batch_write_item: BatchWriteItemInputBuilder => BatchWriteItemOutput,
        query: QueryInputBuilder => QueryOutput,
        scan: ScanInputBuilder => ScanOutput,
        transact_write_items: TransactWriteItemsInputBuilder => TransactWriteItemsOutput
    }
}
