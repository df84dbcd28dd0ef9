//! Everything that can go wrong, and what JavaScript sees of it.

mod service;
mod shown;

pub use service::{
    NO_SUCH_TABLE, REPLICATED_WRITE_CONFLICT, REQUEST_TIMEOUT, Repeated, TOO_MANY_REQUESTS,
    ThrottlingReason, passes, throttling_reasons,
};
pub use shown::Place;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;

/// The most bytes that DynamoDB takes for an item: 400 KB.
pub const LARGEST_ITEM: usize = 400 * 1024;

/// The outcome of anything in the core that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure. Each variant says which `code` and `name` it has in JavaScript.
///
/// No variant holds a credential, a session id or session data.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// DynamoDB answered with an error. `code` and `name` are DynamoDB's own name for it, such as
    /// `ResourceNotFoundException`.
    #[error("{message}")]
    Service {
        /// DynamoDB's name for the error.
        code: String,
        /// DynamoDB's explanation.
        message: String,
        /// The id by which AWS support finds the request.
        request_id: Option<String>,
        /// The HTTP status.
        status: Option<u16>,
        /// What the user's client says of the exchange (`$metadata`), as JSON.
        metadata: Option<String>,
        /// Whether the same call may succeed a little later.
        retryable: bool,
        /// How often the request was sent, where it is sent again until the deadline: DynamoDB has
        /// throttled it, or another Region was writing the item.
        repeated: Option<Box<Repeated>>,
    },

    /// The deadline passed. `code` is `ERR_SESSION_TIMEOUT`.
    #[error("{operation} did not finish within {} ms", .after.as_millis())]
    Timeout {
        /// What did not finish.
        operation: &'static str,
        /// The time it had.
        after: Duration,
    },

    /// Attempts to send a request have timed out, before the deadline of the call. `code` is
    /// `ERR_SESSION_TIMEOUT`.
    #[error(
        "DynamoDB did not answer: {} timed out after {} ms{}",
        shown::count(*timed_out, *attempts),
        .each.as_millis(),
        if *timed_out > 1 { " each" } else { "" }
    )]
    AttemptsTimedOut {
        /// How many have timed out.
        timed_out: u32,
        /// How many there were in all.
        attempts: u32,
        /// The time that each had.
        each: Duration,
    },

    /// DynamoDB did not answer at all, or its answer could not be read. `code` is
    /// `ERR_SESSION_UNREACHABLE`.
    #[error("DynamoDB could not be reached{}{}", shown::tried(*attempts), because(causes))]
    Unreachable {
        /// From the outermost reason to the innermost.
        causes: Vec<String>,
        /// How many attempts there were.
        attempts: u32,
        /// Whether the same call may succeed a little later.
        retryable: bool,
    },

    /// The request was not sent, because DynamoDB does not answer, or there are no credentials, for the time
    /// being. `code` and
    /// `name` are those of what is wrong.
    #[error("{reason} (the request was not sent: {})", shown::why_not_sent(reason))]
    Outage {
        /// What is wrong, as the last request found it.
        reason: Box<Error>,
    },

    /// The user's client failed before DynamoDB had answered. `name` is the one of the client's own
    /// error, `code` the one that the failure has without a client, else `ERR_SESSION_CLIENT`.
    #[error("{message}")]
    Client {
        /// What it amounts to.
        kind: ClientFailure,
        /// The name of the client's error.
        name: String,
        /// The client's explanation.
        message: String,
        /// What the client says of the exchange (`$metadata`), as JSON.
        metadata: Option<String>,
        /// The client's error and what led to it, from the outermost to the innermost.
        causes: Vec<String>,
    },

    /// There are no credentials to sign with. `code` is `ERR_SESSION_CREDENTIALS`.
    #[error("no AWS credentials could be loaded{}", because(causes))]
    Credentials {
        /// From the outermost reason to the innermost.
        causes: Vec<String>,
        /// Whether the same call may succeed a little later: their source has not answered yet.
        retryable: bool,
    },

    /// A request could not be made out of the connection settings. `code` is
    /// `ERR_SESSION_SETTINGS`.
    #[error("the connection settings cannot be used{}", because(causes))]
    Settings {
        /// From the outermost reason to the innermost.
        causes: Vec<String>,
    },

    /// The table has another key than the store was told. `code` is `ERR_SESSION_TABLE_KEY`.
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

    /// DynamoDB refuses an item, because its table has another key. `code` is `ERR_SESSION_TABLE_KEY`.
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

    /// No setting names a region. A warning, not the failure of a call. `code` is `ERR_SESSION_REGION`.
    #[error(
        "no region is set, so the store uses {region}. If the table is in another region, set AWS_REGION \
        or the option \"region\""
    )]
    NoRegion {
        /// The region that is used.
        region: &'static str,
    },

    /// The table is in a state that no waiting ends. `code` is `ERR_SESSION_TABLE_STATUS`.
    #[error("table \"{table}\" cannot be used: its status is {status}")]
    TableStatus {
        /// The table's name.
        table: String,
        /// The table's status, as DynamoDB names it.
        status: String,
    },

    /// The table cannot be asked by an index that the store needs. `code` is
    /// `ERR_SESSION_TABLE_INDEX`.
    #[error("{}", how_to_index(index, attribute, found.as_deref()))]
    TableIndex {
        /// The index's name.
        index: String,
        /// The partition key that it is to have.
        attribute: String,
        /// The one that it has, where there is such an index.
        found: Option<String>,
    },

    /// A special key of the session cannot be stored. `code` is `ERR_SESSION_SPECIAL_KEY`.
    #[error("{reason}")]
    SpecialKey {
        /// What is wrong; names the key, never its value.
        reason: String,
    },

    /// A value in the session cannot be stored. `code` is `ERR_SESSION_VALUE`.
    #[error("{path} {reason}")]
    Value {
        /// Where in the session, by its keys: `session.cart[3].price`.
        path: String,
        /// What is wrong with it; never the value.
        reason: &'static str,
    },

    /// A session in the table cannot be read: its item has a value that is of none of DynamoDB's types.
    /// `code` is `ERR_SESSION_VALUE`.
    #[error(
        "the stored session cannot be read: its item has a value whose type is not one of DynamoDB's. \
        A save of the session replaces the item"
    )]
    Unreadable,

    /// The item of a session is larger than DynamoDB takes; nothing was sent. `code` is
    /// `ERR_SESSION_TOO_LARGE`.
    #[error(
        "the item of the session has {size} bytes, but DynamoDB takes at most {LARGEST_ITEM}: store less in \
        the session"
    )]
    TooLarge {
        /// The size of the item in bytes.
        size: usize,
    },

    /// An option cannot be right. `code` is `ERR_INVALID_ARG_VALUE`; a `TypeError`.
    #[error(transparent)]
    Option(#[from] InvalidOption),

    /// The store was closed. `code` is `ERR_SESSION_CLOSED`.
    #[error("the session store is closed")]
    Closed,

    /// The condition of a write does not hold. No caller of a store sees this: a store knows what it
    /// means. `code` is DynamoDB's, `ConditionalCheckFailedException`.
    #[error("the condition of a write does not hold")]
    ConditionFailed {
        /// The item that is there, where DynamoDB said so.
        found: Option<FoundItem>,
    },

    /// Other requests have changed the session since it was read. `code` is
    /// `ERR_SESSION_CONFLICT`.
    #[error("another request has changed the session since it was read, so nothing was written")]
    Conflict,

    /// A call has ended in a panic, which is a defect of this package. Other calls go on. `code` is
    /// `ERR_SESSION_INTERNAL`.
    #[error("{operation} failed because of a defect in dynamo-session-store: please report it")]
    Internal {
        /// What was being done.
        operation: &'static str,
    },

    /// The item format has nothing that could be done so. `code` is `ERR_SESSION_FORMAT`.
    #[error("{operation} is not possible in this item format")]
    Format {
        /// What was asked for.
        operation: &'static str,
    },
}

