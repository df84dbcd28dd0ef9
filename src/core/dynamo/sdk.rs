//! DynamoDB through the AWS SDK for Rust.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
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
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput};
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::scan::ScanOutput;
use aws_sdk_dynamodb::operation::scan::builders::ScanInputBuilder;
use aws_sdk_dynamodb::operation::update_continuous_backups::UpdateContinuousBackupsOutput;
use aws_sdk_dynamodb::operation::update_continuous_backups::builders::UpdateContinuousBackupsInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;

use tokio::sync::watch;
use tokio::time::Instant;

use super::attempts::counted;
use super::connection::Connection;
use super::credentials::cache::signing_with;
use super::failure::translate;
use super::fast::Request as _;
use super::pages::{self, Readable};
use super::refused::Refusal;
use super::settings::{MAX_SOCKETS, ProvideSettings};
use super::shared::Shared;
use super::throttle::{Limits, Patience, Throttled, Use, keys, writes};
use super::ways::Ways;
pub use super::ways::{Locator, Probe, StoreContext};
use super::{Answer, Items, Tables, answers};
use crate::core::error::{CONDITION_FAILED, Error, FoundItem, Result};

/// DynamoDB through `aws-sdk-dynamodb`, straight or by way of the user's client. Nothing is read or
/// opened before the first request. A clone is the same.
#[derive(Clone)]
pub struct SdkDynamo(Arc<Ways>);

impl SdkDynamo {
    /// Will connect with the settings that `source` gives. Shares nothing with others.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self(Arc::new(Ways::new(source, Arc::default(), None)))
    }

    /// Will connect for a store with the settings that `source` gives, and share `shared` with others.
    pub fn for_store(
        source: impl ProvideSettings,
        shared: Arc<Shared>,
        store: StoreContext,
    ) -> Self {
        Self(Arc::new(Ways::new(source, shared, Some(store))))
    }

    /// What says where requests go, and keeps nothing open.
    pub fn locator(&self) -> Locator {
        Locator::new(&self.0)
    }
}

/// Sends `$request` through `$client`, signed with `$signing`, and translates the error: the same for every
/// operation, whose types have no trait in common. If DynamoDB refuses the signature and another can be made,
/// the request is sent once more. `$body` is what the request says, where that may be quoted. `$meaning` gives
/// the outcome for an error that means more for this operation.
macro_rules! send_through {
    ($client:expr, $request:expr, $body:expr, $connection:expr, $signing:expr) => {
        send_through!($client, $request, $body, $connection, $signing, |_| None)
    };
    ($client:expr, $request:expr, $body:expr, $connection:expr, $signing:expr, $meaning:expr) => {{
        let body: Option<&[u8]> = $body;
        let (signing, limit) = $signing;
        // The user's client signs again by itself.
        let again = signing.is_some().then(|| $request.clone());
        // Boxed: it is large, and most requests go by the fast path.
        let sent = Box::pin($request.send_with($client));
        let (mut answer, mut attempts) = counted(signing_with(signing.clone(), sent)).await;
        if let (Err(error), Some(request)) = (&answer, again) {
            let date = attempts.date();
            let refusal = Refusal::of(error.code(), error.raw_response(), date.as_deref());
            if let Some(mended) = $connection.mend(refusal, signing, limit).await {
                let sent = Box::pin(request.send_with(&$connection.client));
                (answer, attempts) = counted(signing_with(Some(mended), sent)).await;
            }
        }
        answer.or_else(|error| {
            $meaning(&error).unwrap_or_else(|| {
                let hide = |text: &str| $connection.secrets.hide(text, body);
                let error = translate(error, $connection.request_timeout, &attempts, hide);
                $connection.note(&error);
                Err(error)
            })
        })
    }};
}

