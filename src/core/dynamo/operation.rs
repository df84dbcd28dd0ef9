//! The operations of DynamoDB. The SDK's request builders stand for them.

use std::error::Error as StdError;
use std::future::{Future, ready};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::{
    batch_get_item::BatchGetItemError, batch_write_item::BatchWriteItemError,
    create_table::CreateTableError, delete_item::DeleteItemError,
    describe_table::DescribeTableError, describe_time_to_live::DescribeTimeToLiveError,
    get_item::GetItemError, put_item::PutItemError, query::QueryError, scan::ScanError,
    transact_write_items::TransactWriteItemsError,
    update_continuous_backups::UpdateContinuousBackupsError, update_item::UpdateItemError,
    update_table::UpdateTableError, update_time_to_live::UpdateTimeToLiveError,
};
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity, TransactWriteItem};

use super::attempts::AttemptOutcome;
use super::capacity::{Use, units};
use super::fast::{Attributes, FastOperation, FastPath};
use super::pages::{self, Readable};
use super::*;
use crate::core::error::{CONDITION_FAILED, FoundItem, LARGEST_ITEM};

/// If an answer is smaller than this, in bytes, its unprocessed keys were throttled. A larger answer may be
/// cut off: DynamoDB answers with at most 16 MB.
const FULL_PAGE: usize = 8 * 1024 * 1024;

/// The SDK's error for an operation.
pub type SdkFailure<O> = SdkError<<O as Operation>::Error, HttpResponse>;

/// A request for an operation, with all differences between operations in the [`pipeline`](super::pipeline).
pub trait Operation: Clone + Send + Sync + 'static {
    /// DynamoDB's answer.
    type Output: Send;

    /// DynamoDB's errors for the operation.
    type Error: ProvideErrorMetadata + StdError + Send + Sync + 'static;

    /// DynamoDB's name of the operation.
    const NAME: &'static str;

    /// Whether the operation uses the table's capacity for reads or for writes. `None`: it is about the table, not
    /// about items.
    const USE: Option<Use> = None;

    /// The number of items in the request.
    fn items(&self) -> usize {
        1
    }

    /// Sends the request by the fast path.
    ///
    /// # Errors
    ///
    /// The SDK has to send the request. The error is the outcome of the first attempt, if one was made.
    fn by_fast_path(
        &self,
        _fast: &FastPath,
        _credentials: &Credentials,
    ) -> impl Future<Output = Result<Self::Output, Option<AttemptOutcome>>> + Send {
        ready(Err(None))
    }

    /// Sends the request by the SDK.
    fn by_sdk(
        self,
        client: &Client,
    ) -> impl Future<Output = Result<Self::Output, SdkFailure<Self>>> + Send;

    /// The same request, which asks for the capacity that it consumes.
    fn reporting_capacity(self) -> Self {
        self
    }

    /// The capacity units that the answer reports.
    fn capacity(_output: &Self::Output) -> Option<f64> {
        None
    }

    /// The request's body, or the part with attributes of items. No error may quote these.
    fn body(&self) -> Option<Vec<u8>> {
        None
    }

    /// The outcome, if an error has a special meaning for this operation.
    fn meaning(_error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        None
    }

    /// The number of items that DynamoDB left unprocessed because the table throttles.
    fn unprocessed(_output: &Self::Output) -> usize {
        0
    }
}

macro_rules! by_sdk {
    () => {
        fn by_sdk(
            self,
            client: &Client,
        ) -> impl Future<Output = Result<Self::Output, SdkFailure<Self>>> + Send {
            self.send_with(client)
        }
    };
}

macro_rules! by_fast_path {
    () => {
        fn by_fast_path(
            &self,
            fast: &FastPath,
            credentials: &Credentials,
        ) -> impl Future<Output = Result<Self::Output, Option<AttemptOutcome>>> + Send {
            fast.send(self, credentials)
        }

        by_sdk!();

        fn body(&self) -> Option<Vec<u8>> {
            self.to_json().ok()
        }
    };
}

