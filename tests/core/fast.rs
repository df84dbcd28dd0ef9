//! The fast path: DynamoDB sees the same requests, callers get the same answers and errors as from
//! the SDK, and whatever goes wrong is the SDK's to mend.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::primitives::{Blob, DateTime, DateTimeFormat};
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, KeysAndAttributes, PutRequest, WriteRequest,
};
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use dynamo_session_store::core::dynamo::Items;
use dynamo_session_store::core::dynamo::sdk::SdkDynamo;
use dynamo_session_store::core::dynamo::settings::Settings;
use dynamo_session_store::core::error::{Error, Result};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;

use crate::support::canned::{Answer, Canned, Request, in_turn};
use crate::support::{self, AMPLE, SHORT};

type Item = HashMap<String, AttributeValue>;

const TABLE: &str = "sessions";

fn credentials() -> Credentials {
    let token = Some("a token".to_owned());
    Credentials::new("AKIDFAST", "a secret", token, None, "test")
}

fn settings(server: &Canned) -> Settings {
    Settings {
        endpoint: support::settings(server.endpoint()).endpoint,
        ..own_settings()
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key() -> Item {
    Item::from([("id".to_owned(), text("a"))])
}

fn get() -> GetItemInputBuilder {
    GetItemInputBuilder::default()
        .table_name(TABLE)
        .set_key(Some(key()))
        .consistent_read(true)
}

fn put(item: Item) -> PutItemInputBuilder {
    PutItemInputBuilder::default()
        .table_name(TABLE)
        .set_item(Some(item))
}

fn item() -> Item {
    let pairs = [
        ("id", text("a")),
        ("text", text("\"quoted\" \u{0} \u{1F36A} \u{2028} \\ /")),
        ("number", AttributeValue::N("-1.5E-10".to_owned())),
        ("bytes", AttributeValue::B(Blob::new([0, 255, 128]))),
        ("yes", AttributeValue::Bool(true)),
        ("nothing", AttributeValue::Null(true)),
        ("texts", AttributeValue::Ss(vec!["a".into(), "b".into()])),
        ("numbers", AttributeValue::Ns(vec!["1".into(), "2".into()])),
        (
            "blobs",
            AttributeValue::Bs(vec![Blob::new([1]), Blob::new([2])]),
        ),
        (
            "list",
            AttributeValue::L(vec![text(""), AttributeValue::Bool(false)]),
        ),
        (
            "map",
            AttributeValue::M(HashMap::from([("__proto__".into(), text("x"))])),
        ),
        ("empty", AttributeValue::M(HashMap::new())),
    ];
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Whether a request has come the long way: only the SDK numbers its requests.
fn is_of_sdk(request: &Request) -> bool {
    request.headers.contains_key("amz-sdk-invocation-id")
}

fn ways(server: &Canned) -> Vec<&'static str> {
    let way = |request| if is_of_sdk(request) { "SDK" } else { "fast" };
    server.requests().iter().map(way).collect()
}

/// Sends a request twice, by the SDK and then by the fast path, and looks at what has come.
macro_rules! twice {
    ($method:ident, $request:expr) => {{
        let server = Canned::start(in_turn([Answer::ok(json!({}))])).await;
        let dynamo = SdkDynamo::new(Settings {
            user_agent: Some("an-app/1".to_owned()),
            ..settings(&server)
        });
        for _way in 0..2 {
            dynamo.$method($request.clone()).await.unwrap();
        }
        assert_same(&server);
    }};
}

fn assert_same(server: &Canned) {
    assert_eq!(ways(server), ["SDK", "fast"]);
    assert_eq!(server.connections(), 1, "they have their own connections");
    let [mut by_sdk, mut fast] = server.requests().try_into().unwrap();
    assert_eq!(by_sdk.body, fast.body);
    assert_eq!(authorization(server, &fast), fast.headers["authorization"]);
    for name in ["amz-sdk-invocation-id", "amz-sdk-request"] {
        by_sdk.headers.remove(name);
    }
    for request in [&mut by_sdk, &mut fast] {
        request.headers.remove("authorization").unwrap();
        request.headers.remove("x-amz-date").unwrap();
    }
    assert!(fast.headers["user-agent"].ends_with(" an-app/1"));
    assert_eq!(by_sdk.headers, fast.headers);
}

/// What `authorization` has to be, by AWS's own implementation.
fn authorization(server: &Canned, request: &Request) -> String {
    let date = &request.headers["x-amz-date"];
    let time = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..11]);
    let time = format!("{time}:{}:{}", &date[11..13], &date[13..]);
    let time = DateTime::from_str(&time, DateTimeFormat::DateTime).unwrap();
    let identity = credentials().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("dynamodb")
        .time(SystemTime::try_from(time).unwrap())
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let (_, signed) = request.headers["authorization"]
        .split_once("SignedHeaders=")
        .unwrap();
    let (signed, _) = signed.split_once(',').unwrap();
    let signed = signed.split(';').filter(|name| {
        // Put there by the signer.
        !["x-amz-date", "x-amz-security-token"].contains(name)
    });
    let headers = signed.map(|name| (name, request.headers[name].as_str()));
    let body = SignableBody::Bytes(&request.bytes);
    let uri = format!("{}/", server.endpoint());
    let request = SignableRequest::new("POST", uri, headers, body).unwrap();
    let output = sign(request, &SigningParams::V4(params)).unwrap();
    let (instructions, _) = output.into_parts();
    let mut headers = instructions.headers();
    let (_, value) = headers.find(|(name, _)| *name == "authorization").unwrap();
    value.to_owned()
}

