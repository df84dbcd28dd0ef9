//! All errors of the core, and how JavaScript sees them.

mod codec;
mod properties;
mod service;
mod shown;
mod throttling;

pub use codec::Unopened;
pub use service::{
    NO_SUCH_TABLE, REPLICATED_WRITE_CONFLICT, REQUEST_TIMEOUT, Repeated, TOO_MANY_REQUESTS,
    TRANSACTION_CONFLICT, TRANSACTION_IN_PROGRESS, passes,
};
pub use shown::Place;
pub use throttling::{ThrottlingReason, throttling_reasons};

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

/// The most bytes that DynamoDB takes for an item: 400 KB.
pub const LARGEST_ITEM: usize = 400 * 1024;

/// The result of a function of the core that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error. The comment of each variant says its `code` in JavaScript; without another note, its `name`
/// is `SessionStoreError`.
///
/// No variant holds a credential, a session id or session data.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// DynamoDB answered with an error. `code` and `name` are DynamoDB's name for the error, such as
    /// `ResourceNotFoundException`.
    #[error("{message}")]
    Service {
        /// DynamoDB's name for the error.
        code: String,
        /// DynamoDB's explanation.
        message: String,
        /// The id of the request, for AWS support.
        request_id: Option<String>,
        /// The HTTP status of the answer.
        status: Option<u16>,
        /// If the user's client sent the request: the `$metadata` of its error, as JSON.
        metadata: Option<String>,
        /// Whether the same call may succeed a little later.
        retryable: bool,
        /// Set for throttling, and for conflicts with a write of another Region. After these errors, a
        /// request is sent again until the deadline.
        repeated: Option<Box<Repeated>>,
    },

    /// The deadline of the call passed. `code` is `ERR_SESSION_TIMEOUT`.
    #[error("{operation} did not finish within {} ms", .after.as_millis())]
    Timeout {
        /// The operation that did not finish.
        operation: &'static str,
        /// The time that the operation had.
        after: Duration,
    },

    /// The attempts to send a request have failed before the deadline of the call, and some of them by a
    /// timeout. `code` is `ERR_SESSION_TIMEOUT`.
    #[error(
        "DynamoDB did not answer: {} timed out after {} ms{}",
        shown::count(*timed_out, *attempts),
        .each.as_millis(),
        if *timed_out > 1 { " each" } else { "" }
    )]
    AttemptsTimedOut {
        /// The number of attempts that timed out.
        timed_out: u32,
        /// The number of all attempts.
        attempts: u32,
        /// The time that each attempt had.
        each: Duration,
    },

    /// DynamoDB did not answer at all, or its answer could not be read. `code` is
    /// `ERR_SESSION_UNREACHABLE`.
    #[error("DynamoDB could not be reached{}{}", shown::tried(*attempts), because(causes))]
    Unreachable {
        /// The causes, from the outermost to the innermost.
        causes: Vec<String>,
        /// The number of attempts.
        attempts: u32,
        /// Whether the same call may succeed a little later.
        retryable: bool,
    },

    /// The request was not sent, because of an outage, or because credentials are missing for some time.
    /// `code` and `name` are those of `reason`.
    #[error("{reason} (the request was not sent: {})", shown::why_not_sent(reason))]
    Outage {
        /// The error of the last request that was sent.
        reason: Box<Error>,
    },

    /// The user's client failed before DynamoDB had answered. `name` is that of the client's error.
    /// `code` is `ERR_SESSION_UNREACHABLE`, `ERR_SESSION_CREDENTIALS` or `ERR_SESSION_CLIENT`, see
    /// `kind`.
    #[error("{message}")]
    Client {
        /// The kind of the failure.
        kind: ClientFailure,
        /// The name of the client's error.
        name: String,
        /// The client's explanation.
        message: String,
        /// The `$metadata` of the client's error, as JSON.
        metadata: Option<String>,
        /// The client's error and its causes, from the outermost to the innermost.
        causes: Vec<String>,
    },

    /// No credentials could be loaded to sign the request. `code` is `ERR_SESSION_CREDENTIALS`.
    #[error("no AWS credentials could be loaded{}", because(causes))]
    Credentials {
        /// The causes, from the outermost to the innermost.
        causes: Vec<String>,
        /// `true`: the credential source has not answered yet, so the same call may succeed a little
        /// later.
        retryable: bool,
    },

    /// The connection settings do not allow to make a request. `code` is `ERR_SESSION_SETTINGS`.
    #[error("the connection settings cannot be used{}", because(causes))]
    Settings {
        /// The causes, from the outermost to the innermost.
        causes: Vec<String>,
    },

    /// The table's key differs from the store's hash key. `code` is `ERR_SESSION_TABLE_KEY`.
    #[error(
        "table \"{table}\" has the key {found}, but the store needs the partition key {expected} (S) alone: \
        use a table with this key, or set the option \"hashKey\", if the store has it"
    )]
    TableKey {
        /// The table's name.
        table: String,
        /// The store's hash key.
        expected: String,
        /// The table's key attributes and their types.
        found: String,
    },

    /// DynamoDB refused an item or a key, because the table's key differs from the store's hash key.
    /// `code` is `ERR_SESSION_TABLE_KEY`.
    #[error(
        "table \"{table}\" has another key than the store needs, the partition key {expected} (S) alone: \
        use a table with this key, or set the option \"hashKey\", if the store has it. DynamoDB says \
        \"{reason}\""
    )]
    TableKeyRefused {
        /// The table's name.
        table: String,
        /// The store's hash key.
        expected: String,
        /// DynamoDB's explanation.
        reason: String,
    },

    /// No setting names a region. This is a warning and fails no call. `code` is `ERR_SESSION_REGION`.
    #[error(
        "no region is set, so the store uses {region}. If the table is in another region, set AWS_REGION \
        or the option \"region\""
    )]
    NoRegion {
        /// The region that the store uses instead.
        region: &'static str,
    },

    /// The table has a status that waiting does not change. `code` is `ERR_SESSION_TABLE_STATUS`.
    #[error("table \"{table}\" cannot be used: its status is {status}")]
    TableStatus {
        /// The table's name.
        table: String,
        /// DynamoDB's name for the status.
        status: String,
    },

    /// The store needs an index that is missing or has another key. `code` is `ERR_SESSION_TABLE_INDEX`.
    #[error("{}", how_to_index(index, attribute, found.as_deref()))]
    TableIndex {
        /// The index's name.
        index: String,
        /// The partition key that the store needs.
        attribute: String,
        /// The key of the index, as the message shows it, if the index exists.
        found: Option<String>,
    },

    /// A special key of the session cannot be stored. `code` is `ERR_SESSION_SPECIAL_KEY`.
    #[error("{reason}")]
    SpecialKey {
        /// The explanation. It names the key, and never its value.
        reason: String,
    },

    /// A value in the session cannot be stored. `code` is `ERR_SESSION_VALUE`.
    #[error("{path} {reason}")]
    Value {
        /// The place of the value in the session, such as `session.cart[3].price`.
        path: String,
        /// The explanation, without the value.
        reason: &'static str,
    },

    /// A session has no valid value for an index. `code` is `ERR_SESSION_INDEX_VALUE`.
    #[error("{reason}")]
    IndexValue {
        /// The explanation, without the value.
        reason: String,
    },

    /// An index does not have all attributes that the store reads in it. `code` is
    /// `ERR_SESSION_TABLE_INDEX`.
    #[error(
        "the global secondary index \"{index}\" does not project the attribute \"{missing}\": name an index \
        with all attributes of its sessions, see docs/USERS.md"
    )]
    TableIndexProjection {
        /// The name of the index.
        index: String,
        /// The first attribute that it does not have.
        missing: String,
    },

    /// An item cannot be read, because it has a value of a type that is not one of DynamoDB's. `code` is
    /// `ERR_SESSION_VALUE`.
    #[error(
        "the stored session cannot be read: its item has a value whose type is not one of DynamoDB's. \
        A save of the session replaces the item"
    )]
    Unreadable,

    /// A session is encrypted and could not be opened, or is not encrypted and has to be. `code` is
    /// `ERR_SESSION_DECRYPT`.
    #[error(transparent)]
    Decrypt(#[from] Unopened),

    /// A stored session could not be decoded. `code` is `ERR_SESSION_DECODE`.
    #[error("the stored session cannot be read: {reason}")]
    Decode {
        /// The explanation.
        reason: &'static str,
    },

    /// The session's item is larger than DynamoDB allows, so nothing was sent. `code` is
    /// `ERR_SESSION_TOO_LARGE`.
    #[error(
        "the item of the session has {size} bytes, but DynamoDB takes at most {LARGEST_ITEM}: store less in \
        the session"
    )]
    TooLarge {
        /// The size of the item in bytes.
        size: usize,
    },

    /// An option is invalid. `code` is `ERR_INVALID_ARG_VALUE`, and `name` is `TypeError`.
    #[error(transparent)]
    Option(#[from] InvalidOption),

    /// The store was closed. `code` is `ERR_SESSION_CLOSED`.
    #[error("the session store is closed")]
    Closed,

    /// The condition of a write does not hold. `code` is DynamoDB's, `ConditionalCheckFailedException`.
    /// The store handles this error, so no caller of a store sees it.
    #[error("the condition of a write does not hold")]
    ConditionFailed {
        /// The stored item, if DynamoDB's answer had it.
        found: Option<FoundItem>,
    },

    /// Another request has changed the session after this one read it. `code` is `ERR_SESSION_CONFLICT`.
    #[error("another request has changed the session since it was read, so nothing was written")]
    Conflict,

    /// A call has panicked, because of a defect of this package. Other calls are not affected. `code` is
    /// `ERR_SESSION_INTERNAL`.
    #[error("{operation} failed because of a defect in dynamo-session-store: please report it")]
    Internal {
        /// What has failed, as the subject of a sentence.
        operation: &'static str,
    },

    /// The store's item format does not support the operation. `code` is `ERR_SESSION_FORMAT`.
    #[error("{operation} is not possible in this item format")]
    Format {
        /// The operation, as the subject of a sentence.
        operation: &'static str,
    },
}