macro_rules! capacity {
    () => {
        fn reporting_capacity(self) -> Self {
            match self.get_return_consumed_capacity() {
                Some(_) => self,
                None => self.return_consumed_capacity(ReturnConsumedCapacity::Total),
            }
        }

        fn capacity(output: &Self::Output) -> Option<f64> {
            units(output.consumed_capacity.as_ref())
        }
    };
}

macro_rules! pages_by_sdk {
    () => {
        by_sdk!();

        fn body(&self) -> Option<Vec<u8>> {
            let values = self.get_expression_attribute_values().iter();
            attributes(values.chain(self.get_exclusive_start_key()))
        }
    };
}

macro_rules! about_the_table {
    ($($name:literal: $request:ident => $output:ident, $error:ident;)+) => {
        $(impl Operation for $request {
            type Output = $output;
            type Error = $error;
            const NAME: &'static str = $name;
            by_sdk!();
        })+
    };
}

impl Operation for GetItemInputBuilder {
    type Output = GetItemOutput;
    type Error = GetItemError;
    const NAME: &'static str = "GetItem";
    const USE: Option<Use> = Some(Use::Reads);
    capacity!();
    by_fast_path!();

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        unreadable(error)
    }
}

impl Operation for PutItemInputBuilder {
    type Output = PutItemOutput;
    type Error = PutItemError;
    const NAME: &'static str = "PutItem";
    const USE: Option<Use> = Some(Use::Writes);
    capacity!();
    by_fast_path!();

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        match error.as_service_error()? {
            PutItemError::ConditionalCheckFailedException(refusal) => unmet(error, Some(refusal)),
            _ => unmet(error, None),
        }
    }
}

impl Operation for UpdateItemInputBuilder {
    type Output = UpdateItemOutput;
    type Error = UpdateItemError;
    const NAME: &'static str = "UpdateItem";
    const USE: Option<Use> = Some(Use::Writes);
    capacity!();
    by_fast_path!();

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        match error.as_service_error()? {
            UpdateItemError::ConditionalCheckFailedException(refusal) => {
                unmet(error, Some(refusal))
            }
            _ => unmet(error, None),
        }
    }
}

impl Operation for DeleteItemInputBuilder {
    type Output = DeleteItemOutput;
    type Error = DeleteItemError;
    const NAME: &'static str = "DeleteItem";
    const USE: Option<Use> = Some(Use::Writes);
    capacity!();
    by_fast_path!();
}

impl Operation for BatchGetItemInputBuilder {
    type Output = BatchGetItemOutput;
    type Error = BatchGetItemError;
    const NAME: &'static str = "BatchGetItem";
    const USE: Option<Use> = Some(Use::Reads);
    capacity!();
    by_fast_path!();

    fn items(&self) -> usize {
        let tables = self.get_request_items().iter().flat_map(HashMap::values);
        tables.map(|wanted| wanted.keys.len()).sum()
    }

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        unreadable(error)
    }

    fn unprocessed(output: &Self::Output) -> usize {
        let left = output.unprocessed_keys.iter().flat_map(HashMap::values);
        let left = left.map(|left| left.keys.len()).sum();
        if left == 0 {
            return 0;
        }
        let found = output.responses.iter().flat_map(HashMap::values).flatten();
        let sizes = found.map(|item| size::checked(item).unwrap_or(LARGEST_ITEM));
        if sizes.sum::<usize>() < FULL_PAGE {
            left
        } else {
            0
        }
    }
}

impl Operation for BatchWriteItemInputBuilder {
    type Output = BatchWriteItemOutput;
    type Error = BatchWriteItemError;
    const NAME: &'static str = "BatchWriteItem";
    const USE: Option<Use> = Some(Use::Writes);
    capacity!();
    by_fast_path!();

    fn items(&self) -> usize {
        let tables = self.get_request_items().iter().flat_map(HashMap::values);
        tables.map(Vec::len).sum()
    }

    fn unprocessed(output: &Self::Output) -> usize {
        let left = output.unprocessed_items.iter().flat_map(HashMap::values);
        left.map(Vec::len).sum()
    }
}

