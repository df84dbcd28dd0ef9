//! Checks that an answer comes from DynamoDB: its body must be whole, and fit the operation.

use std::fmt;

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::ErrorKind;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::core::error::{Error, REQUEST_TIMEOUT, TOO_MANY_REQUESTS};

/// An answer whose body was read.
pub struct Answered {
    /// The answer with its whole body.
    pub response: HttpResponse,
    /// The error if DynamoDB itself failed, with a status of 500 or more.
    pub failure: Option<Error>,
}

/// The members in the answer to an operation. If `needed` has names, the answer has at least one of these members.
pub struct Shape {
    name: &'static str,
    needed: &'static [&'static str],
    others: &'static [&'static str],
}

/// If a body is longer, only its first member is checked. Checking the whole body took as long as parsing the items
/// of a batch, and the parser will check that the rest is JSON.
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

    /// Whether `body` has this shape.
    fn is_answered(&self, body: &[u8]) -> bool {
        if body.len() > LONG && first_member(body).is_some_and(|name| self.is_answered_by(&[name]))
        {
            return true;
        }
        let members = serde_json::from_slice::<Members>(body);
        members.is_ok_and(|Members(members)| self.is_answered_by(&members))
    }

    /// Whether an object with these members has this shape. A new version of DynamoDB may add unknown members, but
    /// not an answer of unknown members only.
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

/// The expected answer to a request.
pub enum Expected {
    /// Any answer: the user's client may be a stub.
    Anything,
    /// A JSON object, as all answers of DynamoDB are.
    Object,
    /// An object with members of this shape.
    Members(&'static Shape),
}

impl Expected {
    /// The answer that DynamoDB gives to `request`.
    pub fn of(request: &HttpRequest) -> Self {
        let target = request.headers().get("x-amz-target");
        let name = target.and_then(|target| target.rsplit_once('.'));
        let shape = name.and_then(|(_, name)| SHAPES.iter().find(|shape| shape.name == name));
        shape.map_or(Self::Object, Self::Members)
    }

    /// Whether this answer comes from another server than DynamoDB. The status "too many requests" counts as
    /// throttling, whichever server sends it.
    fn is_missed(&self, status: u16, body: &[u8]) -> bool {
        match self {
            Self::Anything => false,
            _ if status == TOO_MANY_REQUESTS => false,
            Self::Members(shape) if status < 300 => !shape.is_answered(body),
            _ => serde_json::from_slice::<Members>(body).is_err(),
        }
    }
}

/// Whether another attempt may succeed after another server answered with this status. If the status is at least
/// 500, or 408 ("request timeout"), this server probably stands in front of DynamoDB, and cannot reach it at the
/// moment.
fn is_passing(status: u16) -> bool {
    status < 400 || status == REQUEST_TIMEOUT || status >= 500
}

/// Reads the whole body of `response`, and checks that the answer is as `expected`.
///
/// # Errors
///
/// The answer breaks off, is damaged, or is not from DynamoDB (for example, the page of a proxy with status 200).
/// Another attempt may succeed, unless another server answered with a status from 400 to 499 other than 408: then
/// the endpoint is wrong.
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

/// The body of an error.
#[derive(Deserialize, Default)]
struct Failure {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message")]
    message: Option<String>,
}

impl Failure {
    /// DynamoDB's name for the error. Empty if the body has none.
    fn code(&self) -> &str {
        self.kind.rsplit('#').next().unwrap_or_default()
    }
}

/// DynamoDB's name for the error in `response`, read without the rest of the body. `None` for a success.
pub fn error_code(response: &HttpResponse) -> Option<String> {
    if response.status().is_success() {
        return None;
    }
    let failure: Failure = serde_json::from_slice(response.body().bytes()?).ok()?;
    Some(failure.code().to_owned())
}

/// The body of `response`, if the response is a success and its body is JSON.
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
    /// Another server than DynamoDB sent the answer.
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

/// Returns `text/html` for `text/html; charset=utf-8`.
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

/// The name of the first member of a JSON object. `None` if the object does not begin as DynamoDB writes it.
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