#[tokio::test]
async fn dynamodb_sees_no_difference() {
    twice!(get_item, get());
    twice!(put_item, put(item()));
    let update = UpdateItemInputBuilder::default()
        .table_name(TABLE)
        .set_key(Some(key()))
        .update_expression("SET #expires = :expires")
        .condition_expression("attribute_exists(#sess)")
        .expression_attribute_names("#expires", "expires")
        .expression_attribute_names("#sess", "sess")
        .expression_attribute_values(":expires", AttributeValue::N("1".to_owned()));
    twice!(update_item, update);
    let delete = DeleteItemInputBuilder::default()
        .table_name(TABLE)
        .set_key(Some(key()));
    twice!(delete_item, delete);
    let conditional = delete
        .condition_expression("#expires = :expires")
        .expression_attribute_names("#expires", "expires")
        .expression_attribute_values(":expires", AttributeValue::N("1".to_owned()));
    twice!(delete_item, conditional);
    twice!(batch_get_item, batch_get());
    twice!(batch_write_item, batch_write());
}

fn batch_get() -> BatchGetItemInputBuilder {
    let keys = KeysAndAttributes::builder()
        .keys(key())
        .consistent_read(false);
    BatchGetItemInputBuilder::default().request_items(TABLE, keys.build().unwrap())
}

fn batch_write() -> BatchWriteItemInputBuilder {
    let put = PutRequest::builder().set_item(Some(item())).build();
    let delete = DeleteRequest::builder().set_key(Some(key())).build();
    let put = WriteRequest::builder().put_request(put.unwrap());
    let delete = WriteRequest::builder().delete_request(delete.unwrap());
    let writes = vec![put.build(), delete.build()];
    BatchWriteItemInputBuilder::default().request_items(TABLE, writes)
}

fn any_value() -> impl Strategy<Value = AttributeValue> {
    let number = any::<f64>().prop_map(|number| AttributeValue::N(number.to_string()));
    let blob = || prop::collection::vec(any::<u8>(), 0..9).prop_map(Blob::new);
    let leaf = prop_oneof![
        any::<String>().prop_map(AttributeValue::S),
        number,
        blob().prop_map(AttributeValue::B),
        any::<bool>().prop_map(AttributeValue::Bool),
        any::<bool>().prop_map(AttributeValue::Null),
        prop::collection::vec(any::<String>(), 0..4).prop_map(AttributeValue::Ss),
        prop::collection::vec(any::<String>(), 0..4).prop_map(AttributeValue::Ns),
        prop::collection::vec(blob(), 0..4).prop_map(AttributeValue::Bs),
    ];
    leaf.prop_recursive(6, 32, 4, |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..4).prop_map(AttributeValue::L),
            prop::collection::hash_map(any::<String>(), value, 0..4).prop_map(AttributeValue::M),
        ]
    })
}