/// Sends `$request` by the SDK, a second time where the table was lost and is back. `$looks` is how often
/// the table had been looked for before the first attempt.
macro_rules! send_again {
    ($ways:expr, $looks:expr, $client:expr, $request:expr, $body:expr, $connection:expr, $signing:expr, $meaning:expr) => {{
        let again = $looks.map(|_| $request.clone());
        let body: Option<&[u8]> = $body;
        let signing: Signing = $signing;
        let answer = send_through!(
            $client,
            $request,
            body,
            $connection,
            signing.clone(),
            $meaning
        );
        let answer = match (answer, again) {
            (Err(error), Some(request)) if $ways.is_table_back($looks, &error).await => {
                send_through!(
                    &$connection.client,
                    request,
                    body,
                    $connection,
                    signing,
                    $meaning
                )
            }
            (answer, _) => answer,
        };
        answer.map_err(|error| $ways.explain(error))
    }};
}

/// The credentials that a request is signed with, and how long their source may take to give others; `None`
/// where the user's client signs.
type Signing = (Option<Credentials>, Duration);

/// Does `$once`, which sends a request with `$signing`, until the request is not throttled any more.
macro_rules! until_taken {
    ($self:expr, |$ways:ident, $connection:ident, $patience:ident = $new:expr, $signing:ident| $once:expr) => {{
        let $ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let $connection = $ways.connection().await?;
            let mut $patience = $new;
            loop {
                $connection.admit()?;
                $patience.turn().await;
                let $signing = ready(&$ways, $connection).await?;
                let answer = $once;
                if let Some(answer) = $patience.outcome(answer).await {
                    break answer;
                }
            }
        })
    }};
}

/// Sends `$request` for items: by the fast path where there is one, else by the SDK. `$of` is what it does to
/// `$operations` items, `$meaning` that of `send_through`.
macro_rules! send_fast {
    ($self:expr, $of:expr, $operations:expr, $request:expr, $meaning:expr) => {{
        let operations = $operations;
        until_taken!(
            $self,
            |ways,
             connection,
             patience = Patience::of_items(&connection.repeats, ways.limits(), $of, operations),
             signing| {
                let looks = ways.looks();
                let sent = match (&connection.fast, &signing.0) {
                    (Some(fast), Some(credentials)) => fast.send(&$request, credentials).await,
                    _ => Err(connection.client.clone()),
                };
                match sent {
                    Ok(answer) => Ok(answer),
                    Err(client) => {
                        let client = patience.limited(client);
                        let body = $request.to_json().ok();
                        send_again!(
                            ways,
                            looks,
                            &client,
                            $request.clone(),
                            body.as_deref(),
                            connection,
                            signing,
                            $meaning
                        )
                    }
                }
            }
        )
    }};
}

/// Sends `$request`, which reads a page of items, by the SDK. `$meaning` is that of `send_through`.
macro_rules! send_slow {
    ($self:expr, $request:expr, $meaning:expr) => {
        until_taken!(
            $self,
            |ways,
             connection,
             patience = Patience::of_items(&connection.repeats, ways.limits(), Use::Reads, 1),
             signing| {
                let looks = ways.looks();
                let client = patience.limited(connection.client.clone());
                send_again!(
                    ways,
                    looks,
                    &client,
                    $request.clone(),
                    None,
                    connection,
                    signing,
                    $meaning
                )
            }
        )
    };
}

/// Sends `$request` for tables by the SDK.
macro_rules! send {
    ($self:expr, $request:expr) => {
        until_taken!(
            $self,
            |ways, connection, patience = Patience::of_table(&connection.repeats), signing| {
                let client = patience.limited(connection.client.clone());
                send_through!(&client, $request.clone(), None, connection, signing)
            }
        )
    };
}

/// Lets a request pass that is sent now, and gives the credentials to sign it with. Finding them is no part of
/// an attempt.
async fn ready(ways: &Ways, connection: &Connection) -> Result<Signing> {
    connection.admit()?;
    let limit = ways.credentials_timeout();
    let credentials = connection.credentials(limit).await?;
    Ok((credentials, limit))
}