/// DynamoDB's name for the error of a condition that does not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The item in an error. Its `Debug` prints no content, because an item holds a session.
#[derive(Clone, PartialEq)]
pub struct FoundItem(pub Box<HashMap<String, AttributeValue>>);

impl fmt::Debug for FoundItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }
}

/// The kind of a failure of the user's client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFailure {
    /// DynamoDB could not be reached, or did not answer in time.
    Unreachable,
    /// The client has no credentials.
    Credentials,
    /// Anything else.
    Other,
}

/// The innermost cause. It is the one that says what to repair.
fn because(causes: &[String]) -> String {
    causes
        .last()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default()
}

/// The problem with an index, and how to solve it.
fn how_to_index(index: &str, attribute: &str, found: Option<&str>) -> String {
    match found {
        None => format!(
            "the table has no global secondary index \"{index}\": create it with the partition key \"{attribute}\" (S)"
        ),
        Some(other) => format!(
            "the global secondary index \"{index}\" has the partition key {other}: name an index with the partition key \"{attribute}\" (S)"
        ),
    }
}

/// An invalid option: its name, and the rule that its value breaks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("option \"{option}\" {rule}")]
pub struct InvalidOption {
    /// The name of the option, as the user wrote it (`dynamoConfig.endpoint`).
    pub option: String,
    /// The rule. It continues a sentence that begins with the name of the option: "must be …".
    pub rule: String,
}

impl InvalidOption {
    /// An error for `option`, whose value breaks `rule`.
    pub fn new(option: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            option: option.into(),
            rule: rule.into(),
        }
    }
}

/// Unwraps the result of one of the SDK's builders. A builder fails only if a required part is missing,
/// and no caller leaves one out.
pub(crate) fn built<T>(part: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T> {
    part.map_err(|error| Error::Settings {
        causes: vec![error.to_string()],
    })
}

/// The messages of the causes of `error`, from the outermost to the innermost.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Some wrappers print their cause as their own message.
    causes.dedup();
    causes
}

/// The causes of `error`, from the outermost to the innermost.
pub(crate) fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}