/// DynamoDB's name for a condition that does not hold.
pub const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// An item that came with an error. It does not print: there is a session in it.
#[derive(Clone, PartialEq)]
pub struct FoundItem(pub Box<HashMap<String, AttributeValue>>);

impl fmt::Debug for FoundItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }
}

/// What the failure of a client amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFailure {
    /// DynamoDB could not be reached, or did not answer in time.
    Unreachable,
    /// There are no credentials.
    Credentials,
    /// Anything else.
    Other,
}

/// The innermost cause, which is the one that says what to mend.
fn because(causes: &[String]) -> String {
    causes
        .last()
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default()
}

/// What is wrong with an index, and what to do.
fn how_to_index(index: &str, attribute: &str, found: Option<&str>) -> String {
    match found {
        None => format!(
            "the table has no global secondary index \"{index}\": create it with the partition key \"{attribute}\" (S)"
        ),
        Some(other) => format!(
            "the global secondary index \"{index}\" has the partition key \"{other}\": name an index with the partition key \"{attribute}\" (S)"
        ),
    }
}

/// An option that cannot be right: which one, and the rule that it breaks.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("option \"{option}\" {rule}")]
pub struct InvalidOption {
    /// The option, as the user wrote it (`dynamoConfig.endpoint`).
    pub option: String,
    /// What it must be, to follow the option's name in a sentence.
    pub rule: String,
}

impl InvalidOption {
    /// Says that `option` breaks `rule`.
    pub fn new(option: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            option: option.into(),
            rule: rule.into(),
        }
    }
}