/// Any item is written and read as the SDK does it: a server gives back what it was sent.
#[test]
fn every_item_comes_back_as_the_sdk_has_it() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (server, by_sdk, fast) = runtime.block_on(async {
        let mut stored = json!(null);
        let server = Canned::start(move |request| {
            if request.operation == "PutItem" {
                stored = request.body["Item"].clone();
                return Answer::ok(json!({}));
            }
            Answer::ok(json!({ "Item": stored }))
        })
        .await;
        let by_sdk = SdkDynamo::new(Settings {
            // Such a client never learns.
            adaptive_retries: Some(true),
            ..settings(&server)
        });
        let fast = SdkDynamo::new(settings(&server));
        fast.put_item(put(key())).await.unwrap();
        (server, by_sdk, fast)
    });
    let mut runner = TestRunner::new(Config::with_cases(256));
    let items = prop::collection::hash_map(any::<String>(), any_value(), 0..6);
    let outcome = runner.run(&items, |item| {
        runtime.block_on(async {
            for (writer, reader) in [(&fast, &by_sdk), (&by_sdk, &fast)] {
                writer.put_item(put(item.clone())).await?;
                let read = reader.get_item(get()).await?.item;
                prop_assert_eq!(read.as_ref(), Some(&item));
            }
            Ok::<_, TestCaseError>(())
        })
    });
    outcome.unwrap();
    let mut ways = ways(&server).into_iter();
    assert_eq!(ways.next(), Some("SDK"));
    let ways: Vec<_> = ways.collect();
    let round = ["fast", "SDK", "SDK", "fast"];
    assert!(ways.chunks(4).all(|ways| ways == round));
}

/// What comes of a request whose first attempt, by the fast path, is answered so; and the attempts
/// that were made.
async fn outcome_of<const N: usize>(
    answers: [Answer; N],
    settings: Settings,
) -> (Result<Option<Item>>, Vec<String>) {
    let (server, dynamo) = learned(in_turn(answers), settings).await;
    let outcome = dynamo.get_item(get()).await.map(|output| output.item);
    (outcome, attempts(&server))
}

/// A fast path to a server that answers so.
async fn learned(
    mut answer: impl FnMut(&Request) -> Answer + Send + 'static,
    settings: Settings,
) -> (Canned, SdkDynamo) {
    let mut has_learned = false;
    let server = Canned::start(move |request| {
        if std::mem::replace(&mut has_learned, true) {
            answer(request)
        } else {
            Answer::ok(json!({}))
        }
    })
    .await;
    let dynamo = SdkDynamo::new(Settings {
        endpoint: support::settings(server.endpoint()).endpoint,
        ..settings
    });
    dynamo.get_item(get()).await.unwrap();
    (server, dynamo)
}

/// The attempts that were made after the first request: `fast`, or what the SDK counts.
fn attempts(server: &Canned) -> Vec<String> {
    let attempts = server.requests().into_iter().skip(1).map(|request| {
        let count = request.headers.get("amz-sdk-request").map(String::as_str);
        // It may begin with the time that is left.
        let count = count.map(|count| &count[count.find("attempt").unwrap()..]);
        count.unwrap_or("fast").to_owned()
    });
    attempts.collect()
}

fn own_settings() -> Settings {
    Settings {
        region: Some("us-east-1".to_owned()),
        credentials: Some(SharedCredentialsProvider::new(credentials())),
        request_timeout: AMPLE,
        ..Settings::default()
    }
}

fn found() -> Answer {
    Answer::ok(json!({ "Item": { "id": { "S": "a" } } }))
}

#[tokio::test]
async fn the_sdk_goes_on_where_an_attempt_has_failed() {
    let failures = [
        Answer::error(500, "InternalServerError", "oh"),
        Answer::error(400, "ThrottlingException", "slow down"),
        Answer::text(503, "<html>"),
        found().torn(),
        Answer::Close,
    ];
    for failure in failures {
        let answers = [failure.clone(), failure.clone(), found()];
        let (outcome, attempts) = outcome_of(answers, own_settings()).await;
        assert_eq!(outcome.unwrap(), Some(key()), "{failure:?}");
        let expected = ["fast", "attempt=2; max=3", "attempt=3; max=3"];
        assert_eq!(attempts, expected, "{failure:?}");
    }
}

#[tokio::test]
async fn no_more_attempts_are_made_than_the_settings_allow() {
    let settings = Settings {
        max_attempts: Some(1),
        ..own_settings()
    };
    let failure = Answer::error(500, "InternalServerError", "oh");
    let (outcome, attempts) = outcome_of([failure], settings).await;
    assert!(outcome.unwrap_err().is_service("InternalServerError"));
    assert_eq!(attempts, ["fast"]);
}

