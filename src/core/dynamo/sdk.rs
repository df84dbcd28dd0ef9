//! DynamoDB through the AWS SDK for Rust.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
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
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::operation::update_table::UpdateTableOutput;
use aws_sdk_dynamodb::operation::update_table::builders::UpdateTableInputBuilder;
use aws_sdk_dynamodb::operation::update_time_to_live::UpdateTimeToLiveOutput;
use aws_sdk_dynamodb::operation::update_time_to_live::builders::UpdateTimeToLiveInputBuilder;
use tokio::sync::OnceCell;

use super::connection::{self, Connection};
use super::settings::{MAX_SOCKETS, ProvideSettings};
use super::{Answer, Items, Tables, user_client};
use crate::core::error::{Error, FoundItem, Result};

/// DynamoDB through `aws-sdk-dynamodb`, straight or by way of the user's client. Nothing is read or
/// opened before the first request. A clone is the same.
#[derive(Clone)]
pub struct SdkDynamo(Arc<Ways>);

/// The ways that requests can go.
struct Ways {
    source: Box<dyn ProvideSettings>,
    /// `None` inside where requests have to go through the user's client.
    direct: OnceCell<Option<Connection>>,
    through_client: OnceCell<Connection>,
}

impl SdkDynamo {
    /// Will connect with the settings that `source` gives.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self(Arc::new(Ways {
            source: Box::new(source),
            direct: OnceCell::new(),
            through_client: OnceCell::new(),
        }))
    }
}

impl Ways {
    /// The way of a request that is sent now.
    async fn connection(&self) -> Result<&Connection> {
        if !self.source.through_client() {
            let direct = self.direct.get_or_try_init(|| self.connect()).await?;
            if let Some(direct) = direct {
                return Ok(direct);
            }
        }
        let connect = || async { self.connect_through_client() };
        self.through_client.get_or_try_init(connect).await
    }

    async fn connect(&self) -> Result<Option<Connection>> {
        let Some(settings) = self.source.settings().await? else {
            return Ok(None);
        };
        Ok(Some(connection::connect(settings).await))
    }

    fn connect_through_client(&self) -> Result<Connection> {
        let client = self.source.client().ok_or_else(|| Error::Settings {
            causes: vec!["there is no client to send requests through".to_owned()],
        })?;
        Ok(Connection {
            client: user_client::sdk_client(client),
            fast: None,
            request_timeout: Duration::MAX,
            max_sockets: self.source.max_calls().unwrap_or(usize::MAX),
        })
    }

    /// The way that requests go at this moment, if that is known already.
    fn known(&self) -> Option<&Connection> {
        let direct = match self.source.through_client() {
            true => None,
            false => self.direct.get()?.as_ref(),
        };
        direct.or_else(|| self.through_client.get())
    }
}

/// Sends `$request` through `$client` and translates the error: the same for every operation, whose
/// types have no trait in common.
macro_rules! send_through {
    ($client:expr, $request:expr, $connection:expr) => {
        send_through!($client, $request, $connection, |_| None)
    };
    ($client:expr, $request:expr, $connection:expr, $refused:expr) => {{
        let answer = $request.send_with($client).await;
        answer.map_err(|error| {
            $refused(&error).unwrap_or_else(|| translate(error, $connection.request_timeout))
        })
    }};
}

/// Sends `$request` by the fast path where there is one, else as [`send`] does.
///
/// `$refused` says what an error is that means more for this operation.
macro_rules! send_fast {
    ($self:expr, $request:expr) => {
        send_fast!($self, $request, |_| None)
    };
    ($self:expr, $request:expr, $refused:expr) => {{
        let ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let connection = ways.connection().await?;
            let sent = match &connection.fast {
                Some(fast) => fast.send(&$request).await,
                None => Err(connection.client.clone()),
            };
            match sent {
                Ok(answer) => Ok(answer),
                Err(client) => send_through!(&client, $request, connection, $refused),
            }
        })
    }};
}

/// Sends `$request` by the SDK.
macro_rules! send {
    ($self:expr, $request:expr) => {{
        let ways = Arc::clone(&$self.0);
        Box::pin(async move {
            let connection = ways.connection().await?;
            send_through!(&connection.client, $request, connection)
        })
    }};
}

impl Items for SdkDynamo {
    fn prepare(&self) -> Answer<()> {
        let ways = Arc::clone(&self.0);
        Box::pin(async move { ways.connection().await.map(|_| ()) })
    }

    /// Not through the user's client: it is called with the very commands that the user would
    /// send.
    fn merges(&self) -> bool {
        let known = self.0.direct.get().is_some_and(Option::is_some);
        known && !self.0.source.through_client()
    }

    fn max_requests(&self) -> usize {
        self.0
            .known()
            .map_or(MAX_SOCKETS, |known| known.max_sockets)
    }

    fn get_item(&self, request: GetItemInputBuilder) -> Answer<GetItemOutput> {
        send_fast!(self, request)
    }

    fn put_item(&self, request: PutItemInputBuilder) -> Answer<PutItemOutput> {
        send_fast!(self, request, refused_put)
    }

    fn update_item(&self, request: UpdateItemInputBuilder) -> Answer<UpdateItemOutput> {
        send_fast!(self, request)
    }

    fn delete_item(&self, request: DeleteItemInputBuilder) -> Answer<DeleteItemOutput> {
        send_fast!(self, request)
    }

    fn batch_get_item(&self, request: BatchGetItemInputBuilder) -> Answer<BatchGetItemOutput> {
        send_fast!(self, request)
    }

    fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Answer<BatchWriteItemOutput> {
        send_fast!(self, request)
    }

    fn query(&self, request: QueryInputBuilder) -> Answer<QueryOutput> {
        send!(self, request)
    }

    fn scan(&self, request: ScanInputBuilder) -> Answer<ScanOutput> {
        send!(self, request)
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
}

/// A write whose condition does not hold: with it comes what is there, where that was asked for.
fn refused_put(error: &SdkError<PutItemError, HttpResponse>) -> Option<Error> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(refused) => {
            let found = refused.item.clone();
            Some(Error::ConditionFailed {
                found: found.map(|item| FoundItem(Box::new(item))),
            })
        }
        _ => None,
    }
}

/// What the SDK's error means to a caller.
fn translate<E>(error: SdkError<E, HttpResponse>, request_timeout: Duration) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    // A success that cannot be read is an error of this kind too, but none that DynamoDB gave.
    if let SdkError::ServiceError(answer) = &error
        && !answer.raw().status().is_success()
    {
        let status = answer.raw().status().as_u16();
        let code = answer.err().code().unwrap_or("UnknownError");
        return Error::service(
            code.to_owned(),
            answer.err().message(),
            Some(status),
            error.request_id().map(str::to_owned),
            None,
        );
    }
    if let Some(error) = sources(&error).find_map(|source| source.downcast_ref::<Error>()) {
        return error.clone();
    }
    let causes = causes(&error);
    if is_about_credentials(&error) {
        return Error::Credentials { causes };
    }
    match error {
        SdkError::TimeoutError(_) => Error::Timeout {
            operation: "a request to DynamoDB",
            after: request_timeout,
        },
        SdkError::ConstructionFailure(_) => Error::Settings { causes },
        SdkError::DispatchFailure(failure) if failure.is_user() => Error::Settings { causes },
        _ => Error::Unreachable { causes },
    }
}

fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}

fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Wrappers that print what they wrap say everything twice.
    causes.dedup();
    causes
}

fn is_about_credentials(error: &(dyn StdError + 'static)) -> bool {
    sources(error).any(|source| source.is::<CredentialsError>())
}