impl Operation for QueryInputBuilder {
    type Output = QueryOutput;
    type Error = QueryError;
    const NAME: &'static str = "Query";
    const USE: Option<Use> = Some(Use::Reads);
    capacity!();
    pages_by_sdk!();

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        page(error, |page| {
            QueryOutput::builder()
                .set_items(Some(page.items))
                .set_last_evaluated_key(page.last_evaluated_key)
                .build()
        })
    }
}

impl Operation for ScanInputBuilder {
    type Output = ScanOutput;
    type Error = ScanError;
    const NAME: &'static str = "Scan";
    const USE: Option<Use> = Some(Use::Reads);
    capacity!();
    pages_by_sdk!();

    fn meaning(error: &SdkFailure<Self>) -> Option<Result<Self::Output>> {
        page(error, |page| {
            ScanOutput::builder()
                .set_items(Some(page.items))
                .scanned_count(page.scanned_count)
                .set_last_evaluated_key(page.last_evaluated_key)
                .set_consumed_capacity(page.consumed_capacity)
                .build()
        })
    }
}

impl Operation for TransactWriteItemsInputBuilder {
    type Output = TransactWriteItemsOutput;
    type Error = TransactWriteItemsError;
    const NAME: &'static str = "TransactWriteItems";
    const USE: Option<Use> = Some(Use::Writes);
    capacity!();
    by_sdk!();

    // It counts as one item, because it cannot be split as a batch can.

    fn body(&self) -> Option<Vec<u8>> {
        let writes = self.get_transact_items().iter().flatten();
        let parts = writes.flat_map(|TransactWriteItem { put, delete, .. }| {
            let put = put.iter();
            let put =
                put.flat_map(|put| [Some(&put.item), put.expression_attribute_values.as_ref()]);
            let delete = delete.iter();
            put.chain(
                delete.flat_map(|it| [Some(&it.key), it.expression_attribute_values.as_ref()]),
            )
        });
        attributes(parts.flatten())
    }
}

about_the_table! {
    "DescribeTable": DescribeTableInputBuilder => DescribeTableOutput, DescribeTableError;
    "CreateTable": CreateTableInputBuilder => CreateTableOutput, CreateTableError;
    "UpdateTable": UpdateTableInputBuilder => UpdateTableOutput, UpdateTableError;
    "DescribeTimeToLive": DescribeTimeToLiveInputBuilder => DescribeTimeToLiveOutput, DescribeTimeToLiveError;
    "UpdateTimeToLive": UpdateTimeToLiveInputBuilder => UpdateTimeToLiveOutput, UpdateTimeToLiveError;
    "UpdateContinuousBackups": UpdateContinuousBackupsInputBuilder => UpdateContinuousBackupsOutput, UpdateContinuousBackupsError;
}

/// Attributes in a request, as JSON.
fn attributes<'r>(
    parts: impl Iterator<Item = &'r HashMap<String, AttributeValue>>,
) -> Option<Vec<u8>> {
    serde_json::to_vec(&parts.map(Attributes).collect::<Vec<_>>()).ok()
}

/// The outcome of a write whose condition does not hold. It contains the present item, if the request asked for it
/// and the SDK can read it.
fn unmet<T, E>(
    error: &SdkError<E, HttpResponse>,
    refusal: Option<&ConditionalCheckFailedException>,
) -> Option<Result<T>> {
    // If the SDK cannot read the item in the error, it does not recognise the error either.
    if refusal.is_none() && answers::error_code(error.raw_response()?)? != CONDITION_FAILED {
        return None;
    }
    let found = refusal.and_then(|refusal| refusal.item.clone());
    Some(Err(Error::ConditionFailed {
        found: found.map(|item| FoundItem(Box::new(item))),
    }))
}

/// The outcome of a successful answer with an item that the SDK cannot read.
fn unreadable<T, E>(error: &SdkError<E, HttpResponse>) -> Option<Result<T>> {
    answers::success(error.raw_response()?)?;
    Some(Err(Error::Unreadable))
}

/// The same for a page: `output` makes an answer of the readable items.
fn page<T, E>(
    error: &SdkError<E, HttpResponse>,
    output: impl FnOnce(Readable) -> T,
) -> Option<Result<T>> {
    let body = answers::success(error.raw_response()?)?;
    let page = pages::readable(body).map(output);
    Some(page.ok_or(Error::Unreadable))
}
