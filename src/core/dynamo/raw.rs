//! Requests given as DynamoDB's JSON, for the diagnosis of a store.
//!
//! A diagnosis sends operations in forms that no store needs. A method for each would make the addon larger. So one
//! request of the SDK serves all: before it is signed, it gets another operation and another body. It passes the
//! [`pipeline`](super::pipeline) as every request does, also to the user's client.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::describe_table::DescribeTableError;
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;

use super::operation::{Operation, SdkFailure};
use crate::core::error::Result;
use crate::core::lock::locked;

/// The prefix of the operation's name in `x-amz-target`.
const TARGET: &str = "DynamoDB_20120810.";

/// A request for any operation. Clones share the answer.
#[derive(Debug, Clone)]
pub(super) struct RawRequest {
    /// The table's name or ARN, by which the SDK finds the endpoint.
    pub table: String,
    /// The operation's name, such as `GetItem`.
    pub operation: String,
    /// The parameters, as DynamoDB's JSON.
    pub body: String,
    pub heard: Arc<Mutex<Heard>>,
}

/// The last answer, whether it is a success or an error.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    body: String,
    /// How many seconds DynamoDB's clock is ahead of this machine's.
    pub clock_ahead: Option<f64>,
}

/// The outcome of a request.
pub struct Exchange {
    /// DynamoDB's JSON, or its error.
    pub answer: Result<String>,
    /// How many seconds DynamoDB's clock is ahead of this machine's, by the header `date` of its last answer. `None` if
    /// it did not answer, or if the user's client sent the request.
    pub clock_ahead: Option<f64>,
}

impl Operation for RawRequest {
    type Output = String;
    type Error = DescribeTableError;

    /// The SDK reads the answer as that of its own request, and ignores members which it does not know.
    async fn by_sdk(self, client: &Client) -> Result<String, SdkFailure<Self>> {
        let heard = Arc::clone(&self.heard);
        let request = client.describe_table().table_name(&self.table);
        request.customize().interceptor(self).send().await?;
        let heard = locked(&heard);
        Ok(heard.body.clone())
    }
}

impl Intercept for RawRequest {
    fn name(&self) -> &'static str {
        "RawRequest"
    }

    /// Each attempt is signed after this.
    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        let headers = request.headers_mut();
        headers.try_insert("x-amz-target", format!("{TARGET}{}", self.operation))?;
        headers.try_insert("content-length", self.body.len().to_string())?;
        *request.body_mut() = SdkBody::from(self.body.as_str());
        Ok(())
    }

    /// The HTTP client has read the whole body by now, see [`super::answers`].
    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let body = answer.body().bytes().unwrap_or_default();
        let date = answer.headers().get("date");
        *locked(&self.heard) = Heard {
            body: String::from_utf8_lossy(body).into_owned(),
            clock_ahead: date.and_then(|date| clock_ahead(date, SystemTime::now())),
        };
        Ok(())
    }
}

/// How many seconds the clock that shows `date`, such as `Sat, 28 Nov 2026 12:00:00 GMT`, is ahead of `now`.
fn clock_ahead(date: &str, now: SystemTime) -> Option<f64> {
    let date = DateTime::from_str(date, Format::HttpDate).ok()?;
    Some(date.as_secs_f64() - DateTime::from(now).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_date_is_compared_with_the_clock() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_867_200);
        let ahead = |date| clock_ahead(date, now);
        assert_eq!(ahead("Sat, 28 Nov 2026 12:00:00 GMT"), Some(0.0));
        assert_eq!(ahead("Sat, 28 Nov 2026 12:10:00 GMT"), Some(600.0));
        assert_eq!(ahead("Sat, 28 Nov 2026 11:59:00 GMT"), Some(-60.0));
        assert_eq!(ahead("yesterday"), None);
    }
}
