//! What may be taken for DynamoDB's answer: a body that is whole, and that fits the operation.

use std::fmt;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::error::{Error, REQUEST_TIMEOUT, TOO_MANY_REQUESTS};

/// An answer that has been read.
pub struct Answered {
    /// The answer, with all of its body.
    pub response: HttpResponse,
    /// What is wrong where DynamoDB itself is broken: its status is 500 or more.
    pub failure: Option<Error>,
}

/// The members that the answer to an operation may have. If `needed` has names, one of these members is there.
pub struct Shape {
    name: &'static str,
    needed: &'static [&'static str],
    others: &'static [&'static str],
}

/// Of a body that is longer, the first member decides. To look at all of it took as long as reading the
/// items of a batch, and whoever reads it finds out whether the rest is JSON.
const LONG: usize = 16 * 1024;

const CONSUMED: &str = "ConsumedCapacity";
const METRICS: &str = "ItemCollectionMetrics";

/// The shapes of answers to operations for items.
static SHAPES: [Shape; 8] = [
    Shape::new("GetItem", &[], &["Item", CONSUMED]),
    Shape::new("PutItem", &[], &["Attributes", CONSUMED, METRICS]),
    Shape::new("UpdateItem", &[], &["Attributes", CONSUMED, METRICS]),
    Shape::new("DeleteItem", &[], &["Attributes", CONSUMED, METRICS]),
    Shape::new(
        "BatchGetItem",
        &["Responses", "UnprocessedKeys"],
        &[CONSUMED],
    ),
    Shape::new(
        "BatchWriteItem",
        &[],
        &["UnprocessedItems", CONSUMED, METRICS],
    ),
    Shape::new("Query", &["Items", "Count"], &["ScannedCount", CONSUMED]),
    Shape::new("Scan", &["Items", "Count"], &["ScannedCount", CONSUMED]),
];

impl Shape {
    const fn new(
        name: &'static str,
        needed: &'static [&'static str],
        others: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            needed,
            others,
        }
    }

    /// Whether `body` answers it.
    fn is_answered(&self, body: &[u8]) -> bool {
        if body.len() > LONG && first_member(body).is_some_and(|name| self.is_answered_by(&[name]))
        {
            return true;
        }
        let members = serde_json::from_slice::<Members>(body);
        members.is_ok_and(|Members(members)| self.is_answered_by(&members))
    }

    /// Whether an object with these members answers it. DynamoDB may have members one day that are
    /// not known here, but not only such.
    fn is_answered_by(&self, members: &[impl AsRef<str>]) -> bool {
        let has = |names: &[&str]| {
            let mut members = members.iter();
            members.any(|member| names.contains(&member.as_ref()))
        };
        if self.needed.is_empty() {
            members.is_empty() || has(self.others)
        } else {
            has(self.needed)
        }
    }
}

/// What the answer to a request is to be.
pub enum Expected {
    /// Whatever a client of the user's gives, which may be a stub.
    Anything,
    /// An object in JSON: each answer of DynamoDB is one.
    Object,
    /// An object with members of this shape.
    Members(&'static Shape),
}

impl Expected {
    /// What DynamoDB is to answer to `request`.
    pub fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target");
        let name = target.and_then(|target| target.rsplit_once('.'));
        let shape = name.and_then(|(_, name)| SHAPES.iter().find(|shape| shape.name == name));
        shape.map_or(Self::Object, Self::Members)
    }

    /// Whether this is no answer of DynamoDB's, but one of another server. Throttling is throttling, whichever
    /// server says so.
    fn is_missed(&self, status: u16, body: &[u8]) -> bool {
        match self {
            Self::Anything => false,
            _ if status == TOO_MANY_REQUESTS => false,
            Self::Members(shape) if status < 300 => !shape.is_answered(body),
            _ => serde_json::from_slice::<Members>(body).is_err(),
        }
    }
}

/// Whether another attempt may succeed after an answer of another server with this status. From 500 on, and with
/// 408 ("request timeout"), that server stands before DynamoDB, which it cannot reach at the moment.
fn is_passing(status: u16) -> bool {
    status < 400 || status == REQUEST_TIMEOUT || status >= 500
}

