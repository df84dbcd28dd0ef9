//! Properties that hold for any item and any answer. Tests and fuzzing check them.
//!
//! Each function takes input that any writer may have produced, and panics if a property does not hold.
//! `cargo test` calls the functions with generated inputs and with the files in `fuzz/corpus/`. `cargo
//! fuzz` searches for inputs by the code that they reach. See `docs/RELIABILITY.md`.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::operation::batch_get_item::builders::BatchGetItemInputBuilder;
use aws_sdk_dynamodb::operation::batch_write_item::builders::BatchWriteItemInputBuilder;
use aws_sdk_dynamodb::operation::delete_item::builders::DeleteItemInputBuilder;
use aws_sdk_dynamodb::operation::get_item::GetItemOutput;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemInputBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemInputBuilder;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, Config};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_types::body::SdkBody;

use super::dynamo::{fast_answer as read, readable_items, well_formed_answer};
use super::expiry::{self, Lifetime, UnixMillis};
use super::layout::value::{Numbers, from_json, to_json};
use super::layout::{
    ConnectLayout, ExpiringLayout, Item, KoaLayout, Layout, ShopifyLayout, Stored, connect,
};
use super::merge::{Identity, Merged, Rules, is_same_lifetime, is_unchanged, merge};

/// The current time in all checks.
const NOW: UnixMillis = UnixMillis(1_795_218_096_565.0);

/// The body of an answer. The fast path reads it as the SDK does, or passes it to the SDK. Each format
/// reads the items in it.
pub fn answer(body: &[u8]) {
    let items = readable_items(body);
    items.into_iter().flatten().for_each(item);
    if let Some(text) = well_formed_answer(body) {
        assert_eq!(text.len(), body.len(), "only the half pairs are replaced");
        assert_eq!(well_formed_answer(&text), None, "and all of them");
    }
    let _ = read::<PutItemInputBuilder>(body);
    let _ = read::<UpdateItemInputBuilder>(body);
    let _ = read::<DeleteItemInputBuilder>(body);
    let _ = read::<BatchWriteItemInputBuilder>(body);
    if let Some(output) = read::<BatchGetItemInputBuilder>(body) {
        let found = output.responses.into_iter().flatten();
        found.flat_map(|(_, items)| items).for_each(item);
    }
    let Some(output) = read::<GetItemInputBuilder>(body) else {
        return;
    };
    let by_sdk = SDK.get_item(body);
    if output.item.is_none() && by_sdk.is_none() {
        // A member that the store did not ask for is not valid UTF-8. The SDK refuses such an answer. The
        // fast path ignores the member, but `answers.rs` has refused the answer before.
        return;
    }
    assert_eq!(Some(&output), by_sdk.as_ref(), "the SDK reads it otherwise");
    if let Some(found) = output.item {
        item(found);
    }
}

/// An item. A format reads a session only from an item that holds one, and under the item's own key.
pub fn item(item: Item) {
    let key = |name: &str| item.get(name).and_then(|key| key.as_s().ok()).cloned();
    for prefix in ["sess:", ""] {
        let layout = valid(ConnectLayout::new("id", prefix, &[], false));
        let stored = read_by(&layout, &item);
        let expected = key("sess").filter(|_| key("id").is_some_and(|id| id.starts_with(prefix)));
        let data = stored.as_ref().map(|stored| &stored.data);
        assert_eq!(
            data,
            expected.as_ref(),
            "the session is in `sess`, as it is"
        );
    }
    let koa = valid(KoaLayout::new("sessionId", "expires"));
    let stored = read_by(&koa, &item);
    let session = item.get("session");
    let is_session = key("sessionId").is_some() && session.is_some_and(AttributeValue::is_m);
    assert_eq!(stored.is_some(), is_session);
    if let Some(stored) = &stored {
        json(&stored.data);
    }
    for time_to_live in [None, Some("ttl")] {
        let layout = valid(ShopifyLayout::new(time_to_live));
        let stored = read_by(&layout, &item);
        assert_eq!(stored.is_some(), key("id").is_some());
        if let Some(stored) = &stored {
            json(&stored.data);
        }
    }
}

