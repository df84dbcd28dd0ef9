//! The body of the answer to each operation. Only the batch operations look at the request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::args::Args;

/// An answer, before it is HTTP.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// Of the body: aws-sdk v2 checks it.
    pub crc32: u32,
}

/// Every answer that does not depend on the request, and the parts of those that do.
#[derive(Debug)]
pub struct Answers {
    get: Answer,
    update: Answer,
    empty: Answer,
    batch_write: Answer,
    table: Answer,
    time_to_live: Answer,
    query: Answer,
    scan: Answer,
    throttled: Answer,
    malformed: Answer,
    unknown: Answer,
    /// The attributes of an item after its key, with the brace that ends it.
    rest: String,
    fail_every: u64,
    operations: AtomicU64,
}

/// The body of a BatchGetItem: the keys of each table.
#[derive(Deserialize)]
struct BatchGet<'a> {
    #[serde(rename = "RequestItems", borrow)]
    tables: HashMap<Cow<'a, str>, Keys<'a>>,
}

#[derive(Deserialize)]
struct Keys<'a> {
    /// As they stand: they go into the answer unchanged.
    #[serde(rename = "Keys", borrow)]
    keys: Vec<&'a RawValue>,
}

impl Answers {
    /// Makes what can be made beforehand.
    pub fn new(args: &Args) -> Self {
        let format = args.format;
        let attributes = format.attributes(args.session_bytes, args.expires);
        // Under the prefix that connect-dynamodb and dynamodb-store put before an id.
        let key = json!({ "S": "sess:canned" });
        let mut item = serde_json::Map::from_iter([(format.hash_key().to_owned(), key.clone())]);
        item.extend(attributes.clone());
        let found = json!({ "Items": [{ format.hash_key(): key }], "Count": 1, "ScannedCount": 1 });
        let scanned = json!({ "Items": [item], "Count": 1, "ScannedCount": 1 });
        let rest = Value::Object(attributes).to_string();
        Self {
            get: ok(&json!({ "Item": item })),
            // connect-dynamodb reads what it asked for with UPDATED_NEW.
            update: ok(
                &json!({ "Attributes": { "expires": { "N": args.expires.unix_timestamp().to_string() } } }),
            ),
            empty: ok(&json!({})),
            batch_write: ok(&json!({ "UnprocessedItems": {} })),
            table: ok(&format.table()),
            time_to_live: ok(&json!({ "TimeToLiveDescription": {
                "TimeToLiveStatus": "ENABLED",
                "AttributeName": "expires",
            } })),
            query: ok(&found),
            scan: ok(&scanned),
            throttled: error(
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            malformed: error(
                "com.amazon.coral.service#SerializationException",
                "The request cannot be read.",
            ),
            unknown: error("com.amazon.coral.service#UnknownOperationException", ""),
            rest: rest.trim_start_matches('{').to_owned(),
            fail_every: args.fail_every,
            operations: AtomicU64::new(0),
        }
    }

    /// The answer to an operation, by its name in DynamoDB's API.
    pub fn to(&self, operation: &str, body: &[u8]) -> Answer {
        match operation {
            "DescribeTable" => self.table.clone(),
            "DescribeTimeToLive" => self.time_to_live.clone(),
            _ if self.fails() => self.throttled.clone(),
            "GetItem" => self.get.clone(),
            "PutItem" | "DeleteItem" => self.empty.clone(),
            "UpdateItem" => self.update.clone(),
            "BatchGetItem" => self.batch_get(body),
            "BatchWriteItem" => self.batch_write.clone(),
            "Query" => self.query.clone(),
            "Scan" => self.scan.clone(),
            _ => self.unknown.clone(),
        }
    }

    /// Whether it is the turn of this one.
    fn fails(&self) -> bool {
        self.fail_every > 0
            && (self.operations.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.fail_every)
    }

    fn batch_get(&self, body: &[u8]) -> Answer {
        let Ok(BatchGet { tables }) = serde_json::from_slice(body) else {
            return self.malformed.clone();
        };
        let keys: usize = tables.values().map(|table| table.keys.len()).sum();
        let mut text = String::with_capacity(256 + keys * (self.rest.len() + 128));
        text.push_str(r#"{"Responses":{"#);
        for (index, (name, table)) in tables.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(&Value::from(name.as_ref()).to_string());
            text.push_str(":[");
            self.push_items(&mut text, &table.keys);
            text.push(']');
        }
        text.push_str(r#"},"UnprocessedKeys":{}}"#);
        answer(StatusCode::OK, text)
    }

    /// An item for each key: the key with the other attributes behind it.
    fn push_items(&self, text: &mut String, keys: &[&RawValue]) {
        for (index, key) in keys.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let key = key.get();
            text.push_str(key.strip_suffix('}').unwrap_or(key));
            text.push(',');
            text.push_str(&self.rest);
        }
    }
}

fn ok(body: &Value) -> Answer {
    answer(StatusCode::OK, body.to_string())
}

fn error(kind: &str, message: &str) -> Answer {
    let body = json!({ "__type": kind, "message": message });
    answer(StatusCode::BAD_REQUEST, body.to_string())
}

fn answer(status: StatusCode, body: String) -> Answer {
    Answer {
        status,
        crc32: crc32fast::hash(body.as_bytes()),
        body: Bytes::from(body),
    }
}
