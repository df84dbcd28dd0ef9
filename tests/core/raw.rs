//! Requests in any form, and the ways of a store's requests, for a diagnosis.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use dynamo_session_store::core::context::CallContext;
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::{ProvideSettings, Settings};
use dynamo_session_store::core::dynamo::user_client::UserClient;
use dynamo_session_store::core::error::{Error, Result};
use dynamo_session_store::core::options::TableName;
use serde_json::{Value, json};

use crate::support::canned::{Answer, Canned, in_turn};

fn table() -> TableName {
    TableName::new("table", "sessions").unwrap()
}

fn item() -> Value {
    json!({ "Item": { "id": { "S": "abc" } } })
}

async fn get(dynamo: &SdkDynamo) -> (Result<String>, Option<f64>) {
    let body = json!({ "TableName": "sessions", "Key": { "id": { "S": "abc" } } });
    let table = table();
    let exchange = dynamo.exchange(&table, "GetItem".to_owned(), body.to_string());
    let exchange = exchange.await;
    (exchange.answer, exchange.clock_ahead)
}

#[tokio::test]
async fn a_request_has_the_operation_and_the_body_that_were_given() {
    let server = Canned::start(|_| Answer::ok(item())).await;
    let (answer, ahead) = get(&server.dynamo()).await;
    let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    assert_eq!((answer, ahead), (item(), None));
    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(request.operation, "GetItem");
    assert_eq!(request.body["Key"]["id"]["S"], "abc");
    let length = request.bytes.len().to_string();
    assert_eq!(request.headers["content-length"], length);
    assert!(request.headers["authorization"].contains("Signature="));
}

#[tokio::test]
async fn an_error_is_an_error_of_the_operation() {
    let denied = "not authorized to perform: dynamodb:GetItem";
    let answer = Answer::error(400, "AccessDeniedException", denied);
    let server = Canned::start(move |_| answer.clone()).await;
    let (answer, _) = get(&server.dynamo()).await;
    let error = answer.unwrap_err();
    assert!(error.is_service("AccessDeniedException"), "{error:?}");
    assert!(error.to_string().contains(denied), "{error}");
}

#[tokio::test]
async fn an_attempt_that_failed_is_sent_again_in_the_same_form() {
    let failed = Answer::error(500, "InternalServerError", "try again");
    let server = Canned::start(in_turn([failed, Answer::ok(item())])).await;
    assert!(get(&server.dynamo()).await.0.is_ok());
    assert_eq!(server.operations(), ["GetItem", "GetItem"]);
}

#[tokio::test]
async fn the_clock_of_an_answer_is_compared_with_this_one() {
    for minutes in [-20.0, 0.0, 7.0] {
        let offset = Duration::from_secs_f64(60.0 * f64::abs(minutes));
        let now = SystemTime::now();
        let then = if minutes < 0.0 {
            now - offset
        } else {
            now + offset
        };
        let date = DateTime::from(then).fmt(Format::HttpDate).unwrap();
        let answer = Answer::ok(item()).with_header("date", date.leak());
        let server = Canned::start(move |_| answer.clone()).await;
        let (answer, ahead) = get(&server.dynamo()).await;
        assert!(answer.is_ok());
        let wrong = (ahead.unwrap() - 60.0 * minutes).abs();
        assert!(wrong < 60.0, "{minutes} minutes: {ahead:?}");
    }
}

#[tokio::test]
async fn the_ways_name_their_sources_and_no_request_is_sent() {
    let server = Canned::start(|_| Answer::ok(item())).await;
    let dynamo = server.dynamo();
    let ways = dynamo.ways().await.unwrap().unwrap();
    assert_eq!(ways.region_from, "options");
    assert_eq!(ways.endpoint_from, "options");
    assert!(
        ways.endpoint
            .as_ref()
            .unwrap()
            .starts_with(server.endpoint())
    );
    assert_eq!(ways.credentials.from, "options");
    assert_eq!(ways.credentials.given.as_ref().unwrap(), &None);
    let shown = format!("{ways:?}");
    assert!(
        !shown.contains("AKIDCANNED") && !shown.contains("\"canned\""),
        "{shown}"
    );
    assert!(server.requests().is_empty());
}

/// The user's client, called for each request.
struct Called;

#[async_trait]
impl ProvideSettings for Called {
    async fn settings(&self) -> Result<Option<Settings>> {
        Ok(None)
    }

    fn client(&self) -> Option<Arc<dyn UserClient>> {
        Some(Arc::new(Self))
    }
}

#[async_trait]
impl UserClient for Called {
    async fn call(
        &self,
        operation: String,
        input: String,
        _context: Option<CallContext>,
    ) -> Result<String> {
        assert_eq!(operation, "GetItem");
        assert!(input.contains("\"abc\""), "{input}");
        Err(Error::service(
            "AccessDeniedException".to_owned(),
            Some("not authorized"),
            Some(400),
            None,
            None,
        ))
    }
}

#[tokio::test]
async fn a_called_client_gets_the_request_too() {
    let dynamo = SdkDynamo::new(Called);
    let (answer, ahead) = get(&dynamo).await;
    assert!(answer.unwrap_err().is_service("AccessDeniedException"));
    assert_eq!(ahead, None);
    assert!(dynamo.ways().await.unwrap().is_none());
}