/// Reads an item in one format, and checks the properties of all formats.
fn read_by(layout: &dyn Layout, item: &Item) -> Option<Stored> {
    let marks = layout.marks(item);
    assert!(marks.end.is_none_or(|end| end.0.is_finite()));
    let stored = valid(layout.read(item.clone(), NOW))?;
    let key = AttributeValue::S(layout.key(&stored.sid));
    let own = item.get(layout.hash_key());
    assert_eq!(own, Some(&key), "the session is of another key");
    assert!(stored.expires.is_none_or(|end| end.0.is_finite()));
    let _ = expiry::has_passed(stored.expires, NOW);
    Some(stored)
}

fn valid<T>(made: Result<T, impl fmt::Debug>) -> T {
    match made {
        Ok(value) => value,
        Err(error) => unreachable!("{error:?}"),
    }
}

fn json(text: &str) {
    let parsed = serde_json::from_str::<&serde_json::value::RawValue>(text);
    assert!(parsed.is_ok(), "what JavaScript gets is JSON");
}

/// Text in an attribute, which a format may read as a session, as an end, or as a number.
pub fn text(text: &str) {
    if let Some(end) = expiry::read(text) {
        assert!(end.0.is_finite());
    }
    for expires in [None, Some("1795218097"), Some(text)] {
        let found = connect::session(Some(text.to_owned()), expires, NOW);
        assert!(found.is_none_or(|found| found == text));
    }
    if let Some(lifetime) = Lifetime::of_session(text) {
        for written in [0.0, NOW.0 - 1.0, NOW.0 + 1.0, 1e14, f64::MAX] {
            let end = lifetime.repair(UnixMillis(written), NOW).0;
            assert!(end.is_finite(), "{written} became {end}");
        }
    }
    let other = r#"{"cookie":{},"user":"ann"}"#;
    let connect = valid(ConnectLayout::new("id", "", &[], false));
    let koa = valid(KoaLayout::new("sessionId", "expires"));
    for [base, ours, theirs] in [
        [text, other, other],
        [other, text, other],
        [other, other, text],
        [text, text, text],
    ] {
        let identity = Identity::default();
        for clock in [connect.clock(), koa.clock()] {
            let identity = &identity;
            let rules = Rules { clock, identity };
            if let Some(Merged::Session(merged, _)) = merge(&[base, other], ours, theirs, rules) {
                json(&merged);
            }
            let _ = is_same_lifetime(base, ours, clock);
        }
        let _ = is_unchanged(&[base, theirs], ours, "user");
    }
    if let Ok(value) = from_json(text) {
        for numbers in [Numbers::Plain, Numbers::Exact] {
            json(&to_json(&value, numbers));
        }
    }
    let number = AttributeValue::N(text.to_owned());
    for numbers in [Numbers::Plain, Numbers::Exact] {
        json(&to_json(&number, numbers));
    }
}

/// The SDK's reader. It is private, so this calls a client of the SDK whose connector returns the
/// answer.
struct Sdk {
    client: Client,
    body: Arc<Mutex<Vec<u8>>>,
}

static SDK: LazyLock<Sdk> = LazyLock::new(Sdk::new);

impl Sdk {
    fn new() -> Self {
        let body = Arc::new(Mutex::new(Vec::new()));
        let connector = SharedHttpConnector::new(Answering(Arc::clone(&body)));
        let credentials = Credentials::new("unused", "unused", None, None, "hostile");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(credentials)
            .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
            .timeout_config(aws_sdk_dynamodb::config::timeout::TimeoutConfig::disabled())
            .stalled_stream_protection(
                aws_sdk_dynamodb::config::StalledStreamProtectionConfig::disabled(),
            )
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Self {
            client: Client::from_conf(config),
            body,
        }
    }

    fn get_item(&self, body: &[u8]) -> Option<GetItemOutput> {
        // One request at a time, because all share one answer.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        *self.body.lock().unwrap_or_else(PoisonError::into_inner) = body.to_vec();
        let request = self.client.get_item().table_name("sessions");
        let request = request.key("id", AttributeValue::S("a".to_owned()));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        let answered = valid(runtime).block_on(request.send());
        let mut output = answered.ok()?;
        // Compare only the item, because the store asks for nothing else.
        output = GetItemOutput::builder().set_item(output.item).build();
        Some(output)
    }
}

/// Answers each request with the same body.
#[derive(Debug)]
struct Answering(Arc<Mutex<Vec<u8>>>);

impl HttpConnector for Answering {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let status = valid(200_u16.try_into());
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(body.clone()))))
    }
}

#[cfg(test)]
mod tests;
