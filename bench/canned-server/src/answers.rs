//! The answer to each operation. Only BatchGetItem looks at the request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::StatusCode;
use hyper::body::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::Config;

/// An answer, before it is HTTP.
#[derive(Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
    /// Of the body: aws-sdk v2 checks it.
    pub crc32: u32,
}

pub struct Answers {
    /// By operation.
    ready: HashMap<String, Answer>,
    throttled: Answer,
    unknown: Answer,
    /// The attributes of an item after its key, with the brace that ends the item.
    attributes: String,
    fail_every: u64,
    requests: AtomicU64,
}

/// The body of a BatchGetItem: the keys of each table.
#[derive(Deserialize)]
struct BatchGet<'a> {
    #[serde(rename = "RequestItems", borrow)]
    tables: HashMap<Cow<'a, str>, Keys<'a>>,
}

#[derive(Deserialize)]
struct Keys<'a> {
    /// Their text goes into the answer unchanged.
    #[serde(rename = "Keys", borrow)]
    keys: Vec<&'a RawValue>,
}

impl Answers {
    pub fn new(config: Config) -> Self {
        let ready = config.answers.into_iter();
        Self {
            ready: ready
                .map(|(operation, body)| (operation, answer(StatusCode::OK, body.get())))
                .collect(),
            throttled: error(
                "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
                "The level of configured provisioned throughput for the table was exceeded.",
            ),
            unknown: error("com.amazon.coral.service#UnknownOperationException", ""),
            attributes: config.attributes.get().trim_start_matches('{').to_owned(),
            fail_every: config.fail_every,
            requests: AtomicU64::new(0),
        }
    }

    /// The answer to an operation.
    pub fn to(&self, operation: &str, body: &[u8]) -> Answer {
        if !operation.starts_with("Describe") && self.is_throttled() {
            return self.throttled.clone();
        }
        let answer = match operation {
            "BatchGetItem" => self.batch_get(body),
            _ => self.ready.get(operation).cloned(),
        };
        answer.unwrap_or_else(|| self.unknown.clone())
    }

    fn is_throttled(&self) -> bool {
        self.fail_every > 0
            && (self.requests.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(self.fail_every)
    }

    /// An item for each key: the key with the attributes behind it. `None` if the request cannot be read.
    fn batch_get(&self, body: &[u8]) -> Option<Answer> {
        let BatchGet { tables } = serde_json::from_slice(body).ok()?;
        let keys: usize = tables.values().map(|table| table.keys.len()).sum();
        let mut text = String::with_capacity(256 + keys * (self.attributes.len() + 128));
        text.push_str(r#"{"Responses":{"#);
        for (index, (name, table)) in tables.iter().enumerate() {
            text.push_str(if index > 0 { "," } else { "" });
            text.push_str(&Value::from(name.as_ref()).to_string());
            text.push_str(":[");
            for (index, key) in table.keys.iter().enumerate() {
                let key = key.get();
                text.push_str(if index > 0 { "," } else { "" });
                text.push_str(key.strip_suffix('}').unwrap_or(key));
                text.push(',');
                text.push_str(&self.attributes);
            }
            text.push(']');
        }
        text.push_str(r#"},"UnprocessedKeys":{}}"#);
        Some(answer(StatusCode::OK, text))
    }
}

fn error(kind: &str, message: &str) -> Answer {
    let body = json!({ "__type": kind, "message": message });
    answer(StatusCode::BAD_REQUEST, body.to_string())
}

fn answer(status: StatusCode, body: impl Into<String>) -> Answer {
    let body = Bytes::from(body.into());
    let crc32 = crc32fast::hash(&body);
    Answer {
        status,
        body,
        crc32,
    }
}