impl Error {
    /// DynamoDB could not be reached by an attempt, but may be by another.
    pub fn unreachable(causes: Vec<String>) -> Self {
        Self::Unreachable {
            causes,
            attempts: 1,
            retryable: true,
        }
    }

    /// DynamoDB could not be reached, for a reason that no retry mends. The last of `causes` says what
    /// does.
    pub fn lasting(causes: Vec<String>) -> Self {
        Self::Unreachable {
            causes,
            attempts: 1,
            retryable: false,
        }
    }

    /// The stable code that JavaScript sees.
    pub fn code(&self) -> &str {
        match self {
            Self::Service { code, .. } => code,
            Self::Timeout { .. } | Self::AttemptsTimedOut { .. } => "ERR_SESSION_TIMEOUT",
            Self::Unreachable { .. } => "ERR_SESSION_UNREACHABLE",
            Self::Outage { reason } => reason.code(),
            Self::Client { kind, .. } => match kind {
                ClientFailure::Unreachable => "ERR_SESSION_UNREACHABLE",
                ClientFailure::Credentials => "ERR_SESSION_CREDENTIALS",
                ClientFailure::Other => "ERR_SESSION_CLIENT",
            },
            Self::Credentials { .. } => "ERR_SESSION_CREDENTIALS",
            Self::Settings { .. } => "ERR_SESSION_SETTINGS",
            Self::TableKey { .. } | Self::TableKeyRefused { .. } => "ERR_SESSION_TABLE_KEY",
            Self::NoRegion { .. } => "ERR_SESSION_REGION",
            Self::TableStatus { .. } => "ERR_SESSION_TABLE_STATUS",
            Self::TableIndex { .. } => "ERR_SESSION_TABLE_INDEX",
            Self::SpecialKey { .. } => "ERR_SESSION_SPECIAL_KEY",
            Self::Value { .. } | Self::Unreadable => "ERR_SESSION_VALUE",
            Self::TooLarge { .. } => "ERR_SESSION_TOO_LARGE",
            Self::Option(_) => "ERR_INVALID_ARG_VALUE",
            Self::Closed => "ERR_SESSION_CLOSED",
            Self::ConditionFailed { .. } => CONDITION_FAILED,
            Self::Conflict => "ERR_SESSION_CONFLICT",
            Self::Internal { .. } => "ERR_SESSION_INTERNAL",
            Self::Format { .. } => "ERR_SESSION_FORMAT",
        }
    }

    /// Whether the same call may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Service { retryable, .. } | Self::Unreachable { retryable, .. } => *retryable,
            Self::Timeout { .. } | Self::AttemptsTimedOut { .. } => true,
            Self::Outage { reason } => reason.retryable(),
            Self::Client { kind, .. } => *kind == ClientFailure::Unreachable,
            Self::Credentials { retryable, .. } => *retryable,
            Self::Settings { .. }
            | Self::TableKey { .. }
            | Self::TableKeyRefused { .. }
            | Self::NoRegion { .. }
            | Self::TableStatus { .. }
            | Self::TableIndex { .. }
            | Self::SpecialKey { .. }
            | Self::Value { .. }
            | Self::Unreadable
            | Self::TooLarge { .. }
            | Self::Option(_)
            | Self::Closed
            | Self::ConditionFailed { .. }
            | Self::Conflict
            | Self::Internal { .. }
            | Self::Format { .. } => false,
        }
    }

    /// What led to it, from the outermost reason to the innermost.
    pub fn causes(&self) -> &[String] {
        match self {
            Self::Unreachable { causes, .. }
            | Self::Client { causes, .. }
            | Self::Credentials { causes, .. }
            | Self::Settings { causes } => causes,
            Self::Outage { reason } => reason.causes(),
            _ => &[],
        }
    }

    /// Whether the deadline of a call has passed.
    pub fn is_deadline(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    /// Whether DynamoDB answered with the error of this name.
    pub fn is_service(&self, name: &str) -> bool {
        matches!(self, Self::Service { code, .. } if code == name)
    }
}

/// The SDK's builders can fail for a part that is missing, which none here is.
pub(crate) fn built<T>(part: Result<T, aws_sdk_dynamodb::error::BuildError>) -> Result<T> {
    part.map_err(|error| Error::Settings {
        causes: vec![error.to_string()],
    })
}

/// What led to `error`, from the outermost reason to the innermost.
pub(crate) fn causes(error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes: Vec<String> = sources(error).map(ToString::to_string).collect();
    // Wrappers that print what they wrap say everything twice.
    causes.dedup();
    causes
}

/// The errors that led to `error`, from the outermost to the innermost.
pub(crate) fn sources<'e>(
    error: &'e (dyn StdError + 'static),
) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}
