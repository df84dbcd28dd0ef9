//! The fast path: DynamoDB sees the same requests, and callers the same answers, as from the SDK.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_dynamodb::config::Credentials;
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
use dynamo_session_store::core::dynamo::settings::{CredentialSource, Settings};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::json;

use crate::support::canned::{Answer, Canned, Request};
use crate::support::{self, AMPLE};

pub type Item = HashMap<String, AttributeValue>;

pub const TABLE: &str = "sessions";

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

pub fn own_settings() -> Settings {
    Settings {
        region: Some("us-east-1".to_owned()),
        credentials: Some(CredentialSource::Fixed(credentials())),
        request_timeout: AMPLE,
        ..Settings::default()
    }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub fn key() -> Item {
    Item::from([("id".to_owned(), text("a"))])
}

pub fn get() -> GetItemInputBuilder {
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

pub fn ways(server: &Canned) -> Vec<&'static str> {
    let way = |request| if is_of_sdk(request) { "SDK" } else { "fast" };
    server.requests().iter().map(way).collect()
}

/// Sends a request twice, by the SDK and then by the fast path, and looks at what has come.
macro_rules! twice {
    ($method:ident, $request:expr) => {{
        let answer = |request: &Request| match request.operation.as_str() {
            "BatchGetItem" => Answer::ok(json!({ "Responses": {} })),
            _ => Answer::ok(json!({})),
        };
        let server = Canned::start(answer).await;
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

pub fn batch_get() -> BatchGetItemInputBuilder {
    let keys = KeysAndAttributes::builder()
        .keys(key())
        .consistent_read(false);
    BatchGetItemInputBuilder::default().request_items(TABLE, keys.build().unwrap())
}

pub fn batch_write() -> BatchWriteItemInputBuilder {
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
