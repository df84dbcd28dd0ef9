//! DynamoDB through the AWS SDK for Rust.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
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
use tokio::sync::OnceCell;

use super::Dynamo;
use super::connection::{self, Connection, ProvideSettings};
use super::host;
use crate::core::error::{Error, Result};

/// DynamoDB through `aws-sdk-dynamodb`, straight or by way of the user's client. Nothing is read or
/// opened before the first request.
pub struct SdkDynamo {
    source: Box<dyn ProvideSettings>,
    /// `None` inside where requests have to go through the user's client.
    direct: OnceCell<Option<Connection>>,
    host: OnceCell<Connection>,
}

impl SdkDynamo {
    /// Will connect with the settings that `source` gives.
    pub fn new(source: impl ProvideSettings) -> Self {
        Self {
            source: Box::new(source),
            direct: OnceCell::new(),
            host: OnceCell::new(),
        }
    }

    async fn connected(&self) -> Result<&Connection> {
        if !self.source.through_client() {
            let direct = self.direct.get_or_try_init(|| self.connect()).await?;
            if let Some(direct) = direct {
                return Ok(direct);
            }
        }
        let connect = || async { self.connect_host() };
        self.host.get_or_try_init(connect).await
    }

    async fn connect(&self) -> Result<Option<Connection>> {
        let source = &*self.source;
        let Some(settings) = source.settings().await? else {
            return Ok(None);
        };
        Ok(Some(connection::connect(settings, source).await?))
    }

    fn connect_host(&self) -> Result<Connection> {
        let client = self.source.client().ok_or_else(|| Error::Settings {
            causes: vec!["there is no client to send requests through".to_owned()],
        })?;
        Ok(host::connect(client))
    }
}

/// Sends `$request` and translates its error: the same for every operation, whose types have no
/// trait in common.
macro_rules! send_through {
    ($client:expr, $request:expr, $connected:expr) => {{
        let answer = $request.send_with($client).await;
        answer.map_err(|error| translate(error, $connected.request_timeout))
    }};
}

/// Sends `$request` the short way where there is one, and like [`send`] where there is none.
macro_rules! send_fast {
    ($dynamo:expr, $request:expr) => {{
        let connected = $dynamo.connected().await?;
        let sent = match &connected.fast {
            Some(fast) => fast.send(&$request).await,
            None => Err(connected.client.clone()),
        };
        match sent {
            Ok(answer) => Ok(answer),
            Err(client) => send_through!(&client, $request, connected),
        }
    }};
}

/// Sends `$request` by the SDK.
macro_rules! send {
    ($dynamo:expr, $request:expr) => {{
        let connected = $dynamo.connected().await?;
        send_through!(&connected.client, $request, connected)
    }};
}

#[async_trait]
impl Dynamo for SdkDynamo {
    /// The user's client is called with the very commands that the user would send.
    fn takes_batches(&self) -> bool {
        let unadopted = self.direct.get().is_some_and(Option::is_none);
        !unadopted && !self.source.through_client()
    }

    async fn get_item(&self, request: GetItemInputBuilder) -> Result<GetItemOutput> {
        send_fast!(self, request)
    }

    async fn put_item(&self, request: PutItemInputBuilder) -> Result<PutItemOutput> {
        send_fast!(self, request)
    }

    async fn update_item(&self, request: UpdateItemInputBuilder) -> Result<UpdateItemOutput> {
        send_fast!(self, request)
    }

    async fn delete_item(&self, request: DeleteItemInputBuilder) -> Result<DeleteItemOutput> {
        send_fast!(self, request)
    }

    async fn batch_get_item(
        &self,
        request: BatchGetItemInputBuilder,
    ) -> Result<BatchGetItemOutput> {
        send_fast!(self, request)
    }

    async fn batch_write_item(
        &self,
        request: BatchWriteItemInputBuilder,
    ) -> Result<BatchWriteItemOutput> {
        send_fast!(self, request)
    }

    async fn query(&self, request: QueryInputBuilder) -> Result<QueryOutput> {
        send!(self, request)
    }

    async fn scan(&self, request: ScanInputBuilder) -> Result<ScanOutput> {
        send!(self, request)
    }

    async fn describe_table(
        &self,
        request: DescribeTableInputBuilder,
    ) -> Result<DescribeTableOutput> {
        send!(self, request)
    }

    async fn describe_time_to_live(
        &self,
        request: DescribeTimeToLiveInputBuilder,
    ) -> Result<DescribeTimeToLiveOutput> {
        send!(self, request)
    }

    async fn update_table(&self, request: UpdateTableInputBuilder) -> Result<UpdateTableOutput> {
        send!(self, request)
    }

    async fn create_table(&self, request: CreateTableInputBuilder) -> Result<CreateTableOutput> {
        send!(self, request)
    }

    async fn update_time_to_live(
        &self,
        request: UpdateTimeToLiveInputBuilder,
    ) -> Result<UpdateTimeToLiveOutput> {
        send!(self, request)
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
        return Error::Service {
            code: code.to_owned(),
            message: explain(code, answer.err().message(), status),
            request_id: error.request_id().map(str::to_owned),
            status: Some(status),
            metadata: None,
            retryable: status >= 500 || is_throttling(code),
        };
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

/// DynamoDB's words, without those parts of a signature that it quotes: what was signed has the
/// session token in it, the header the access key.
pub(crate) fn explain(code: &str, message: Option<&str>, status: u16) -> String {
    match message {
        _ if code == "IncompleteSignatureException" => {
            "the signature of the request is incomplete".to_owned()
        }
        Some(message) => match message.find("The Canonical String") {
            Some(end) => message[..end].trim_end().to_owned(),
            None => message.to_owned(),
        },
        None => format!("DynamoDB answered with HTTP status {status}"),
    }
}

/// The errors of DynamoDB that pass by themselves and do not have a status of 500 or more.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "ThrottlingException"
            | "Throttling"
            | "TransactionInProgressException"
            | "LimitExceededException"
    )
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

/// Shares one way to reach DynamoDB between the parts of the core.
pub fn shared(source: impl ProvideSettings) -> Arc<dyn Dynamo> {
    Arc::new(SdkDynamo::new(source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_error_does_not_show_what_was_signed() {
        let message = "The request signature we calculated does not match.\n\nThe Canonical String \
            for this request should have been\n'POST\n/\nx-amz-security-token:SECRET'";
        assert_eq!(
            explain("InvalidSignatureException", Some(message), 400),
            "The request signature we calculated does not match."
        );
        let message = "'AKIDEXAMPLE' not a valid key=value pair in Authorization header";
        let shown = explain("IncompleteSignatureException", Some(message), 400);
        assert!(!shown.contains("AKIDEXAMPLE"), "{shown}");
        assert_eq!(
            explain("UnknownError", None, 502),
            "DynamoDB answered with HTTP status 502"
        );
    }
}