impl Items for SdkDynamo {
    fn prepare(&self) -> Answer<()> {
        let ways = Arc::clone(&self.0);
        Box::pin(async move { ways.connection().await.map(|_| ()) })
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

    fn get_item(&self, request: GetItemInputBuilder) -> Answer<GetItemOutput> {
        send_fast!(self, Use::Reads, 1, request, unreadable)
    }

    fn put_item(&self, request: PutItemInputBuilder) -> Answer<PutItemOutput> {
        send_fast!(self, Use::Writes, 1, request, refused_put)
    }

    fn update_item(&self, request: UpdateItemInputBuilder) -> Answer<UpdateItemOutput> {
        send_fast!(self, Use::Writes, 1, request, refused_update)
    }

    fn delete_item(&self, request: DeleteItemInputBuilder) -> Answer<DeleteItemOutput> {
        send_fast!(self, Use::Writes, 1, request, |_| None)
    }

    fn batch_get_item(&self, request: BatchGetItemInputBuilder) -> Answer<BatchGetItemOutput> {
        send_fast!(self, Use::Reads, keys(&request), request, unreadable)
    }

    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Answer<BatchWriteItemOutput> {
        send_fast!(self, Use::Writes, writes(&request), request, |_| None)
    }

    fn query(&self, request: QueryInputBuilder) -> Answer<QueryOutput> {
        send_slow!(self, request, |error: &_| page(error, |page| {
            QueryOutput::builder()
                .set_items(Some(page.items))
                .set_last_evaluated_key(page.last_evaluated_key)
                .build()
        }))
    }

    fn scan(&self, request: ScanInputBuilder) -> Answer<ScanOutput> {
        send_slow!(self, request, |error: &_| page(error, |page| {
            ScanOutput::builder()
                .set_items(Some(page.items))
                .set_last_evaluated_key(page.last_evaluated_key)
                .build()
        }))
    }
}

impl Tables for SdkDynamo {
    fn describe_table(&self, request: DescribeTableInputBuilder) -> Answer<DescribeTableOutput> {
        send!(self, request)
    }

    fn create_table(&self, request: CreateTableInputBuilder) -> Answer<CreateTableOutput> {
        send!(self, request)
    }

    fn update_table(&self, request: UpdateTableInputBuilder) -> Answer<UpdateTableOutput> {
        send!(self, request)
    }

    fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Answer<DescribeTimeToLiveOutput> {
        send!(self, request)
    }

    fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Answer<UpdateTimeToLiveOutput> {
        send!(self, request)
    }

    fn update_continuous_backups(
        &self,
        request: UpdateContinuousBackupsInputBuilder,
    ) -> Answer<UpdateContinuousBackupsOutput> {
        send!(self, request)
    }
}

/// A write whose condition does not hold: with it comes what is there, where that was asked for and can be
/// read.
macro_rules! refused {
    ($name:ident, $error:ident, $output:ident) => {
        fn $name(error: &SdkError<$error, HttpResponse>) -> Option<Result<$output>> {
            let found = match error.as_service_error()? {
                $error::ConditionalCheckFailedException(refused) => refused.item.clone(),
                // The SDK does not know the error if it cannot read the item in it.
                _ if answers::error_code(error.raw_response()?)? == CONDITION_FAILED => None,
                _ => return None,
            };
            Some(Err(Error::ConditionFailed {
                found: found.map(|item| FoundItem(Box::new(item))),
            }))
        }
    };
}

refused!(refused_put, PutItemError, PutItemOutput);
refused!(refused_update, UpdateItemError, UpdateItemOutput);

/// An answer that is JSON, but has an item that the SDK cannot read.
fn unreadable<T, E>(error: &SdkError<E, HttpResponse>) -> Option<Result<T>> {
    answers::success(error.raw_response()?)?;
    Some(Err(Error::Unreadable))
}

/// The same for a page: `output` makes an answer of the items that can be read.
fn page<T, E>(
    error: &SdkError<E, HttpResponse>,
    output: impl FnOnce(Readable) -> T,
) -> Option<Result<T>> {
    let body = answers::success(error.raw_response()?)?;
    let page = pages::readable(body).map(output);
    Some(page.ok_or(Error::Unreadable))
}