#[tokio::test]
async fn an_attempt_has_the_time_that_the_settings_give_it() {
    let settings = Settings {
        request_timeout: SHORT,
        max_attempts: Some(2),
        ..own_settings()
    };
    let (outcome, attempts) = outcome_of([Answer::Hang], settings).await;
    let expected = Error::Timeout {
        operation: "a request to DynamoDB",
        after: SHORT,
    };
    assert_eq!(outcome, Err(expected));
    assert_eq!(attempts, ["fast", "attempt=2; max=2"]);
}

#[tokio::test]
async fn a_refusal_is_final() {
    let refusal =
        Answer::error(400, "ValidationException", "no").with_header("x-amzn-requestid", "REQUEST");
    let (outcome, attempts) = outcome_of([refusal], own_settings()).await;
    let expected = Error::Service {
        code: "ValidationException".to_owned(),
        message: "no".to_owned(),
        request_id: Some("REQUEST".to_owned()),
        status: Some(400),
        metadata: None,
        retryable: false,
    };
    assert_eq!(outcome, Err(expected));
    assert_eq!(attempts, ["fast"]);
}

#[tokio::test]
async fn what_cannot_be_read_fails_as_through_the_sdk() {
    for body in [
        "<html>",
        "",
        r#"{"Item":{"id":{"X":"a"}}}"#,
        r#"{"Item":{"id":{}}}"#,
    ] {
        let answer = Answer::text(200, body);
        let by_sdk = Settings {
            adaptive_retries: Some(true),
            ..own_settings()
        };
        let (expected, _) = outcome_of([answer.clone()], by_sdk).await;
        let (outcome, attempts) = outcome_of([answer], own_settings()).await;
        assert_eq!(outcome, expected, "{body}");
        assert_eq!(attempts, ["fast"], "{body}");
    }
}

#[tokio::test]
async fn what_a_batch_leaves_is_not_lost() {
    let left = json!({ TABLE: { "Keys": [{ "id": { "S": "a" } }] } });
    let answer = Answer::ok(json!({ "Responses": {}, "UnprocessedKeys": left }));
    let (_server, dynamo) = learned(in_turn([answer]), own_settings()).await;
    let left = dynamo.batch_get_item(batch_get()).await.unwrap();
    assert_eq!(left.unprocessed_keys.unwrap()[TABLE].keys(), [key()]);

    let write = json!({ "DeleteRequest": { "Key": { "id": { "S": "a" } } } });
    let answer = Answer::ok(json!({ "UnprocessedItems": { TABLE: [write] } }));
    let (_server, dynamo) = learned(in_turn([answer]), own_settings()).await;
    let left = dynamo.batch_write_item(batch_write()).await.unwrap();
    assert_eq!(left.unprocessed_items.unwrap()[TABLE].len(), 1);
}

#[tokio::test]
async fn all_requests_are_the_sdks_until_what_retries_have_cost_is_earned_back() {
    let failure = Answer::error(500, "InternalServerError", "oh");
    let failures = [failure.clone(), failure.clone(), failure, found()];
    let (server, dynamo) = learned(in_turn(failures), own_settings()).await;
    dynamo.get_item(get()).await.unwrap_err();
    dynamo.get_item(get()).await.unwrap();
    assert_eq!(ways(&server)[4], "SDK");
    // Each success earns something; it does not take long.
    let mut successes = 1;
    while *ways(&server).last().unwrap() == "SDK" {
        assert!(successes < 100, "there is no way back");
        dynamo.get_item(get()).await.unwrap();
        successes += 1;
    }
}

#[tokio::test]
async fn credentials_that_are_about_to_expire_are_the_sdks_to_renew() {
    let expiry = SystemTime::now() + Duration::from_secs(25);
    let credentials = Credentials::new("AKIDFAST", "a secret", None, Some(expiry), "test");
    let settings = Settings {
        credentials: Some(SharedCredentialsProvider::new(credentials)),
        ..own_settings()
    };
    let (outcome, attempts) = outcome_of([found()], settings).await;
    outcome.unwrap();
    assert_eq!(attempts, ["attempt=1; max=3"]);
}