/// Reads all of `response`, which is to be what is `expected`.
///
/// # Errors
///
/// What ends before its end, is damaged, or is no answer of DynamoDB, such as a page of a proxy with status
/// 200. All of them are worth another attempt, except a page with a status of 400 to 499 other than 408: then the
/// endpoint is that of another server.
pub async fn read(
    mut response: HttpResponse,
    expected: &Expected,
) -> Result<Answered, ConnectorError> {
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body
        .map_err(|error| ConnectorError::io(error.into()))?
        .into_bytes();
    if let Some(sum) = response.headers().get("x-amz-crc32")
        && sum.parse() != Ok(crc32fast::hash(&body))
    {
        return Err(unusable(Unusable::Damaged));
    }
    let status = response.status().as_u16();
    if expected.is_missed(status, &body) {
        let foreign = Unusable::Foreign {
            status,
            content_type: content_type(&response),
        };
        return Err(match is_passing(status) {
            true => unusable(foreign),
            false => ConnectorError::user(Error::lasting(vec![foreign.to_string()]).into()),
        });
    }
    let failure = (status >= 500).then(|| failure(&response, status, &body));
    *response.body_mut() = SdkBody::from(body);
    Ok(Answered { response, failure })
}

/// The body of an answer that is an error.
#[derive(Deserialize, Default)]
struct Failure {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Failure {
    /// DynamoDB's name for the error, empty where the body has none.
    fn code(&self) -> &str {
        self.kind.rsplit('#').next().unwrap_or_default()
    }
}

/// DynamoDB's name for the error that `response` is, whatever else is in its body; `None` for a success.
pub fn error_code(response: &HttpResponse) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let failure: Failure = serde_json::from_slice(response.body().bytes()?).ok()?;
    Some(failure.code().to_owned())
}

/// The body of `response` if that is a success, and JSON.
pub fn success(response: &HttpResponse) -> Option<&[u8]> {
    let body = response.body().bytes()?;
    let is_json = || serde_json::from_slice::<IgnoredAny>(body).is_ok();
    (response.status().is_success() && is_json()).then_some(body)
}

fn failure(response: &HttpResponse, status: u16, body: &[u8]) -> Error {
    let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
    let code = match failure.code() {
        "" => "UnknownError",
        code => code,
    };
    let message = &failure.message;
    let request_id = response.headers().get("x-amzn-requestid");
    let request_id = request_id.map(str::to_owned);
    Error::service(
        code.to_owned(),
        message.as_deref(),
        Some(status),
        request_id,
        None,
    )
}

/// Why an answer cannot be used.
#[derive(Debug)]
enum Unusable {
    Damaged,
    /// It is not DynamoDB's.
    Foreign {
        status: u16,
        content_type: Option<String>,
    },
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str(
                "the answer was damaged on its way: its checksum (CRC32) does not match",
            ),
            Self::Foreign {
                status,
                content_type,
            } => {
                write!(f, "the answer is not from DynamoDB: HTTP status {status}, ")?;
                match content_type {
                    Some(kind) => write!(f, "content type {kind}")?,
                    None => f.write_str("no content type")?,
                }
                if *status < 500 && *status != REQUEST_TIMEOUT {
                    f.write_str(". Check the endpoint")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Unusable {}

/// `text/html` of `text/html; charset=utf-8`.
fn content_type(response: &HttpResponse) -> Option<String> {
    let kind = response.headers().get("content-type")?.split(';').next()?;
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || "/+-._".contains(letter);
    let kind = kind.trim();
    let is_type = (1..=64).contains(&kind.len()) && kind.chars().all(is_letter);
    is_type.then(|| kind.to_owned())
}

fn unusable(reason: Unusable) -> ConnectorError {
    ConnectorError::other(reason.into(), Some(ErrorKind::TransientError))
}

/// The name of the first member of a JSON object, where it is as DynamoDB writes it.
fn first_member(body: &[u8]) -> Option<&str> {
    let name = body.strip_prefix(b"{\"")?;
    let end = name.iter().position(|byte| *byte == b'"')?;
    std::str::from_utf8(name.get(..end)?).ok()
}

/// The names of the members of a JSON object.
struct Members(Vec<String>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Names;

        impl<'de> Visitor<'de> for Names {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry()? {
                    names.push(name);
                }
                Ok(Members(names))
            }
        }

        deserializer.deserialize_map(Names)
    }
}

#[cfg(test)]
mod tests;
